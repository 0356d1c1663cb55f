"""The courses of a platform as arrays: what candidates are taken from. Built once, kept for a while."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from baize.domain.course import Course
from baize.recommend.learned import Learned
from baize.recommend.taste import Floats
from baize.recommend.trails import Ints


@dataclass(frozen=True, slots=True)
class Shelf:
    """Courses by number.

    Attributes:
        by_tag: numbers of the courses that have a tag.
        channels: of each course: its first tag, empty where it has none.
        gated: prerequisites of the courses that have any, as far as they are courses of the platform.
        nexts: number of each next course of `learned`, −1 where it is no course any more.
        begun: how many learners began each course.
        published: the day of each course, counted from 1970; NaN where nobody says it.
    """

    courses: Sequence[Course]
    numbers: dict[str, int]
    by_tag: dict[str, Ints]
    channels: Sequence[str]
    gated: dict[int, tuple[str, ...]]
    learned: Learned | None
    nexts: Ints
    next_of: dict[int, int] = field(default_factory=dict)
    begun: Floats = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    published: Floats = field(default_factory=lambda: np.zeros(0, dtype=np.float32))


def stand(courses: Sequence[Course], learned: Learned | None) -> Shelf:
    """Put these on a shelf."""
    numbers = {course.id: n for n, course in enumerate(courses)}
    by_tag: dict[str, list[int]] = defaultdict(list)
    for n, course in enumerate(courses):
        for tag in set(course.tags):
            by_tag[tag].append(n)
    gated = {
        n: tuple(one for one in course.prerequisites if one in numbers)
        for n, course in enumerate(courses)
        if course.prerequisites
    }
    ids = learned.words.nexts if learned else ()
    nexts = np.array([numbers.get(one, -1) for one in ids], dtype=np.int64)
    begun = np.zeros(len(courses), dtype=np.float32)
    if learned:
        begun[nexts[nexts >= 0]] = learned.begun[nexts >= 0]
    return Shelf(
        courses,
        numbers,
        {tag: np.array(rows, dtype=np.int64) for tag, rows in by_tag.items()},
        [course.tags[0] if course.tags else "" for course in courses],
        gated,
        learned,
        nexts,
        {int(n): at for at, n in enumerate(nexts.tolist()) if n >= 0},
        begun,
        np.array([_day(course.published_at) for course in courses], dtype=np.float32),
    )


def _day(published_at: str) -> float:
    return float((date.fromisoformat(published_at) - date(1970, 1, 1)).days) if published_at else np.nan
