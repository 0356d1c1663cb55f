"""A question against FAQ entries → which entry answers it, and how surely."""

from __future__ import annotations

import math
from collections.abc import Sequence

from baize.answering.service_terms import BROAD, matters
from baize.domain.search import Vector
from baize.domain.sentences import detect_language
from baize.domain.support import FaqItem, FaqMatch
from baize.retrieval.cosine import CosineScale
from baize.retrieval.terms import terms

_PER_COSINE, _PER_SHARE, _PER_MATTERS, _PER_MISSING, _BASE = 100.0, 1.0, 11.0, -1.5, -7.4
"""Log-odds, fitted by logistic regression on `eval/suites/faq-samples/dev.jsonl` and rounded."""


_BROAD_WEIGHT = 0.3


def match(
    question: str, vector: Vector, items: Sequence[FaqItem], vectors: Sequence[Vector], scale: CosineScale
) -> list[FaqMatch]:
    """The entries, surest first.

    Args:
        vector: of the question.
        vectors: of each entry's question, and of its question with its answer, averaged.
        scale: cosines at which two questions are as likely about one thing as not.
    """
    asked, about = set(terms(question)), matters(question)
    found = [
        FaqMatch(item, _confidence(question, asked, about, float(vector @ of_item), item, scale))
        for item, of_item in zip(items, vectors, strict=True)
    ]
    return sorted(found, key=lambda one: (-one.confidence, one.item.course_id, one.item.entry_id))


def _confidence(
    question: str, asked: set[str], about: frozenset[str], cosine: float, item: FaqItem, scale: CosineScale
) -> float:
    foreign = detect_language(question) != detect_language(item.question)
    whole = f"{item.question} {item.answer}"
    headed, named = set(terms(item.question)), matters(item.question)
    share = 0.0
    if not foreign and asked and headed:
        share = (len(asked & set(terms(whole))) / len(asked) + len(asked & headed) / len(headed)) / 2
    common = 2 * _weight(about & named) / max(_weight(about) + _weight(named), 1.0)
    missing = len(about - matters(whole) - BROAD)
    log_odds = (
        _PER_COSINE * scale.margin(cosine, foreign=foreign)
        + _PER_SHARE * share
        + _PER_MATTERS * common
        + _PER_MISSING * missing
        + _BASE
    )
    return 1 / (1 + math.exp(-log_odds))


def _weight(named: frozenset[str]) -> float:
    return sum(_BROAD_WEIGHT if name in BROAD else 1.0 for name in named)
