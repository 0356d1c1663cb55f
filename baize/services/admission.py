"""An answerer that waits for its turn at the endpoint."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager

from baize.domain.chat import DraftEvent, Turn
from baize.errors import Overloaded, UpstreamBusy
from baize.ports import Answerer, Meter, Slots


class AdmittedAnswerer:
    """The answerer inside, within an account's limit on calls at once.

    The learner has the evidence already when the wait begins. Whoever gets no slot in time is answered by
    the course's own sentences, as when the endpoint is busy: we know it is, and need not ask.

    Args:
        wait_s: how long a question may wait for a slot.
        meter: told of waiting and of the model's time.
    """

    def __init__(self, inner: Answerer, slots: Slots, *, wait_s: float, meter: Meter | None = None) -> None:
        self._meter = meter
        self._inner = inner
        self._slots = slots
        self._wait_s = wait_s

    @property
    def model(self) -> str:
        """As the answerer inside."""
        return self._inner.model

    @property
    def prompt(self) -> str:
        """As the answerer inside."""
        return self._inner.prompt

    def asks(self, turn: Turn) -> str:
        """As the answerer inside."""
        return self._inner.asks(turn)

    async def stream(self, turn: Turn) -> AsyncGenerator[DraftEvent]:
        """As `Answerer.stream`; the slot is free again when it ends or is closed."""
        tenant = turn.evidence[0].chunk.platform_id if turn.evidence else ""
        try:
            async with self._slot(tenant), aclosing(self._inner.stream(turn)) as events:
                begun = time.perf_counter() if self._meter else 0.0
                async for event in events:
                    if begun and self._meter:
                        self._meter.stage("first_token", time.perf_counter() - begun)
                        begun = 0.0
                    yield event
        except Overloaded as error:
            raise UpstreamBusy(error.message, retry_after_s=error.retry_after_s) from error

    @asynccontextmanager
    async def _slot(self, tenant: str) -> AsyncGenerator[None]:
        """A slot, with the waiting for it and its use told to the meter."""
        meter = self._meter
        if meter is None:
            async with self._slots.hold(tenant, self._wait_s):
                yield
            return
        begun, level = time.perf_counter(), "waiting"
        meter.level("waiting", 1)
        try:
            async with self._slots.hold(tenant, self._wait_s):
                meter.level("waiting", -1)
                meter.level("upstream", 1)
                level = "upstream"
                held = time.perf_counter()
                meter.stage("slot", held - begun)
                yield
                meter.stage("model", time.perf_counter() - held)
        finally:
            meter.level("upstream" if level == "upstream" else "waiting", -1)
