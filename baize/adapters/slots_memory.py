"""Upstream slots of this process: the port `Slots` where one process serves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from baize.domain.fairness import FairQueue
from baize.errors import Overloaded


@dataclass(frozen=True, slots=True, eq=False)
class _Ticket:
    """A place in the queue; `turn` is set when it has a slot, or an exception when it gets none."""

    tenant: str
    turn: asyncio.Future[None]


class MemorySlots:
    """The port `Slots`.

    Args:
        n_slots: how many calls may run at once.
        max_waiting: how many may wait; more are turned away.
    """

    def __init__(self, n_slots: int, max_waiting: int) -> None:
        self._queue: FairQueue[_Ticket] = FairQueue(n_slots, max_waiting)

    @asynccontextmanager
    async def hold(self, tenant: str, wait_s: float) -> AsyncGenerator[None]:
        """As `Slots.hold`."""
        await self._wait(tenant, wait_s)
        try:
            yield
        finally:
            self._hand_on(tenant)

    async def close(self) -> None:
        """As `Slots.close`: nothing is open."""

    async def _wait(self, tenant: str, wait_s: float) -> None:
        ticket = _Ticket(tenant, asyncio.get_running_loop().create_future())
        at_once, turned_away = self._queue.ask(tenant, ticket)
        if at_once:
            return
        if turned_away is not None and not turned_away.turn.done():
            turned_away.turn.set_exception(
                Overloaded("Too many questions wait for the model.", retry_after_s=max(wait_s, 1.0))
            )
        try:
            async with asyncio.timeout(wait_s):
                await ticket.turn
        except BaseException as error:
            if ticket.turn.done() and not ticket.turn.cancelled() and ticket.turn.exception() is None:
                # The slot came in the same moment.
                self._hand_on(tenant)
            self._queue.leave(tenant, ticket)
            if isinstance(error, TimeoutError):
                raise Overloaded(
                    f"No slot at the model within {wait_s:g} s.", retry_after_s=max(wait_s, 1.0)
                ) from None
            raise

    def _hand_on(self, tenant: str) -> None:
        ticket = self._queue.release(tenant)
        while ticket is not None:
            if not ticket.turn.done():
                ticket.turn.set_result(None)
                return
            # Its owner has left and not run since.
            ticket = self._queue.release(ticket.tenant)
