"""Doubles of the ports `Exercises` and `Attempts`: in memory."""

from __future__ import annotations

from baize.domain.practice import Attempt, Exercise


class MemoryExercises:
    """As the real store, but gone with the process."""

    def __init__(self) -> None:
        self._exercises: dict[tuple[str, str], Exercise] = {}

    async def put(self, exercise: Exercise) -> None:
        """As `Exercises.put`."""
        self._exercises[exercise.platform_id, exercise.id] = exercise

    async def all(self, platform_id: str) -> list[Exercise]:
        """As `Exercises.all`."""
        own = [one for one in self._exercises.values() if one.platform_id == platform_id]
        return sorted(own, key=lambda one: one.id)

    async def remove(self, platform_id: str, exercise_id: str) -> bool:
        """As `Exercises.remove`."""
        return self._exercises.pop((platform_id, exercise_id), None) is not None

    async def forget_course(self, platform_id: str, course_id: str) -> int:
        """As `Exercises.forget_course`."""
        gone = [one for one in await self.all(platform_id) if one.course_id == course_id]
        for one in gone:
            del self._exercises[platform_id, one.id]
        return len(gone)


class MemoryAttempts:
    """As the real store, but gone with the process."""

    def __init__(self) -> None:
        self._attempts: dict[tuple[str, str], Attempt] = {}

    async def put(self, attempt: Attempt) -> None:
        """As `Attempts.put`."""
        self._attempts[attempt.platform_id, attempt.id] = attempt

    async def of_learner(self, platform_id: str, learner_id: str) -> list[Attempt]:
        """As `Attempts.of_learner`."""
        own = [
            one
            for one in self._attempts.values()
            if (one.platform_id, one.learner_id) == (platform_id, learner_id)
        ]
        return sorted(own, key=lambda one: (one.at, one.id))

    async def uncertain(self, platform_id: str, limit: int, *, offset: int = 0) -> list[Attempt]:
        """As `Attempts.uncertain`."""
        own = [
            one
            for one in self._attempts.values()
            if one.platform_id == platform_id and one.verdict == "uncertain"
        ]
        return sorted(own, key=lambda one: (-one.at, one.id))[offset:][:limit]

    async def forget_course(self, platform_id: str, course_id: str) -> int:
        """As `Attempts.forget_course`."""
        gone = [
            key for key, one in self._attempts.items() if (key[0], one.course_id) == (platform_id, course_id)
        ]
        for key in gone:
            del self._attempts[key]
        return len(gone)

    async def forget(self, platform_id: str, learner_id: str) -> int:
        """As `Attempts.forget`."""
        gone = await self.of_learner(platform_id, learner_id)
        for one in gone:
            del self._attempts[platform_id, one.id]
        return len(gone)
