"""A learner's record → a score of every course on the shelf. `rules` follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from baize.domain.archive import Completion
from baize.recommend.shelf import Shelf
from baize.recommend.taste import Floats

_CONTENT = 0.5
_INTEREST = 1.0
_TAG = 0.5
_TAG_DECAY = 0.8
_POPULARITY = 0.05
"""Weights beside taste, whose highest score is 1. Taste is tuned; these are set by hand, for where it is
silent: new learners, new courses."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a learner.

    Attributes:
        begun: courses, the one that was touched last at the end.
        completed: of these, those of which every lesson is completed, with the instant of the last, and those
            that an archive reports.
        interests: tags that the learner chose.
        archived: courses that an archive reports as completed, with the latest record of each.
    """

    begun: Sequence[str] = ()
    completed: dict[str, float] | None = None
    interests: Sequence[str] = ()
    archived: Mapping[str, Completion] = field(default_factory=dict)


def course_scores(shelf: Shelf, record: Record) -> Floats:
    """Taste + content + popularity, one score a course."""
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
    return scores


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
    content = np.zeros(len(shelf.courses), dtype=np.float32)
    for tag, weight in weights.items():
        rows = shelf.by_tag.get(tag)
        if rows is not None:
            content[rows] += np.float32(weight * np.log1p(len(shelf.courses) / len(rows)))
    return content
