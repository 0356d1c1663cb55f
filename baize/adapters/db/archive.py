"""Completed courses as archives report them: the port `Archive` over one table."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select, tuple_

from baize.adapters.db.engine import Database
from baize.adapters.db.models import ArchiveRow
from baize.adapters.db.upsert import put_rows
from baize.domain.archive import Completion
from baize.domain.learner import Begun


class SqlArchive:
    """The port `Archive`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, completions: Sequence[Completion]) -> int:
        """As `Archive.put`, in one transaction."""
        if not completions:
            return 0
        row = ArchiveRow
        keys = [(one.platform_id, one.learner_id, one.id) for one in completions]
        wanted = select(row).where(tuple_(row.platform_id, row.learner_id, row.record_id).in_(keys))
        async with self._database.writing() as session:
            known = {_completion(found) for found in await session.scalars(wanted)}
            changed = [one for one in completions if one not in known]
            await put_rows(session, row, [_values(one) for one in changed])
        return len(changed)

    async def of_learner(self, platform_id: str, learner_id: str) -> list[Completion]:
        """As `Archive.of_learner`."""
        row = ArchiveRow
        wanted = (
            select(row)
            .where(row.platform_id == platform_id, row.learner_id == learner_id)
            .order_by(row.completed_at.desc(), row.record_id)
        )
        async with self._database.reading() as session:
            return [_completion(found) for found in await session.scalars(wanted)]

    async def begun(self, platform_id: str) -> list[Begun]:
        """As `Archive.begun`."""
        row = ArchiveRow
        first = func.min(row.completed_at)
        wanted = (
            select(row.learner_id, row.course_id, first)
            .where(row.platform_id == platform_id)
            .group_by(row.learner_id, row.course_id)
            .order_by(row.learner_id, first, row.course_id)
        )
        async with self._database.reading() as session:
            return [Begun(*found) for found in await session.execute(wanted)]


def _values(one: Completion) -> dict[str, object]:
    values = {name: getattr(one, name) for name in Completion.__slots__}
    return values | {"record_id": values.pop("id")}


def _completion(row: ArchiveRow) -> Completion:
    values = {name: getattr(row, name) for name in Completion.__slots__ if name != "id"}
    return Completion(id=row.record_id, **values)
