"""What may be asked next, from what was prepared for the cited lessons."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence

from baize.answering.follow_up import follow_ups
from baize.domain.artefact import GlossaryTerm
from baize.domain.chat import Answer, Turn
from baize.domain.search import Scope
from baize.errors import DependencyUnavailable
from baize.ports import Artefacts

_log = logging.getLogger(__name__)
_KEPT_S = 60.0
_PATIENCE_S = 0.5
_MOST_KEPT = 2_000
_MOST_LESSONS = 3
"""Cited lessons whose terms are looked at."""


class FollowUps:
    """Reads each lesson's glossary once a minute at most: every answer of a lesson asks for the same one."""

    def __init__(self, artefacts: Artefacts) -> None:
        self._artefacts = artefacts
        self._kept: dict[tuple[str, str], tuple[float, str, Sequence[GlossaryTerm]]] = {}

    async def after(
        self, answer: Answer, turn: Turn, scope: Scope, earlier: Iterable[str] = ()
    ) -> tuple[str, ...]:
        """Questions that the course answers; none while the database does not answer."""
        cited = list(dict.fromkeys(citation.lesson_id for citation in answer.citations))[:_MOST_LESSONS]
        glossary: list[GlossaryTerm] = []
        for lesson_id in cited:
            language, found = await self._glossary(answer.platform_id, lesson_id)
            glossary += found if language == answer.language else ()
        return follow_ups(answer, turn, glossary, scope, earlier)

    async def _glossary(self, platform_id: str, lesson_id: str) -> tuple[str, Sequence[GlossaryTerm]]:
        now = time.monotonic()
        kept = self._kept.get((platform_id, lesson_id))
        if kept is not None and now < kept[0] + _KEPT_S:
            return kept[1:]
        language: str = kept[1] if kept is not None else ""
        glossary: Sequence[GlossaryTerm] = kept[2] if kept is not None else ()
        try:
            async with asyncio.timeout(_PATIENCE_S):
                prepared = await self._artefacts.prepared(platform_id, lesson_id)
            language, glossary = (prepared.language, prepared.glossary) if prepared else ("", ())
        except (DependencyUnavailable, TimeoutError):
            # The learner has the answer and waits for its end: nobody waits for the database now.
            _log.warning("What was prepared for the lesson %s cannot be read.", lesson_id)
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[platform_id, lesson_id] = now, language, glossary
        return language, glossary
