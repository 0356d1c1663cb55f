"""Doubles of the ports `LearnerPreferences` and `FeedbackBox`: in memory."""

from __future__ import annotations

from baize.domain.preferences import Feedback, Preferences


class MemoryLearnerPreferences:
    """As the real store, but gone with the process."""

    def __init__(self) -> None:
        self._preferences: dict[tuple[str, str], Preferences] = {}

    async def get(self, platform_id: str, learner_id: str) -> Preferences | None:
        """As `LearnerPreferences.get`."""
        return self._preferences.get((platform_id, learner_id))

    async def put(self, platform_id: str, learner_id: str, preferences: Preferences) -> None:
        """As `LearnerPreferences.put`."""
        self._preferences[platform_id, learner_id] = preferences

    async def forget(self, platform_id: str, learner_id: str) -> None:
        """As `LearnerPreferences.forget`."""
        self._preferences.pop((platform_id, learner_id), None)


class MemoryFeedbackBox:
    """As the real store, but gone with the process."""

    def __init__(self) -> None:
        self._feedback: dict[tuple[str, str, str], Feedback] = {}

    async def put(self, feedback: Feedback) -> None:
        """As `FeedbackBox.put`."""
        self._feedback[feedback.platform_id, feedback.answer_id, feedback.learner_id] = feedback

    async def latest(self, platform_id: str, limit: int, *, offset: int = 0) -> list[Feedback]:
        """As `FeedbackBox.latest`."""
        own = [one for one in self._feedback.values() if one.platform_id == platform_id]
        return sorted(own, key=lambda one: (-one.given_at, one.answer_id, one.learner_id))[offset:][:limit]

    async def forget(self, platform_id: str, learner_id: str) -> None:
        """As `FeedbackBox.forget`."""
        for key in [key for key in self._feedback if (key[0], key[2]) == (platform_id, learner_id)]:
            del self._feedback[key]
