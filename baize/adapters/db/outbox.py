"""Statements that wait for the LRS: the port `Outbox` over one table."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select, tuple_

from baize.adapters.db.engine import Database
from baize.adapters.db.models import OutboxRow
from baize.adapters.db.upsert import put_rows
from baize.domain.outbox import Waiting


class SqlOutbox:
    """The port `Outbox`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, waiting: Sequence[Waiting]) -> None:
        """As `Outbox.put`."""
        rows = [{name: getattr(one, name) for name in Waiting.__slots__} for one in waiting]
        async with self._database.writing() as session:
            await put_rows(session, OutboxRow, rows)

    async def due(self, now: float, limit: int) -> list[Waiting]:
        """As `Outbox.due`."""
        row = OutboxRow
        wanted = (
            select(row)
            .where(row.next_at <= now)
            .order_by(row.next_at, row.platform_id, row.statement_id)
            .limit(limit)
        )
        async with self._database.reading() as session:
            return [
                Waiting(one.platform_id, one.statement_id, one.learner_id, one.next_at, one.n_attempts)
                for one in await session.scalars(wanted)
            ]

    async def remove(self, waiting: Sequence[Waiting]) -> None:
        """As `Outbox.remove`."""
        row = OutboxRow
        keys = [(one.platform_id, one.statement_id) for one in waiting]
        gone = delete(row).where(tuple_(row.platform_id, row.statement_id).in_(keys))
        async with self._database.writing() as session:
            await session.execute(gone)
