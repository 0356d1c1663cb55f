"""Fused matches → hits with their passages, live ones only. Comes after `fuse`; `collapse` follows.

A point may be found that no reader may see: of a build that is not published yet, or not swept yet. What is
live is asked after the search, for the few lessons that were found, so that a question costs the same in a
library of a thousand lessons and of a million.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from baize.domain.search import Hit, LiveBuild, Match, Scope, StoredChunk
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


class KeptChunks:
    """Chunks as they were fetched, those that were wanted last; at most `n_kept`.

    They cannot be stale: under its id a chunk always says the same, for the id is made of that, and one whose
    lesson has by now a build that it was not known to belong to is fetched again.
    """

    def __init__(self, n_kept: int = 4096) -> None:
        self._n_kept = n_kept
        self._kept: OrderedDict[tuple[str, str], StoredChunk] = OrderedDict()

    def of(self, platform_id: str, chunk_ids: Iterable[str]) -> dict[str, StoredChunk]:
        """Those of them that are here."""
        found: dict[str, StoredChunk] = {}
        for chunk_id in chunk_ids:
            if (stored := self._kept.get((platform_id, chunk_id))) is not None:
                self._kept.move_to_end((platform_id, chunk_id))
                found[chunk_id] = stored
        return found

    def keep(self, platform_id: str, stored: dict[str, StoredChunk]) -> None:
        for chunk_id, chunk in stored.items():
            self._kept[platform_id, chunk_id] = chunk
        while len(self._kept) > self._n_kept:
            self._kept.popitem(last=False)


async def fetch(
    matches: Sequence[Match],
    platform_id: str,
    *,
    index: ChunkIndex,
    catalog: Catalog | Cards,
    kept: KeptChunks | None = None,
) -> Fetched:
    """The passages of these matches; one that was swept since it was found is left out.

    Args:
        kept: chunks of earlier questions, which need not be asked for again; told of those that are.

    Raises:
        IndexUnavailable: the store does not answer.
    """
    kept = kept or KeptChunks()
    stored = kept.of(platform_id, [match.chunk_id for match in matches])
    wanted = [match.chunk_id for match in matches if match.chunk_id not in stored]
    fresh = await _fresh(wanted, platform_id, index, kept)
    live = await _live(stored | fresh, platform_id, catalog)
    changed = [
        chunk_id
        for chunk_id, found in stored.items()
        if live.get(found.chunk.lesson_id) not in found.build_ids
    ]
    if changed:
        again = await _fresh(changed, platform_id, index, kept)
        live |= await _live(again, platform_id, catalog)
        stored = {chunk_id: found for chunk_id, found in stored.items() if chunk_id not in changed} | again
    stored |= fresh
    hits: list[Hit] = []
    settled: set[LiveBuild] = set()
    for match in matches:
        found = stored.get(match.chunk_id)
        if found is None:
            continue
        build_id = live.get(found.chunk.lesson_id, "")
        if build_id in found.build_ids:
            hits.append(Hit(found.chunk, match.rank, match.score, match.leg, match.parts, build_id))
        else:
            settled.add(LiveBuild(found.chunk.lesson_id, build_id))
    swept = any(match.chunk_id not in stored for match in matches)
    return Fetched(tuple(hits), tuple(sorted(settled, key=lambda lesson: lesson.lesson_id)), swept)


async def _fresh(
    chunk_ids: Sequence[str], platform_id: str, index: ChunkIndex, kept: KeptChunks
) -> dict[str, StoredChunk]:
    """Chunks as the index has them now, kept for later questions."""
    if not chunk_ids:
        return {}
    fresh = await index.chunks(platform_id, chunk_ids)
    kept.keep(platform_id, fresh)
    return fresh


async def _live(stored: dict[str, StoredChunk], platform_id: str, catalog: Catalog | Cards) -> dict[str, str]:
    """The live build of each lesson of these chunks; none where the lesson is gone."""
    lessons = tuple(sorted({found.chunk.lesson_id for found in stored.values()}))
    if not lessons:
        return {}
    scope = Scope(platform_id, lesson_ids=lessons)
    return {lesson.lesson_id: lesson.build_id for lesson in await catalog.live(scope)}
