"""Finished answers and the turns of conversations: the port `Answers` over one table."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Text, bindparam, delete, func, select, type_coerce

from baize.adapters.db.codec import encode
from baize.adapters.db.engine import Database
from baize.adapters.db.models import AnswerRow, FeedbackRow
from baize.adapters.db.upsert import insert_if_new, insert_or_update
from baize.adapters.db.usage import counted
from baize.adapters.db.worded import Worded
from baize.domain.chat import Answer, left_out
from baize.domain.cost import Used
from baize.ports import Clock

_BATCH = 500
"""Ids in one statement."""


class SqlAnswers:
    """The port `Answers`. An answer is stored whole, so that what comes back equals what was sent."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def put(self, answer: Answer, used: Used | None = None) -> None:
        """As `Answers.put`."""
        values = {
            "platform_id": answer.platform_id,
            "answer_id": answer.id,
            "conversation_id": answer.conversation_id,
            "stored_at": self._clock.now(),
            "answer": answer,
            "learner_id": answer.learner_id,
            "of_platform": answer.platform_id,
            "of_conversation": answer.conversation_id,
        }
        if used is None:
            await self._database.write((_PUT, values))
        else:
            # The answer first: of two processes that bring it at once, one finds it there and does not count.
            await self._database.write_once((_PUT_NEW, values), first=counted(used), again=(_PUT, values))

    async def get(self, platform_id: str, answer_id: str) -> Answer | None:
        """As `Answers.get`."""
        async with self._database.reading() as session:
            row = await session.get(AnswerRow, (platform_id, answer_id))
            return row.answer if row else None

    async def turns(
        self,
        platform_id: str,
        conversation_id: str,
        limit: int,
        *,
        learner_id: str | None = None,
        block: int = 1,
    ) -> list[Answer]:
        """As `Answers.turns`."""
        latest = (
            select(AnswerRow.answer, AnswerRow.turn)
            .where(*_of(platform_id, conversation_id, learner_id))
            .order_by(AnswerRow.turn.desc(), AnswerRow.stored_at.desc(), AnswerRow.answer_id.desc())
            .limit(max(limit, 0))
        )
        async with self._database.reading() as session:
            found = [(answer, turn) for answer, turn in await session.execute(latest)][::-1]
        # By their numbers, which stay when earlier turns go; one at a time, the limit alone does it.
        n_left_out = left_out(found[-1][1], limit, block) if found and block > 1 else 0
        return [answer for answer, turn in found if turn > n_left_out]

    async def latest(self, platform_id: str, learner_id: str, limit: int) -> list[tuple[Answer, float]]:
        """As `Answers.latest`."""
        wanted = (
            select(AnswerRow.answer, AnswerRow.stored_at)
            .where(AnswerRow.platform_id == platform_id, AnswerRow.learner_id == learner_id)
            .order_by(AnswerRow.stored_at.desc(), AnswerRow.turn.desc(), AnswerRow.answer_id.desc())
            .limit(limit)
        )
        async with self._database.reading() as session:
            return [(answer, stored_at) for answer, stored_at in await session.execute(wanted)]

    async def forget(
        self, platform_id: str, conversation_id: str, *, learner_id: str | None = None
    ) -> list[str]:
        """As `Answers.forget`."""
        gone = delete(AnswerRow).where(*_of(platform_id, conversation_id, learner_id))
        async with self._database.writing() as session:
            return list(await session.scalars(gone.returning(AnswerRow.answer_id)))

    async def forget_learner(self, platform_id: str, learner_id: str) -> list[str]:
        """As `Answers.forget_learner`."""
        gone = delete(AnswerRow).where(
            AnswerRow.platform_id == platform_id, AnswerRow.learner_id == learner_id
        )
        async with self._database.writing() as session:
            return list(await session.scalars(gone.returning(AnswerRow.answer_id)))

    async def forget_course(self, platform_id: str, course_id: str, lesson_id: str = "") -> list[str]:
        """As `Answers.forget_course`: by the id in citations and places, as they are stored."""
        stored = type_coerce(AnswerRow.answer, Text)
        named = f'"lesson_id":{encode(lesson_id)}' if lesson_id else f'"course_id":{encode(course_id)}'
        gone = delete(AnswerRow).where(
            AnswerRow.platform_id == platform_id,
            stored.contains(named, autoescape=True),
        )
        async with self._database.writing() as session:
            ids = list(await session.scalars(gone.returning(AnswerRow.answer_id)))
            for batch in (ids[at : at + _BATCH] for at in range(0, len(ids), _BATCH)):
                said = FeedbackRow.answer_id.in_(batch)
                await session.execute(delete(FeedbackRow).where(FeedbackRow.platform_id == platform_id, said))
        return ids

    async def expire(self, before: float) -> int:
        """As `Answers.expire`."""
        gone = delete(AnswerRow).where(AnswerRow.stored_at < before)
        async with self._database.writing() as session:
            return len(list(await session.scalars(gone.returning(AnswerRow.answer_id))))


def _row() -> dict[str, Any]:
    latest = select(func.coalesce(func.max(AnswerRow.turn), 0)).where(
        AnswerRow.platform_id == bindparam("of_platform"),
        AnswerRow.conversation_id == bindparam("of_conversation"),
    )
    values: dict[str, Any] = dict.fromkeys(
        ("platform_id", "answer_id", "conversation_id", "stored_at", "answer", "learner_id")
    )
    values["turn"] = latest.scalar_subquery() + 1
    return values


_PUT = Worded(lambda dialect: insert_or_update(dialect, AnswerRow, _row(), keep=("turn", "stored_at")))
_PUT_NEW = Worded(lambda dialect: insert_if_new(dialect, AnswerRow, _row()))


def _of(platform_id: str, conversation_id: str, learner_id: str | None) -> list[ColumnElement[bool]]:
    conditions = [AnswerRow.platform_id == platform_id, AnswerRow.conversation_id == conversation_id]
    return conditions if learner_id is None else [*conditions, AnswerRow.learner_id == learner_id]
