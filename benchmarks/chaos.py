"""Everything that a server leans on fails in turn while learners ask. Do they notice, and is anything lost?

    python -m benchmarks.chaos [--minutes 10] [--learners 4] [--log FAULTS.jsonl] [--json OUT]

Two real servers one after the other, each over what it leans on in real: PostgreSQL and Redis, then SQLite.
The chat endpoint stands behind a proxy that goes dead, slow, cutting and lying; the vector store, PostgreSQL
and Redis are killed and started again; the disk is full (a limit on the size of files that the server may
write). Each fault must show (`shown` in the log says by what) and heal, else the run fails. What may never
happen: a 5xx or a broken reply, except an honest 503 with `Retry-After` while the vector store is down; an
answer that a learner got and that is not stored afterwards, word for word, exactly once; a count too much.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from baize.edge.endpoint import read_record
from benchmarks.live_parts import baize, environment, questions, write_course
from tests.servers.chaos_proxy import ChaosProxy, Fault
from tests.servers.deepseek import DeepSeekServer
from tests.servers.ports import free_port
from tests.servers.postgres import PostgresServer, programs
from tests.servers.redis_server import RedisServer

_REPO = Path(__file__).resolve().parents[1]
_N_QUESTIONS = 24
_N_LESSONS = 6
_HEAL_S = 90.0
_SSE = {"Accept": "text/event-stream"}


@dataclass
class Seen:
    """What learners got."""

    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    n_degraded: int = 0
    n_unavailable: int = 0
    slowest_s: float = 0.0
    wrong: list[str] = field(default_factory=list)


@dataclass
class Stack:
    """One server and what it leans on."""

    url: str
    pid: int
    data_dir: Path
    proxy: ChaosProxy
    log: list[str]
    seen: Seen = field(default_factory=Seen)
    index_may_be_away: bool = False
    postgres: PostgresServer | None = None
    redis: RedisServer | None = None

    async def parts(self) -> dict[str, str]:
        """`/readyz`: part → state."""
        async with httpx.AsyncClient(timeout=30) as client:
            found: dict[str, str] = (await client.get(f"{self.url}/readyz")).json()["parts"]
        return found

    def told(self, text: str, since: int) -> bool:
        return any(text in line for line in self.log[since:])


@dataclass(frozen=True)
class Trial:
    """A fault: how it is done and undone, and what proves that it was felt (empty: nothing did)."""

    name: str
    begin: Callable[[], object]
    end: Callable[[], object]
    shown: Callable[[], Awaitable[str]]


# ----------------------------------------------------------------------------------------------------- faults


def upstream(stack: Stack, fault: Fault) -> Trial:
    before = n_hit = 0

    def begin() -> None:
        nonlocal before
        before = stack.seen.n_degraded
        stack.proxy.fault = fault

    def end() -> None:
        nonlocal n_hit
        n_hit = stack.proxy.n_hit
        stack.proxy.fault = "none"

    async def shown() -> str:
        n = stack.seen.n_degraded - before
        return f"{n_hit} responses harmed, {n} answers extractive" if n_hit and n else ""

    return Trial(f"upstream {fault}", begin, end, shown)


def index_killed(stack: Stack) -> Trial:
    pid = 0

    def begin() -> None:
        nonlocal pid
        stack.index_may_be_away = True
        record = read_record(stack.data_dir)
        if record is None:
            raise RuntimeError("there is no vector store to kill")
        pid = record.pid
        os.kill(pid, signal.SIGKILL)

    async def shown() -> str:
        record = read_record(stack.data_dir)
        stack.index_may_be_away = False
        return f"process {pid} gone, {record.pid} in its place" if record and record.pid != pid else ""

    return Trial("vector store killed", begin, lambda: None, shown)


def postgres_killed(stack: Stack, postgres: PostgresServer) -> Trial:
    since = 0

    def begin() -> None:
        nonlocal since
        since = len(stack.log)
        postgres.kill()

    async def shown() -> str:
        late = stack.told("is stored later", since)
        kept = stack.told("catalogue does not answer", since)
        return "reads from what was known, answers stored later" if late and kept else ""

    return Trial("PostgreSQL killed", begin, postgres.start, shown)


def redis_killed(stack: Stack, redis: RedisServer) -> Trial:
    since = 0

    def begin() -> None:
        nonlocal since
        since = len(stack.log)
        redis.kill()

    async def shown() -> str:
        slots = stack.told("this process keeps to", since)
        events = stack.told("answers go on, here only", since)
        return "slots and events of this process only" if slots and events else ""

    return Trial("Redis killed", begin, redis.start, shown)


def disk_full(stack: Stack) -> Trial:
    """No file of the server may grow: what `write` says then is EFBIG, an I/O error like ENOSPC."""
    since = 0

    def begin() -> None:
        nonlocal since
        since = len(stack.log)
        resource.prlimit(stack.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))

    def end() -> None:
        resource.prlimit(stack.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)

    async def shown() -> str:
        return "answers stored later" if stack.told("is stored later", since) else ""

    return Trial("disk full", begin, end, shown)


# --------------------------------------------------------------------------------------------------- learners


async def learner(stack: Stack, number: int, until: asyncio.Event) -> None:
    """Asks again and again; every other question streamed, three to a conversation."""
    asked = questions(_N_QUESTIONS)
    async with httpx.AsyncClient(timeout=60) as client:
        for n in count():
            if until.is_set():
                return
            body = {
                "question": asked[(number * 5 + n) % _N_QUESTIONS],
                "conversation_id": f"c{number}-{n // 3}",
            }
            await ask(stack, client, body, streamed=(n + number) % 2 == 0)


async def ask(stack: Stack, client: httpx.AsyncClient, body: dict[str, str], *, streamed: bool) -> bool:
    """One question; whether the model answered it."""
    seen, began = stack.seen, time.monotonic()
    try:
        reply = await client.post(
            f"{stack.url}/v1/answers", json=body, headers=_SSE if streamed else {"Accept": "application/json"}
        )
        if reply.status_code == 503 and "retry-after" in reply.headers and stack.index_may_be_away:
            seen.n_unavailable += 1
            await asyncio.sleep(0.2)
            return False
        if reply.status_code != 200:
            raise ValueError(f"status {reply.status_code}: {reply.text[:300]}")
        done = (
            json.loads(re.findall(r"event: done\ndata: (.*)\n", reply.text)[0]) if streamed else reply.json()
        )
        if not done["citations"] or done.get("stopped"):
            raise ValueError(f"no whole answer: {reply.text[-300:]}")
    except (httpx.HTTPError, ValueError, LookupError) as error:
        seen.wrong.append(f"{type(error).__name__}: {error}")
        return False
    seen.slowest_s = max(seen.slowest_s, time.monotonic() - began)
    seen.answers[done["answer_id"]] = done
    seen.n_degraded += done.get("degraded") == "extractive"
    return not done.get("degraded")


async def healed(stack: Stack) -> float:
    """Seconds until every part is ready, an answer comes from the model, and none waits to be stored."""
    began = time.monotonic()
    async with httpx.AsyncClient(timeout=60) as client:
        while time.monotonic() < began + _HEAL_S:
            body = {"question": questions(_N_QUESTIONS)[0], "conversation_id": "healing"}
            by_model = await ask(stack, client, body, streamed=True)
            states = set((await stack.parts()).values())
            if by_model and states == {"ready"} and await not_stored(stack) == []:
                return time.monotonic() - began
            await asyncio.sleep(0.3)
    late = await not_stored(stack)
    told = "".join(stack.log[-20:])
    raise AssertionError(
        f"not healed after {_HEAL_S:g} s: {await stack.parts()}, not stored: {late}, "
        f"{stack.seen.wrong}\n{told}"
    )


async def not_stored(stack: Stack) -> list[str]:
    """Ids of answers that learners got and the database has not."""
    known = list(stack.seen.answers)
    stored = await asyncio.to_thread(rows, stack)
    return [answer_id for answer_id in known if stored.get(answer_id, 0) != 1]


def rows(stack: Stack) -> dict[str, int]:
    """Answer id → how often it is in the database, read past the server."""
    counted = "SELECT answer_id, count(*) FROM answers GROUP BY answer_id"
    return {str(name): int(n) for name, n in query(stack, counted)}


def query(stack: Stack, sql: str) -> list[Any]:
    if stack.postgres is not None:
        import psycopg

        with psycopg.connect(f"postgresql://postgres@/chaos?host={stack.postgres.socket}") as connection:
            return connection.execute(sql).fetchall()
    import sqlite3

    with sqlite3.connect(stack.data_dir / "baize.db", timeout=30) as file:
        return file.execute(sql).fetchall()


# ---------------------------------------------------------------------------------------------------- the run


async def torment(
    stack: Stack, trials: list[Callable[[], Trial]], *, fault_s: float, minutes: float, n_learners: int
) -> list[dict[str, Any]]:
    """Each fault in turn, as often as there is time for, once at least; the log of faults."""
    log: list[dict[str, Any]] = []
    enough = asyncio.Event()
    async with httpx.AsyncClient(timeout=60) as client:
        # What was asked before is known while the database is away.
        for n, question in enumerate(questions(_N_QUESTIONS)):
            await ask(stack, client, {"question": question, "conversation_id": f"w{n}"}, streamed=True)
    crowd = [asyncio.create_task(learner(stack, number, enough)) for number in range(n_learners)]
    began = time.monotonic()
    try:
        while not log or time.monotonic() < began + 60 * minutes:
            for make in trials:
                log.append(await one(stack, make(), fault_s, began))
    finally:
        enough.set()
        await asyncio.gather(*crowd)
    return log


async def one(stack: Stack, trial: Trial, fault_s: float, began: float) -> dict[str, Any]:
    n_before = len(stack.seen.answers)
    entry: dict[str, Any] = {"fault": trial.name, "at_s": round(time.monotonic() - began, 2)}
    await asyncio.to_thread(trial.begin)
    await asyncio.sleep(fault_s)
    entry["answers_meanwhile"] = len(stack.seen.answers) - n_before
    await asyncio.to_thread(trial.end)
    entry["healed_after_s"] = round(await healed(stack), 2)
    entry["shown"] = await trial.shown()
    return entry


async def judged(stack: Stack, log: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures of a run and what was wrong with it."""
    stored = await asyncio.to_thread(rows, stack)
    wrong = list(stack.seen.wrong)
    wrong += [f"{entry['fault']}: changed nothing that can be seen" for entry in log if not entry["shown"]]
    wrong += [f"answer {one} is stored {stored.get(one, 0)} times" for one in await not_stored(stack)]
    wrong += [f"answer {one} was given to nobody" for one in stored if one not in stack.seen.answers]
    async with httpx.AsyncClient(timeout=60) as client:
        for answer_id, done in stack.seen.answers.items():
            reply = await client.get(f"{stack.url}/v1/answers/{answer_id}")
            if reply.status_code != 200 or reply.json() != done:
                wrong.append(f"answer {answer_id} is not what was said")
    counted = int((await asyncio.to_thread(query, stack, "SELECT sum(n_answers) FROM usage"))[0][0] or 0)
    if counted > len(stored):
        wrong.append(f"{counted} answers are counted, {len(stored)} were given")
    return {
        "faults": len(log),
        "answers": len(stack.seen.answers),
        "degraded": stack.seen.n_degraded,
        "honest_503_without_the_index": stack.seen.n_unavailable,
        "slowest_s": round(stack.seen.slowest_s, 2),
        "stored": len(stored),
        "counted": counted,
        "wrong": wrong,
    }


@contextmanager
def serving(
    data_dir: Path, proxy: ChaosProxy, *, database_url: str = "", redis_url: str = ""
) -> Iterator[Stack]:
    """`baize serve` over a small library of its own."""
    stores = {"BAIZE_DATABASE_URL": database_url, "BAIZE_REDIS_URL": redis_url}
    env = (
        environment(data_dir, f"http://127.0.0.1:{proxy.port}/v1")
        | stores
        | {
            "BAIZE_JOBS__WITH_SERVER": "false",
            "BAIZE_CHAT__FIRST_TOKEN_TIMEOUT_S": "1",
            "BAIZE_CHAT__MAX_RETRIES": "1",
            "BAIZE_CHAT__TOTAL_TIMEOUT_S": "6",
            "BAIZE_ANSWERS__REUSE": "off",
        }
    )
    write_course(data_dir / "course" / "plants", 200)
    for spare in sorted((data_dir / "course" / "plants").glob("*.md"))[_N_LESSONS:]:
        spare.unlink()
    baize(["ingest", str(data_dir / "course" / "plants")], environment(data_dir) | stores)
    door, log = free_port(), list[str]()
    running = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "baize", "serve", "--port", str(door)],
        env=env,
        cwd=_REPO,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    reading = threading.Thread(target=_read, args=(running, log), daemon=True)
    reading.start()
    url = f"http://127.0.0.1:{door}"
    try:
        until = time.monotonic() + 240
        while not _ready(url):
            if running.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the server did not start: {log}")
            time.sleep(0.1)
        yield Stack(url, running.pid, data_dir, proxy, log)
    finally:
        running.terminate()
        running.wait(30)
        reading.join(10)
        subprocess.run(  # noqa: S603
            [sys.executable, "-c", _STOP_INDEX, str(data_dir)], env=env, cwd=_REPO, check=False
        )


_STOP_INDEX = """
import sys, anyio, pathlib
from baize.edge.launch import stop
anyio.run(stop, pathlib.Path(sys.argv[1]))
"""


def _read(running: subprocess.Popen[str], log: list[str]) -> None:
    if running.stderr is not None:
        with running.stderr as lines:
            log.extend(iter(lines.readline, ""))


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def run(folder: Path, *, minutes: float, fault_s: float, n_learners: int) -> dict[str, Any]:
    """Both servers, one after the other.

    Returns:
        per server its figures and the log of its faults.
    """
    report: dict[str, Any] = {}
    with ExitStack() as stack:
        model = stack.enter_context(DeepSeekServer())
        proxy = stack.enter_context(ChaosProxy(int(model.base_url.rsplit(":", 1)[1].split("/")[0])))
        found = programs()
        if found is None:
            raise RuntimeError("PostgreSQL's server is not installed")
        postgres = stack.enter_context(PostgresServer(found))
        redis = stack.enter_context(RedisServer(folder))
        with serving(
            folder / "postgres", proxy, database_url=postgres.create("chaos"), redis_url=redis.url
        ) as server:
            server.postgres, server.redis = postgres, redis
            trials: list[Callable[[], Trial]] = [
                lambda: upstream(server, "dead"),
                lambda: index_killed(server),
                lambda: postgres_killed(server, postgres),
                lambda: upstream(server, "slow"),
                lambda: redis_killed(server, redis),
                lambda: upstream(server, "cutting"),
                lambda: upstream(server, "lying"),
            ]
            report["PostgreSQL and Redis"] = asyncio.run(
                _phase(server, trials, fault_s, 0.8 * minutes, n_learners)
            )
        with serving(folder / "sqlite", proxy) as server:
            full: list[Callable[[], Trial]] = [lambda: disk_full(server)]
            report["SQLite"] = asyncio.run(_phase(server, full, fault_s, 0.2 * minutes, n_learners))
    return report


async def _phase(
    stack: Stack, trials: list[Callable[[], Trial]], fault_s: float, minutes: float, n_learners: int
) -> dict[str, Any]:
    log = await torment(stack, trials, fault_s=fault_s, minutes=minutes, n_learners=n_learners)
    return await judged(stack, log) | {"log": log}


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--fault-s", type=float, default=10.0)
    parser.add_argument("--learners", type=int, default=4)
    parser.add_argument("--log", type=Path, help="the faults, a JSON object a line")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="baize-chaos-") as folder:
        report = run(
            Path(folder), minutes=options.minutes, fault_s=options.fault_s, n_learners=options.learners
        )
    sys.stdout.write(json.dumps(report, ensure_ascii=False, indent=1) + "\n")
    faults = [{"server": name, **entry} for name, phase in report.items() for entry in phase.get("log", [])]
    if options.log:
        options.log.write_text("".join(json.dumps(entry) + "\n" for entry in faults), encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return int(any(phase["wrong"] for phase in report.values()))


if __name__ == "__main__":
    sys.exit(main())
