"""Distinct hits → is the evidence good enough to answer from? Comes after `collapse`; `locate` follows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from baize.domain.search import Hit, Query
from baize.retrieval.cosine import CosineScale
from baize.retrieval.sentences import weights_of
from baize.retrieval.terms import terms_among

_TOP_HITS = 5
_SCALE = 40.0
"""Log-odds per unit of cosine: this class of embedder uses a range of about 0.1."""


@dataclass(frozen=True, slots=True)
class AssessOptions:
    """What the embedder's cosines mean.

    Attributes:
        scale: the cosines at which a passage is as likely off the subject as on it, when half of the
            question's terms are in it.
        coverage_weight: log-odds between none and all of the question's terms.
    """

    scale: CosineScale
    coverage_weight: float


@dataclass(frozen=True, slots=True)
class EvidenceSignals:
    """What the evidence score is made of.

    Attributes:
        margin: best cosine above its midpoint, over the dense hits.
        coverage: best share of the question's term weight in one passage, headings included, 0..1.
        foreign: whether the passage with the best margin is of another language than the question.
    """

    margin: float
    coverage: float
    foreign: bool


def signals(query: Query, hits: Sequence[Hit], options: AssessOptions) -> EvidenceSignals:
    """Read the signals off the fused hits."""
    margins = [
        (options.scale.margin(part.score, foreign=foreign), foreign)
        for hit in hits
        for part in hit.parts
        if part.leg == "dense"
        for foreign in [part.language != query.language]
    ]
    # Without a dense hit nothing is known of the meaning: the lowest cosine there is.
    margin, foreign = max(margins, default=(options.scale.margin(-1.0, foreign=False), False))
    weights = weights_of(hits, query.terms)
    coverage = max(
        (
            weights.coverage(query.terms, terms_among(hit.chunk.indexed_text, query.terms))
            for hit in hits[:_TOP_HITS]
        ),
        default=0.0,
    )
    return EvidenceSignals(margin, coverage, foreign)


def assess(found: EvidenceSignals, options: AssessOptions) -> float:
    """Evidence score, 0..1: a logistic blend of the best cosine and of the terms found."""
    log_odds = _SCALE * found.margin
    if not found.foreign:
        log_odds += options.coverage_weight * (found.coverage - 0.5)
    return 1 / (1 + math.exp(-log_odds))
