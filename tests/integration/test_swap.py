"""A lesson changes while learners search: nobody is shown what is no longer said, nor half of a version."""

from __future__ import annotations

import json
import re
from pathlib import Path

import anyio
import pytest

from baize.bootstrap import House, opened
from baize.domain.search import Scope
from baize.edge.launch import stop
from baize.settings import Settings
from benchmarks.crash import library_points, write_subtitles
from ingest.run import ingest_paths

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]

PROBES = 1000
VERSIONS = 8
SCOPE = Scope("default")


def write_version(folder: Path, version: int) -> None:
    """A lesson whose first and every third line tell the version; the others stay as they are."""
    lines = [f"第{n}步要量血压，版本{version}。" if n % 3 == 0 else f"第{n}步把袖带放平。" for n in range(30)]
    write_subtitles(folder / "1.zh.vtt", lines)


class Reader:
    """Searches without a pause, and notes each result that no reader should see."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.builds: dict[str, int] = {}
        self.n = 0
        self.n_during = 0
        self.stale: list[str] = []
        self.swapping = False

    async def live(self) -> int:
        lesson = await self._house.catalog.lesson("default", "bp.1")
        assert lesson is not None
        # A build that is first seen here is the next version.
        return self.builds.setdefault(lesson.build_id, len(self.builds))

    async def probe(self) -> None:
        before = await self.live()
        found = await self._house.searching.search("量血压 版本", SCOPE, kind="moments", k=10)
        after = await self.live()
        texts = [r.moment.hit.chunk.text for r in found if r.moment.hit.chunk.lesson_id == "bp.1"]
        versions = {int(number) for text in texts for number in re.findall(r"版本(\d+)", text)}
        assert versions, "the reader finds the lesson at all times"
        if len(versions) > 1 or not before <= min(versions) <= after:
            self.stale.append(f"{versions} where {before}..{after} was live")
        self.n += 1
        self.n_during += self.swapping


async def test_no_stale_hit_while_a_lesson_is_swapped(tmp_path: Path) -> None:
    """1,000 searches during and after eight swaps; of the index, only what the lesson changed changes."""
    course = tmp_path / "bp"
    course.mkdir()
    write_version(course, 0)
    write_subtitles(course / "2.zh.vtt", [f"另一课的第{n}句讲吃药。" for n in range(20)])
    settings = Settings.model_validate(
        {"data_dir": tmp_path / "data", "embedder": {"kind": "fake"}, "chat": {"kind": "none"}}
    )
    async with opened(settings) as house:
        assert (await ingest_paths(house, [course])).ok
        first = await library_points(house)
        reader = Reader(house)
        assert await reader.live() == 0

        async def read() -> None:
            while reader.n < PROBES:
                await reader.probe()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            for version in range(1, VERSIONS + 1):
                write_version(course, version)
                reader.swapping = True
                assert (await ingest_paths(house, [course])).ok
                reader.swapping = False
                assert await reader.live() == version
        last = await library_points(house)
    await stop(settings.data_dir)
    assert reader.stale == []
    assert reader.n >= PROBES
    assert reader.n_during > VERSIONS
    kept = {point: stored for point, stored in first.items() if lesson_of(stored) == "bp.2"}
    assert kept == {point: stored for point, stored in last.items() if lesson_of(stored) == "bp.2"}
    assert len(kept) == 20
    texts = [stored for stored in last.values() if lesson_of(stored) == "bp.1"]
    assert len(texts) == 30
    assert not any(f"版本{old}。" in text for text in texts for old in range(VERSIONS))


def lesson_of(stored: str) -> str:
    found: str = json.loads(stored)["payload"]["lesson_id"]
    return found
