"""A double of the port `Tickets`: in memory."""

from __future__ import annotations

from dataclasses import replace

from baize.domain.support import Ticket


class MemoryTickets:
    """As the real store, but gone with the process."""

    def __init__(self) -> None:
        self._tickets: dict[tuple[str, str], Ticket] = {}

    async def put(self, ticket: Ticket) -> None:
        """As `Tickets.put`."""
        self._tickets[ticket.platform_id, ticket.id] = ticket

    async def settle(self, ticket: Ticket) -> None:
        """As `Tickets.settle`."""
        now = self._tickets.get((ticket.platform_id, ticket.id))
        if now is not None:
            await self.put(replace(ticket, satisfaction=now.satisfaction))

    async def get(self, platform_id: str, ticket_id: str) -> Ticket | None:
        """As `Tickets.get`."""
        return self._tickets.get((platform_id, ticket_id))

    async def due(self, now: float, limit: int) -> list[Ticket]:
        """As `Tickets.due`."""
        waiting = [one for one in self._tickets.values() if one.state == "waiting" and one.next_at <= now]
        return sorted(waiting, key=lambda one: (one.next_at, one.id))[:limit]
