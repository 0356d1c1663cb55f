"""A finished answer → its cost, and its line in the book of what the platform uses."""

from __future__ import annotations

import logging
from dataclasses import replace

from baize.domain.chat import Answer
from baize.domain.cost import PriceList, Used
from baize.errors import DependencyUnavailable
from baize.ports import Clock, UsageBook

_log = logging.getLogger(__name__)


class Ledger:
    """Prices answers by the clock and adds them up."""

    def __init__(self, book: UsageBook, prices: PriceList, clock: Clock) -> None:
        self._book = book
        self._prices = prices
        self._clock = clock

    def priced(self, answer: Answer) -> Answer:
        """The answer with what it cost, at the price of now."""
        return replace(answer, cost=self._prices.cost(answer.model, answer.usage, self._clock.now()))

    async def record(self, answer: Answer, course_id: str, *, reused: bool = False) -> None:
        """Count the answer. A book that cannot be written is logged, and costs the learner nothing."""
        usage = answer.usage
        used = Used(
            answer.platform_id,
            self._prices.day(self._clock.now()),
            course_id,
            answer.model,
            n_answers=1,
            n_degraded=int(bool(answer.degraded)),
            n_reused=int(reused),
            prompt_tokens=usage.prompt_tokens,
            cache_hit_tokens=usage.cache_hit_tokens,
            completion_tokens=usage.completion_tokens,
            reasoning_tokens=usage.reasoning_tokens,
            cost=answer.cost or 0.0,
            n_unpriced=int(answer.cost is None),
        )
        try:
            await self._book.add(used)
        except DependencyUnavailable as failure:
            _log.error("An answer of platform %s was not counted: %s", answer.platform_id, failure)
