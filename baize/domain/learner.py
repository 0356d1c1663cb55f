"""What a learner did, and what could come next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from baize.domain.locator import Locator, TimeSpan

RecommendationKind = Literal["courses", "lessons", "moments"]
ReasonKind = Literal[
    "completed",
    "unfinished",
    "interest",
    "followed",
    "prerequisite",
    "tag",
    "popular",
    "explains",
    "channel",
    "asked",
    "practised",
    "enrolled",
]
SignKind = Literal["asked", "practised", "enrolled"]

COMPLETE = 0.9
"""Share of a lesson that is watched when it counts as completed."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What a learner saw of a lesson.

    Attributes:
        spans: watched, sorted, not overlapping.
        completed_at: seconds since the epoch; None while it is not.
        first_at: when the lesson was first touched.
        updated_at: when it was last.
    """

    platform_id: str
    learner_id: str
    course_id: str
    lesson_id: str
    spans: tuple[TimeSpan, ...] = ()
    completed_at: float | None = None
    first_at: float = 0.0
    updated_at: float = 0.0

    @property
    def until_s(self) -> float:
        """The furthest second that was watched."""
        return self.spans[-1].end if self.spans else 0.0


@dataclass(frozen=True, slots=True)
class Begun:
    """That a learner began a course, and when; what trails are made of."""

    learner_id: str
    course_id: str
    at: float


@dataclass(frozen=True, slots=True)
class Sign:
    """That a learner turned to a course in another way than by watching it.

    - `asked`: an answer to the learner, stored at `at`, quotes `lesson_id`.
    - `practised`: the learner answered a quiz item of `lesson_id` at `at`.
    - `enrolled`: a statement that the learner registered for the course was stored at `at`.
    """

    kind: SignKind
    course_id: str
    at: float
    lesson_id: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is recommended: a fact that can be looked up.

    - `completed`: the learner completed `lesson_id`, or all of `course_id`, at `at`; with `record_id`, as
      this record of the learner's archive says.
    - `unfinished`: the learner saw `lesson_id` up to second `until_s`, the last time at `at`.
    - `interest`: the learner chose `tag`, and the course has it.
    - `followed`: `n` learners began the course after `course_id`, which the learner began.
    - `prerequisite`: the course names `course_id`, which the learner completed, as its prerequisite.
    - `tag`: the course has `tag`, as has `course_id`, which the learner began.
    - `popular`: `n` learners began the course.
    - `explains`: the moment says `term`, which is in the glossary of `lesson_id`.
    - `channel`: the course is of the channel `tag`.
    - `asked`, `practised`, `enrolled`: the `Sign` of these fields; with `tag`, `course_id` is another course,
      and both have it.
    """

    kind: ReasonKind
    course_id: str = ""
    lesson_id: str = ""
    tag: str = ""
    term: str = ""
    n: int = 0
    at: float | None = None
    until_s: float | None = None
    record_id: str = ""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One thing to do next.

    Attributes:
        title: of the lesson where there is one, else of the course.
        text: what is said at the moment; empty for courses and lessons.
        score: comparable within one list only.
        sentence: the first reason, in the learner's language.
    """

    kind: RecommendationKind
    course_id: str
    course_title: str
    title: str
    score: float
    reasons: tuple[Reason, ...]
    lesson_id: str = ""
    locator: Locator | None = None
    text: str = ""
    sentence: str = ""


def merged(spans: tuple[TimeSpan, ...]) -> tuple[TimeSpan, ...]:
    """Sorted, with those that touch or overlap joined."""
    joined: list[TimeSpan] = []
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        if joined and span.start <= joined[-1].end:
            joined[-1] = TimeSpan(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return tuple(joined)


def watched_s(spans: tuple[TimeSpan, ...]) -> float:
    """Seconds within merged spans."""
    return sum(span.end - span.start for span in spans)
