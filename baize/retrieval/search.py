"""Query → runs: one per passage language by meaning, one of all passages by words and one by sounds.

Comes after `rewrite` and `abroad`; `fuse` follows. An embedder of this class puts passages of the question's
own language first whatever they say, so each passage language is searched by itself; `fuse` merges them.
Words that are shared say the same in any language. The lists hold ids only: a passage weighs a hundred times
as much, and few of them are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from baize.domain.search import DenseQuery, Query, Run, Scope, SparseQuery, Vector
from baize.ports import ChunkIndex
from baize.retrieval.abroad import Abroad
from baize.retrieval.terms import query_vector


async def search(
    query: Query,
    vector: Vector,
    scope: Scope,
    *,
    index: ChunkIndex,
    passage_languages: Sequence[str],
    k: int,
    abroad: Abroad | None = None,
) -> list[Run]:
    """Dense runs, one per passage language, then the lexical one, then that of pinyin; empty ones left out.

    Args:
        vector: the embedded query.
        abroad: the same for passages of another language than the query's; None looks them up by `vector`.
        passage_languages: those that the scope holds.
        k: matches a run, at most.

    Raises:
        IndexUnavailable: the store does not answer.
    """
    foreign = {language for language in passage_languages if abroad and language != query.language}
    legs: list[DenseQuery | SparseQuery] = [
        DenseQuery(abroad.vector if abroad and language in foreign else vector, language)
        for language in passage_languages
    ]
    for leg, asked in (("lexical", query.terms), ("pinyin", query.pinyin)):
        if asked:
            legs.append(SparseQuery(query_vector(asked), leg=leg))
    runs = await index.search(legs, scope, k)
    lift = abroad.lift if abroad else 0.0
    return [_lifted(run, lift) if run.language in foreign else run for run in runs if run]


def _lifted(run: Run, lift: float) -> Run:
    if run.leg != "dense":
        return run
    return replace(run, scores=tuple([score + lift for score in run.scores]))
