"""Who changed what: the port `AuditLog` over one table."""

from __future__ import annotations

from sqlalchemy import delete, select, tuple_, update

from baize.adapters.db.engine import Database
from baize.adapters.db.models import AuditRow
from baize.domain.audit import AuditEntry


class SqlAuditLog:
    """The port `AuditLog`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, entry: AuditEntry) -> None:
        """As `AuditLog.put`."""
        async with self._database.writing() as session:
            session.add(_row(entry))

    async def settle(self, platform_id: str, entry_id: str, status: int) -> None:
        """As `AuditLog.settle`."""
        row = AuditRow
        changed = (
            update(row).where(row.platform_id == platform_id, row.entry_id == entry_id).values(status=status)
        )
        async with self._database.writing() as session:
            await session.execute(changed)

    async def find(
        self, platform_id: str, limit: int, *, before: tuple[float, str] | None = None
    ) -> list[AuditEntry]:
        """As `AuditLog.find`."""
        row = AuditRow
        wanted = select(row).where(row.platform_id == platform_id)
        if before is not None:
            wanted = wanted.where(tuple_(row.at, row.entry_id) < before)
        wanted = wanted.order_by(row.at.desc(), row.entry_id.desc()).limit(limit)
        async with self._database.reading() as session:
            return [_entry(one) for one in await session.scalars(wanted)]

    async def expire(self, before: float) -> int:
        """As `AuditLog.expire`."""
        row = AuditRow
        gone = delete(row).where(row.at < before).returning(row.entry_id)
        async with self._database.writing() as session:
            return len((await session.execute(gone)).all())


def _row(entry: AuditEntry) -> AuditRow:
    return AuditRow(
        platform_id=entry.platform_id,
        entry_id=entry.id,
        at=entry.at,
        who=entry.who,
        action=entry.action,
        what=entry.what,
        status=entry.status,
    )


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(row.platform_id, row.entry_id, row.at, row.who, row.action, row.what, row.status)
