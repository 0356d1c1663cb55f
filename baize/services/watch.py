"""The answer service, timed and counted: once a stage, never for a token."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from baize.domain.chat import AnswerEvent, Completed, Released
from baize.ports import Meter
from baize.services.answer import Prepared, Question
from baize.services.teach import Teaching


class WatchedTeaching(Teaching):
    """As `Teaching`.

    Args:
        meter: told how long the evidence, the first sentence and the whole took, and how answers ended.
        parts: as of `Teaching`.
    """

    def __init__(self, meter: Meter, **parts: Any) -> None:
        super().__init__(**parts)
        self._meter = meter

    async def prepare(self, question: Question) -> Prepared:
        """As `Teaching.prepare`. The evidence can be sent when this is done."""
        asked_at = time.perf_counter()
        prepared = await super().prepare(question)
        self._meter.stage("evidence", time.perf_counter() - asked_at)
        return replace(prepared, asked_at=asked_at)

    async def stream(self, prepared: Prepared) -> AsyncGenerator[AnswerEvent]:
        """As `Teaching.stream`."""
        meter, asked_at = self._meter, prepared.asked_at
        meter.level("live", 1)
        ended, released = "stopped", False
        try:
            async with aclosing(super().stream(prepared)) as events:
                async for event in events:
                    if not released and isinstance(event, Released):
                        released = True
                        meter.stage("first_sentence", time.perf_counter() - asked_at)
                    elif isinstance(event, Completed):
                        ended = ""
                        meter.stage("answer", time.perf_counter() - asked_at)
                        meter.answered(event.answer)
                    yield event
        except Exception:
            ended = "failed"
            raise
        finally:
            meter.level("live", -1)
            if ended:
                meter.unanswered(ended)
