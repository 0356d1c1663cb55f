"""Days as people write them."""

from __future__ import annotations

import pytest

from ingest.extract.days import day_of


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-05-31", "2026-05-31"),
        ("2026/5/3", "2026-05-03"),
        ("2026年5月", "2026-05-01"),
        (" 2026 ", "2026-01-01"),
        ("2026-05-31T09:30:00+08:00", "2026-05-31"),
    ],
)
def test_a_day_is_read(written: str, day: str) -> None:
    assert day_of(written) == day


@pytest.mark.parametrize("written", ["", "soon", "2026-13-01", "2026-02-30", "20260531", "31.5.2026"])
def test_what_is_no_day_is_none(written: str) -> None:
    with pytest.raises(ValueError, match=r"day|month"):
        day_of(written)
