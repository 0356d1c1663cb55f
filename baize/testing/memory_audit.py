"""A double of the port `AuditLog`: in memory."""

from __future__ import annotations

from dataclasses import replace

from baize.domain.audit import AuditEntry


class MemoryAuditLog:
    """As the real store, but gone with the process."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], AuditEntry] = {}

    async def put(self, entry: AuditEntry) -> None:
        """As `AuditLog.put`."""
        self._rows[entry.platform_id, entry.id] = entry

    async def settle(self, platform_id: str, entry_id: str, status: int) -> None:
        """As `AuditLog.settle`."""
        if entry := self._rows.get((platform_id, entry_id)):
            self._rows[platform_id, entry_id] = replace(entry, status=status)

    async def find(
        self, platform_id: str, limit: int, *, before: tuple[float, str] | None = None
    ) -> list[AuditEntry]:
        """As `AuditLog.find`."""
        own = [one for one in self._rows.values() if one.platform_id == platform_id]
        own = [one for one in own if before is None or (one.at, one.id) < before]
        return sorted(own, key=lambda one: (one.at, one.id), reverse=True)[:limit]

    async def expire(self, before: float) -> int:
        """As `AuditLog.expire`."""
        old = [key for key, one in self._rows.items() if one.at < before]
        for key in old:
            del self._rows[key]
        return len(old)
