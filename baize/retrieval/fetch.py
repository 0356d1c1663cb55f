"""Fused matches → hits with their passages, live ones only. Comes after `fuse`; `collapse` follows.

A point may be found that no reader may see: of a build that is not published yet, or not swept yet. What is
live is asked after the search, for the few lessons that were found, so that a question costs the same in a
library of a thousand lessons and of a million.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from baize.domain.search import Hit, LiveBuild, Match, Scope
from baize.ports import Cards, Catalog, ChunkIndex


@dataclass(frozen=True, slots=True)
class Fetched:
    """Hits in the order of their matches.

    Attributes:
        settled: the lessons of which another build than the live one was found, with their live one.
        swept: a passage was removed after it was found: what replaces it was not searched yet.
    """

    hits: tuple[Hit, ...]
    settled: tuple[LiveBuild, ...]
    swept: bool = False


async def fetch(
    matches: Sequence[Match], platform_id: str, *, index: ChunkIndex, catalog: Catalog | Cards
) -> Fetched:
    """The passages of these matches; one that was swept since it was found is left out.

    Raises:
        IndexUnavailable: the store does not answer.
    """
    stored = await index.chunks(platform_id, [match.chunk_id for match in matches])
    lessons = tuple(sorted({found.chunk.lesson_id for found in stored.values()}))
    if not lessons:
        return Fetched((), (), bool(matches))
    live = {
        lesson.lesson_id: lesson.build_id
        for lesson in await catalog.live(Scope(platform_id, lesson_ids=lessons))
    }
    hits: list[Hit] = []
    settled: set[LiveBuild] = set()
    for match in matches:
        found = stored.get(match.chunk_id)
        if found is None:
            continue
        build_id = live.get(found.chunk.lesson_id, "")
        if build_id in found.build_ids:
            hits.append(Hit(found.chunk, match.rank, match.score, match.leg, match.parts))
        else:
            settled.add(LiveBuild(found.chunk.lesson_id, build_id))
    swept = any(match.chunk_id not in stored for match in matches)
    return Fetched(tuple(hits), tuple(sorted(settled, key=lambda lesson: lesson.lesson_id)), swept)
