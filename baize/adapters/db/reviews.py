"""Cards of learners and their reviews: the port `ReviewCards` over two tables."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import CursorResult, delete, func, select

from baize.adapters.db.engine import Database
from baize.adapters.db.models import ReviewCardRow, ReviewRow
from baize.adapters.db.upsert import insert_or_update
from baize.domain.review import Memory, Recall, Review, ReviewCard


class SqlReviewCards:
    """The port `ReviewCards`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, card: ReviewCard, review: Review | None = None) -> None:
        """As `ReviewCards.put`."""
        async with self._database.writing() as session:
            await session.execute(insert_or_update(session, ReviewCardRow, _values(card)))
            if review is not None:
                await session.execute(insert_or_update(session, ReviewRow, _review_values(review)))

    async def get(self, platform_id: str, learner_id: str, card_id: str) -> ReviewCard | None:
        """As `ReviewCards.get`."""
        async with self._database.reading() as session:
            row = await session.get(ReviewCardRow, (platform_id, learner_id, card_id))
            return _card(row) if row else None

    async def of_learner(self, platform_id: str, learner_id: str) -> list[ReviewCard]:
        """As `ReviewCards.of_learner`."""
        found = (
            select(ReviewCardRow)
            .where(ReviewCardRow.platform_id == platform_id, ReviewCardRow.learner_id == learner_id)
            .order_by(ReviewCardRow.due, ReviewCardRow.card_id)
        )
        async with self._database.reading() as session:
            return [_card(row) for row in await session.scalars(found)]

    async def reviews(self, platform_id: str, learner_id: str) -> list[Review]:
        """As `ReviewCards.reviews`."""
        found = (
            select(ReviewRow)
            .where(ReviewRow.platform_id == platform_id, ReviewRow.learner_id == learner_id)
            .order_by(ReviewRow.reviewed_at, ReviewRow.card_id)
        )
        async with self._database.reading() as session:
            return [_review(row) for row in await session.scalars(found)]

    async def recent(self, platform_id: str, learner_id: str, *, cards: int, most: int) -> list[Review]:
        """As `ReviewCards.recent`."""
        own = (ReviewRow.platform_id == platform_id, ReviewRow.learner_id == learner_id)
        latest = (
            select(ReviewRow.card_id)
            .where(*own)
            .group_by(ReviewRow.card_id)
            .order_by(func.max(ReviewRow.reviewed_at).desc(), ReviewRow.card_id)
            .limit(cards)
        )
        found = (
            select(ReviewRow)
            .where(*own, ReviewRow.card_id.in_(latest))
            .order_by(ReviewRow.reviewed_at, ReviewRow.card_id)
            .limit(most)
        )
        async with self._database.reading() as session:
            return [_review(row) for row in await session.scalars(found)]

    async def of_platform(self, platform_id: str, most: int) -> list[Review]:
        """As `ReviewCards.of_platform`."""
        found = (
            select(ReviewRow)
            .where(ReviewRow.platform_id == platform_id)
            .order_by(ReviewRow.learner_id, ReviewRow.card_id, ReviewRow.reviewed_at)
            .limit(most + 1)
        )
        async with self._database.reading() as session:
            reviews = [_review(row) for row in await session.scalars(found)]
        cut = reviews[most].learner_id if len(reviews) > most else None
        return [review for review in reviews[:most] if review.learner_id != cut]

    async def add(self, reviews: list[Review]) -> None:
        """As `ReviewCards.add`."""
        async with self._database.writing() as session:
            for review in reviews:
                await session.execute(insert_or_update(session, ReviewRow, _review_values(review)))

    async def forget(self, platform_id: str, learner_id: str) -> int:
        """As `ReviewCards.forget`."""
        gone = 0
        async with self._database.writing() as session:
            for row in (ReviewRow, ReviewCardRow):
                drop = delete(row).where(row.platform_id == platform_id, row.learner_id == learner_id)
                gone = cast("CursorResult[object]", await session.execute(drop)).rowcount
        return gone

    async def forget_course(self, platform_id: str, course_id: str) -> int:
        """As `ReviewCards.forget_course`."""
        drop = delete(ReviewCardRow).where(
            ReviewCardRow.platform_id == platform_id, ReviewCardRow.course_id == course_id
        )
        async with self._database.writing() as session:
            return cast("CursorResult[object]", await session.execute(drop)).rowcount


def _values(card: ReviewCard) -> dict[str, Any]:
    memory = card.memory
    return {
        "platform_id": card.platform_id,
        "learner_id": card.learner_id,
        "card_id": card.id,
        "course_id": card.course_id,
        "lesson_id": card.lesson_id,
        "front": card.front,
        "back": card.back,
        "quote": card.quote,
        "locators": card.locators,
        "added_at": card.added_at,
        "phase": memory.phase,
        "due": memory.due,
        "step": memory.step,
        "stability": memory.stability,
        "difficulty": memory.difficulty,
        "reviewed_at": memory.reviewed_at,
    }


def _review_values(review: Review) -> dict[str, Any]:
    return {
        "platform_id": review.platform_id,
        "learner_id": review.learner_id,
        "card_id": review.card_id,
        "reviewed_at": review.at,
        "recall": review.recall,
    }


def _card(row: ReviewCardRow) -> ReviewCard:
    phase = cast("Any", row.phase)
    memory = Memory(phase, row.due, row.step, row.stability, row.difficulty, row.reviewed_at)
    return ReviewCard(
        row.platform_id,
        row.learner_id,
        row.card_id,
        row.course_id,
        row.lesson_id,
        row.front,
        row.back,
        row.quote,
        row.locators,
        memory,
        row.added_at,
    )


def _review(row: ReviewRow) -> Review:
    return Review(row.platform_id, row.learner_id, row.card_id, row.reviewed_at, cast("Recall", row.recall))
