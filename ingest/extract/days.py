"""A day as catalogues and manifests write it → `2026-05-31`."""

from __future__ import annotations

import re
from datetime import date

_DAY = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2}))?)?(?!\d)")


def day_of(text: str) -> str:
    """The day of `2026-05-31`, `2026/5/31`, `2026年5月`, `2026` or an RFC 3339 instant; else the first one.

    Raises:
        ValueError: it begins with no day of the calendar.
    """
    found = _DAY.match(text.strip())
    if found is None:
        raise ValueError("no day")
    year, month, day = (int(part or 1) for part in found.groups())
    return date(year, month, day).isoformat()
