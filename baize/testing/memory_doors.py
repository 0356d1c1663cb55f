"""Doubles of the ports `Revocations` and `Identities`: in memory."""

from __future__ import annotations

from dataclasses import replace

from baize.domain.platform import Identity, Revocation


class MemoryRevocations:
    """As the real store, but gone with the process."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str, str], Revocation] = {}

    async def put(self, revocation: Revocation, now: float) -> None:
        """As `Revocations.put`."""
        self._rows = {
            key: one
            for key, one in self._rows.items()
            if one.platform_id != revocation.platform_id or one.until > now
        }
        key = (revocation.platform_id, revocation.kind, revocation.digest)
        if known := self._rows.get(key):
            revocation = replace(
                revocation,
                before=max(known.before, revocation.before),
                until=max(known.until, revocation.until),
            )
        self._rows[key] = revocation

    async def of_platform(self, platform_id: str, now: float) -> list[Revocation]:
        """As `Revocations.of_platform`."""
        own = [one for one in self._rows.values() if one.platform_id == platform_id and one.until > now]
        return sorted(own, key=lambda one: (one.kind, one.digest))


class MemoryIdentities:
    """As the real store, but gone with the process."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str, str], Identity] = {}

    async def put(self, identity: Identity) -> bool:
        """As `Identities.put`."""
        key = (identity.platform_id, identity.source, identity.subject)
        return self._rows.setdefault(key, identity).learner_id == identity.learner_id

    async def learner(self, platform_id: str, source: str, subject: str) -> str | None:
        """As `Identities.learner`."""
        found = self._rows.get((platform_id, source, subject))
        return found.learner_id if found else None

    async def of_learner(self, platform_id: str, learner_id: str) -> list[Identity]:
        """As `Identities.of_learner`."""
        own = [
            one
            for one in self._rows.values()
            if (one.platform_id, one.learner_id) == (platform_id, learner_id)
        ]
        return sorted(own, key=lambda one: (one.source, one.subject))

    async def remove(self, platform_id: str, learner_id: str, source: str, subject: str) -> bool:
        """As `Identities.remove`."""
        if await self.learner(platform_id, source, subject) != learner_id:
            return False
        del self._rows[platform_id, source, subject]
        return True
