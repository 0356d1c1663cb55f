"""The three summaries that the product's is compared with, each cut to its number of characters.

*Lead* is the beginning. *Random* is sentences by chance, in reading order, twenty times. *TextRank* is
Mihalcea and Tarau's (EMNLP 2004): shared words over the logs of both lengths, PageRank with 0.85.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence

import numpy as np

from baize.domain.sentences import joined
from baize.retrieval.terms import terms

_DRAWS = 20
_SEED = 20_260_101
_DAMPING = 0.85
_ROUNDS = 50


def baselines(texts: Sequence[str], n_chars: int) -> Mapping[str, tuple[str, ...]]:
    """Every baseline's summaries, one for each of its draws, by name."""
    rng = random.Random(_SEED)  # noqa: S311 - a baseline, no secret
    orders = [rng.sample(range(len(texts)), len(texts)) for _ in range(_DRAWS)]
    return {
        "lead": (_cut(texts, range(len(texts)), n_chars),),
        "random": tuple(_cut(texts, order, n_chars) for order in orders),
        "textrank": (_cut(texts, text_rank(texts), n_chars),),
    }


def text_rank(texts: Sequence[str]) -> list[int]:
    """Numbers of the sentences, best first."""
    found = [set(terms(text)) for text in texts]
    logs = np.array([math.log(1 + len(its)) for its in found])
    vocabulary = {term: n for n, term in enumerate(dict.fromkeys(t for its in found for t in its))}
    holds = np.zeros((len(texts), len(vocabulary)), np.float32)
    for row, its in zip(holds, found, strict=True):
        row[[vocabulary[term] for term in its]] = 1.0
    weights = (holds @ holds.T) / np.maximum(logs[:, None] + logs[None, :], 1e-9)
    np.fill_diagonal(weights, 0.0)
    out = np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
    scores = np.full(len(texts), 1.0)
    for _ in range(_ROUNDS):
        scores = (1 - _DAMPING) + _DAMPING * (weights / out).T @ scores
    return [int(n) for n in np.argsort(-scores, kind="stable")]


def _cut(texts: Sequence[str], order: Sequence[int], n_chars: int) -> str:
    """The first of them that fill the length, in reading order; the last one chosen is cut."""
    chosen: dict[int, str] = {}
    left = n_chars
    for number in order:
        if left <= 0:
            break
        chosen[number] = texts[number][:left]
        left -= len(chosen[number])
    return joined(chosen[number] for number in sorted(chosen))
