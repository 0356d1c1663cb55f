"""A vector store in memory: exact, small, and the same answers as the real one on the same points."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from baize.domain.locator import TimeSpan
from baize.domain.search import DenseQuery, IndexedChunk, Run, Scope, SparseQuery, StoredChunk, Vector
from baize.domain.text import Chunk


@dataclass(slots=True)
class _Stored:
    chunk: Chunk
    dense: Vector
    terms: Mapping[str, Mapping[int, float]]
    builds: list[str] = field(default_factory=list)


class MemoryIndex:
    """A `ChunkIndex` over a dict. IDF as Qdrant's: over every stored point, whatever the scope."""

    def __init__(self) -> None:
        self._points: dict[str, _Stored] = {}
        self._n_having: dict[str, Counter[int]] = {leg: Counter() for leg in ("lexical", "pinyin")}

    async def upsert(self, points: Sequence[IndexedChunk]) -> None:
        for point in points:
            if point.chunk.id not in self._points:
                self._points[point.chunk.id] = _stored(point)
                self._count(point.chunk.id, 1)
            stored = self._points[point.chunk.id]
            if point.build_id not in stored.builds:
                stored.builds.append(point.build_id)

    async def delete(self, platform_id: str, lesson_ids: Sequence[str], *, keep_builds: Sequence[str]) -> int:
        meant = Scope(platform_id, lesson_ids=tuple(lesson_ids))
        found = [stored for stored in self._points.values() if lesson_ids and _matches(stored, meant)]
        for stored in found:
            stored.builds = [build for build in stored.builds if build in keep_builds]
        orphans = [stored.chunk.id for stored in found if not stored.builds]
        for chunk_id in orphans:
            self._count(chunk_id, -1)
            del self._points[chunk_id]
        return len(orphans)

    async def erase(self, platform_id: str, lesson_ids: Sequence[str]) -> int:
        return await self.delete(platform_id, lesson_ids, keep_builds=[])

    async def search(self, queries: Sequence[DenseQuery | SparseQuery], scope: Scope, k: int) -> list[Run]:
        return [self._ranked(query, scope, k) for query in queries]

    async def chunks(self, platform_id: str, chunk_ids: Sequence[str]) -> dict[str, StoredChunk]:
        found = [self._points[chunk_id] for chunk_id in chunk_ids if chunk_id in self._points]
        return {
            stored.chunk.id: StoredChunk(stored.chunk, tuple(stored.builds))
            for stored in found
            if stored.chunk.platform_id == platform_id
        }

    async def ids(self, scope: Scope) -> list[str]:
        return sorted(stored.chunk.id for stored in self._in_scope(scope))

    async def count(self, scope: Scope) -> int:
        return len(self._in_scope(scope))

    def _count(self, chunk_id: str, change: int) -> None:
        for leg, weights in self._points[chunk_id].terms.items():
            for term in weights:
                self._n_having[leg][term] += change

    def _in_scope(self, scope: Scope, language: str = "") -> list[_Stored]:
        return [
            stored
            for stored in self._points.values()
            if _matches(stored, scope) and language in ("", stored.chunk.language)
        ]

    def _ranked(self, query: DenseQuery | SparseQuery, scope: Scope, k: int) -> Run:
        found = self._in_scope(scope, query.language)
        scores = _products(query, found) if isinstance(query, DenseQuery) else self._weights(query, found)
        best_first = sorted(zip(scores, found, strict=True), key=lambda pair: (-pair[0], pair[1].chunk.id))
        matching = [pair for pair in best_first if isinstance(query, DenseQuery) or pair[0] > 0]
        kept = matching[: max(k, 0)]
        ids = tuple(stored.chunk.id for _, stored in kept)
        return Run(query.leg, query.language, ids, tuple(score for score, _ in kept))

    def _weights(self, query: SparseQuery, found: Sequence[_Stored]) -> list[float]:
        idf = self._idf(query)
        asked = dict(zip(query.vector.indices, query.vector.values, strict=True))
        return [
            sum(weight * idf[term] * stored.terms[query.leg].get(term, 0.0) for term, weight in asked.items())
            for stored in found
        ]

    def _idf(self, query: SparseQuery) -> dict[int, float]:
        """ln(1 + (n - df + 0.5) / (df + 0.5)), as Qdrant's modifier `idf`."""
        n_having = self._n_having[query.leg]
        n_points = len(self._points)
        return {
            term: math.log(1 + (n_points - n_having[term] + 0.5) / (n_having[term] + 0.5))
            for term in query.vector.indices
        }


def _stored(point: IndexedChunk) -> _Stored:
    legs = {"lexical": point.lexical, "pinyin": point.pinyin}
    terms = {leg: dict(zip(vector.indices, vector.values, strict=True)) for leg, vector in legs.items()}
    return _Stored(point.chunk, point.dense, terms)


def _products(query: DenseQuery, found: Sequence[_Stored]) -> list[float]:
    return [float(np.dot(query.vector, stored.dense)) for stored in found]


def _matches(stored: _Stored, scope: Scope) -> bool:
    chunk = stored.chunk
    return (
        chunk.platform_id == scope.platform_id
        and (not scope.course_ids or chunk.course_id in scope.course_ids)
        and (not scope.lesson_ids or chunk.lesson_id in scope.lesson_ids)
        and (not scope.languages or chunk.language in scope.languages)
        and (scope.build_ids is None or not set(scope.build_ids).isdisjoint(stored.builds))
        and all(
            chunk.lesson_id != lesson.lesson_id or lesson.build_id in stored.builds
            for lesson in scope.settled
        )
        and chunk.lesson_id not in scope.after_lessons
        and _is_seen(chunk, scope)
    )


def _is_seen(chunk: Chunk, scope: Scope) -> bool:
    """In the lesson of `up_to` only what starts before the position; a document has no place in time."""
    place = chunk.window[0].locator if chunk.window else chunk.locator
    start = place.start if isinstance(place, TimeSpan) else math.inf
    if scope.starts_within is not None and not scope.starts_within.start <= start < scope.starts_within.end:
        return False
    if scope.up_to is None or chunk.lesson_id != scope.up_to.lesson_id:
        return True
    return start < scope.up_to.position_s
