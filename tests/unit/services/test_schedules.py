"""A platform's schedule follows what its learners recalled, and no other platform's does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from baize.adapters import fit_fsrs
from baize.adapters.schedule_fsrs import FsrsScheduler
from baize.domain.review import Fit, Review
from baize.errors import InvalidInput
from baize.services.schedules import Schedules
from baize.testing.held_clock import HeldClock
from baize.testing.memory_review_cards import MemoryReviewCards
from tests.contracts.test_review_cards import CARD
from tests.unit.adapters.test_fit_fsrs import forgetful

pytestmark = pytest.mark.anyio

NOW = 1_790_000_000.0
DAY_S = 86_400.0


def faster(before: float, after: float) -> Fit:
    """Who forgets four times as fast as FSRS believes."""
    from fsrs.scheduler import DEFAULT_PARAMETERS

    first = [one / 4 for one in DEFAULT_PARAMETERS[:4]]
    return Fit((*first, *DEFAULT_PARAMETERS[4:]), 300, before, after)


class Learns:
    """Says what it is told to, and keeps what it was given."""

    def __init__(self) -> None:
        self.says: Fit | None = None
        self.given: Sequence[Review] = ()

    def __call__(self, reviews: Sequence[Review]) -> Fit | None:
        self.given = reviews
        return self.says


def first_due(schedules: Schedules, platform_id: str) -> float:
    scheduler = schedules.of(platform_id)
    return scheduler.after(scheduler.new(NOW), "easy", NOW).due


@pytest.fixture
def learns() -> Learns:
    return Learns()


def made(folder: Path, learns: Learns, cards: MemoryReviewCards, clock: HeldClock) -> Schedules:
    return Schedules(
        cards=cards,
        make=lambda parameters: FsrsScheduler(retention=0.9, parameters=parameters),
        learn=learns,
        adapt=fit_fsrs.of_learner,
        clock=clock,
        folder=folder,
    )


async def test_a_better_fit_schedules_its_platform_alone(tmp_path: Path, learns: Learns) -> None:
    """In this process at once, in others after five minutes; a worse one later takes it away."""
    clock, cards = HeldClock(), MemoryReviewCards()
    await cards.add([Review("p", "lin", "c", NOW, "good"), Review("q", "wu", "c", NOW, "again")])
    here, there = (made(tmp_path, learns, cards, clock) for _ in range(2))
    plain = first_due(here, "p")
    assert first_due(there, "p") == plain

    assert await here.fit("p") is None
    assert [one.learner_id for one in learns.given] == ["lin"]
    assert first_due(here, "p") == plain

    learns.says = faster(0.5, 0.4)
    assert await here.fit("p") == learns.says
    assert first_due(here, "p") < plain
    assert here.of("p").name.endswith("fitted")
    assert first_due(here, "q") == plain
    assert first_due(there, "p") == plain
    clock.at += 301
    assert first_due(there, "p") == first_due(here, "p") < plain

    learns.says = faster(0.4, 0.5)
    await here.fit("p")
    assert first_due(here, "p") == plain


async def test_a_learner_s_own_reviews_move_this_learner_s_days_alone(tmp_path: Path, learns: Learns) -> None:
    """Who forgets fast is asked sooner; others are asked as before, and so is who has erased the reviews."""
    cards = MemoryReviewCards()
    schedules = made(tmp_path, learns, cards, HeldClock())

    async def days(learner_id: str) -> float:
        scheduler = await schedules.of_learner("p", learner_id)
        return (scheduler.after(scheduler.new(NOW), "easy", NOW).due - NOW) / DAY_S

    plain = await days("lin")
    log = [one for one in forgetful(60, 3.0) if one.learner_id == "l0"]
    await cards.add([replace(one, learner_id="lin") for one in log])
    await cards.add([replace(one, learner_id="wu") for one in log[:5]])
    assert await days("lin") < plain
    assert await days("wu") == plain
    assert first_due(schedules, "p") == NOW + plain * DAY_S
    learns.says = faster(0.5, 0.4)
    await schedules.fit("p")
    assert await days("wu") < plain
    assert schedules.of("p").name.endswith("fitted")
    for one in {one.card_id for one in log}:
        await cards.put(replace(CARD, platform_id="p", learner_id="lin", id=one))
    await cards.forget("p", "lin")
    assert await days("lin") == await days("wu")


async def test_a_damaged_fit_is_named(tmp_path: Path, learns: Learns) -> None:
    """Not passed over: intervals would change and nobody knew why."""
    (tmp_path / "p.json").write_text('{"parameters": ["x"]}', encoding="utf-8")
    schedules = made(tmp_path, learns, MemoryReviewCards(), HeldClock())
    with pytest.raises(InvalidInput, match="--fit"):
        schedules.of("p")
