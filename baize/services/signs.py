"""Questions, quiz attempts and enrolments of a learner → signs that `recommend` counts beside progress.

Nothing is stored for it: the signs follow from rows that go with the learner.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from baize.domain.learner import Sign, SignKind
from baize.domain.statement import StatementQuery
from baize.ports import Answers, Attempts, Statements
from baize.services.archive_file import course_of

REGISTERED = "http://adlnet.gov/expapi/verbs/registered"
"""ADL: the actor is officially enrolled or inducted in an activity."""
_MOST = 50
"""Of each kind that are looked at, the latest."""


class Signs:
    """Reads them."""

    def __init__(self, *, answers: Answers, attempts: Attempts, statements: Statements) -> None:
        self._answers = answers
        self._attempts = attempts
        self._statements = statements

    async def of_learner(self, platform_id: str, learner_id: str) -> list[Sign]:
        """The latest one of each kind and course, the latest first."""
        if not learner_id:
            return []
        answers, attempts, registered = await asyncio.gather(
            self._answers.latest(platform_id, learner_id, _MOST),
            self._attempts.of_learner(platform_id, learner_id),
            self._statements.find(platform_id, StatementQuery(learner_id, REGISTERED), _MOST),
        )
        signs = [
            Sign("asked", cited.course_id, at, cited.lesson_id)
            for answer, at in answers
            for cited in answer.citations
        ]
        signs += [Sign("practised", one.course_id, one.at, one.lesson_id) for one in attempts[-_MOST:]]
        signs += [Sign("enrolled", course_of(one.activity), one.stored_at) for one in registered]
        return _latest(signs)


def _latest(signs: Iterable[Sign]) -> list[Sign]:
    latest: dict[tuple[SignKind, str], Sign] = {}
    for one in signs:
        known = latest.get((one.kind, one.course_id))
        if known is None or known.at < one.at:
            latest[one.kind, one.course_id] = one
    return sorted(latest.values(), key=lambda one: (-one.at, one.kind, one.course_id))
