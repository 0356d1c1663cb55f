"""Which courses are shown: nothing begun or barred, unlike ones together, and a floor for each channel."""

from __future__ import annotations

import numpy as np

from baize.domain.course import Course
from baize.domain.learner import Sign
from baize.recommend.candidates import Record, course_scores
from baize.recommend.rules import RuleOptions, choose
from baize.recommend.shelf import Shelf, stand

DAY_S = 86_400.0


def shelf(*courses: tuple[str, tuple[str, ...]], gate: dict[str, tuple[str, ...]] | None = None) -> Shelf:
    found = [
        Course("p", name, name, "zh", tags=tags, prerequisites=(gate or {}).get(name, ()))
        for name, tags in courses
    ]
    return stand(found, None)


def chosen(on: Shelf, record: Record, scores: list[float], k: int, **options: object) -> list[str]:
    numbers = choose(on, record, np.array(scores, dtype=np.float32), k, options=RuleOptions(**options))  # type: ignore[arg-type]
    return [on.courses[n].id for n in numbers]


def test_what_was_begun_or_lacks_its_prerequisite_is_not_shown() -> None:
    """A prerequisite that is begun only does not open a course; one that is completed does."""
    on = shelf(("a", ()), ("b", ()), ("c", ()), gate={"c": ("a",)})
    assert chosen(on, Record(), [3, 2, 9], 5) == ["a", "b"]
    assert chosen(on, Record(begun=("a",)), [3, 2, 9], 5) == ["b"]
    assert chosen(on, Record(begun=("a",), completed={"a": 1.0}), [3, 2, 9], 5) == ["c", "b"]


def test_unlike_courses_come_between_those_of_one_kind() -> None:
    """As much as `diversity` says; the best stays first."""
    on = shelf(("tai1", ("健身",)), ("tai2", ("健身",)), ("tai3", ("健身",)), ("ink", ("书画",)))
    scores = [1.0, 0.95, 0.9, 0.7]
    assert chosen(on, Record(), scores, 3, diversity=0.0) == ["tai1", "tai2", "tai3"]
    assert chosen(on, Record(), scores, 3, diversity=0.3) == ["tai1", "ink", "tai2"]


def test_a_channel_has_its_floor() -> None:
    """By its best that may be shown, in the place of the last of others; none where it has none."""
    on = shelf(*((f"it{n}", ("信息",)) for n in range(4)), ("rural1", ("乡村",)), ("rural2", ("乡村",)))
    scores = [0.9, 0.8, 0.7, 0.6, 0.1, 0.2]
    floors = {"乡村": 1, "老年": 2}
    assert chosen(on, Record(), scores, 3, diversity=0.0) == ["it0", "it1", "it2"]
    assert chosen(on, Record(), scores, 3, diversity=0.0, floors=floors) == ["it0", "it1", "rural2"]
    begun = Record(begun=("rural2",))
    assert chosen(on, begun, scores, 3, diversity=0.0, floors=floors) == ["it0", "it1", "rural1"]


def test_a_new_learner_and_a_new_course_are_not_lost() -> None:
    """Interests, and tags of what was begun, reach a course that nobody took; a sign does, and fades."""
    on = shelf(("taken", ("健身", "太极")), ("fresh", ("太极",)), ("other", ("编程",)))
    by_interest = course_scores(on, Record(interests=("太极",)))
    assert by_interest[1] > by_interest[2] == 0
    by_content = course_scores(on, Record(begun=("taken",)))
    assert by_content[1] > by_content[2] == 0
    now = 1_790_000_000.0
    enrolled = [
        course_scores(on, Record(signs=(Sign("enrolled", "other", now - age),), now=now))[2]
        for age in (0.0, 90 * DAY_S, 700 * DAY_S)
    ]
    assert enrolled[0] > enrolled[1] > 0
    assert enrolled[2] < 0.02
