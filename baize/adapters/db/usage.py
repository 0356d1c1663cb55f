"""What platforms have used, added up by day, course and model: the port `UsageBook` over one table."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from sqlalchemy import bindparam, exists, inspect, select

from baize.adapters.db.engine import Database
from baize.adapters.db.models import AnswerRow, UsageRow
from baize.adapters.db.upsert import Upsert, insert_or_add
from baize.adapters.db.worded import Line, Worded
from baize.domain.chat import Answer
from baize.domain.cost import Used

_NAMES = [field.name for field in fields(Used)]


def _count(dialect: str) -> Upsert:
    known = exists().where(
        AnswerRow.platform_id == bindparam("of_platform"), AnswerRow.answer_id == bindparam("of_answer")
    )
    return insert_or_add(dialect, UsageRow, dict.fromkeys(_NAMES), unless=known)


_COUNT = Worded(_count)


def counted(used: Used, answer: Answer) -> Line:
    """What an answer used is added, unless the answer is there: to be written before it, in one go.

    Two writers at once both count: the database adds.
    """
    values: dict[str, Any] = {name: getattr(used, name) for name in _NAMES}
    return _COUNT, values | {"of_platform": answer.platform_id, "of_answer": answer.id}


class SqlUsageBook:
    """The port `UsageBook`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def between(self, platform_id: str, first_day: str, last_day: str) -> list[Used]:
        """As `UsageBook.between`."""
        wanted = (
            select(UsageRow)
            .where(UsageRow.platform_id == platform_id, UsageRow.day >= first_day, UsageRow.day <= last_day)
            .order_by(*inspect(UsageRow).primary_key)
        )
        async with self._database.reading() as session:
            return [
                Used(**{name: getattr(row, name) for name in _NAMES}) for row in await session.scalars(wanted)
            ]
