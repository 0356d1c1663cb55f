"""A double of the port `LearnerProgress`: in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from baize.domain.learner import Begun, Progress


class MemoryLearnerProgress:
    """As the real store, but gone with the process."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], dict[str, Progress]] = {}
        self._interests: dict[tuple[str, str], tuple[str, ...]] = {}

    async def change(
        self,
        platform_id: str,
        learner_id: str,
        lesson_id: str,
        join: Callable[[Progress | None], Progress],
    ) -> Progress:
        """As `LearnerProgress.change`."""
        own = self._rows.setdefault((platform_id, learner_id), {})
        own[lesson_id] = join(own.get(lesson_id))
        return own[lesson_id]

    async def of_learner(self, platform_id: str, learner_id: str) -> list[Progress]:
        """As `LearnerProgress.of_learner`."""
        own = self._rows.get((platform_id, learner_id), {})
        return [own[lesson_id] for lesson_id in sorted(own)]

    async def begun(self, platform_id: str) -> list[Begun]:
        """As `LearnerProgress.begun`."""
        found: list[Begun] = []
        for (platform, learner_id), own in self._rows.items():
            first: dict[str, float] = {}
            for row in own.values():
                first[row.course_id] = min(first.get(row.course_id, row.first_at), row.first_at)
            if platform == platform_id:
                found += [Begun(learner_id, course_id, at) for course_id, at in first.items()]
        return sorted(found, key=lambda one: (one.learner_id, one.at, one.course_id))

    async def put_interests(self, platform_id: str, learner_id: str, tags: Sequence[str]) -> None:
        """As `LearnerProgress.put_interests`."""
        self._interests[platform_id, learner_id] = tuple(tags)

    async def interests(self, platform_id: str, learner_id: str) -> tuple[str, ...]:
        """As `LearnerProgress.interests`."""
        return self._interests.get((platform_id, learner_id), ())
