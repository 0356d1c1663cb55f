"""How alike two titles are, by their terms: no paper, a Dice coefficient (Dice, Ecology 26, 1945)."""

from __future__ import annotations

from baize.retrieval.terms import terms


def title_similarity(gold: str, predicted: str) -> float:
    """2 · |A ∩ B| / (|A| + |B|) over the sets of lexical terms, 0..1; equal titles without a term give 1."""
    a, b = set(terms(gold)), set(terms(predicted))
    if not a and not b:
        return float(gold.strip() == predicted.strip())
    return 2 * len(a & b) / (len(a) + len(b))
