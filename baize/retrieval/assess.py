"""Fused hits → is the evidence good enough to answer from? Comes after `fuse`; `locate` follows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from baize.domain.search import Hit, Query
from baize.retrieval.sentences import weights_of
from baize.retrieval.terms import terms

_TOP_HITS = 5


@dataclass(frozen=True, slots=True)
class EvidenceSignals:
    """What the evidence score is made of.

    Attributes:
        dense: best cosine between question and passage.
        coverage: best share of the question's term weight in one passage, headings included, 0..1.
        foreign: whether the best dense passage is of another language than the question.
    """

    dense: float
    coverage: float
    foreign: bool


def signals(query: Query, hits: Sequence[Hit]) -> EvidenceSignals:
    """Read the signals off the best fused hits."""
    dense_parts = [part for hit in hits for part in hit.parts if part.leg == "dense"]
    best = max(dense_parts, key=lambda part: part.score, default=None)
    weights = weights_of(hits)
    coverage = max(
        (weights.coverage(query.terms, terms(hit.chunk.indexed_text)) for hit in hits[:_TOP_HITS]),
        default=0.0,
    )
    return EvidenceSignals(
        best.score if best else 0.0, coverage, best is not None and best.chunk.language != query.language
    )


def assess(found: EvidenceSignals, *, dense_midpoint: float, coverage_weight: float) -> float:
    """Evidence score, 0..1: a logistic blend of the best cosine and of the terms found.

    Args:
        dense_midpoint: the cosine at which a passage with no shared term is as likely off as on the
            subject; a property of the embedder, so it is configured beside it.
        coverage_weight: how much full coverage counts, in the same log-odds.
    """
    scale = 40.0  # log-odds per unit of cosine: this embedder's whole useful range is about 0.1 wide
    coverage = 0.5 if found.foreign else found.coverage  # no shared terms to expect across languages
    log_odds = scale * (found.dense - dense_midpoint) + coverage_weight * (coverage - 0.5)
    return 1 / (1 + math.exp(-log_odds))
