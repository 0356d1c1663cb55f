"""Finished answers and the turns of conversations: the port `Answers` over one table."""

from __future__ import annotations

from sqlalchemy import func, select

from baize.adapters.db.engine import Database
from baize.adapters.db.models import AnswerRow
from baize.adapters.db.upsert import insert_or_update
from baize.domain.chat import Answer
from baize.ports import Clock


class SqlAnswers:
    """The port `Answers`. An answer is stored whole, so that what comes back equals what was sent."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def put(self, answer: Answer) -> None:
        """Store an answer as the latest turn of its conversation; one of the same id is replaced in place."""
        latest = select(func.coalesce(func.max(AnswerRow.turn), 0)).where(
            AnswerRow.platform_id == answer.platform_id,
            AnswerRow.conversation_id == answer.conversation_id,
        )
        values = {
            "platform_id": answer.platform_id,
            "answer_id": answer.id,
            "conversation_id": answer.conversation_id,
            "turn": latest.scalar_subquery() + 1,
            "stored_at": self._clock.now(),
            "answer": answer,
        }
        async with self._database.writing() as session:
            await session.execute(insert_or_update(session, AnswerRow, values, keep=("turn", "stored_at")))

    async def get(self, platform_id: str, answer_id: str) -> Answer | None:
        """As `Answers.get`."""
        async with self._database.reading() as session:
            row = await session.get(AnswerRow, (platform_id, answer_id))
            return row.answer if row else None

    async def turns(self, platform_id: str, conversation_id: str, limit: int) -> list[Answer]:
        """As `Answers.turns`."""
        latest = (
            select(AnswerRow.answer)
            .where(AnswerRow.platform_id == platform_id, AnswerRow.conversation_id == conversation_id)
            .order_by(AnswerRow.turn.desc(), AnswerRow.stored_at.desc(), AnswerRow.answer_id.desc())
            .limit(max(limit, 0))
        )
        async with self._database.reading() as session:
            return list(await session.scalars(latest))[::-1]
