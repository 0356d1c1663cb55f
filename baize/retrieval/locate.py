"""Hit → moment: the very sentence in the passage, so that the link starts on the right place.

Comes after `assess`; `pack` follows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from baize.domain.locator import Locator
from baize.domain.search import Hit, Moment, Query, Vector
from baize.ports import Embedder
from baize.retrieval.sentences import weighed


async def locate(
    query: Query,
    vector: Vector,
    foreign_vector: Vector,
    hits: Sequence[Hit],
    *,
    embedder: Embedder,
    n_foreign: int,
) -> list[Moment]:
    """The best sentence of each hit, in the order of the hits.

    Speech is stored by the sentence. In a passage of a document of the question's language the sentence with
    most of its terms wins, the earlier one on a tie. Across languages there are no shared terms, so the
    sentences of the first `n_foreign` such passages are embedded; further ones point to their first sentence.
    So are those of the best hit where it has none of the terms: it says the same in other words.

    Args:
        vector: the question's.
        foreign_vector: the question's for passages of another language (`abroad`).
    """
    whole = [hit for hit in hits if hit.chunk.focus is None]
    weights, held = weighed(whole, frozenset(query.terms))
    held_by = dict(zip([hit.chunk.id for hit in whole], held, strict=True))
    foreign = {hit.chunk.id for hit in whole if hit.chunk.language != query.language}
    strange = [
        hit for hit in whole if hit.chunk.id in foreign or (hit is hits[0] and not any(held_by[hit.chunk.id]))
    ]
    by_meaning = await _nearest_sentences(
        [(hit, foreign_vector if hit.chunk.id in foreign else vector) for hit in strange[:n_foreign]],
        embedder,
    )

    def number(hit: Hit) -> int:
        if hit.chunk.focus is not None:
            return hit.chunk.focus
        if hit.chunk.id in by_meaning:
            return by_meaning[hit.chunk.id]
        scores = weights.coverages(query.terms, held_by[hit.chunk.id])
        return scores.index(max(scores))

    moments: dict[tuple[str, Locator], Moment] = {}
    for hit in hits:
        focus = hit.chunk.sentences[number(hit)]
        # Neighbouring passages of a document share sentences: the same one is one moment.
        moments.setdefault((hit.chunk.lesson_id, focus.locator), Moment(hit, focus))
    return list(moments.values())


async def _nearest_sentences(hits: Sequence[tuple[Hit, Vector]], embedder: Embedder) -> dict[str, int]:
    """By chunk, the number of the sentence that is nearest to the vector beside it."""
    texts = [sentence.text for hit, _ in hits for sentence in hit.chunk.sentences]
    if not texts:
        return {}
    vectors = await embedder.embed_passages(texts)
    best: dict[str, int] = {}
    first = 0
    for hit, asked in hits:
        n = len(hit.chunk.sentences)
        best[hit.chunk.id] = int(np.argmax(vectors[first : first + n] @ asked))
        first += n
    return best
