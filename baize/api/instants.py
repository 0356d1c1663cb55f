"""Instants on the wire: RFC 3339 in UTC, both ways. Seconds are for places in media and for lengths."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, Field

_EPOCH = datetime.fromtimestamp(0, UTC)
_LAST = datetime(5000, 1, 1, tzinfo=UTC)

AskedInstant = Annotated[AwareDatetime, Field(ge=_EPOCH, le=_LAST, examples=["2026-11-29T08:00:00+08:00"])]
"""An instant in a request: with its offset, for an hour without one is a different one in every place."""


def instant(seconds: float) -> datetime:
    """Seconds since the epoch as an instant in UTC; what no calendar holds, as its last."""
    return datetime.fromtimestamp(min(max(seconds, 0.0), _LAST.timestamp()), UTC)


def instant_or_none(seconds: float | None) -> datetime | None:
    return None if seconds is None else instant(seconds)


def seconds_of(moment: datetime | None) -> float | None:
    """An instant of a request as seconds since the epoch."""
    return None if moment is None else moment.timestamp()
