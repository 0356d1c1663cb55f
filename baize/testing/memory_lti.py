"""A double of the port `LtiRegistrations`: in memory."""

from __future__ import annotations

from baize.domain.lti import LtiRegistration


class MemoryLtiRegistrations:
    """As the real store, but gone with the process."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], LtiRegistration] = {}

    async def put(self, registration: LtiRegistration) -> bool:
        """As `LtiRegistrations.put`."""
        key = (registration.issuer, registration.client_id)
        if key in self._rows and self._rows[key].platform_id != registration.platform_id:
            return False
        self._rows[key] = registration
        return True

    async def find(self, issuer: str, client_id: str) -> LtiRegistration | None:
        """As `LtiRegistrations.find`."""
        found = [one for key, one in self._rows.items() if key[0] == issuer and client_id in ("", key[1])]
        return found[0] if len(found) == 1 else None

    async def of_platform(self, platform_id: str) -> list[LtiRegistration]:
        """As `LtiRegistrations.of_platform`."""
        return [self._rows[key] for key in sorted(self._rows) if self._rows[key].platform_id == platform_id]

    async def remove(self, platform_id: str, issuer: str, client_id: str) -> bool:
        """As `LtiRegistrations.remove`."""
        found = self._rows.get((issuer, client_id))
        if found is None or found.platform_id != platform_id:
            return False
        del self._rows[issuer, client_id]
        return True
