"""What spaced review sends and gets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from baize.api.encoding import OmitIfNone
from baize.api.instants import instant, instant_or_none
from baize.api.mapping import locator_body
from baize.api.requests import Id, RequestBody
from baize.api.wire import LocatorBody
from baize.domain.review import Recall, ReviewCard, Today


class CardBody(BaseModel):
    """A card that the learner has met before: its back is no secret any more."""

    id: str
    course_id: str
    lesson_id: str
    front: str
    back: str
    quote: str = Field(description="The course's own sentence.")
    locators: list[LocatorBody] = Field(description="The moment to look at again.")
    due: datetime
    reviewed_at: OmitIfNone[datetime] = None


class DueDayBody(BaseModel):
    """How many cards fall due on a day."""

    day: str = Field(examples=["2026-11-28"])
    n: int


class ReviewsBody(BaseModel):
    """今日三题: what a learner is asked today, over all courses."""

    today: list[CardBody] = Field(description="The few that are asked now, the most endangered first.")
    n_due: int = Field(description="All that are due by the end of the learner's day.")
    n_cards: int
    forecast: list[DueDayBody] = Field(description="Two weeks from today; what is overdue counts today.")


class GradeRequest(RequestBody):
    """How well the learner knew it."""

    recall: Recall
    learner_id: Id | None = None
    """With a platform key: whose card it is. A learner token says so itself."""


class AddCardsRequest(RequestBody):
    """Flashcards from a lesson: a card for each term that it explains."""

    lesson_id: Id


class AddedBody(BaseModel):
    """What there is now that was not there before."""

    cards: list[CardBody]


class ReviewsExport(BaseModel):
    """Every card with its scheduling state, and every review; importing it restores both exactly."""

    format: str = Field(examples=["baize-reviews@1"])
    scheduler: str
    cards: list[dict[str, Any]]
    reviews: list[dict[str, Any]]


class ImportedBody(BaseModel):
    """What an import brought."""

    n_cards: int


def card_body(card: ReviewCard) -> CardBody:
    return CardBody(
        id=card.id,
        course_id=card.course_id,
        lesson_id=card.lesson_id,
        front=card.front,
        back=card.back,
        quote=card.quote,
        locators=[locator_body(locator) for locator in card.locators],
        due=instant(card.memory.due),
        reviewed_at=instant_or_none(card.memory.reviewed_at),
    )


def reviews_body(today: Today) -> ReviewsBody:
    return ReviewsBody(
        today=[card_body(card) for card in today.cards],
        n_due=today.n_due,
        n_cards=today.n_cards,
        forecast=[DueDayBody(day=one.day, n=one.n) for one in today.forecast],
    )
