"""Learning platforms that may launch us: the port `LtiRegistrations` over one table."""

from __future__ import annotations

from sqlalchemy import delete, select

from baize.adapters.db.engine import Database
from baize.adapters.db.models import LtiRegistrationRow
from baize.adapters.db.upsert import insert_or_update
from baize.domain.lti import LtiRegistration


class SqlLtiRegistrations:
    """The port `LtiRegistrations`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, registration: LtiRegistration) -> bool:
        """As `LtiRegistrations.put`."""
        row = LtiRegistrationRow
        values = {name: getattr(registration, name) for name in LtiRegistration.__slots__}
        taken = select(row.platform_id).where(
            row.issuer == registration.issuer,
            row.client_id == registration.client_id,
            row.platform_id != registration.platform_id,
        )
        async with self._database.writing() as session:
            if await session.scalar(taken) is not None:
                return False
            await session.execute(insert_or_update(session, row, values))
            return True

    async def find(self, issuer: str, client_id: str) -> LtiRegistration | None:
        """As `LtiRegistrations.find`: a look-up that learns the platform instead of naming it."""
        row = LtiRegistrationRow
        wanted = select(row).where(row.issuer == issuer)
        if client_id:
            wanted = wanted.where(row.client_id == client_id)
        async with self._database.reading() as session:
            found = (await session.scalars(wanted.limit(2))).all()
            return _registration(found[0]) if len(found) == 1 else None

    async def of_platform(self, platform_id: str) -> list[LtiRegistration]:
        """As `LtiRegistrations.of_platform`."""
        row = LtiRegistrationRow
        wanted = select(row).where(row.platform_id == platform_id).order_by(row.issuer, row.client_id)
        async with self._database.reading() as session:
            return [_registration(one) for one in await session.scalars(wanted)]

    async def remove(self, platform_id: str, issuer: str, client_id: str) -> bool:
        """As `LtiRegistrations.remove`."""
        row = LtiRegistrationRow
        gone = (
            delete(row)
            .where(row.platform_id == platform_id, row.issuer == issuer, row.client_id == client_id)
            .returning(row.client_id)
        )
        async with self._database.writing() as session:
            return (await session.execute(gone)).first() is not None


def _registration(row: LtiRegistrationRow) -> LtiRegistration:
    return LtiRegistration(**{name: getattr(row, name) for name in LtiRegistration.__slots__})
