"""A double of the port `Archive`: in memory."""

from __future__ import annotations

from collections.abc import Sequence

from baize.domain.archive import Completion
from baize.domain.learner import Begun


class MemoryArchive:
    """As the real store, but gone with the process."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str, str], Completion] = {}

    async def put(self, completions: Sequence[Completion]) -> int:
        """As `Archive.put`."""
        keyed = {(one.platform_id, one.learner_id, one.id): one for one in completions}
        changed = {key: one for key, one in keyed.items() if self._rows.get(key) != one}
        self._rows |= changed
        return len(changed)

    async def of_learner(self, platform_id: str, learner_id: str) -> list[Completion]:
        """As `Archive.of_learner`."""
        own = [
            one
            for one in self._rows.values()
            if (one.platform_id, one.learner_id) == (platform_id, learner_id)
        ]
        return sorted(own, key=lambda one: (-one.completed_at, one.id))

    async def begun(self, platform_id: str) -> list[Begun]:
        """As `Archive.begun`."""
        first: dict[tuple[str, str], float] = {}
        for one in self._rows.values():
            if one.platform_id == platform_id:
                key = one.learner_id, one.course_id
                first[key] = min(first.get(key, one.completed_at), one.completed_at)
        found = [Begun(learner_id, course_id, at) for (learner_id, course_id), at in first.items()]
        return sorted(found, key=lambda one: (one.learner_id, one.at, one.course_id))
