"""What a call to a model costs: a price table with a clock, and what a platform has used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from baize.domain.chat import Usage

_PER = 1_000_000
_WEEKDAYS = 5


@dataclass(frozen=True, slots=True)
class Price:
    """Of one model, per million tokens, off-peak.

    Attributes:
        hit: input that the prefix cache held; `miss`: input that it did not.
        output: thinking included.
        peak_factor: what each is multiplied by in peak hours.
    """

    hit: float
    miss: float
    output: float
    peak_factor: float = 1.0


@dataclass(frozen=True, slots=True)
class PriceList:
    """Prices by the model's name in the settings, and when it is peak time.

    Attributes:
        peak_hours: spans of a working day in `zone`; the end is no longer peak.
        holidays: weekdays that are off-peak.
        workdays: Saturdays and Sundays that are worked, and so have peak hours.
    """

    models: Mapping[str, Price]
    currency: str = "CNY"
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    peak_hours: tuple[tuple[time, time], ...] = ()
    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()

    def is_peak(self, at: float) -> bool:
        """Whether an instant (seconds since the epoch) lies in peak hours."""
        local = datetime.fromtimestamp(at, UTC).astimezone(self.zone)
        day = local.date()
        working = (day.weekday() < _WEEKDAYS and day not in self.holidays) or day in self.workdays
        return working and any(start <= local.time() < end for start, end in self.peak_hours)

    def cost(self, model: str, usage: Usage, at: float) -> float | None:
        """In `currency`; 0.0 where nothing was used, None for a model without a price."""
        if usage.prompt_tokens == usage.completion_tokens == 0:
            return 0.0
        price = self.models.get(model)
        if price is None:
            return None
        used = (
            price.hit * usage.cache_hit_tokens
            + price.miss * usage.cache_miss_tokens
            + price.output * usage.completion_tokens
        )
        return used / _PER * (price.peak_factor if self.is_peak(at) else 1.0)

    def day(self, at: float) -> str:
        """The day of an instant where the bill is written, as `2026-11-28`."""
        return datetime.fromtimestamp(at, UTC).astimezone(self.zone).date().isoformat()


@dataclass(frozen=True, slots=True)
class Used:
    """What one platform used of one model in one course on one day; of no course where it was several.

    Attributes:
        n_degraded: answers in which the model failed; `n_reused`: those that an earlier answer gave.
        cost: of the answers that have a price; `n_unpriced` counts those that have none.
    """

    platform_id: str
    day: str
    course_id: str
    model: str
    n_answers: int = 0
    n_degraded: int = 0
    n_reused: int = 0
    prompt_tokens: int = 0
    cache_hit_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    cost: float = 0.0
    n_unpriced: int = 0
