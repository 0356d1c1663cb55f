"""Questions that were handed to a person: the port `Tickets` over one table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import select, update

from baize.adapters.db.engine import Database
from baize.adapters.db.models import TicketRow
from baize.adapters.db.upsert import insert_or_update
from baize.domain.support import Ticket


class SqlTickets:
    """The port `Tickets`. A ticket is stored whole; what is looked for stands in columns too."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, ticket: Ticket) -> None:
        """As `Tickets.put`."""
        async with self._database.writing() as session:
            await session.execute(insert_or_update(session, TicketRow, _values(ticket)))

    async def settle(self, ticket: Ticket) -> None:
        """As `Tickets.settle`; what the learner said meanwhile stays."""
        mine = TicketRow.platform_id == ticket.platform_id, TicketRow.ticket_id == ticket.id
        async with self._database.writing() as session:
            now = await session.scalar(select(TicketRow.ticket).where(*mine))
            if now is None:
                return
            values = _values(ticket, satisfaction=now.satisfaction)
            await session.execute(update(TicketRow).where(*mine).values(**values))

    async def get(self, platform_id: str, ticket_id: str) -> Ticket | None:
        """As `Tickets.get`."""
        async with self._database.reading() as session:
            row = await session.get(TicketRow, (platform_id, ticket_id))
            return row.ticket if row else None

    async def due(self, now: float, limit: int) -> list[Ticket]:
        """As `Tickets.due`."""
        waiting = (
            select(TicketRow.ticket)
            .where(TicketRow.state == "waiting", TicketRow.next_at <= now)
            .order_by(TicketRow.next_at, TicketRow.ticket_id)
            .limit(limit)
        )
        async with self._database.reading() as session:
            return list(await session.scalars(waiting))


def _values(ticket: Ticket, **changed: Any) -> dict[str, Any]:
    whole = replace(ticket, **changed)
    return {
        "platform_id": whole.platform_id,
        "ticket_id": whole.id,
        "learner_id": whole.learner_id,
        "state": whole.state,
        "next_at": whole.next_at,
        "ticket": whole,
    }
