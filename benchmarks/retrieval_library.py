"""A made-up corpus in a scratch data folder: through the product's own index, server and catalogue."""

from __future__ import annotations

import json
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

import anyio

from baize.bootstrap import House, space_name
from baize.domain.search import IndexedChunk, Scope
from baize.edge.endpoint import read_record
from baize.edge.launch import ensure, stop
from baize.ports import Catalog, ChunkIndex, Embedder
from baize.services.find import Finder
from baize.settings import Settings
from benchmarks.retrieval_corpus import CHUNKS_PER_LESSON, PLATFORM, Corpus
from benchmarks.retrieval_embedder import PlannedEmbedder

_LESSONS_AT_ONCE = 20
_OPTIMIZE_AFTER = 20_000
"""As `baize.edge.launch.ensure` has it."""
_POLL_S = 0.5

Watch = Callable[[str, int, int], None]
"""Called with (what is being done, done, total)."""


class ScratchHouse(House):
    """The product at its defaults, but for the embedder, whose vectors are made up."""

    @cached_property
    def embedder(self) -> Embedder:
        return self.planned

    @cached_property
    def planned(self) -> PlannedEmbedder:
        return PlannedEmbedder()

    @property
    def space(self) -> str:
        return space_name(self.embedder)

    def timed_finder(self, index: ChunkIndex, catalog: Catalog) -> Finder:
        """The product's finder over views of its parts."""
        seen = ScratchHouse(self.settings)
        seen.__dict__.update(planned=self.planned, catalog=catalog)
        return seen.finder_over(index)


@dataclass(frozen=True, slots=True)
class BuildFigures:
    """What a library cost: chunks a second into the store, seconds until the graph stood, bytes, RSS.

    Attributes:
        rss_mb: of the server after the questions; pages of files that it maps included.
        anonymous_mb: the part of it that is not mapped from files.
        index_cpu_s: of the server and of the program that builds the graph, since the server was started,
            until the graph stood. Whole where the library was made in one go.
    """

    n_chunks: int
    upserts_per_s: float
    graph_s: float
    bytes_per_chunk: float = 0.0
    rss_mb: float = 0.0
    anonymous_mb: float = 0.0
    index_cpu_s: float = 0.0


@asynccontextmanager
async def opened(data_dir: Path) -> AsyncIterator[ScratchHouse]:
    """The house of a scratch folder; its index server is stopped at the end."""
    house = ScratchHouse(Settings(data_dir=data_dir))
    try:
        await house.database.migrate()
        yield house
    finally:
        await house.close()
        await stop(data_dir)


async def build(house: ScratchHouse, corpus: Corpus, watch: Watch) -> BuildFigures:
    """Fill the folder up to this size, or give the figures of the one who did it before.

    A smaller corpus is the beginning of a larger one, so that a library grows from size to size, and one that
    was broken off goes on where it was.
    """
    known = house.data_dir / f"built-{corpus.n_chunks}.json"
    if known.exists():
        return BuildFigures(**json.loads(known.read_text("utf-8")))
    for course in corpus.courses():
        await house.publisher.put_course(course)
    # One batch back: what was published last may not have been written.
    n_before = max(0, await n_lessons(house) - 1) // _LESSONS_AT_ONCE * _LESSONS_AT_ONCE
    upsert_s = await _fill(house, corpus, n_before, watch)
    began_s = time.perf_counter()
    await graph_stands(house.data_dir, house.space, corpus.n_chunks, watch)
    figures = BuildFigures(
        corpus.n_chunks,
        (corpus.n_lessons - n_before) * CHUNKS_PER_LESSON / upsert_s,
        time.perf_counter() - began_s,
        index_cpu_s=_cpu_s(house.data_dir),
    )
    known.write_text(json.dumps(asdict(figures)), "utf-8")
    return figures


async def n_lessons(house: ScratchHouse) -> int:
    """In the library now."""
    return len(await house.catalog.live(Scope(PLATFORM)))


async def _fill(house: ScratchHouse, corpus: Corpus, n_before: int, watch: Watch) -> float:
    """Seconds that the index took for the points of all lessons after the first `n_before`."""
    spent_s, points = 0.0, list[IndexedChunk]()
    for n, lesson in enumerate(corpus.lessons(n_before), n_before + 1):
        points += lesson.points
        await house.publisher.publish(lesson.built)
        if n % _LESSONS_AT_ONCE == 0 or n == corpus.n_lessons:
            began_s = time.perf_counter()
            await house.index.upsert(points)
            spent_s += time.perf_counter() - began_s
            points.clear()
            watch("chunks written", n, corpus.n_lessons)
    return spent_s


async def graph_stands(data_dir: Path, space: str, n_points: int, watch: Watch) -> None:
    """Returns when all points are in the graph, where there are enough for one.

    An embedded index makes it once nothing is written any more. The server's own note is read: the engine's
    count of indexed vectors takes in the sparse ones, which not every point has.
    """
    if n_points < _OPTIMIZE_AFTER:
        return
    # The server may have ended for want of work before its last pass.
    await ensure(data_dir)
    note = data_dir / "index" / space / "collection.json"
    while (n_done := json.loads(note.read_text("utf-8"))["n_optimized"]) < n_points:
        watch("waiting for the graph", n_done, n_points)
        await anyio.sleep(_POLL_S)


def weighed(figures: BuildFigures, data_dir: Path) -> BuildFigures:
    """The figures with what the library weighs now, on disk and in the server's memory."""
    n_bytes = sum(path.stat().st_blocks * 512 for path in (data_dir / "index").rglob("*") if path.is_file())
    record = read_record(data_dir)
    memory = _memory_mb(record.pid) if record else {}
    return replace(
        figures,
        bytes_per_chunk=n_bytes / figures.n_chunks,
        rss_mb=memory.get("VmRSS", 0.0),
        anonymous_mb=memory.get("RssAnon", 0.0),
    )


def _cpu_s(data_dir: Path) -> float:
    """Of the index server and of its children that have ended, by what the system says of it."""
    if (record := read_record(data_dir)) is None:
        return 0.0
    fields = Path(f"/proc/{record.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _memory_mb(pid: int) -> dict[str, float]:
    lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    rows = (line.split() for line in lines if line.startswith(("VmRSS", "RssAnon")))
    return {row[0].rstrip(":"): int(row[1]) / 1024 for row in rows}
