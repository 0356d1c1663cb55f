"""What ingest costs besides models: CPU of our own part, a chunk, with an embedder that is free.

    python -m benchmarks.ingest_overhead                  subtitles of 10 lessons of half an hour
    python -m benchmarks.ingest_overhead --profile        and where the time goes

Subtitles are read, cut into passages, composed and stored in the embedded index, through `baize ingest`'s own
path, the cache of vectors included. The embedder gives every text the same vector, so that nothing of what is
counted is a model's. Counted is the CPU time of this process, all threads; what the index server spends is
told apart, for it is Qdrant's. Each run is in a new library, after a small course that pays for imports,
dictionaries and first connections.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import pstats
import random
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import anyio
import numpy as np

from baize.bootstrap import House, opened
from baize.collector import relax
from baize.domain.search import Vector
from baize.edge.endpoint import read_record
from baize.edge.launch import stop
from baize.settings import Settings
from benchmarks.crash import WORDS, write_subtitles
from ingest.manifest import read_path
from ingest.pipeline import Pipeline
from ingest.report import LessonReport
from ingest.run import desks, parts_of
from ingest.watch import LogWatch

DIM = 384
"""As the default embedder's."""
_ENGLISH = (
    "pressure cuff heart measure morning evening record number doctor food exercise medicine sleep arm "
    "height average twice rest breath quiet"
).split()


class FreeEmbedder:
    """Costs nothing, so that what is left is ours: one vector for all texts."""

    name = "free"
    dim = DIM

    def __init__(self) -> None:
        self.n_texts = 0
        self.n_calls = 0
        self._one: Vector = np.full((1, DIM), DIM**-0.5, np.float32)

    async def embed_passages(self, texts: Sequence[str]) -> Vector:
        """As `Embedder.embed_passages`."""
        self.n_texts += len(texts)
        self.n_calls += 1
        return np.broadcast_to(self._one, (len(texts), DIM))

    async def embed_query(self, text: str) -> Vector:
        """As `Embedder.embed_query`."""
        del text
        return np.asarray(self._one[0], np.float32)


def write_lectures(folder: Path, *, n_lessons: int, n_cues: int, language: str) -> None:
    """Captions with full stops, always the same."""
    folder.mkdir(parents=True)
    dice = random.Random(language)  # noqa: S311 - test data
    for n in range(1, n_lessons + 1):
        write_subtitles(folder / f"{n:02}.{language}.vtt", [_line(dice, language) for _ in range(n_cues)])


def _line(dice: random.Random, language: str) -> str:
    if language == "zh":
        return "，".join("".join(dice.sample(WORDS, 3)) for _ in range(2)) + "。"
    return " ".join(dice.choices(_ENGLISH, k=12)).capitalize() + "."


class CpuWatch(LogWatch):
    """Tells CPU of this process by stage: lessons are ingested one after the other."""

    def __init__(self) -> None:
        super().__init__(0)
        self.spent: Counter[str] = Counter()
        self._stage = ""
        self._since = time.process_time()

    def stage(self, item: str, stage: str) -> None:
        """As `Watch.stage`."""
        del item
        now = time.process_time()
        self.spent[self._stage] += now - self._since  # type: ignore[assignment]
        self._stage, self._since = stage, now

    def finished(self, report: LessonReport) -> None:
        """As `Watch.finished`."""
        self.stage(report.lesson_id, "")


async def measure(root: Path, *, n_lessons: int, n_cues: int, language: str, profile: bool) -> dict[str, Any]:
    """One ingest into a new library; milliseconds of CPU a chunk."""
    settings = Settings.model_validate(
        {"data_dir": root / "data", "embedder": {"kind": "fake"}, "chat": {"kind": "none"}}
    )
    write_lectures(root / "warm", n_lessons=1, n_cues=60, language=language)
    write_lectures(root / "course", n_lessons=n_lessons, n_cues=n_cues, language=language)
    async with opened(settings) as house:
        embedder, watch = FreeEmbedder(), CpuWatch()
        house.__dict__["model_embedder"] = embedder
        await _ingest(house, root / "warm", CpuWatch())
        embedder.n_calls = embedder.n_texts = 0
        server, begin, cpu = _server_cpu(settings.data_dir), time.perf_counter(), time.process_time()
        with cProfile.Profile(time.process_time) if profile else nullcontext() as profiler:
            n_chunks = await _ingest(house, root / "course", watch)
        own, wall = time.process_time() - cpu, time.perf_counter() - begin
        server = _server_cpu(settings.data_dir) - server
    await stop(settings.data_dir)
    if profiler:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(40)

    def a_chunk(seconds: float) -> float:
        return round(1000 * seconds / n_chunks, 3)

    return {
        "language": language,
        "n_chunks": n_chunks,
        "ms_a_chunk": a_chunk(own),
        "without_compose_ms_a_chunk": a_chunk(own - watch.spent["compose"]),
        "stages_ms_a_chunk": {stage: a_chunk(spent) for stage, spent in watch.spent.items() if stage},
        "index_server_ms_a_chunk": a_chunk(server),
        "wall_ms_a_chunk": a_chunk(wall),
        "texts_a_call": round(embedder.n_texts / embedder.n_calls, 1),
    }


async def _ingest(house: House, folder: Path, watch: CpuWatch) -> int:
    pipeline = Pipeline(parts_of(house), desks(house), watch)
    report = await pipeline.run_course(read_path(folder, "default"))
    if not report.ok:
        raise RuntimeError(str(report.all_problems))
    return sum(lesson.n_chunks for lesson in report.lessons)


def _server_cpu(data_dir: Path) -> float:
    """Seconds of CPU that the index server has had, by what the system says of it."""
    record = read_record(data_dir)
    assert record is not None  # noqa: S101 - it has just answered
    fields = Path(f"/proc/{record.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lessons", type=int, default=10)
    parser.add_argument("--cues", type=int, default=300, help="sentences of a lesson")
    parser.add_argument("--languages", default="zh,en")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    os.environ["BAIZE_TESTING"] = "1"
    # As in `baize ingest`.
    relax()
    for language in options.languages.split(","):
        with tempfile.TemporaryDirectory(prefix="baize-overhead-") as folder:

            async def run(root: Path = Path(folder), language: str = language) -> dict[str, Any]:
                return await measure(
                    root,
                    n_lessons=options.lessons,
                    n_cues=options.cues,
                    language=language,
                    profile=options.profile,
                )

            print(json.dumps(anyio.run(run), indent=2))  # noqa: T201


if __name__ == "__main__":
    main()
