"""Upstream slots that many processes share through Redis: the port `Slots` where several replicas serve.

Each process tells Redis in one script call what it asks for and gives back, and hears what it was given. What
it holds is leased: a process that dies gives everything back when its lease ends. While Redis is away each
process keeps to its own share of the account's limit, with what it holds already counted; when Redis is back,
perhaps empty, the process says anew what it holds and who waits.

Script: `slots_redis.lua`; https://redis.io/docs/latest/develop/programmability/eval-intro/.
"""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from importlib import resources
from itertools import count
from typing import Any

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from baize.domain.fairness import FairQueue
from baize.errors import Overloaded

_log = logging.getLogger(__name__)

_KEYS = [f"baize:slots:{name}" for name in ("alive", "held", "waiting", "served", "count")]
_TIMEOUT_S = 1.0
_POLL_S = 0.05
_RETRY_S = 0.5
_FAILURES = (RedisError, OSError, asyncio.TimeoutError)
_GIVEN = b"+"


@dataclass(frozen=True, slots=True, eq=False)
class _Ticket:
    """A slot or a place in the queue; `turn` is set when it has a slot, or an exception when it gets none."""

    number: str
    tenant: str
    turn: asyncio.Future[None]


class RedisSlots:
    """The port `Slots`.

    Args:
        url: `redis://host:6379/0`.
        n_slots: how many calls may run at once, of all processes together.
        max_waiting: how many may wait, likewise; more are turned away.
        n_processes: how many processes there are at least: each one's share while Redis is away.
        lease_s: how long the slots of a process that died stay taken.
    """

    def __init__(
        self, url: str, n_slots: int, max_waiting: int, *, n_processes: int = 1, lease_s: float = 15.0
    ) -> None:
        # A second try might ask twice; a fall-back costs less than waiting.
        self._redis = redis.Redis.from_url(
            url,
            socket_connect_timeout=_TIMEOUT_S,
            socket_timeout=_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
        )
        self._script = resources.files("baize.adapters").joinpath("slots_redis.lua").read_text("utf-8")
        self._n_slots, self._max_waiting, self._lease_s = n_slots, max_waiting, lease_s
        self._n_least = self._n_processes = n_processes
        self._numbers = count(1)
        self._held: dict[str, _Ticket] = {}
        self._waiting: dict[str, _Ticket] = {}
        self._closed = False
        self._asked: list[_Ticket] = []
        self._claimed: list[_Ticket] = []
        self._released: list[_Ticket] = []
        self._former, self._process, self._fresh = "", uuid.uuid4().hex, True
        self._here: FairQueue[_Ticket] | None = None
        self._news = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def hold(self, tenant: str, wait_s: float) -> AsyncGenerator[None]:
        """As `Slots.hold`."""
        # Ended by what nobody expected, it would leave everyone waiting from then on.
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.create_task(self._keep())
        ticket = _Ticket(str(next(self._numbers)), tenant, asyncio.get_running_loop().create_future())
        self._waiting[ticket.number] = ticket
        try:
            self._ask(ticket)
            async with asyncio.timeout(wait_s):
                await ticket.turn
        except TimeoutError:
            self._leave(ticket)
            raise Overloaded(
                f"No slot at the model within {wait_s:g} s.", retry_after_s=max(wait_s, 1.0)
            ) from None
        except BaseException:
            self._leave(ticket)
            raise
        try:
            yield
        finally:
            self._leave(ticket)

    async def close(self) -> None:
        """Give back what is held."""
        # redis-py sends with `asyncio.wait_for`, which up to Python 3.11 loses a cancellation that comes when
        # it is done (https://github.com/python/cpython/issues/86296): the keeper ends by this, too.
        self._closed = True
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])
            with suppress(*_FAILURES):
                self._begin_anew()
                self._claimed, self._asked = [], []
                await self._step()
                await self._redis.zrem(_KEYS[0], self._process)
        await self._redis.aclose()

    def _ask(self, ticket: _Ticket) -> None:
        if self._here is None:
            self._asked.append(ticket)
            self._news.set()
            return
        at_once, turned_away = self._here.ask(ticket.tenant, ticket)
        if at_once:
            self._give(ticket)
        elif turned_away is not None:
            self._turn_away(turned_away)

    def _leave(self, ticket: _Ticket) -> None:
        """Give a slot or a place in the queue back."""
        held = self._held.pop(ticket.number, None)
        if held is None and self._waiting.pop(ticket.number, None) is None:
            return
        if self._here is not None:
            following = self._here.release(ticket.tenant) if held else None
            if held is None:
                self._here.leave(ticket.tenant, ticket)
            if following is not None:
                self._give(following)
        elif ticket in self._asked:
            self._asked.remove(ticket)
        else:
            self._released.append(ticket)
            self._news.set()

    def _give(self, ticket: _Ticket) -> None:
        self._held[ticket.number] = self._waiting.pop(ticket.number)
        if not ticket.turn.done():
            ticket.turn.set_result(None)

    def _turn_away(self, ticket: _Ticket) -> None:
        self._waiting.pop(ticket.number, None)
        if not ticket.turn.done():
            ticket.turn.set_exception(Overloaded("Too many questions wait for the model.", retry_after_s=5.0))

    async def _keep(self) -> None:
        """Bring Redis and this process together, at every news and as often as lease and queue need."""
        while not self._closed:
            self._news.clear()
            try:
                await self._meet()
            except _FAILURES as error:
                self._fall_back(error)
            if self._here is not None:
                await asyncio.sleep(_RETRY_S)
                continue
            rest_s = min(_POLL_S, self._lease_s / 3) if self._waiting else self._lease_s / 3
            with suppress(TimeoutError):
                async with asyncio.timeout(rest_s):
                    await self._news.wait()

    async def _meet(self) -> None:
        if self._here is not None:
            # Nobody may wait for the try: until it succeeds, slots are given here.
            await self._redis.ping()
            _log.warning("Redis is back: the slots at the model are shared again")
            self._here = None
            self._begin_anew()
        while not await self._step():
            # It was away, or this process was, and the lease ended.
            self._begin_anew()

    def _begin_anew(self) -> None:
        self._former, self._process, self._fresh = self._process, uuid.uuid4().hex, True
        self._claimed, self._asked = list(self._held.values()), list(self._waiting.values())
        self._released = []

    async def _step(self) -> bool:
        """One call of the script; False when Redis does not know this process."""
        step = json.dumps(
            {
                "former": self._former,
                "fresh": self._fresh,
                "released": _pairs(self._released),
                "asked": _pairs(self._asked),
                "claimed": _pairs(self._claimed),
            }
        )
        self._released, self._asked, self._claimed = [], [], []
        arguments: list[str | int] = [
            self._process,
            int(self._lease_s * 1000),
            self._n_slots,
            self._max_waiting,
            step,
        ]
        reply: Any = await self._redis.eval(self._script, len(_KEYS), *_KEYS, *arguments)
        if reply is None:
            return False
        self._former, self._fresh = "", False
        n_processes, told = reply
        self._n_processes = max(n_processes, self._n_least)
        for word in told:
            # Whoever left meanwhile is among the released.
            ticket = self._waiting.get(word[1:].decode())
            if ticket is not None and word[:1] == _GIVEN:
                self._give(ticket)
            elif ticket is not None:
                self._turn_away(ticket)
        return True

    def _fall_back(self, error: BaseException) -> None:
        if self._here is not None:
            return
        share = max(self._n_slots // self._n_processes, 1)
        _log.warning(
            "Redis is away (%s): this process keeps to %d slots at the model", type(error).__qualname__, share
        )
        held = Counter(ticket.tenant for ticket in self._held.values())
        self._here = FairQueue(share, self._max_waiting, held, len(self._held))
        self._asked, self._claimed, self._released = [], [], []
        for ticket in list(self._waiting.values()):
            self._ask(ticket)


def _pairs(tickets: list[_Ticket]) -> list[tuple[str, str]]:
    return [(ticket.number, ticket.tenant) for ticket in tickets]
