"""A double of the port `Answers`: answers in memory, in the order in which they were put."""

from __future__ import annotations

from collections.abc import Iterator

from baize.domain.chat import Answer, left_out
from baize.domain.cost import Used
from baize.ports import Clock
from baize.testing.memory_usage_book import MemoryUsageBook


class MemoryAnswers:
    """As the real store, but gone with the process. What answers used is added up in `usage_book`."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.usage_book = MemoryUsageBook()
        self._clock = clock
        self._answers: dict[tuple[str, str], Answer] = {}
        self._stored_at: dict[tuple[str, str], float] = {}

    async def put(self, answer: Answer, used: Used | None = None) -> None:
        """As `Answers.put`."""
        key = (answer.platform_id, answer.id)
        if used is not None and key not in self._answers:
            self.usage_book.add(used)
        self._answers[key] = answer
        self._stored_at.setdefault(key, self._clock.now() if self._clock else 0.0)

    async def get(self, platform_id: str, answer_id: str) -> Answer | None:
        """As `Answers.get`."""
        return self._answers.get((platform_id, answer_id))

    async def turns(
        self,
        platform_id: str,
        conversation_id: str,
        limit: int,
        *,
        learner_id: str | None = None,
        block: int = 1,
    ) -> list[Answer]:
        """As `Answers.turns`."""
        turns = list(self._of(platform_id, conversation_id, learner_id))
        return turns[left_out(len(turns), max(limit, 0), block) :]

    async def latest(self, platform_id: str, learner_id: str, limit: int) -> list[tuple[Answer, float]]:
        """As `Answers.latest`."""
        own = [
            (answer, self._stored_at[key])
            for key, answer in self._answers.items()
            if (answer.platform_id, answer.learner_id) == (platform_id, learner_id)
        ]
        own.reverse()
        return sorted(own, key=lambda one: -one[1])[:limit]

    async def forget(
        self, platform_id: str, conversation_id: str, *, learner_id: str | None = None
    ) -> list[str]:
        """As `Answers.forget`."""
        gone = [answer.id for answer in self._of(platform_id, conversation_id, learner_id)]
        for answer_id in gone:
            self._drop((platform_id, answer_id))
        return gone

    async def forget_learner(self, platform_id: str, learner_id: str) -> list[str]:
        """As `Answers.forget_learner`."""
        gone = [
            key
            for key, answer in self._answers.items()
            if (answer.platform_id, answer.learner_id) == (platform_id, learner_id)
        ]
        for key in gone:
            self._drop(key)
        return [answer_id for _, answer_id in gone]

    async def forget_course(self, platform_id: str, course_id: str, lesson_id: str = "") -> list[str]:
        """As `Answers.forget_course`."""
        named = f"lesson_id={lesson_id!r}" if lesson_id else f"course_id={course_id!r}"
        gone = [
            key
            for key, answer in self._answers.items()
            if answer.platform_id == platform_id and named in repr(answer)
        ]
        for key in gone:
            self._drop(key)
        return [answer_id for _, answer_id in gone]

    async def expire(self, before: float) -> int:
        """As `Answers.expire`."""
        old = [key for key, stored_at in self._stored_at.items() if stored_at < before]
        for key in old:
            self._drop(key)
        return len(old)

    def _drop(self, key: tuple[str, str]) -> None:
        del self._answers[key], self._stored_at[key]

    def _of(self, platform_id: str, conversation_id: str, learner_id: str | None) -> Iterator[Answer]:
        for (platform, _), answer in self._answers.items():
            found = (platform, answer.conversation_id) == (platform_id, conversation_id)
            if found and learner_id in (None, answer.learner_id):
                yield answer
