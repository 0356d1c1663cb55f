"""What practice sends and gets: attempts at quiz items, exercises and graded windows of course teams."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, model_validator

from baize.api.encoding import OmitIfNone
from baize.api.instants import AskedInstant, instant, instant_or_none, seconds_of
from baize.api.mapping import locator_body
from baize.api.notices import label
from baize.api.requests import Id, RequestBody, Words
from baize.api.wire import LocatorBody
from baize.domain.practice import Attempt, Exercise, Solved, Verdict
from baize.domain.sentences import detect_language

_Text = Annotated[Words, Field(min_length=1, max_length=4000)]


class AttemptRequest(RequestBody):
    """An answer to a quiz item: the option that was chosen, or the learner's own words."""

    option: Annotated[int, Field(ge=0, le=20)] | None = None
    """Its place in `options`, from 0."""
    text: Annotated[Words, Field(max_length=2000)] = ""
    """A letter or the text of an option counts as that option."""
    learner_id: Id | None = None
    """With a platform key: whose attempt it is. A learner token says so itself."""

    @model_validator(mode="after")
    def _is_one(self) -> AttemptRequest:
        if (self.option is None) == (not self.text.strip()):
            raise ValueError("send either `option` or `text`")
        return self


class AttemptBody(BaseModel):
    """The verdict, and now the solution."""

    attempt_id: str
    item_id: str
    verdict: Verdict = Field(description="`uncertain`: the course team will look at it.")
    grader: str = Field(description="`options`, `terms`, or the model that graded.")
    label: str = Field(description="The notice that must stand visibly beside it.")
    solution: str
    quote: str = Field(description="The sentence of the course that answers, verbatim.")
    course_id: str
    lesson_id: str
    locators: list[LocatorBody] = Field(description="The moment that answers it.")


class UncertainItem(BaseModel):
    """An answer that nobody could grade."""

    attempt_id: str
    item_id: str
    course_id: str
    lesson_id: str
    given: str
    question: OmitIfNone[str] = Field(None, description="Left out once the item is gone.")
    solution: OmitIfNone[str] = None
    at: datetime


class UncertainPage(BaseModel):
    """Newest first. Who answered is not told."""

    items: list[UncertainItem]
    next_cursor: str | None = Field(description="Pass it as `cursor` for what follows; null at the end.")


class ExerciseRequest(RequestBody):
    """A task of the course team."""

    course_id: Id
    lesson_id: Id | None = None
    """The lesson that teaches it: its hints come from there."""
    question: _Text
    solution: _Text
    """Never sent to learners."""
    forms: list[_Text] = Field([], max_length=40)
    """Other ways to say the solution: in other words, in another language, spelled out."""
    graded: bool = False
    """Counts towards a mark: between `opens_at` and `closes_at` nobody is helped with it, in any mode."""
    opens_at: AskedInstant | None = None
    """Left out, it has begun."""
    closes_at: AskedInstant | None = None
    """Left out, it does not end."""

    def to_exercise(self, platform_id: str, exercise_id: str) -> Exercise:
        return Exercise(
            platform_id,
            exercise_id,
            self.course_id,
            self.lesson_id or "",
            self.question,
            self.solution,
            tuple(self.forms),
            self.graded,
            seconds_of(self.opens_at),
            seconds_of(self.closes_at),
        )


class ExerciseBody(BaseModel):
    """A task, as its course team sees it."""

    exercise_id: str
    course_id: str
    lesson_id: OmitIfNone[str] = None
    question: str
    solution: str
    forms: list[str]
    graded: bool
    opens_at: OmitIfNone[datetime] = None
    closes_at: OmitIfNone[datetime] = None
    locked: bool = Field(description="Whether it counts towards a mark now.")


class ExercisePage(BaseModel):
    """By id."""

    items: list[ExerciseBody]
    next_cursor: str | None = Field(description="Pass it as `cursor` for what follows; null at the end.")


def attempt_body(solved: Solved) -> AttemptBody:
    attempt = solved.attempt
    return AttemptBody(
        attempt_id=attempt.id,
        item_id=attempt.item_id,
        verdict=attempt.verdict,
        grader=attempt.grader,
        label=_label(solved),
        solution=solved.solution,
        quote=solved.quote,
        course_id=attempt.course_id,
        lesson_id=attempt.lesson_id,
        locators=[locator_body(locator) for locator in solved.locators],
    )


def _label(solved: Solved) -> str:
    by_rule = solved.attempt.grader in ("options", "terms")
    return label(detect_language(solved.quote), "extractive" if by_rule else solved.attempt.grader)


def uncertain_item(attempt: Attempt, question: str | None, solution: str | None) -> UncertainItem:
    return UncertainItem(
        attempt_id=attempt.id,
        item_id=attempt.item_id,
        course_id=attempt.course_id,
        lesson_id=attempt.lesson_id,
        given=attempt.given,
        question=question,
        solution=solution,
        at=instant(attempt.at),
    )


def exercise_body(exercise: Exercise, now: float) -> ExerciseBody:
    return ExerciseBody(
        exercise_id=exercise.id,
        course_id=exercise.course_id,
        lesson_id=exercise.lesson_id or None,
        question=exercise.question,
        solution=exercise.solution,
        forms=list(exercise.forms),
        graded=exercise.graded,
        opens_at=instant_or_none(exercise.opens_at),
        closes_at=instant_or_none(exercise.closes_at),
        locked=exercise.is_locked(now),
    )
