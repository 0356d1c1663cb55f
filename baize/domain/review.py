"""Spaced review: cards, what is remembered of them, and when each is due."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from baize.domain.locator import Locator

Recall = Literal["again", "hard", "good", "easy"]
RECALLS: tuple[Recall, ...] = get_args(Recall)
"""How well a learner knew a card, in FSRS's four steps."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What a scheduler knows of one card of one learner.

    Attributes:
        phase: `new` until the first review.
        step: within learning steps; None where there are none.
        stability: days until recall falls to 90 %; None before the first review. So is `difficulty`, 1..10.
        due, reviewed_at: seconds since the epoch.
    """

    phase: Literal["new", "learning", "review", "relearning"]
    due: float
    step: int | None = None
    stability: float | None = None
    difficulty: float | None = None
    reviewed_at: float | None = None


@dataclass(frozen=True, slots=True)
class ReviewCard:
    """A question that one learner keeps; it stays as it was when its lesson is ingested anew.

    Attributes:
        id: that of the quiz item, or of the term.
        quote: the course's own sentence; with `locators`, the moment to look at again.
    """

    platform_id: str
    learner_id: str
    id: str
    course_id: str
    lesson_id: str
    front: str
    back: str
    quote: str
    locators: tuple[Locator, ...]
    memory: Memory
    added_at: float


@dataclass(frozen=True, slots=True)
class Review:
    """One review of one card: what an optimiser of the scheduler learns from."""

    platform_id: str
    learner_id: str
    card_id: str
    at: float
    recall: Recall


@dataclass(frozen=True, slots=True)
class Fit:
    """Parameters of a scheduler that were fitted to reviews.

    Attributes:
        n: reviews that it learned from.
        before, after: mean log loss of recall with the parameters it started from, and with these.
    """

    parameters: tuple[float, ...]
    n: int
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class DueDay:
    """How many cards fall due on a day (`2026-11-28`, the learner's)."""

    day: str
    n: int


@dataclass(frozen=True, slots=True)
class Today:
    """What a learner is asked today.

    Attributes:
        cards: the few that are asked now.
        n_due: all that are due by the end of the day.
        n_cards: all that the learner has.
    """

    cards: tuple[ReviewCard, ...]
    n_due: int
    n_cards: int
    forecast: tuple[DueDay, ...]
