"""Every row of one learner, in whichever table: the port `LearnerRows` over the tables as they are declared.

A table belongs here by having a column `learner_id`; nobody has to list it, so that none can be forgotten.
`tests/architecture/test_learner_tables.py` refuses a learner's column of any other name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, func, select
from sqlalchemy.engine import Row as SqlRow

from baize.adapters.db.codec import plain
from baize.adapters.db.engine import Database
from baize.adapters.db.models import Table as Declared
from baize.domain.record import Row

LEARNER = "learner_id"


def learner_tables() -> list[Table]:
    """The tables that hold rows of learners, those first that point at others."""
    return [table for table in reversed(Declared.metadata.sorted_tables) if LEARNER in table.columns]


class SqlLearnerRows:
    """The port `LearnerRows`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, platform_id: str, learner_id: str) -> dict[str, Sequence[Row]]:
        """As `LearnerRows.read`, in the order of the primary keys."""
        found: dict[str, Sequence[Row]] = {}
        async with self._database.reading() as session:
            for table in learner_tables():
                wanted = select(table).where(_of(table, platform_id, learner_id))
                rows = await session.execute(wanted.order_by(*table.primary_key))
                found[table.name] = [_row(row) for row in rows]
        return dict(sorted(found.items()))

    async def erase(self, platform_id: str, learner_id: str) -> dict[str, int]:
        """As `LearnerRows.erase`, in one transaction."""
        gone: dict[str, int] = {}
        async with self._database.writing() as session:
            for table in learner_tables():
                keys = delete(table).where(_of(table, platform_id, learner_id)).returning(*table.primary_key)
                gone[table.name] = len((await session.execute(keys)).all())
        return dict(sorted(gone.items()))

    async def count(self, platform_id: str, learner_id: str) -> dict[str, int]:
        """As `LearnerRows.count`."""
        n: dict[str, int] = {}
        async with self._database.reading() as session:
            for table in learner_tables():
                wanted = select(func.count()).select_from(table).where(_of(table, platform_id, learner_id))
                n[table.name] = int(await session.scalar(wanted) or 0)
        return dict(sorted(n.items()))

    async def scrub(self) -> None:
        """As `LearnerRows.scrub`."""
        await self._database.scrub()


def _of(table: Table, platform_id: str, learner_id: str) -> ColumnElement[bool]:
    return and_(table.c.platform_id == platform_id, table.c[LEARNER] == learner_id)


def _row(row: SqlRow[Any]) -> Row:
    return {name: plain(value) for name, value in row._mapping.items()}
