"""Learner tokens that are refused: the port `Revocations` over one table."""

from __future__ import annotations

from sqlalchemy import delete, select

from baize.adapters.db.engine import Database
from baize.adapters.db.models import RevocationRow
from baize.adapters.db.upsert import insert_or_update
from baize.domain.platform import Revocation


class SqlRevocations:
    """The port `Revocations`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, revocation: Revocation, now: float) -> None:
        """As `Revocations.put`."""
        row = RevocationRow
        ended = delete(row).where(row.platform_id == revocation.platform_id, row.until <= now)
        key = (revocation.platform_id, revocation.kind, revocation.digest)
        async with self._database.writing() as session:
            await session.execute(ended)
            known = await session.get(row, key)
            values = {
                "platform_id": revocation.platform_id,
                "kind": revocation.kind,
                "digest": revocation.digest,
                "before": max(revocation.before, known.before if known else 0.0),
                "until": max(revocation.until, known.until if known else 0.0),
            }
            await session.execute(insert_or_update(session, row, values))

    async def of_platform(self, platform_id: str, now: float) -> list[Revocation]:
        """As `Revocations.of_platform`."""
        row = RevocationRow
        wanted = (
            select(row).where(row.platform_id == platform_id, row.until > now).order_by(row.kind, row.digest)
        )
        async with self._database.reading() as session:
            return [
                Revocation(one.platform_id, one.kind, one.digest, one.before, one.until)
                for one in await session.scalars(wanted)
            ]
