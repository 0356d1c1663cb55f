"""What an answer cost by the clock, and what of it is counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from baize.domain.chat import Answer, Usage
from baize.domain.cost import Price, PriceList, Used
from baize.services.account import Ledger
from baize.testing.held_clock import HeldClock

SHANGHAI = ZoneInfo("Asia/Shanghai")
PRICES = PriceList({"m": Price(0.02, 1.0, 4.0, 2.0)}, peak_hours=((time(9), time(12)),))
USAGE = Usage(6000, 4500, 500, 120, model="m-1017", finish_reason="stop")
ANSWER = Answer("a", "p", "c", "问", "zh", "m", "v1", text="答", usage=USAGE)


def ledger(at: str) -> Ledger:
    clock = HeldClock()
    clock.at = datetime.fromisoformat(at).replace(tzinfo=SHANGHAI).timestamp()
    return Ledger(PRICES, clock)


@pytest.mark.parametrize(("at", "factor"), [("2026-11-27T08:59:59", 1), ("2026-11-27T09:00", 2)])
def test_the_price_is_that_of_the_hour(at: str, factor: int) -> None:
    """By the name in the settings: the endpoint's own name for what it served has no price."""
    assert ledger(at).priced(ANSWER).cost == pytest.approx(factor * 0.00359)


def test_everything_is_counted_on_the_day_of_the_bill() -> None:
    """Tokens by kind, and the cost."""
    book = ledger("2026-11-28T00:30")
    used = book.used(book.priced(ANSWER), "health")
    assert used == Used("p", "2026-11-28", "health", "m", 1, 0, 0, 6000, 4500, 500, 120, used.cost, 0)
    assert used.cost == pytest.approx(0.00359)


def test_an_answer_without_a_price_is_counted_as_one() -> None:
    """Left out silently, the sum would look like a whole bill; what used nothing costs nothing."""
    book = ledger("2026-11-28T10:00")
    unknown = book.used(book.priced(replace(ANSWER, model="new")), "")
    free = book.used(book.priced(replace(ANSWER, model="new", usage=Usage())), "")
    assert [(one.cost, one.n_unpriced) for one in (unknown, free)] == [(0.0, 1), (0.0, 0)]


def test_who_gave_the_answer_is_counted() -> None:
    """The course in the model's stead, and an earlier answer."""
    book = ledger("2026-11-28T10:00")
    degraded = book.used(replace(ANSWER, degraded="extractive"), "")
    reused = book.used(replace(ANSWER, reused_from="b"), "")
    assert [(one.n_answers, one.n_degraded, one.n_reused) for one in (degraded, reused)] == [
        (1, 1, 0),
        (1, 0, 1),
    ]
