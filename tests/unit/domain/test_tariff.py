"""What tokens cost, and when."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from baize.domain.chat import Usage
from baize.domain.tariff import Tariff

SHANGHAI = ZoneInfo("Asia/Shanghai")
TARIFF = Tariff(
    0.02, 1.0, 4.0, 2.0, ((time(9), time(12)), (time(14), time(18))), SHANGHAI, frozenset({date(2026, 10, 1)})
)


@pytest.mark.parametrize(
    ("local", "peak"),
    [
        ("2026-11-27T09:00", True),  # Friday
        ("2026-11-27T11:59", True),
        ("2026-11-27T12:00", False),
        ("2026-11-27T17:59", True),
        ("2026-11-27T18:00", False),
        ("2026-11-28T10:00", False),  # Saturday
        ("2026-10-01T10:00", False),  # a holiday, Thursday
    ],
)
def test_peak_hours_are_those_of_the_vendors_clock(local: str, peak: bool) -> None:
    """Working days in Shanghai, wherever the server stands."""
    at = datetime.fromisoformat(local).replace(tzinfo=SHANGHAI).astimezone(UTC).timestamp()
    assert TARIFF.is_peak(at) is peak


def test_cost_counts_cached_input_apart() -> None:
    """6,000 in, of which 4,500 cached, and 500 out: ¥0.0036 off-peak, twice that at peak."""
    usage = Usage(prompt_tokens=6000, cache_hit_tokens=4500, completion_tokens=500)
    assert TARIFF.cost(usage) == pytest.approx(0.00359)
    assert TARIFF.cost(usage, peak=True) == pytest.approx(0.00718)
    assert Tariff().is_peak(0.0) is False
