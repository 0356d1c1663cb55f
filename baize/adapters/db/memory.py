"""What learners did to what is remembered of them: the port `MemoryEdits` over one table."""

from __future__ import annotations

from sqlalchemy import select

from baize.adapters.db.engine import Database
from baize.adapters.db.models import MemoryEditRow
from baize.adapters.db.upsert import insert_or_update
from baize.domain.memory import MemoryEdit


class SqlMemoryEdits:
    """The port `MemoryEdits`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, edit: MemoryEdit) -> None:
        """As `MemoryEdits.put`."""
        values = {
            "platform_id": edit.platform_id,
            "learner_id": edit.learner_id,
            "item_id": edit.item_id,
            "text": edit.text,
            "edited_at": edit.at,
        }
        async with self._database.writing() as session:
            await session.execute(insert_or_update(session, MemoryEditRow, values))

    async def of_learner(self, platform_id: str, learner_id: str) -> list[MemoryEdit]:
        """As `MemoryEdits.of_learner`."""
        wanted = (
            select(MemoryEditRow)
            .where(MemoryEditRow.platform_id == platform_id, MemoryEditRow.learner_id == learner_id)
            .order_by(MemoryEditRow.edited_at, MemoryEditRow.item_id)
        )
        async with self._database.reading() as session:
            return [
                MemoryEdit(row.platform_id, row.learner_id, row.item_id, row.text, row.edited_at)
                for row in await session.scalars(wanted)
            ]
