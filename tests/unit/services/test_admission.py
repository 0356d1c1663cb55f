"""A turn at the endpoint: whose it is, when it ends, and what the operator sees of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager

import pytest

from baize.adapters.meter_prometheus import PrometheusMeter
from baize.domain.chat import DraftEvent, TextDelta, Turn, Usage
from baize.errors import Overloaded, UpstreamBusy
from baize.ports import Level, Stage
from baize.services.admission import AdmittedAnswerer
from baize.services.answer import Question
from tests.unit.services.world import ALL, PLATFORM, make_world

pytestmark = pytest.mark.anyio


class OneSlot:
    """Says whom it was held for; full when it is told so."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, float]] = []
        self.n_held = 0
        self.full = False

    @asynccontextmanager
    async def hold(self, tenant: str, wait_s: float) -> AsyncGenerator[None]:
        self.asked.append((tenant, wait_s))
        if self.full:
            raise Overloaded("No slot.", retry_after_s=7.0)
        self.n_held += 1
        try:
            yield
        finally:
            self.n_held -= 1

    async def close(self) -> None:
        """Nothing is open."""


class Says:
    """Three words, or fewer and a failure."""

    model, prompt = "m", "p"

    def __init__(self, slots: OneSlot, failure: Exception | None = None) -> None:
        self.slots, self.failure = slots, failure
        self.closed = False

    def asks(self, turn: Turn) -> str:
        """As `Answerer.asks`."""
        return turn.query.question

    async def stream(self, turn: Turn) -> AsyncGenerator[DraftEvent]:
        """As `Answerer.stream`."""
        try:
            assert self.slots.n_held == 1, "the endpoint is asked within the slot only"
            yield TextDelta("一")
            if self.failure:
                raise self.failure
            yield TextDelta(turn.query.question)
            yield Usage()
        finally:
            self.closed = True
            assert self.slots.n_held == 1, "and left before the next one has it"


class Counting(PrometheusMeter):
    """Keeps what it is told, in the order of telling."""

    def __init__(self) -> None:
        super().__init__("CNY")
        self.levels: Counter[str] = Counter()
        self.highest: Counter[str] = Counter()
        self.stages: list[str] = []

    def level(self, of: Level, change: int) -> None:
        self.levels[of] += change
        self.highest[of] = max(self.highest[of], self.levels[of])

    def stage(self, stage: Stage, seconds: float) -> None:
        assert seconds >= 0
        self.stages.append(stage)


async def a_turn() -> Turn:
    world = await make_world()
    return (await world.answering().prepare(Question("量血压之前要做什么？", ALL))).turn


@pytest.mark.parametrize("metered", [True, False])
async def test_the_slot_is_the_platforms_and_free_however_it_ends(metered: bool) -> None:
    """To the end, left in the middle, broken off; every gauge is back where it was."""
    turn = await a_turn()
    for ends in ("whole", "left", "broken"):
        slots, meter = OneSlot(), Counting()
        inner = Says(slots, UpstreamBusy("broke") if ends == "broken" else None)
        answerer = AdmittedAnswerer(inner, slots, wait_s=3.0, meter=meter if metered else None)
        n = 0
        try:
            async with aclosing(answerer.stream(turn)) as events:
                async for _ in events:
                    n += 1
                    if ends == "left":
                        break
        except UpstreamBusy:
            assert ends == "broken"
        assert n == (3 if ends == "whole" else 1)
        assert slots.asked == [(PLATFORM, 3.0)]
        assert (slots.n_held, inner.closed) == (0, True)
        if metered:
            assert set(meter.levels.values()) == {0}
            assert meter.highest == {"waiting": 1, "upstream": 1}
            assert meter.stages == ["slot", "first_token", *(["model"] if ends == "whole" else [])]


async def test_who_gets_no_slot_is_told_as_by_a_busy_endpoint() -> None:
    """The course answers then. Nobody is counted at the model who was never there."""
    slots, meter = OneSlot(), Counting()
    slots.full = True
    inner = Says(slots)
    with pytest.raises(UpstreamBusy, match="No slot") as caught:
        async for _ in AdmittedAnswerer(inner, slots, wait_s=3.0, meter=meter).stream(await a_turn()):
            pass
    assert caught.value.retry_after_s == 7.0
    assert (meter.levels["waiting"], meter.highest["upstream"], meter.stages) == (0, 0, [])
