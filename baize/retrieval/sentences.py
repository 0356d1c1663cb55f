"""How well a sentence covers a set of terms: one scoring for locating, extracting, quoting and verifying."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from baize.domain.search import Hit
from baize.retrieval.terms import terms


class TermWeights:
    """Weights of terms by their rarity among some passages: idf = ln(1 + (N − n + ½) / (n + ½)).

    The passages at hand stand in for the collection: what all of them share says nothing about which of
    their sentences answers.
    """

    def __init__(self, passages: Iterable[Sequence[str]]) -> None:
        seen = [set(passage) for passage in passages]
        self._n_passages = len(seen)
        self._n_with = Counter(term for passage in seen for term in passage)

    def __getitem__(self, term: str) -> float:
        n = self._n_with[term]
        return math.log(1 + (self._n_passages - n + 0.5) / (n + 0.5))

    def coverage(self, wanted: Iterable[str], found: Iterable[str]) -> float:
        """Share of the weight of `wanted` that `found` holds, 0..1; 0.0 when nothing is wanted."""
        present = set(found)
        weights = {term: self[term] for term in set(wanted)}
        total = sum(weights.values())
        return sum(w for term, w in weights.items() if term in present) / total if total > 0 else 0.0


def weights_of(hits: Sequence[Hit]) -> TermWeights:
    """Term weights over the sentences of these hits, each passage once."""
    passages = {hit.chunk.text: hit.chunk.sentences for hit in hits}
    return TermWeights(terms(sentence.text) for sentences in passages.values() for sentence in sentences)
