"""Another embedder, another space: what is live is embedded anew, beside the index that goes on answering.

Passages come from the old space as they were stored; nothing is read, heard or divided again, and the
catalogue is not touched. Servers that run with the old embedder go on in the old space meanwhile; those that
start with the new one find everything once this has ended. It may be stopped and run again at any time: what
is there is left alone, and what was ingested meanwhile is caught up with.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from baize.bootstrap import House
from baize.domain.library import LiveLesson
from baize.domain.search import Scope
from baize.ports import ChunkIndex, Embedder
from baize.services.erase import lesson_lock
from ingest.embed import embed

log = logging.getLogger("baize.ingest")

_BATCH = 256
_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class Reindexed:
    """What a run did.

    Attributes:
        space: the collection of the configured embedder.
        old: other collections that hold passages, by name; they can go once no server uses them.
        n_lessons: lessons that were embedded anew, wholly or in part.
        n_there: lessons of which everything was there.
        n_points: passages that were embedded, those of catalogues too.
        lost: lessons that are live but whose passages are in no space.
    """

    space: str
    old: tuple[str, ...]
    n_lessons: int
    n_there: int
    n_points: int
    lost: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "space": self.space,
            "old": list(self.old),
            "lessons": self.n_lessons,
            "there": self.n_there,
            "points": self.n_points,
            "lost": list(self.lost),
        }


async def reindex(house: House) -> Reindexed:
    """Bring the space of the configured embedder up to what is live on every platform.

    Raises:
        IndexUnavailable: the vector store does not answer.
        ModelUnavailable: the embedder cannot be had.
    """
    n_lessons = n_there = n_points = 0
    lost: list[str] = []
    told = time.monotonic()
    async with _others(house, cards=False) as old:
        for platform_id in await _platforms(house):
            for live in await house.catalog.live(Scope(platform_id)):
                n = await _lesson(house, platform_id, live, list(old.values()))
                n_points += n or 0
                n_lessons += bool(n)
                n_there += n == 0
                if n is None:
                    lost.append(live.lesson_id)
                if time.monotonic() - told >= _EVERY_S:
                    told = time.monotonic()
                    log.info("%d lessons embedded anew, %d were there", n_lessons, n_there)
    async with _others(house, cards=True) as old_cards:
        for platform_id in await _platforms(house):
            n_points += await _cards(house, platform_id, list(old_cards.values()))
    names = tuple(sorted([*old, *old_cards]))
    return Reindexed(house.index.space, names, n_lessons, n_there, n_points, tuple(lost))


async def _platforms(house: House) -> list[str]:
    registered = {platform.id for platform in await house.platforms.platforms()}
    return sorted(registered | {house.settings.platform_id})


@asynccontextmanager
async def _others(house: House, *, cards: bool) -> AsyncIterator[dict[str, ChunkIndex]]:
    """The spaces of other embedders and layouts, by name."""
    here = house.card_index if cards else house.index
    found = {name: house.collection(name) for name in await here.others() if name.endswith("-cards") == cards}
    try:
        yield dict(found)
    finally:
        for index in found.values():
            await index.close()


async def _lesson(house: House, platform_id: str, live: LiveLesson, old: Sequence[ChunkIndex]) -> int | None:
    """How many passages were embedded; None where no space holds any of the lesson."""
    async with house.locks.hold(lesson_lock(platform_id, live.lesson_id)):
        # It may have been published anew, or be gone, since it was listed.
        lesson = await house.catalog.lesson(platform_id, live.lesson_id)
        if lesson is None:
            return 0
        scope = Scope(platform_id, lesson_ids=(lesson.id,), build_ids=(lesson.build_id,))
        there = set(await house.index.ids(scope))
        embedder = house.course_embedder(house.model_embedder, platform_id, lesson.course_id)
        n_points, found = 0, bool(there)
        for source in old:
            wanted = await source.ids(scope)
            found = found or bool(wanted)
            missing = [chunk_id for chunk_id in wanted if chunk_id not in there]
            n_points += await _copy(platform_id, missing, source, house.index, embedder, only=lesson.build_id)
            there.update(missing)
        if n_points:
            await house.index.delete(platform_id, [lesson.id], keep_builds=[lesson.build_id])
        # A lesson without a passage, such as one in which nobody speaks, is in no space.
        return n_points if found or not live.languages else None


async def _cards(house: House, platform_id: str, old: Sequence[ChunkIndex]) -> int:
    scope = Scope(platform_id)
    there = set(await house.card_index.ids(scope)) if old else set()
    n_points = 0
    for source in old:
        missing = [chunk_id for chunk_id in await source.ids(scope) if chunk_id not in there]
        n_points += await _copy(platform_id, missing, source, house.card_index, house.model_embedder)
        there.update(missing)
    return n_points


async def _copy(
    platform_id: str,
    chunk_ids: Sequence[str],
    source: ChunkIndex,
    target: ChunkIndex,
    embedder: Embedder,
    *,
    only: str = "",
) -> int:
    """Passages into another space, with vectors of its embedder; in all their builds, or in one."""
    for start in range(0, len(chunk_ids), _BATCH):
        stored = await source.chunks(platform_id, chunk_ids[start : start + _BATCH])
        points = await embed([one.chunk for one in stored.values()], only, embedder, _quiet)
        await target.upsert(
            [
                replace(point, build_id=build)
                for point in points
                for build in ([only] if only else stored[point.chunk.id].build_ids)
            ]
        )
    return len(chunk_ids)


def _quiet(_done: float, _total: float) -> None:
    """Progress is told by the lesson."""
