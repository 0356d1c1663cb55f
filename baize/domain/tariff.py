"""What tokens cost, and when: prices by the million, more at peak hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo

from baize.domain.chat import Usage

_MILLION = 1_000_000
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Tariff:
    """Prices of one model, per million tokens and off-peak, in the currency of the vendor.

    Attributes:
        hit: input that the prefix cache holds; `miss`: other input; `out`: what the model writes.
        peak_factor: what all of them are multiplied by at peak hours.
        peak: from … to, on working days, in `zone`; empty: there are no peak hours.
        holidays: days without peak hours.
    """

    hit: float = 0.0
    miss: float = 0.0
    out: float = 0.0
    peak_factor: float = 1.0
    peak: tuple[tuple[time, time], ...] = ()
    zone: tzinfo = UTC
    holidays: frozenset[date] = frozenset()

    def is_peak(self, at: float) -> bool:
        """Whether the instant, in seconds since the epoch, lies in peak hours."""
        local = datetime.fromtimestamp(at, UTC).astimezone(self.zone)
        if local.weekday() >= _SATURDAY or local.date() in self.holidays:
            return False
        return any(start <= local.time() < end for start, end in self.peak)

    def cost(self, usage: Usage, *, peak: bool = False) -> float:
        """What these tokens cost."""
        off_peak = (
            usage.cache_hit_tokens * self.hit
            + usage.cache_miss_tokens * self.miss
            + usage.completion_tokens * self.out
        )
        return off_peak / _MILLION * (self.peak_factor if peak else 1.0)
