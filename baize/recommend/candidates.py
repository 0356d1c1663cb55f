"""A learner's record → a score of every course on the shelf. `rules` follows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from baize.domain.archive import Completion
from baize.domain.learner import Sign, SignKind
from baize.recommend.shelf import Shelf
from baize.recommend.taste import Floats

_CONTENT = 0.5
_INTEREST = 1.0
_TAG = 0.5
_TAG_DECAY = 0.8
_POPULARITY = 0.05
_FRESHNESS = 0.05
_SIGNS: Mapping[SignKind, float] = {"asked": 0.3, "practised": 0.3, "enrolled": 1.0}
"""Weights beside taste, whose highest score is 1. Taste is tuned; these are set by hand, for where it is
silent: new learners, new courses. Of freshness, a course that comes out today has all."""
_FRESH_HALF_LIFE_DAYS = 60.0
_DAY_S = 86_400.0
_HALF_LIFE_S = 90 * _DAY_S
"""After which a sign weighs half."""
_FORGOTTEN = 0.01
"""Of a sign's weight: below, it counts no more."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a learner.

    Attributes:
        begun: courses, the one that was touched last at the end.
        completed: of these, those of which every lesson is completed, with the instant of the last, and those
            that an archive reports.
        interests: tags that the learner chose.
        archived: courses that an archive reports as completed, with the latest record of each.
        signs: of courses that the learner turned to in other ways, the latest first.
        now: seconds since the epoch; from there the signs' age counts.
    """

    begun: Sequence[str] = ()
    completed: dict[str, float] | None = None
    interests: Sequence[str] = ()
    archived: Mapping[str, Completion] = field(default_factory=dict)
    signs: Sequence[Sign] = ()
    now: float = 0.0


def course_scores(shelf: Shelf, record: Record) -> Floats:
    """Taste + content + popularity + freshness + the course's own signs, one score a course."""
    scores = np.zeros(len(shelf.courses), dtype=np.float32)
    if shelf.learned is not None and (history := shelf.learned.history(record.begun)):
        _add_scaled(scores, shelf, shelf.learned.taste.scores(history))
    content = _content(shelf, record)
    highest = float(content.max(initial=0.0))
    if highest > 0:
        scores += np.float32(_CONTENT / highest) * content
    most = float(shelf.begun.max(initial=0.0))
    if most > 0:
        scores += np.float32(_POPULARITY / most) * shelf.begun
    scores += _freshness(shelf, record.now)
    for sign in record.signs:
        if sign.course_id in shelf.numbers:
            scores[shelf.numbers[sign.course_id]] += np.float32(_weight(sign, record.now))
    return scores


def _freshness(shelf: Shelf, now: float) -> Floats:
    """Halves every two months; none for a course without a day, or whose day has not come."""
    age = np.float32(now / _DAY_S) - shelf.published
    fresh = np.float32(_FRESHNESS) * np.exp2(-np.maximum(age, 0) / np.float32(_FRESH_HALF_LIFE_DAYS))
    return np.where(age >= 0, fresh, 0).astype(np.float32)


def _weight(sign: Sign, now: float) -> float:
    left = math.exp2(-max(0.0, now - sign.at) / _HALF_LIFE_S)
    return _SIGNS[sign.kind] * left if left > _FORGOTTEN else 0.0


def _add_scaled(scores: Floats, shelf: Shelf, taste: Floats) -> None:
    known = shelf.nexts >= 0
    highest = float(taste[known].max(initial=0.0))
    if highest > 0:
        scores[shelf.nexts[known]] += taste[known] / np.float32(highest)


def _content(shelf: Shelf, record: Record) -> Floats:
    """Rare tags weigh more: idf of the tag, times how much it is the learner's."""
    weights: dict[str, float] = dict.fromkeys(record.interests, _INTEREST)
    for back, course_id in enumerate(reversed(record.begun)):
        number = shelf.numbers.get(course_id)
        for tag in shelf.courses[number].tags if number is not None else ():
            weights[tag] = weights.get(tag, 0.0) + _TAG * _TAG_DECAY**back
    for sign in record.signs:
        number = shelf.numbers.get(sign.course_id)
        for tag in shelf.courses[number].tags if number is not None else ():
            weights[tag] = weights.get(tag, 0.0) + _TAG * _weight(sign, record.now)
    content = np.zeros(len(shelf.courses), dtype=np.float32)
    for tag, weight in weights.items():
        rows = shelf.by_tag.get(tag)
        if rows is not None:
            content[rows] += np.float32(weight * np.log1p(len(shelf.courses) / len(rows)))
    return content
