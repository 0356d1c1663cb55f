"""Learners of docked sources who are learners of the platform: the port `Identities` over one table."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from baize.adapters.db.engine import Database
from baize.adapters.db.models import IdentityRow
from baize.domain.platform import Identity


class SqlIdentities:
    """The port `Identities`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, identity: Identity) -> bool:
        """As `Identities.put`: of two at once the first has it."""
        values = {name: getattr(identity, name) for name in Identity.__slots__}
        async with self._database.writing() as session:
            dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
            await session.execute(dialect.insert(IdentityRow).on_conflict_do_nothing(), values)
        return await self.learner(identity.platform_id, identity.source, identity.subject) == (
            identity.learner_id
        )

    async def learner(self, platform_id: str, source: str, subject: str) -> str | None:
        """As `Identities.learner`."""
        async with self._database.reading() as session:
            row = await session.get(IdentityRow, (platform_id, source, subject))
            return row.learner_id if row else None

    async def of_learner(self, platform_id: str, learner_id: str) -> list[Identity]:
        """As `Identities.of_learner`."""
        row = IdentityRow
        wanted = (
            select(row)
            .where(row.platform_id == platform_id, row.learner_id == learner_id)
            .order_by(row.source, row.subject)
        )
        async with self._database.reading() as session:
            return [
                Identity(one.platform_id, one.source, one.subject, one.learner_id, one.linked_at)
                for one in await session.scalars(wanted)
            ]

    async def remove(self, platform_id: str, learner_id: str, source: str, subject: str) -> bool:
        """As `Identities.remove`."""
        row = IdentityRow
        gone = (
            delete(row)
            .where(
                row.platform_id == platform_id,
                row.source == source,
                row.subject == subject,
                row.learner_id == learner_id,
            )
            .returning(row.subject)
        )
        async with self._database.writing() as session:
            return (await session.execute(gone)).first() is not None
