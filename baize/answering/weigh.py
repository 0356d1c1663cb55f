"""How much of a sentence's terms a passage holds, by their rarity among the passages at hand.

`retrieval.sentences.TermWeights`, for one sentence against many passages: only the terms of the sentence are
ever weighed, and the terms of a passage are found once, however many sentences stand on it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache

from baize.retrieval.terms import terms


@lru_cache(maxsize=4096)
def terms_of(text: str) -> frozenset[str]:
    """Distinct terms of a passage or sentence."""
    return frozenset(terms(text))


def weigh(wanted: AbstractSet[str], passages: Sequence[AbstractSet[str]]) -> dict[str, float]:
    """Weight of each wanted term: idf = ln(1 + (N − n + ½) / (n + ½)) over these passages."""
    n = len(passages)
    return {term: _idf(n, sum(term in passage for passage in passages)) for term in wanted}


def share(weights: Mapping[str, float], found: AbstractSet[str]) -> float:
    """Share of the weight that `found` holds, 0..1; 0.0 when nothing is wanted."""
    total = sum(weights.values())
    return sum(weight for term, weight in weights.items() if term in found) / total if total > 0 else 0.0


@lru_cache(maxsize=4096)
def _idf(n_passages: int, n_with: int) -> float:
    return math.log(1 + (n_passages - n_with + 0.5) / (n_with + 0.5))
