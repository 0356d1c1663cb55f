"""A finished answer → its cost, and what it adds to the book of what the platform uses."""

from __future__ import annotations

from dataclasses import replace

from baize.domain.chat import Answer
from baize.domain.cost import PriceList, Used
from baize.ports import Clock


class Ledger:
    """Prices answers by the clock, and says what is counted of them."""

    def __init__(self, prices: PriceList, clock: Clock) -> None:
        self._prices = prices
        self._clock = clock

    def priced(self, answer: Answer) -> Answer:
        """The answer with what it cost, at the price of now."""
        return replace(answer, cost=self._prices.cost(answer.model, answer.usage, self._clock.now()))

    def used(self, answer: Answer, course_id: str) -> Used:
        """What a priced answer used, today."""
        usage = answer.usage
        return Used(
            answer.platform_id,
            self._prices.day(self._clock.now()),
            course_id,
            answer.model,
            n_answers=1,
            n_degraded=int(bool(answer.degraded)),
            n_reused=int(bool(answer.reused_from)),
            prompt_tokens=usage.prompt_tokens,
            cache_hit_tokens=usage.cache_hit_tokens,
            completion_tokens=usage.completion_tokens,
            reasoning_tokens=usage.reasoning_tokens,
            cost=answer.cost or 0.0,
            n_unpriced=int(answer.cost is None),
        )
