"""First come, first served, a few at a time; nobody waits for ever, and no place is lost."""

from __future__ import annotations

import asyncio

import pytest

from baize.services.in_turn import InTurn

pytestmark = pytest.mark.anyio


async def test_who_came_first_is_first() -> None:
    in_turn = InTurn(2, 60)
    begun: list[int] = []
    go_on = asyncio.Event()

    async def ask(number: int) -> None:
        async with in_turn.turn():
            begun.append(number)
            await go_on.wait()

    tasks = [asyncio.create_task(ask(number)) for number in range(6)]
    for _ in range(10):
        await asyncio.sleep(0)
    assert begun == [0, 1]
    go_on.set()
    await asyncio.gather(*tasks)
    assert begun == list(range(6))


async def test_nobody_waits_for_ever() -> None:
    """Whoever had no place gives none back."""
    in_turn = InTurn(1, 0.001)
    async with in_turn.turn(), in_turn.turn(), in_turn.turn():
        pass
    async with in_turn.turn():
        assert in_turn._places.locked()
    assert not in_turn._places.locked()


async def test_a_place_is_free_again_after_a_failure_and_after_who_left() -> None:
    in_turn = InTurn(1, 60)
    with pytest.raises(ValueError, match="broken"):
        async with in_turn.turn():
            raise ValueError("broken")
    async with in_turn.turn():
        waiting = asyncio.create_task(in_turn.turn().__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with in_turn.turn():
        pass


@pytest.fixture
def in_turn() -> InTurn:
    return InTurn(2, 60, 60)


async def test_who_was_served_lets_those_pass_who_came_before(in_turn: InTurn) -> None:
    """Nobody else: whoever comes later does not keep them waiting."""
    told: list[str] = []

    async def passing() -> None:
        await in_turn.let_pass()
        told.append("passed")

    early, late = in_turn.turn(), in_turn.turn()
    await early.__aenter__()
    waiting = asyncio.create_task(passing())
    for _ in range(5):
        await asyncio.sleep(0)
    await late.__aenter__()
    assert told == []
    await early.__aexit__(None, None, None)
    await waiting
    assert told == ["passed"]
    await late.__aexit__(None, None, None)


async def test_who_lets_pass_may_leave_and_does_not_wait_for_ever(in_turn: InTurn) -> None:
    async with in_turn.turn():
        leaving = asyncio.create_task(in_turn.let_pass())
        for _ in range(5):
            await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
    await in_turn.let_pass()
    impatient = InTurn(pass_s=0.001)
    async with impatient.turn():
        await impatient.let_pass()
    assert not in_turn._passed
