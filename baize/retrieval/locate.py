"""Hit → moment: the very sentence in the passage, so that the link starts on the right second.

Comes after `assess`; `pack` follows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from baize.domain.search import Hit, Moment, Query, Vector
from baize.ports import Embedder
from baize.retrieval.sentences import TermWeights, weights_of
from baize.retrieval.terms import terms


async def locate(
    query: Query, vector: Vector, hits: Sequence[Hit], *, embedder: Embedder, n_foreign: int
) -> list[Moment]:
    """The best sentence of each hit, in the order of the hits.

    Within one language the sentence with most of the question's terms wins, the earlier one on a tie.
    Across languages there are no shared terms, so the sentences of the first `n_foreign` such hits are
    embedded; further ones point to their first sentence.
    """
    weights = weights_of(hits)
    foreign = [hit for hit in hits if hit.chunk.language != query.language][:n_foreign]
    by_meaning = await _nearest_sentences(vector, foreign, embedder)
    return [
        Moment(hit, hit.chunk.sentences[by_meaning.get(hit.chunk.id, _most_terms(query, hit, weights))])
        for hit in hits
    ]


def _most_terms(query: Query, hit: Hit, weights: TermWeights) -> int:
    scores = [weights.coverage(query.terms, terms(sentence.text)) for sentence in hit.chunk.sentences]
    return int(np.argmax(scores))


async def _nearest_sentences(vector: Vector, hits: Sequence[Hit], embedder: Embedder) -> dict[str, int]:
    texts = [sentence.text for hit in hits for sentence in hit.chunk.sentences]
    if not texts:
        return {}
    scores = (await embedder.embed_passages(texts)) @ vector
    best: dict[str, int] = {}
    first = 0
    for hit in hits:
        n = len(hit.chunk.sentences)
        best[hit.chunk.id] = int(np.argmax(scores[first : first + n]))
        first += n
    return best
