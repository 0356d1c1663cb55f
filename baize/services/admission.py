"""An answerer that waits for its turn at the endpoint."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from baize.domain.chat import DraftEvent, Turn
from baize.errors import Overloaded, UpstreamBusy
from baize.ports import Answerer, Slots


class AdmittedAnswerer:
    """The answerer inside, within an account's limit on calls at once.

    The learner has the evidence already when the wait begins. Whoever gets no slot in time is answered by
    the course's own sentences, as when the endpoint is busy: we know it is, and need not ask.

    Args:
        wait_s: how long a question may wait for a slot.
    """

    def __init__(self, inner: Answerer, slots: Slots, *, wait_s: float) -> None:
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
            async with self._slots.hold(tenant, self._wait_s), aclosing(self._inner.stream(turn)) as events:
                async for event in events:
                    yield event
        except Overloaded as error:
            raise UpstreamBusy(error.message, retry_after_s=error.retry_after_s) from error
