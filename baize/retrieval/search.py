"""Query → ranked lists: one per passage language by meaning, one of all by words and one by sounds.

Comes after `rewrite`; `fuse` follows. An embedder of this class puts passages of the question's own
language first whatever they say, so each passage language is searched by itself; `fuse` merges them. Words
that are shared say the same in any language. The lists hold ids only: a passage weighs a hundred times as
much, and few of them are shown.
"""

from __future__ import annotations

from collections.abc import Sequence

from baize.domain.search import DenseQuery, Match, Query, Scope, SparseQuery, Vector
from baize.ports import ChunkIndex
from baize.retrieval.terms import query_vector


async def search(
    query: Query,
    vector: Vector,
    scope: Scope,
    *,
    index: ChunkIndex,
    passage_languages: Sequence[str],
    k: int,
) -> list[list[Match]]:
    """Dense lists, one per passage language, then the lexical one, then that of pinyin; empty ones left out.

    Args:
        vector: the embedded query.
        passage_languages: those that the scope holds.
        k: matches a list, at most.

    Raises:
        IndexUnavailable: the store does not answer.
    """
    legs: list[DenseQuery | SparseQuery] = [DenseQuery(vector, language) for language in passage_languages]
    for leg, asked in (("lexical", query.terms), ("pinyin", query.pinyin)):
        if asked:
            legs.append(SparseQuery(query_vector(asked), leg=leg))
    runs = await index.search(legs, scope, k)
    return [run for run in runs if run]
