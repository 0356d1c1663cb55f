"""How much of a sentence's terms a passage holds, by their rarity among the passages at hand.

`retrieval.sentences.TermWeights`, for one sentence against many passages: only the terms of the sentence are
ever weighed, and the terms of a passage are found once, however many sentences stand on it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from baize.domain.text import Chunk
from baize.retrieval.terms import terms


@lru_cache(maxsize=4096)
def terms_of(text: str) -> frozenset[str]:
    """Distinct terms of a passage or sentence."""
    return frozenset(terms(text))


def passage_terms(chunk: Chunk) -> frozenset[str]:
    """Distinct terms of a passage and its headings, sentence by sentence: each is asked for alone too."""
    own = map(terms_of, (sentence.text for sentence in chunk.sentences))
    return terms_of(" › ".join(chunk.headings)).union(*own)


def coverages(
    wanted: frozenset[str], passages: Sequence[frozenset[str]], *, beside: frozenset[str] | None = None
) -> list[float]:
    """Share of the weight of `wanted` that each passage holds, 0..1; 0.0 when nothing is wanted.

    Args:
        beside: one more text, last in the result, that does not count for how rare a term is.

    A term weighs idf = ln(1 + (N − n + ½) / (n + ½)) over these passages. Only what is shared is looked at.
    """
    shared = [wanted & passage for passage in passages]
    n_with = dict.fromkeys(wanted, 0)
    for found in shared:
        for term in found:
            n_with[term] += 1
    idf = _idf(len(passages))
    weights = {term: idf[n] for term, n in n_with.items()}
    if beside is not None:
        shared.append(wanted & beside)
    total = sum(weights.values())
    if total <= 0:
        return [0.0] * len(shared)
    return [sum([weights[term] for term in found]) / total if found else 0.0 for found in shared]


def coverage(wanted: frozenset[str], passage: frozenset[str]) -> float:
    """`coverages` of one passage alone: rarer is what only the sentence holds."""
    n_shared = len(wanted & passage)
    _, rare, common = _idf(2)
    total = n_shared * common + (len(wanted) - n_shared) * rare
    return n_shared * common / total if total else 0.0


@lru_cache(maxsize=256)
def _idf(n_passages: int) -> tuple[float, ...]:
    """By the number of passages that hold a term."""
    return tuple(math.log(1 + (n_passages - n + 0.5) / (n + 0.5)) for n in range(n_passages + 1))
