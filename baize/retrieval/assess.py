"""Distinct hits → is the evidence good enough to answer from? Comes after `collapse`; `locate` follows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from baize.domain.search import Hit, Query
from baize.retrieval.cosine import CosineScale
from baize.retrieval.sentences import terms_of_passage, weighed

_TOP_HITS = 5
_SCALE = 40.0
"""Log-odds per unit of cosine: this class of embedder uses a range of about 0.1."""
_GATE = 8.0
"""How much steeper whether the subject is met decides than how well one passage meets it."""
_REST = 0.5
"""What the last hit's cosine takes off the best one's: near to all is near to none in particular."""
_OWN_TERMS = 2 / 3
"""What the terms of one passage count beside its cosine, of what they count for the subject."""
_FIRST_HITS = 10
"""Hits of which the lessons are looked at."""


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
        alone: log-odds of the one passage that has most, its own cosine and its own terms together; each of
            the question's terms counts the same, for among passages of one subject the rare ones say no more.
        rest: least margin over the dense hits.
        together: chance that two draws of the first hits are of one lesson, 0..1. What a course explains it
            explains in one place; what is only near comes from everywhere.
    """

    margin: float
    coverage: float
    foreign: bool
    alone: float
    rest: float
    together: float


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
    wanted = frozenset(query.terms)
    weights, _ = weighed(hits, wanted)
    held = [terms_of_passage(hit.chunk, wanted) for hit in hits[:_TOP_HITS]]
    n_asked = max(len(set(query.terms)), 1)
    alone = [
        _log_odds(
            rest if margin is None else margin,
            len(its) / n_asked,
            _OWN_TERMS * options.coverage_weight,
            foreign=hit.chunk.language != query.language,
        )
        for hit, margin, its in zip(hits, margins, held, strict=False)
    ]
    return EvidenceSignals(
        margin,
        max((weights.coverage(query.terms, its) for its in held), default=0.0),
        foreign,
        max(alone, default=_SCALE * unknown),
        rest,
        _together(hits[:_FIRST_HITS]),
    )


def assess(found: EvidenceSignals, options: AssessOptions) -> float:
    """Evidence score, 0..1.

    Whether a question is on the subject at all, a logistic blend of the best cosine and of the terms found
    tells; by it a question is refused. Of those that are, it is one passage with its own cosine and its own
    terms, above what the last hit has, and whether the hits stand together, that tell more from less.
    """
    on_subject = _log_odds(found.margin, found.coverage, options.coverage_weight, foreign=found.foreign)
    own_terms = _OWN_TERMS * options.coverage_weight
    met = found.alone - _SCALE * _REST * found.rest + own_terms / 2 + found.together
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


def _together(hits: Sequence[Hit]) -> float:
    """Σ of the squared shares of the lessons; 0.0 without hits."""
    n_of = Counter(hit.chunk.lesson_id for hit in hits)
    return sum((n / len(hits)) ** 2 for n in n_of.values())


def _log_odds(margin: float, coverage: float, coverage_weight: float, *, foreign: bool) -> float:
    """0 at the midpoint with half of the terms found; across languages none can be shared."""
    return _SCALE * margin + (0.0 if foreign else coverage_weight * (coverage - 0.5))
