"""Opening hours."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from baize.domain.support import OpeningHours, parse_hours

ZONE = ZoneInfo("Asia/Shanghai")
WEEK = OpeningHours(
    tuple(parse_hours("Mon-Fri 09:00-18:00") + parse_hours("Sat 10:00-12:00")),
    ZONE,
    frozenset({"2026-11-30"}),
)


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-11-27T09:00", None),  # a Friday
        ("2026-11-27T17:59", None),
        ("2026-11-27T18:00", "2026-11-28T10:00"),
        ("2026-11-27T08:59", "2026-11-27T09:00"),
        ("2026-11-28T13:00", "2026-12-01T09:00"),  # Sunday is closed, Monday a holiday
    ],
)
def test_the_next_opening_is_told(now: str, opens: str | None) -> None:
    """While it is closed."""
    assert WEEK.is_open(at(now)) is (opens is None)
    assert WEEK.opens_at(at(now)) == (at(opens) if opens else None)


def test_without_hours_somebody_is_always_there() -> None:
    """And where every day is a holiday, nobody ever."""
    assert OpeningHours((), ZONE).is_open(0.0)
    closed = OpeningHours(((6, *parse_hours("Mon 09:00-10:00")[0][1:]),), ZONE)
    assert closed.opens_at(at("2026-11-27T09:00")) == at("2026-11-29T09:00")


@pytest.mark.parametrize(
    "text", ["", "Mon", "Mon 9-18", "Fri-Mon 09:00-18:00", "Mon 18:00-09:00", "Mo 09:00-10:00"]
)
def test_what_is_no_span_is_refused(text: str) -> None:
    """So that a typing error does not close the desk."""
    with pytest.raises(ValueError, match="write hours as"):
        parse_hours(text)
