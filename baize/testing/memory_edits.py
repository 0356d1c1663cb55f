"""A double of the port `Edits`."""

from __future__ import annotations

from collections.abc import Sequence

from baize.domain.edit import Edit


class MemoryEdits:
    """The port `Edits` in memory."""

    def __init__(self) -> None:
        self._edits: dict[tuple[str, str, str], Edit] = {}

    async def put(self, edits: Sequence[Edit]) -> None:
        """As `Edits.put`."""
        for edit in edits:
            self._edits[edit.platform_id, edit.lesson_id, edit.id] = edit

    async def settle(self, edits: Sequence[Edit]) -> None:
        """As `Edits.settle`."""
        for edit in edits:
            key = (edit.platform_id, edit.lesson_id, edit.id)
            if key in self._edits and self._edits[key].at == edit.at:
                self._edits[key] = edit

    async def of(self, platform_id: str, lesson_id: str) -> list[Edit]:
        """As `Edits.of`."""
        key = (platform_id, lesson_id)
        mine = [edit for edit in self._edits.values() if (edit.platform_id, edit.lesson_id) == key]
        return sorted(mine, key=lambda edit: (edit.at, edit.id))
