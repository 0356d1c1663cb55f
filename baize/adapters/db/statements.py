"""xAPI statements: the port `Statements` over one table."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from baize.adapters.db.engine import Database
from baize.adapters.db.models import StatementRow
from baize.domain.statement import Statement, StatementQuery


class SqlStatements:
    """The port `Statements`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, statements: Sequence[Statement]) -> None:
        """As `Statements.put`."""
        rows = [
            {
                "platform_id": one.platform_id,
                "statement_id": one.id,
                "learner_id": one.learner_id,
                "verb": one.verb,
                "activity": one.activity,
                "stored_at": one.stored_at,
                "statement": one.body,
            }
            for one in statements
        ]
        async with self._database.writing() as session:
            dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
            await session.execute(dialect.insert(StatementRow).on_conflict_do_nothing(), rows)

    async def get(self, platform_id: str, ids: Sequence[str]) -> list[Statement]:
        """As `Statements.get`."""
        wanted = select(StatementRow).where(
            StatementRow.platform_id == platform_id, StatementRow.statement_id.in_(ids)
        )
        async with self._database.reading() as session:
            found = {row.statement_id: _statement(row) for row in await session.scalars(wanted)}
        return [found[statement_id] for statement_id in ids if statement_id in found]

    async def find(self, platform_id: str, query: StatementQuery, limit: int) -> list[Statement]:
        """As `Statements.find`."""
        row = StatementRow
        wanted = select(row).where(row.platform_id == platform_id)
        for column, value in (
            (row.learner_id, query.learner_id),
            (row.verb, query.verb),
            (row.activity, query.activity),
        ):
            if value:
                wanted = wanted.where(column == value)
        if query.since is not None:
            wanted = wanted.where(row.stored_at > query.since)
        if query.until is not None:
            wanted = wanted.where(row.stored_at <= query.until)
        place = tuple_(row.stored_at, row.statement_id)
        if query.after is not None:
            wanted = wanted.where(place > query.after if query.ascending else place < query.after)
        columns = (row.stored_at, row.statement_id)
        order = columns if query.ascending else tuple(column.desc() for column in columns)
        async with self._database.reading() as session:
            return [_statement(one) for one in await session.scalars(wanted.order_by(*order).limit(limit))]


def _statement(row: StatementRow) -> Statement:
    return Statement(
        row.platform_id,
        row.statement_id,
        row.learner_id,
        row.verb,
        row.activity,
        row.stored_at,
        row.statement,
    )
