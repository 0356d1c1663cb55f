"""Two replicas, a worker, PostgreSQL, Redis, an index and nginx on one machine: does one replace another?

    python -m benchmarks.replicas [--json OUT]          start all, prove it, stop all
    python -m benchmarks.replicas --hold                start all and say where, until Ctrl-C

Debian's PostgreSQL, Redis and nginx, as `.ci/system-packages` installs them; nginx runs `deploy/nginx.conf`
with the addresses of this machine in it. The index is Bai Ze's own server, spoken to as a Qdrant server is.
Each process has a data folder of its own, as on machines of their own, and is stopped by its id.

What is proved: a course that is submitted over HTTP is ingested by the worker; an answer begun on one replica
is read to its end on the other, byte for byte; a replica that is killed (kill -9) with answers in it costs no
stored answer, and each of its learners, whose client does what the sidebar does, has an answer in the end;
limits of learners and slots at the chat endpoint count for both replicas together; the replica comes back.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jwt

from baize.edge.endpoint import read_record
from benchmarks.live_parts import environment, questions, write_course
from tests.servers.ports import free_port
from tests.servers.postgres import PostgresServer, programs
from tests.servers.redis_server import RedisServer

_REPO = Path(__file__).resolve().parents[1]
_START_S = 180.0
_N_LESSONS = 4
_N_SLOTS = 3
_PER_MINUTE = 12
_N_TOKENS, _TOKENS_PER_S = 120, 20
_SSE = {"Accept": "text/event-stream"}
_FRAME = re.compile(rb"id: (\d+)\nevent: (\w+)\ndata: ([^\n]*)\n\n")
_LOST = "urn:problem-type:baize:answer-lost"

_NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
{shipped}
"""
_TEMPORARY = "".join(
    f"    {name}_temp_path {{folder}}/{name};\n"
    for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
)


class Replicas:
    """Everything, from entry to exit.

    Attributes:
        urls: of the replicas.
        url: of nginx in front of them.
        key: a platform key with every scope.
        upstream: of the scripted chat endpoint.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = secrets.token_urlsafe(24)
        self._ports = [free_port() for _ in range(4)]
        self.urls = [f"http://127.0.0.1:{port}" for port in self._ports[:2]]
        self.url = f"http://127.0.0.1:{self._ports[2]}"
        self.upstream = f"http://127.0.0.1:{self._ports[3]}"
        self.pids: dict[str, int] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._environment: dict[str, str] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Replicas:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        for name in reversed(list(self._running)):
            self._end(name)
        self._stack.close()

    def _start(self) -> None:
        found = programs()
        if found is None:
            raise RuntimeError("PostgreSQL's server is not installed: see .ci/system-packages")
        postgres = self._stack.enter_context(PostgresServer(found))
        redis = self._stack.enter_context(RedisServer(self._made("redis")))
        courses = self._made("courses")
        write_course(courses / "plants", 200)
        for spare in sorted((courses / "plants").glob("*.md"))[_N_LESSONS:]:
            spare.unlink()
        index = self._made("index")
        self._run("index", ["baize.edge", "--data-dir", str(index), "--idle-s", "86400"], dict(os.environ))
        record = self._until(lambda: read_record(index), "the index server")
        pace = ["--rate", str(_TOKENS_PER_S), "--tokens", str(_N_TOKENS)]
        self._run("model", ["tests.servers.paced", str(self._ports[3]), *pace], dict(os.environ))
        self.until_ready(self.upstream, "/v1/models")
        self._environment = environment(Path(), f"{self.upstream}/v1") | {
            "BAIZE_DATABASE_URL": postgres.create("baize"),
            "BAIZE_REDIS_URL": redis.url,
            "BAIZE_INDEX__KIND": "qdrant",
            "BAIZE_INDEX__URL": record.url,
            "BAIZE_INDEX__API_KEY": record.token,
            "BAIZE_SERVER__API_KEY": self.key,
            "BAIZE_SERVER__REQUIRE_KEY": "true",
            "BAIZE_JOBS__FOLDER": str(courses),
            "BAIZE_ADMISSION__UPSTREAM_SLOTS": str(_N_SLOTS),
            "BAIZE_ADMISSION__WAIT_S": "2",
            "BAIZE_LIMITS__LEARNER_PER_MINUTE": str(_PER_MINUTE),
            "BAIZE_ANSWERS__REUSE": "off",
            "BAIZE_COMPOSE__BY_MODEL": "never",
        }
        self._run_baize("worker", ["worker"])
        for number in range(2):
            self.start_replica(number)
        self._start_nginx()
        for url in [*self.urls, self.url]:
            self.until_ready(url)

    def start_replica(self, number: int) -> None:
        """Start it, without waiting until it is ready."""
        self._run_baize(f"replica {number}", ["serve", "--port", str(self._ports[number])])

    def until_ready(self, url: str, path: str = "/readyz") -> None:
        """Wait until it says so."""
        self._until(lambda: _ready(url, path), url)

    def kill_replica(self, number: int) -> None:
        """kill -9, by its own id."""
        running = self._running.pop(f"replica {number}")
        running.send_signal(signal.SIGKILL)
        running.wait()

    def learner(self, learner_id: str) -> dict[str, str]:
        """Headers of a learner; the platform is given a secret for it."""
        made = json.loads(self._said(["tenants", "create", "default", "--json"]))
        claims = {"iss": "default", "sub": learner_id, "exp": time.time() + 3600}
        return {"Authorization": f"Bearer {jwt.encode(claims, made['secret'], 'HS256')}"}

    def _said(self, arguments: Sequence[str]) -> str:
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "baize", *arguments],
            env=self._of("operator"),
            cwd=_REPO,
            capture_output=True,
            check=True,
            text=True,
        )
        return done.stdout

    def _until(self, found: Callable[[], Any], what: str) -> Any:
        """What `found` gives once it gives something, while all that was started runs."""
        deadline = time.monotonic() + _START_S
        while not (value := found()):
            for name, running in self._running.items():
                if running.poll() is not None:
                    log = self._made("logs") / f"{name.replace(' ', '-')}.log"
                    raise RuntimeError(f"{name} ended: {log.read_text('utf-8', 'replace')[-2000:]}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"{what} did not start within {_START_S:g} s")
            time.sleep(0.1)
        return value

    def _made(self, name: str) -> Path:
        folder = self.folder / name.replace(" ", "-")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _of(self, name: str) -> dict[str, str]:
        return self._environment | {"BAIZE_DATA_DIR": str(self._made(name))}

    def _run_baize(self, name: str, arguments: Sequence[str]) -> None:
        self._run(name, ["baize", *arguments], self._of(name))

    def _run(self, name: str, module: Sequence[str], env: Mapping[str, str]) -> None:
        self._popen(name, [sys.executable, "-m", *module], env)

    def _popen(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        with (self._made("logs") / f"{name.replace(' ', '-')}.log").open("ab") as log:
            running = subprocess.Popen(command, env=env, cwd=_REPO, stdout=log, stderr=log)  # noqa: S603
        self._running[name] = running
        self.pids[name] = running.pid

    def _start_nginx(self) -> None:
        folder = self._made("nginx")
        servers = " ".join(f"server 127.0.0.1:{port};" for port in self._ports[:2])
        shipped = (_REPO / "deploy" / "nginx.conf").read_text("utf-8")
        for was, here in (
            ("server api:8420;", servers),
            ("listen 8080;", f"listen 127.0.0.1:{self._ports[2]};"),
            ("http {\n", "http {\n" + _TEMPORARY.format(folder=folder)),
        ):
            if shipped.count(was) != 1:
                raise RuntimeError(f"deploy/nginx.conf no longer holds {was!r} once")
            shipped = shipped.replace(was, here)
        (folder / "nginx.conf").write_text(_NGINX.format(folder=folder, shipped=shipped), encoding="utf-8")
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        self._popen("nginx", [program, "-p", str(folder), "-c", str(folder / "nginx.conf")], dict(os.environ))

    def _end(self, name: str) -> None:
        running = self._running.pop(name)
        running.terminate()
        try:
            running.wait(60)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def _ready(url: str, path: str = "/readyz") -> bool:
    try:
        return httpx.get(f"{url}{path}", timeout=10).status_code == 200
    except httpx.HTTPError:
        return False


# --------------------------------------------------------------------------------------------------- learners


@dataclass
class Reading:
    """One answer as a learner's client has it.

    Attributes:
        n_resumed: connections after the first.
        n_asked: questions sent: one, and one for each time that the answer was lost.
    """

    frames: list[bytes] = field(default_factory=list)
    n_resumed: int = 0
    n_asked: int = 0
    done: dict[str, Any] = field(default_factory=dict)
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def answer_id(self) -> str:
        found = re.search(rb'"answer_id":"([^"]+)"', self.frames[0])
        if found is None:
            raise RuntimeError("the first event names no answer")
        return found[1].decode()

    async def take(self, response: httpx.Response, n_deltas: int = 10**6) -> bytes:
        """Read on until so many sentences came, or the end; the name of the last event."""
        buffer, name = b"", b""
        async for part in response.aiter_raw():
            buffer += part
            while found := _FRAME.search(buffer):
                buffer = buffer[found.end() :]
                self.frames.append(found.group())
                name = found[2]
                if name == b"delta":
                    self.begun.set()
                    n_deltas -= 1
                if name in (b"done", b"error"):
                    self.done = json.loads(found[3])
                    return name
            if n_deltas <= 0:
                break
        return name


async def follow(
    client: httpx.AsyncClient, url: str, body: Mapping[str, Any], headers: Mapping[str, str], seen: Reading
) -> Reading:
    """As the sidebar does: a lost connection is taken up again, a lost answer is asked for again."""
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        try:
            if not seen.frames:
                seen.n_asked += 1
                call = client.stream("POST", f"{url}/v1/answers", json=body, headers={**headers, **_SSE})
            else:
                seen.n_resumed += 1
                known = {"Last-Event-ID": str(len(seen.frames))}
                path = f"{url}/v1/answers/{seen.answer_id}/events"
                call = client.stream("GET", path, headers={**headers, **_SSE, **known})
            async with call as response:
                if response.status_code >= 500:
                    raise httpx.RemoteProtocolError("the proxy has nobody to ask")
                response.raise_for_status()
                last = await seen.take(response)
            if last == b"done":
                return seen
            if last == b"error":
                if seen.done["type"] != _LOST:
                    raise RuntimeError(f"the answer failed: {seen.done}")
                seen.frames.clear()
        except httpx.TransportError:
            await asyncio.sleep(0.3)
    raise RuntimeError("an answer did not come to its end")


# -------------------------------------------------------------------------------------------------- the proof


async def prove(all_: Replicas) -> dict[str, Any]:
    """Each claim in turn.

    Returns:
        figures, and what was wrong in `wrong`.
    """
    key = {"Authorization": f"Bearer {all_.key}"}
    wrong: list[str] = []
    async with httpx.AsyncClient(timeout=60) as client:
        report = {
            "ingested_s": await ingested(client, all_.url, key),
            "resumed": await resumed_elsewhere(client, all_, key, wrong),
            "limits": await limits_hold(client, all_, wrong),
            "killed": await killed(client, all_, key, wrong),
        }
    return report | {"wrong": wrong}


async def ingested(client: httpx.AsyncClient, url: str, key: Mapping[str, str]) -> float:
    """Submit the course to whichever replica; seconds until the worker has read it."""
    began = time.monotonic()
    submitted = await client.post(f"{url}/v1/ingestions", json={"path": "plants"}, headers=key)
    submitted.raise_for_status()
    place = submitted.headers["location"]
    while time.monotonic() < began + _START_S:
        job = (await client.get(f"{url}{place}", headers=key)).raise_for_status().json()
        if job["state"] == "done":
            return round(time.monotonic() - began, 1)
        if job["state"] in ("failed", "cancelled"):
            raise RuntimeError(f"the course was not ingested: {job}")
        await asyncio.sleep(0.3)
    raise RuntimeError("the worker did not read the course in time")


async def resumed_elsewhere(
    client: httpx.AsyncClient, all_: Replicas, key: Mapping[str, str], wrong: list[str]
) -> dict[str, int]:
    """Begun on one replica, read to its end on the other; both tell the same, byte for byte."""
    first, second = all_.urls
    seen = Reading()
    body = {"question": questions(1)[0]}
    async with client.stream("POST", f"{first}/v1/answers", json=body, headers={**key, **_SSE}) as response:
        await seen.take(response, 2)
    n_here = len(seen.frames)
    await follow(client, second, body, key, seen)
    path = f"/v1/answers/{seen.answer_id}"
    again = await client.get(f"{first}{path}/events", headers=key)
    stored = await client.get(f"{second}{path}", headers=key)
    if [found.group() for found in _FRAME.finditer(again.content)] != seen.frames:
        wrong.append("the replicas tell different events")
    if stored.json() != seen.done:
        wrong.append("what is stored is not what was said")
    if seen.n_asked or n_here >= len(seen.frames):
        wrong.append("the answer was not resumed")
    return {"events_here": n_here, "events_elsewhere": len(seen.frames) - n_here}


async def limits_hold(client: httpx.AsyncClient, all_: Replicas, wrong: list[str]) -> dict[str, Any]:
    """A learner's rate and the slots at the endpoint are those of one server, not of each replica."""
    lin = all_.learner("lin")
    began = time.monotonic()
    replies = [
        await client.post(f"{all_.urls[n % 2]}/v1/search", json={"query": "海带"}, headers=lin)
        for n in range(4 * _PER_MINUTE)
    ]
    passed = sum(reply.status_code == 200 for reply in replies)
    refilled = int((time.monotonic() - began) * _PER_MINUTE / 60) + 1
    if not _PER_MINUTE <= passed <= _PER_MINUTE + refilled:
        wrong.append(f"{passed} of one learner's calls passed, {_PER_MINUTE} a minute may")
    if {reply.status_code for reply in replies} - {200, 429}:
        wrong.append(f"limits were told as {sorted({reply.status_code for reply in replies})}")
    key = {"Authorization": f"Bearer {all_.key}"}
    asked = [
        follow(client, all_.urls[n % 2], {"question": text}, key, Reading())
        for n, text in enumerate(questions(4 * _N_SLOTS))
    ]
    answers = await asyncio.gather(*asked)
    most = (await client.get(f"{all_.upstream}/stats")).json()["most"]
    by_model = sum(not seen.done.get("degraded") for seen in answers)
    if most > _N_SLOTS:
        wrong.append(f"{most} calls were at the endpoint at once, {_N_SLOTS} may")
    if not all(seen.done["citations"] for seen in answers) or by_model < _N_SLOTS:
        wrong.append(f"{by_model} of {len(answers)} questions had the model's answer")
    return {
        "calls": len(replies),
        "passed": passed,
        "questions_at_once": len(answers),
        "by_model": by_model,
        "most_at_endpoint": most,
    }


async def killed(
    client: httpx.AsyncClient, all_: Replicas, key: Mapping[str, str], wrong: list[str]
) -> dict[str, Any]:
    """One replica dies while learners read answers of both; then it comes back."""
    before = await asyncio.gather(
        *(follow(client, all_.url, {"question": text}, key, Reading()) for text in questions(4)[2:])
    )
    # The first answer is certainly the doomed replica's; nginx spreads the others.
    seen = [Reading() for _ in range(_N_SLOTS)]
    body = {"question": questions(5)[4]}
    async with client.stream(
        "POST", f"{all_.urls[0]}/v1/answers", json=body, headers={**key, **_SSE}
    ) as response:
        seen[0].n_asked = 1
        await seen[0].take(response, 1)
        others = [
            asyncio.create_task(follow(client, all_.url, {"question": text}, key, one))
            for text, one in zip(questions(8)[5:], seen[1:], strict=False)
        ]
        for one in seen[1:]:
            await one.begun.wait()
        all_.kill_replica(0)
    began = time.monotonic()
    await asyncio.gather(follow(client, all_.url, body, key, seen[0]), *others)
    for one in [*before, *seen]:
        stored = await client.get(f"{all_.url}/v1/answers/{one.answer_id}", headers=key)
        if stored.status_code != 200 or stored.json() != one.done or not one.done["citations"]:
            wrong.append(f"the answer {one.answer_id} is not stored as it was given")
    if seen[0].n_asked != 2:
        wrong.append("the answer of the killed replica was not lost: nothing was proved")
    took_s = time.monotonic() - began
    all_.start_replica(0)
    await asyncio.to_thread(all_.until_ready, all_.urls[0])
    back = await follow(client, all_.urls[0], body, key, Reading())
    if not back.done["citations"]:
        wrong.append("the replica came back and does not answer")
    return {
        "stored_before": len(before),
        "streams": len(seen),
        "lost_and_asked_again": sum(one.n_asked - 1 for one in seen),
        "all_answered_after_s": round(took_s, 1),
    }


def run(folder: Path) -> dict[str, Any]:
    """Start, prove, stop."""
    with Replicas(folder) as all_:
        return asyncio.run(prove(all_))


def hold(folder: Path) -> None:
    """Keep all running until interrupted, and say where it is."""
    with Replicas(folder) as all_:
        told = {
            "url": all_.url,
            "replicas": all_.urls,
            "key": all_.key,
            "pids": all_.pids,
            "folder": str(folder),
        }
        sys.stdout.write(json.dumps(told, indent=1) + "\n")
        sys.stdout.flush()
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hold", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="baize-replicas-") as folder:
        if options.hold:
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
            hold(Path(folder))
            return 0
        report = run(Path(folder))
    text = json.dumps(report, ensure_ascii=False, indent=1) + "\n"
    sys.stdout.write(text)
    if options.json:
        options.json.write_text(text, encoding="utf-8")
    return int(bool(report["wrong"]))


if __name__ == "__main__":
    sys.exit(main())
