"""What learners like and say: the ports `LearnerPreferences` and `FeedbackBox` over two tables."""

from __future__ import annotations

from sqlalchemy import delete, select

from baize.adapters.db.engine import Database
from baize.adapters.db.models import FeedbackRow, PreferencesRow
from baize.adapters.db.upsert import insert_or_update
from baize.domain.preferences import Feedback, Preferences


class SqlLearnerPreferences:
    """The port `LearnerPreferences`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, platform_id: str, learner_id: str) -> Preferences | None:
        """As `LearnerPreferences.get`."""
        async with self._database.reading() as session:
            row = await session.get(PreferencesRow, (platform_id, learner_id))
            return row.preferences if row else None

    async def put(self, platform_id: str, learner_id: str, preferences: Preferences) -> None:
        """As `LearnerPreferences.put`."""
        values = {"platform_id": platform_id, "learner_id": learner_id, "preferences": preferences}
        async with self._database.writing() as session:
            await session.execute(insert_or_update(session, PreferencesRow, values))

    async def forget(self, platform_id: str, learner_id: str) -> None:
        """As `LearnerPreferences.forget`."""
        gone = delete(PreferencesRow).where(
            PreferencesRow.platform_id == platform_id, PreferencesRow.learner_id == learner_id
        )
        async with self._database.writing() as session:
            await session.execute(gone)


class SqlFeedbackBox:
    """The port `FeedbackBox`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, feedback: Feedback) -> None:
        """As `FeedbackBox.put`."""
        values = {
            "platform_id": feedback.platform_id,
            "answer_id": feedback.answer_id,
            "learner_id": feedback.learner_id,
            "rating": feedback.rating,
            "reason": feedback.reason,
            "correction": feedback.correction,
            "given_at": feedback.given_at,
        }
        async with self._database.writing() as session:
            await session.execute(insert_or_update(session, FeedbackRow, values))

    async def latest(self, platform_id: str, limit: int, *, offset: int = 0) -> list[Feedback]:
        """As `FeedbackBox.latest`."""
        wanted = (
            select(FeedbackRow)
            .where(FeedbackRow.platform_id == platform_id)
            .order_by(FeedbackRow.given_at.desc(), FeedbackRow.answer_id, FeedbackRow.learner_id)
            .limit(limit)
            .offset(offset)
        )
        async with self._database.reading() as session:
            return [_feedback(row) for row in await session.scalars(wanted)]

    async def forget(self, platform_id: str, learner_id: str) -> None:
        """As `FeedbackBox.forget`."""
        gone = delete(FeedbackRow).where(
            FeedbackRow.platform_id == platform_id, FeedbackRow.learner_id == learner_id
        )
        async with self._database.writing() as session:
            await session.execute(gone)


def _feedback(row: FeedbackRow) -> Feedback:
    return Feedback(
        row.platform_id,
        row.answer_id,
        row.learner_id,
        "up" if row.rating == "up" else "down",
        row.reason,  # type: ignore[arg-type]  # only what `Feedback` held ever came in
        row.correction,
        row.given_at,
    )
