"""What a question costs in a library, part by part, and how many of the true neighbours are found."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from baize.domain.library import LiveLesson
from baize.domain.search import DenseQuery, Run, Scope, SparseQuery, StoredChunk
from baize.ports import Catalog, ChunkIndex
from benchmarks.retrieval_corpus import PLATFORM, Corpus, Question, Vectors
from benchmarks.retrieval_library import ScratchHouse, Watch
from benchmarks.retrieval_text import LANGUAGES

_N_WARM_UP = 30
_RECALL_AT = (10, 50, 100)


class _TimedCatalog:
    """Passes on what finding asks of a catalogue; `spent_s` adds up until it is set back."""

    def __init__(self, inner: Catalog) -> None:
        self._inner = inner
        self.spent_s = 0.0

    async def live(self, scope: Scope) -> list[LiveLesson]:
        began_s = time.perf_counter()
        found = await self._inner.live(scope)
        self.spent_s += time.perf_counter() - began_s
        return found

    async def languages(self, scope: Scope) -> list[str]:
        began_s = time.perf_counter()
        found = await self._inner.languages(scope)
        self.spent_s += time.perf_counter() - began_s
        return found


class _TimedIndex:
    """Passes on what finding asks of an index; `spent_s` adds up until it is set back."""

    def __init__(self, inner: ChunkIndex) -> None:
        self._inner = inner
        self.spent_s = 0.0

    async def search(self, queries: Sequence[DenseQuery | SparseQuery], scope: Scope, k: int) -> list[Run]:
        began_s = time.perf_counter()
        found = await self._inner.search(queries, scope, k)
        self.spent_s += time.perf_counter() - began_s
        return found

    async def chunks(self, platform_id: str, chunk_ids: Sequence[str]) -> dict[str, StoredChunk]:
        began_s = time.perf_counter()
        found = await self._inner.chunks(platform_id, chunk_ids)
        self.spent_s += time.perf_counter() - began_s
        return found


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds of everything but embedding the question; the parts are medians.

    Attributes:
        catalogue: which languages there are, and which builds are live.
        index: all legs and the passages of what is left after fusing, to decoded chunks.
        rest: rewrite, fuse, collapse, assess, locate.
        n: questions asked.
        n_embedded: sentences a question that `locate` wanted embedded; a model's time for them is not in.
    """

    n: int
    p50: float
    p95: float
    catalogue: float
    index: float
    rest: float
    n_embedded: float


async def latency(
    house: ScratchHouse, corpus: Corpus, n_questions: int, *, within_course: bool, seed: int, watch: Watch
) -> Latency:
    """One question after the other, each a new one, after some to warm up."""
    catalog, index = _TimedCatalog(house.catalog), _TimedIndex(house.index)
    finder = house.timed_finder(cast(ChunkIndex, index), cast(Catalog, catalog))
    questions = corpus.questions(n_questions + _N_WARM_UP, seed=seed)
    house.planned.plan(questions)
    spent: list[tuple[float, float, float]] = []
    for n, question in enumerate(questions):
        if n == _N_WARM_UP:
            spent.clear()
            house.planned.n_passages = 0
        catalog.spent_s = index.spent_s = 0.0
        began_s = time.perf_counter()
        await finder.find(question.text, [], _scope(question, within_course))
        spent.append((time.perf_counter() - began_s, catalog.spent_s, index.spent_s))
        watch("asked", n + 1, len(questions))
    total, live, search = 1000 * np.array(spent).T
    return Latency(
        n=n_questions,
        p50=float(np.median(total)),
        p95=float(np.percentile(total, 95)),
        catalogue=float(np.median(live)),
        index=float(np.median(search)),
        rest=float(np.median(total - live - search)),
        n_embedded=house.planned.n_passages / n_questions,
    )


async def recall(
    house: ScratchHouse, vectors: Vectors, questions: Sequence[Question], *, within_course: bool
) -> dict[str, float]:
    """Share of the true nearest chunks that the dense leg finds, by how many are asked for.

    Over the platform each passage language is searched by itself, as `baize.retrieval.search` does.
    """
    languages, courses = np.array(vectors.languages), np.array(vectors.courses)
    shares: dict[str, list[float]] = {f"recall@{k}": [] for k in _RECALL_AT}
    for question in questions:
        scope = _scope(question, within_course)
        for language in LANGUAGES:
            inside = languages == language
            if within_course:
                inside &= courses == question.course_id
            if not inside.any():
                continue
            scores = np.sort(vectors.dense[inside] @ question.vector)[::-1]
            asked = DenseQuery(question.vector, language)
            run = (await house.index.search([asked], scope, max(_RECALL_AT)))[0]
            for k in _RECALL_AT:
                # By score, not by id: equally near ones may stand in for each other.
                as_near = [score for score in run.scores[:k] if score >= scores[k - 1] - 1e-5]
                shares[f"recall@{k}"].append(len(as_near) / k)
    return {name: float(np.mean(found)) for name, found in shares.items()}


def _scope(question: Question, within_course: bool) -> Scope:
    return Scope(PLATFORM, course_ids=(question.course_id,) if within_course else ())
