"""Query → ranked lists, one per leg and passage language.

Comes after `rewrite`; `fuse` follows. An embedder of this class puts passages of the question's own
language first whatever they say, so each passage language is searched by itself; `fuse` merges them.
"""

from __future__ import annotations

from collections.abc import Sequence

from baize.domain.search import DenseQuery, Hit, Query, Scope, SparseQuery, Vector
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
) -> list[list[Hit]]:
    """One list per passage language from the dense leg, then one per sparse leg; empty ones left out.

    Args:
        vector: the embedded query.
        passage_languages: those that the scope holds.
        k: hits a list, at most.

    Raises:
        IndexUnavailable: the store does not answer.
    """
    legs: list[DenseQuery | SparseQuery] = [DenseQuery(vector, language) for language in passage_languages]
    if query.terms:
        legs.append(SparseQuery(query_vector(query.terms), leg="lexical"))
    if query.pinyin:
        legs.append(SparseQuery(query_vector(query.pinyin), leg="pinyin"))
    runs = await index.search(legs, scope, k)
    return [run for run in runs if run]
