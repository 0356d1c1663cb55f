"""A double of the port `MemoryEdits`: in memory."""

from __future__ import annotations

from baize.domain.memory import MemoryEdit


class MemoryMemoryEdits:
    """As the real store, but gone with the process."""

    def __init__(self) -> None:
        self._edits: dict[tuple[str, str, str], MemoryEdit] = {}

    async def put(self, edit: MemoryEdit) -> None:
        """As `MemoryEdits.put`."""
        self._edits[edit.platform_id, edit.learner_id, edit.item_id] = edit

    async def of_learner(self, platform_id: str, learner_id: str) -> list[MemoryEdit]:
        """As `MemoryEdits.of_learner`."""
        own = [e for e in self._edits.values() if (e.platform_id, e.learner_id) == (platform_id, learner_id)]
        return sorted(own, key=lambda edit: (edit.at, edit.item_id))
