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
_GATE = 8.0
"""How much steeper whether the subject is met decides than how well one passage meets it."""
_REST = 0.5
"""What the last hit's cosine takes off the best one's: near to all is near to none in particular."""


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
        alone: log-odds of the one passage that has most, its own cosine and its own terms together.
        rest: least margin over the dense hits.
    """

    margin: float
    coverage: float
    foreign: bool
    alone: float
    rest: float


def signals(query: Query, hits: Sequence[Hit], options: AssessOptions) -> EvidenceSignals:
    """Read the signals off the fused hits."""
    margins = [_margin(query, hit, options) for hit in hits]
    dense = [
        (margin, hit.chunk.language != query.language)
        for hit, margin in zip(hits, margins, strict=True)
        if margin is not None
    ]
    # Without a dense hit nothing is known of the meaning: the lowest cosine there is.
    unknown = options.scale.margin(-1.0, foreign=False)
    margin, foreign = max(dense, default=(unknown, False))
    rest = min(dense, default=(unknown, False))[0]
    weights = weights_of(hits, query.terms)
    covered = [
        weights.coverage(query.terms, terms_among(hit.chunk.indexed_text, query.terms))
        for hit in hits[:_TOP_HITS]
    ]
    alone = [
        _log_odds(
            rest if margin is None else margin,
            share,
            options,
            foreign=hit.chunk.language != query.language,
        )
        for hit, margin, share in zip(hits, margins, covered, strict=False)
    ]
    return EvidenceSignals(
        margin, max(covered, default=0.0), foreign, max(alone, default=_SCALE * unknown), rest
    )


def assess(found: EvidenceSignals, options: AssessOptions) -> float:
    """Evidence score, 0..1.

    Whether a question is on the subject at all, a logistic blend of the best cosine and of the terms found
    tells; by it a question is refused. Of those that are, it is one passage with its own cosine and its own
    terms, above what the last hit has, that tells more from less.
    """
    on_subject = _log_odds(found.margin, found.coverage, options, foreign=found.foreign)
    met = found.alone - _SCALE * _REST * found.rest + options.coverage_weight / 2
    return 1 / (1 + math.exp(-min(_GATE * on_subject, met)))


def _margin(query: Query, hit: Hit, options: AssessOptions) -> float | None:
    """The hit's best cosine above its midpoint; None where only its words were found."""
    return max(
        (
            options.scale.margin(part.score, foreign=part.language != query.language)
            for part in hit.parts
            if part.leg == "dense"
        ),
        default=None,
    )


def _log_odds(margin: float, coverage: float, options: AssessOptions, *, foreign: bool) -> float:
    """0 at the midpoint with half of the terms found; across languages none can be shared."""
    return _SCALE * margin + (0.0 if foreign else options.coverage_weight * (coverage - 0.5))
