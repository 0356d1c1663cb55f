"""Progress, interests and recommendations on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field, model_validator

from baize.api.instants import instant, instant_or_none
from baize.api.mapping import locator_body
from baize.api.requests import RequestBody
from baize.api.wire import LocatorBody
from baize.domain.learner import Progress, Reason, ReasonKind, Recommendation, RecommendationKind
from baize.domain.locator import TimeSpan
from baize.services.progress import Report

Seconds = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Tag = Annotated[str, Field(min_length=1, max_length=64)]


class SpanBody(RequestBody):
    """Seconds from the start of the lesson's media."""

    start: Seconds
    end: Seconds

    @model_validator(mode="after")
    def _ends_later(self) -> SpanBody:
        if self.end < self.start:
            raise ValueError("a span ends before it starts")
        return self


class ProgressRequest(RequestBody):
    """What a player tells. Spans are joined to those that are known, so a report may be sent again."""

    spans: Annotated[list[SpanBody], Field(max_length=1000, default_factory=list)]
    completed: bool | None = Field(
        None, description="Null: completed once 90 % is watched. False takes a completion back."
    )

    def to_report(self) -> Report:
        return Report(tuple(TimeSpan(span.start, span.end) for span in self.spans), self.completed)


class ProgressBody(BaseModel):
    """What is known of a learner in a lesson."""

    course_id: str
    lesson_id: str
    spans: list[SpanBody]
    completed_at: datetime | None
    updated_at: datetime


class ProgressPage(BaseModel):
    """Of all lessons that the learner touched, by lesson id."""

    items: list[ProgressBody]
    next_cursor: str | None = Field(description="Pass it as `cursor` for what follows; null at the end.")


class InterestsBody(RequestBody):
    """Tags that the learner chose; all of them at once."""

    tags: Annotated[list[Tag], Field(max_length=50, default_factory=list)]


class ReasonBody(BaseModel):
    """A fact that can be looked up; which fields it has depends on its kind."""

    kind: ReasonKind
    course_id: str | None = None
    lesson_id: str | None = None
    tag: str | None = None
    term: str | None = None
    n: int | None = Field(None, description="Learners; never fewer than 3.")
    at: datetime | None = Field(None, description="When the learner did it.")
    until_s: float | None = Field(None, description="The furthest second watched.")
    record_id: str | None = Field(None, description="In `GET /v1/learners/{id}/record`.")


class RecommendationBody(BaseModel):
    """One thing to do next, and why."""

    kind: RecommendationKind
    course_id: str
    course_title: str
    title: str = Field(description="Of the lesson where there is one, else of the course.")
    lesson_id: str | None
    locator: LocatorBody | None = Field(description="Of moments: where to go on or to look.")
    text: str | None = Field(description="What is said at the moment.")
    score: float = Field(description="Comparable within one list only.")
    sentence: str = Field(description="The first reason, for a person.")
    reasons: list[ReasonBody]


class RecommendationPage(BaseModel):
    """Best first."""

    items: list[RecommendationBody]


def progress_body(progress: Progress) -> ProgressBody:
    spans = [SpanBody(start=span.start, end=span.end) for span in progress.spans]
    return ProgressBody(
        course_id=progress.course_id,
        lesson_id=progress.lesson_id,
        spans=spans,
        completed_at=instant_or_none(progress.completed_at),
        updated_at=instant(progress.updated_at),
    )


def recommendation_page(found: list[Recommendation]) -> RecommendationPage:
    return RecommendationPage(items=[_item(one) for one in found])


def _item(one: Recommendation) -> RecommendationBody:
    return RecommendationBody(
        kind=one.kind,
        course_id=one.course_id,
        course_title=one.course_title,
        title=one.title,
        lesson_id=one.lesson_id or None,
        locator=locator_body(one.locator) if one.locator else None,
        text=one.text or None,
        score=one.score,
        sentence=one.sentence,
        reasons=[ReasonBody(**_told(reason)) for reason in one.reasons],
    )


def _told(reason: Reason) -> dict[str, Any]:
    """Empty fields are null on the wire."""
    told = {name: getattr(reason, name) or None for name in reason.__slots__}
    return told | {"until_s": reason.until_s, "at": instant_or_none(told["at"])}
