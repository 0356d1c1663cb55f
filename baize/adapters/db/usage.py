"""What platforms have used, added up by day, course and model: the port `UsageBook` over one table."""

from __future__ import annotations

from dataclasses import fields

from sqlalchemy import inspect, select

from baize.adapters.db.engine import Database
from baize.adapters.db.models import UsageRow
from baize.adapters.db.upsert import insert_or_add
from baize.adapters.db.worded import Line, Worded
from baize.domain.cost import Used

_NAMES = [field.name for field in fields(Used)]
_COUNT = Worded(lambda dialect: insert_or_add(dialect, UsageRow, dict.fromkeys(_NAMES)))


def counted(used: Used) -> Line:
    """What an answer used is added. Two writers at once both count: the database adds."""
    return _COUNT, {name: getattr(used, name) for name in _NAMES}


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
