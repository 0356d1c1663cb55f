"""What a crash costs: `baize worker` is killed at random moments of an ingest, and the library compared.

    python -m benchmarks.crash --kills 50            one worker, killed 50 times
    python -m benchmarks.crash --workers 4 --postgres
                                                     four workers on a PostgreSQL of their own, nobody killed
    python -m benchmarks.crash --workers 4 --postgres --delay 2.5 --heard 0 --at-a-time 1
                                                     and what their coordination costs

Real processes, real stores; speech and embedder are doubles that take their time and log what they do. The
library is compared point by point (ids, payloads, vectors) and row by row with that of an undisturbed run.
A lesson asks the embedder four times, so that `--delay 2.5` makes its models take ten seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
from sqlalchemy import select

from baize.adapters.db.models import Table
from baize.bootstrap import House, opened
from baize.domain.job import Job, JobRequest
from baize.edge.launch import stop
from baize.settings import Settings

if TYPE_CHECKING:
    from tests.servers.postgres import PostgresServer

WORDS = (
    "血压 测量 袖带 心脏 安静 早上 晚上 记录 数字 医生 饮食 运动 药物 睡眠 手臂 高度 平均 两遍 休息 呼吸"
).split()
_UNTOLD = {"recorded_at", "stored_at"}
"""Instants: two runs cannot have the same."""


@dataclass(frozen=True)
class Trial:
    """A course and the stores of one run. `log` files tell each call of a model."""

    folder: Path
    data_dir: Path
    database_url: str = ""
    delay_s: float = 0.0
    jobs: dict[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        return Settings.model_validate(
            {
                "data_dir": self.data_dir,
                "database_url": self.database_url,
                "chat": {"kind": "none"},
                "embedder": {"kind": "fake", "delay_s": self.delay_s, "log": self.data_dir / "embedder.log"},
                "speech": {"kind": "fake", "delay_s": self.delay_s / 20, "log": self.data_dir / "speech.log"},
                "jobs": self.jobs,
            }
        )

    def start_worker(self) -> subprocess.Popen[bytes]:
        """`baize worker --drain` with these settings, by variables."""
        chosen = self.settings
        variables = {
            "BAIZE_TESTING": "1",
            "BAIZE_DATA_DIR": str(self.data_dir),
            "BAIZE_DATABASE_URL": self.database_url,
            "BAIZE_CHAT": json.dumps({"kind": "none"}),
            "BAIZE_EMBEDDER": chosen.embedder.model_dump_json(),
            "BAIZE_SPEECH": chosen.speech.model_dump_json(),
            "BAIZE_JOBS": chosen.jobs.model_dump_json(),
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BAIZE_")}
        # Of its own: a worker must not die of the signals that its parent gets.
        return subprocess.Popen(
            [sys.executable, "-m", "baize", "worker", "--drain"],
            env=kept | variables,
            cwd=self.data_dir,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def calls(self) -> dict[str, list[str]]:
        """What each model was asked, a line a call."""
        logs = {name: self.data_dir / f"{name}.log" for name in ("embedder", "speech")}
        return {name: log.read_text().splitlines() if log.exists() else [] for name, log in logs.items()}


def write_course(folder: Path, *, n_lessons: int = 20, n_heard: int = 3, n_cues: int = 40) -> None:
    """Lessons with subtitles and a document each, the last ones to be heard; always the same."""
    folder.mkdir(parents=True, exist_ok=True)
    dice = random.Random(7)  # noqa: S311 - test data
    for n in range(1, n_lessons + 1):
        lines = ["，".join(dice.sample(WORDS, 4)) + f"，第{n}课。" for _ in range(n_cues)]
        name = f"{n:02}-lesson"
        if n > n_lessons - n_heard:
            _write_silence(folder / f"{name}.wav", n_cues * 2, level=n)
            (folder / f"{name}.wav.said.txt").write_text("\n".join(lines), encoding="utf-8")
        else:
            write_subtitles(folder / f"{name}.zh.vtt", lines)
        (folder / f"{name}.md").write_text(f"# 讲义 {n}\n\n{lines[0]}{lines[1]}\n", encoding="utf-8")
    (folder / "course.yaml").write_text(_manifest(n_lessons, n_heard), encoding="utf-8")


def write_subtitles(path: Path, lines: Sequence[str]) -> None:
    """WebVTT, two seconds a line."""
    cues = [f"{_clock(2 * n)} --> {_clock(2 * n + 2)}\n{line}\n" for n, line in enumerate(lines)]
    path.write_text("WEBVTT\n\n" + "\n".join(cues), encoding="utf-8")


def _manifest(n_lessons: int, n_heard: int) -> str:
    parts = ["id: crash\ntitle: 断电课\nlanguage: zh\nlessons:"]
    for n in range(1, n_lessons + 1):
        heard = n > n_lessons - n_heard
        source = f"video: {n:02}-lesson.wav" if heard else f"subtitles: [{n:02}-lesson.zh.vtt]"
        parts.append(
            f"  - id: crash-{n:02}\n    title: 第 {n} 课\n    {source}\n    documents: [{n:02}-lesson.md]"
        )
    return "\n".join(parts) + "\n"


def _write_silence(path: Path, seconds: int, *, level: int) -> None:
    """A constant `level`: recordings of the same bytes would be heard once."""
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(level.to_bytes(2, "little") * 8000 * seconds)


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.000"


# ------------------------------------------------------------------------------------------------ runs


async def submit(trial: Trial, *, key: str = "") -> str:
    """Queue the course; gives the job's id."""
    async with opened(trial.settings) as house:
        return await house.jobs.submit(JobRequest("default", str(trial.folder), key=key))


async def job(trial: Trial, job_id: str) -> Job:
    """The job as it stands."""
    async with opened(trial.settings) as house:
        found = await house.jobs.status("default", job_id)
    assert found is not None  # noqa: S101 - it was submitted
    return found


def drain(trial: Trial, *, n_workers: int = 1, timeout_s: float = 600.0) -> float:
    """Workers until no job is left; gives the seconds from when the first was ready."""
    workers = [trial.start_worker() for _ in range(n_workers)]
    try:
        for worker in workers:
            wait_ready(worker)
        begin = time.monotonic()
        for worker in workers:
            _, told = worker.communicate(timeout=timeout_s)
            if worker.returncode != 0:
                raise RuntimeError(f"A worker failed:\n{told.decode()}")
        return time.monotonic() - begin
    finally:
        for worker in workers:
            if worker.poll() is None:
                worker.kill()
                worker.wait()


def kill_at_random(trial: Trial, *, kills: int, window_s: float, seed: int = 1) -> int:
    """Starts a worker and kills it (SIGKILL) at a random moment, again and again, then lets one finish.

    Returns:
        how many were killed: fewer than `kills` where the work was done before.
    """
    dice = random.Random(seed)  # noqa: S311 - moments of tests
    killed = 0
    while killed < kills:
        worker = trial.start_worker()
        try:
            wait_ready(worker)
            try:
                worker.wait(dice.uniform(0.0, window_s))
                break
            except subprocess.TimeoutExpired:
                os.kill(worker.pid, signal.SIGKILL)
                killed += 1
        finally:
            if worker.poll() is None:
                worker.kill()
            worker.communicate()
    drain(trial)
    return killed


def wait_ready(worker: subprocess.Popen[bytes]) -> None:
    """Returns when the worker takes jobs."""
    assert worker.stderr is not None  # noqa: S101 - it was asked for
    told = b""
    for line in worker.stderr:
        told += line
        if b"is ready" in line:
            return
    raise RuntimeError(f"A worker did not start:\n{told.decode()}")


# -------------------------------------------------------------------------------------------- libraries


async def snapshot(trial: Trial) -> dict[str, Any]:
    """Every point with payload and vectors, and every row of every table but for instants."""
    async with opened(trial.settings) as house:
        found = {"points": await library_points(house), "rows": await _rows(house)}
    await stop(trial.data_dir)
    return found


async def library_points(house: House) -> dict[str, str]:
    """Every point of the index as JSON, by its id."""
    from baize.bootstrap import space_name

    space = space_name(house.embedder)
    points: dict[str, str] = {}
    offset: Any = None
    while True:

        def ask(client: Any, after: Any = offset) -> Any:
            return client.scroll(space, limit=500, offset=after, with_payload=True, with_vectors=True)

        page, offset = await house.index._link.call(ask)
        for record in page:
            stored = {"payload": record.payload, "vector": record.vector}
            points[str(record.id)] = json.dumps(stored, default=_plain, sort_keys=True, ensure_ascii=False)
        if offset is None:
            return points


def _plain(value: Any) -> Any:
    return value.model_dump() if hasattr(value, "model_dump") else list(value)


async def _rows(house: House) -> dict[str, list[str]]:
    rows: dict[str, list[str]] = {}
    async with house.database.reading() as session:
        for table in Table.metadata.sorted_tables:
            told = [column for column in table.columns if column.name not in _UNTOLD]
            found = await session.execute(select(*told))
            rows[table.name] = sorted(repr(tuple(row)) for row in found)
    return rows


def differences(a: dict[str, Any], b: dict[str, Any]) -> list[str]:
    """What is not the same, a line each; empty where nothing is."""
    ids_a, ids_b = set(a["points"]), set(b["points"])
    found = [f"point {name} is on one side only" for name in sorted(ids_a ^ ids_b)]
    found += [f"point {name} differs" for name in ids_a & ids_b if a["points"][name] != b["points"][name]]
    for table in a["rows"].keys() | b["rows"].keys():
        if a["rows"].get(table) != b["rows"].get(table):
            found.append(f"table {table} differs")
    return found


def coordination(done: Job, n_places: int) -> dict[str, float]:
    """What the workers spent on finding, taking and closing lessons: the time between stages, a lesson.

    Args:
        n_places: lessons that all workers together may have at a time.
    """
    began = min(lesson.started_at or 0.0 for lesson in done.lessons)
    ended = max(lesson.ended_at or 0.0 for lesson in done.lessons)
    wall_s = ended - began
    in_stages_s = sum(seconds for lesson in done.lessons for _, seconds in lesson.stage_s)
    n = len(done.lessons)
    return {
        "lessons_a_minute": round(60 * n / wall_s, 2),
        "in_stages_s_a_lesson": round(in_stages_s / n, 3),
        "between_stages_s_a_lesson": round((n_places * wall_s - in_stages_s) / n, 3),
        "share_of_10_s": round((n_places * wall_s - in_stages_s) / n / 10, 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--lessons", type=int, default=20)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--heard", type=int, default=3, help="lessons without subtitles")
    parser.add_argument("--at-a-time", type=int, default=2, help="lessons of each worker")
    parser.add_argument("--database", default="", help="PostgreSQL; SQLite without it")
    parser.add_argument("--postgres", action="store_true", help="start a PostgreSQL for this run")
    parser.add_argument("--delay", type=float, default=1.0, help="seconds of an embedder's batch")
    parser.add_argument("--window", type=float, default=3.0, help="seconds within which a worker dies")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    os.environ["BAIZE_TESTING"] = "1"
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="baize-crash-"))
        if options.postgres:
            options.database = stack.enter_context(own_postgres()).create("crash")
        print(json.dumps(anyio.run(_measure, Path(folder), options), indent=2))  # noqa: T201


def own_postgres() -> PostgresServer:
    """A server for this run.

    Raises:
        SystemExit: its programs are not installed.
    """
    from tests.servers.postgres import PostgresServer, programs

    found = programs()
    if found is None:
        raise SystemExit("PostgreSQL's server is not installed: apt-get install postgresql")
    return PostgresServer(found)


async def _measure(root: Path, options: argparse.Namespace) -> dict[str, Any]:
    write_course(root / "course", n_lessons=options.lessons, n_heard=options.heard)
    calm = Trial(root / "course", root / "calm")
    await submit(calm)
    await anyio.to_thread.run_sync(drain, calm)
    expected = await snapshot(calm)
    limits = {"lessons": options.at_a_time, "embedding": options.at_a_time}
    rough = Trial(root / "course", root / "rough", options.database, options.delay, limits)
    job_id = await submit(rough)
    begin = time.monotonic()
    if options.kills:
        killed = await anyio.to_thread.run_sync(
            lambda: kill_at_random(rough, kills=options.kills, window_s=options.window, seed=options.seed)
        )
    else:
        killed = 0
        await anyio.to_thread.run_sync(lambda: drain(rough, n_workers=options.workers))
    done = await job(rough, job_id)
    return {
        "killed": killed,
        "workers": options.workers,
        "seconds": round(time.monotonic() - begin, 1),
        "job": done.state,
        "lessons": len(done.lessons),
        "attempts": sum(lesson.attempts for lesson in done.lessons),
        # Those that have to be heard have places of their own, which would stand idle.
        "coordination": None if options.heard else coordination(done, options.workers * options.at_a_time),
        "points": len(expected["points"]),
        "differences": differences(expected, await snapshot(rough)),
        # A kill between a model's answer and its keeping has that one call made again: told, not hidden.
        "calls": {
            name: {"calm": len(told), "killed": len(rough.calls()[name])}
            for name, told in calm.calls().items()
        },
    }


if __name__ == "__main__":
    main()
