"""Prices by the clock."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from baize.domain.chat import Usage
from baize.domain.cost import Price, PriceList

SHANGHAI = ZoneInfo("Asia/Shanghai")
PRICES = PriceList(
    {"deepseek-flash": Price(0.02, 1.0, 4.0, 2.0)},
    peak_hours=((time(9), time(12)), (time(14), time(18))),
    holidays=frozenset({date(2026, 10, 1)}),
    workdays=frozenset({date(2026, 10, 10)}),
)
TURN = Usage(prompt_tokens=6000, cache_hit_tokens=4500, completion_tokens=500)


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp()


@pytest.mark.parametrize(
    ("when", "peak"),
    [
        ("2026-11-27T09:00", True),
        ("2026-11-27T08:59:59", False),
        ("2026-11-27T11:59:59", True),
        ("2026-11-27T12:00", False),
        ("2026-11-27T15:30", True),
        ("2026-11-27T18:00", False),
        ("2026-11-28T10:00", False),
        ("2026-10-01T10:00", False),
        ("2026-10-10T10:00", True),
    ],
)
def test_peak_hours_are_of_working_days(when: str, peak: bool) -> None:
    """Ends excluded; Saturdays and holidays are off-peak, worked Saturdays are not."""
    assert PRICES.is_peak(at(when)) is peak


def test_a_turn_costs_what_the_sketch_says() -> None:
    """6,000 in (4,500 cached) and 500 out: ¥0.00359 off-peak, twice that at peak."""
    assert PRICES.cost("deepseek-flash", TURN, at("2026-11-28T10:00")) == pytest.approx(0.00359)
    assert PRICES.cost("deepseek-flash", TURN, at("2026-11-27T10:00")) == pytest.approx(0.00718)


def test_nothing_costs_nothing_and_the_unknown_is_unknown() -> None:
    """An extractive answer is free whatever it is called; a model without a price has no cost."""
    assert PRICES.cost("extractive", Usage(), 0.0) == 0.0
    assert PRICES.cost("other", TURN, 0.0) is None


def test_a_day_is_where_the_bill_is_written() -> None:
    """Late in the evening of UTC it is tomorrow in Shanghai."""
    assert PRICES.day(datetime.fromisoformat("2026-11-27T17:00+00:00").timestamp()) == "2026-11-28"
