"""What every `Slots` promises."""

from __future__ import annotations

import asyncio

import pytest

from baize.adapters.slots_memory import MemorySlots
from baize.errors import Overloaded
from baize.ports import Slots

pytestmark = pytest.mark.anyio


@pytest.fixture
def slots() -> Slots:
    return MemorySlots(2, 3)


async def test_never_more_than_there_are(slots: Slots) -> None:
    """Five come, two at a time."""
    inside = most = 0

    async def work() -> None:
        nonlocal inside, most
        async with slots.hold("a", 5):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    await asyncio.gather(*(work() for _ in range(5)))
    assert most == 2


async def test_a_full_queue_is_told_at_once_and_a_long_wait_in_time(slots: Slots) -> None:
    """Both with when to ask again."""
    async with slots.hold("a", 1), slots.hold("a", 1):
        waiting = [asyncio.create_task(_hold(slots, 0.1)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="wait") as refused:
            await _hold(slots, 0.1)
        assert refused.value.retry_after_s > 0
        results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(result) for result in results] == [Overloaded] * 3
    await _hold(slots, 0.1)


async def test_who_leaves_while_waiting_or_working_frees_its_place(slots: Slots) -> None:
    """However it leaves, both slots are there afterwards."""
    for delay_s in (0.0, 0.001, 0.005):
        tasks = [asyncio.create_task(_hold(slots, 1, work_s=0.002)) for _ in range(5)]
        await asyncio.sleep(delay_s)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    async with slots.hold("a", 0.1), slots.hold("b", 0.1):
        pass


async def _hold(slots: Slots, wait_s: float, *, work_s: float = 0.0) -> None:
    async with slots.hold("a", wait_s):
        await asyncio.sleep(work_s)
