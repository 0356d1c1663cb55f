"""What people changed, over a table: the port `Edits`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import select, update

from baize.adapters.db.engine import Database
from baize.adapters.db.models import EditRow
from baize.adapters.db.upsert import insert_or_update
from baize.domain.edit import Edit
from baize.domain.locator import TimeSpan


class SqlEdits:
    """The port `Edits`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, edits: Sequence[Edit]) -> None:
        """As `Edits.put`."""
        async with self._database.writing() as session:
            for edit in edits:
                values = {
                    "platform_id": edit.platform_id,
                    "lesson_id": edit.lesson_id,
                    "edit_id": edit.id,
                    "course_id": edit.course_id,
                    "kind": edit.kind,
                    "start_s": edit.span.start,
                    "end_s": edit.span.end,
                    "base": edit.base,
                    "text": edit.text,
                    "person": edit.person,
                    "edited_at": edit.at,
                    "state": edit.state,
                }
                await session.execute(insert_or_update(session, EditRow, values))

    async def settle(self, edits: Sequence[Edit]) -> None:
        """As `Edits.settle`."""
        async with self._database.writing() as session:
            for edit in edits:
                mine = update(EditRow).where(
                    EditRow.platform_id == edit.platform_id,
                    EditRow.lesson_id == edit.lesson_id,
                    EditRow.edit_id == edit.id,
                    EditRow.edited_at == edit.at,
                )
                await session.execute(mine.values(state=edit.state))

    async def of(self, platform_id: str, lesson_id: str) -> list[Edit]:
        """As `Edits.of`."""
        found = (
            select(EditRow)
            .where(EditRow.platform_id == platform_id, EditRow.lesson_id == lesson_id)
            .order_by(EditRow.edited_at, EditRow.edit_id)
        )
        async with self._database.reading() as session:
            return [_edit(row) for row in await session.scalars(found)]


def _edit(row: EditRow) -> Edit:
    return Edit(
        row.platform_id,
        row.course_id,
        row.lesson_id,
        row.edit_id,
        cast(Any, row.kind),
        TimeSpan(row.start_s, row.end_s),
        row.base,
        row.text,
        row.person,
        row.edited_at,
        cast(Any, row.state),
    )
