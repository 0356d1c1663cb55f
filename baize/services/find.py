"""A question → moments in the courses in scope, best first: the first half of both answer and search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from baize.domain.chat import Message
from baize.domain.search import Moment, Query, Scope
from baize.errors import NotFound
from baize.ports import Catalog, ChunkIndex, Embedder
from baize.retrieval.assess import assess, signals
from baize.retrieval.fuse import fuse
from baize.retrieval.locate import locate
from baize.retrieval.rewrite import rewrite
from baize.retrieval.search import search


@dataclass(frozen=True, slots=True)
class FindOptions:
    """`retrieval:` in config.yaml.

    Attributes:
        leg_k: hits per leg and passage language.
        n_moments: how many fused hits are located.
        n_foreign: of these, how many in another language are located by meaning.
        dense_midpoint: see `assess`.
        coverage_weight: see `assess`.
    """

    leg_k: int
    n_moments: int
    n_foreign: int
    dense_midpoint: float
    coverage_weight: float


@dataclass(frozen=True, slots=True)
class Found:
    query: Query
    moments: tuple[Moment, ...]
    evidence_score: float


class Finder:
    """rewrite → search → fuse → assess → locate."""

    def __init__(
        self, *, index: ChunkIndex, embedder: Embedder, catalog: Catalog, options: FindOptions
    ) -> None:
        self._index = index
        self._embedder = embedder
        self._catalog = catalog
        self._options = options

    async def find(self, question: str, history: Sequence[Message], scope: Scope) -> Found:
        """Moments within `scope`, which must have been resolved.

        Raises:
            IndexUnavailable: the vector store does not answer.
        """
        query = rewrite(question, history)
        live = await self._catalog.live(scope)
        languages = sorted({language for lesson in live for language in lesson.languages})
        if not live:
            return Found(query, (), 0.0)
        vector = await self._embedder.embed_query(query.text)
        runs = await search(
            query,
            vector,
            replace(scope, build_ids=tuple(lesson.build_id for lesson in live)),
            index=self._index,
            passage_languages=languages,
            k=self._options.leg_k,
        )
        hits = fuse(runs, query)[: self._options.n_moments]
        score = assess(
            signals(query, hits),
            dense_midpoint=self._options.dense_midpoint,
            coverage_weight=self._options.coverage_weight,
        )
        moments = await locate(
            query, vector, hits, embedder=self._embedder, n_foreign=self._options.n_foreign
        )
        return Found(query, tuple(moments), score)


async def resolve_scope(scope: Scope, catalog: Catalog) -> Scope:
    """Check that what the scope names exists on its platform.

    Raises:
        NotFound: naming the course or lesson.
    """
    for course_id in scope.course_ids:
        if await catalog.course(scope.platform_id, course_id) is None:
            raise NotFound(f"There is no course {course_id!r}.", remedy="`baize status` lists the courses.")
    for lesson_id in scope.lesson_ids:
        if await catalog.lesson(scope.platform_id, lesson_id) is None:
            raise NotFound(f"There is no lesson {lesson_id!r}.", remedy="`baize status` lists the lessons.")
    return scope
