"""What is new is told before what is like it and old, for two months or so."""

from __future__ import annotations

from baize.domain.course import Course
from baize.recommend.candidates import Record, course_scores
from baize.recommend.shelf import stand

DAY_S = 86_400.0
NOW = 20_604 * DAY_S
"""2026-05-31."""


def scores(*days: str) -> list[float]:
    courses = [
        Course("p", f"c{n}", "太极", "zh", tags=("健身",), published_at=day) for n, day in enumerate(days)
    ]
    shelf = stand(courses, None)
    return course_scores(shelf, Record(interests=("健身",), now=NOW)).tolist()


def test_fresh_courses_come_first() -> None:
    """The newer the earlier; one without a day, long out, or still to come has nothing of it."""
    today, spring, never, ancient, future = scores("2026-05-31", "2026-04-01", "", "2001-01-01", "2099-01-01")
    assert today > spring > never
    assert today - never > 0.04
    assert abs((spring - never) / (today - never) - 0.5) < 0.01
    assert ancient - never < 1e-6
    assert future == never
