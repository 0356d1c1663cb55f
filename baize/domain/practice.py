"""Practice: exercises with their solutions, attempts at them, and where a taught conversation stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from baize.domain.locator import Locator

Mode = Literal["explain", "guide", "test"]
Verdict = Literal["correct", "incomplete", "wrong", "uncertain"]
"""`uncertain`: neither code nor model can tell; the course team decides."""
N_HINTS = 3


@dataclass(frozen=True, slots=True)
class Exercise:
    """A task of the course team. Its solution never leaves the server.

    Attributes:
        lesson_id: the lesson that teaches it; empty where none does.
        forms: other ways to say the solution: in other words, in another language, spelled out.
        graded: while it counts towards a mark, nothing helps with it, in whatever mode.
        opens_at, closes_at: of that window, in seconds since the epoch; None leaves an end open.
    """

    platform_id: str
    id: str
    course_id: str
    lesson_id: str
    question: str
    solution: str
    forms: tuple[str, ...] = ()
    graded: bool = False
    opens_at: float | None = None
    closes_at: float | None = None

    def is_locked(self, now: float) -> bool:
        """Whether it counts towards a mark at this instant."""
        begun = self.opens_at is None or self.opens_at <= now
        return self.graded and begun and (self.closes_at is None or now < self.closes_at)


@dataclass(frozen=True, slots=True)
class Reference:
    """What an answer of a learner is held against.

    Attributes:
        quote: what the course says there, verbatim; empty where it says nothing.
    """

    question: str
    solution: str
    forms: tuple[str, ...] = ()
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Graded:
    """A verdict, and who gave it: `options`, `terms`, or a model's name."""

    verdict: Verdict
    grader: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """A learner's try at a quiz item or exercise.

    Attributes:
        given: the option that was chosen, or the learner's own words.
        at: seconds since the epoch.
    """

    platform_id: str
    learner_id: str
    id: str
    item_id: str
    course_id: str
    lesson_id: str
    given: str
    verdict: Verdict
    grader: str
    at: float


@dataclass(frozen=True, slots=True)
class Solved:
    """What a learner may see once there has been an attempt."""

    attempt: Attempt
    solution: str
    quote: str
    locators: tuple[Locator, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """Where a conversation stands after an answer in guide or test mode; kept with the answer.

    Attributes:
        kind: `hint` of the ladder, `solved` by the learner, `concept` that was explained; in test mode
            `asked` and `graded`: then `item_id` is the question that now waits for an answer.
        question: of the exercise, as it was first put.
        level: of the hint, from 1 to `N_HINTS`.
        verdict: on the learner's answer; empty where there was none.
    """

    mode: Literal["guide", "test"]
    kind: Literal["hint", "solved", "concept", "asked", "graded"]
    item_id: str = ""
    question: str = ""
    level: int = 0
    verdict: Verdict | Literal[""] = ""
