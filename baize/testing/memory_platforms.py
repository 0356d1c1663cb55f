"""Doubles of the ports `Platforms` and `ApiKeys`: in memory."""

from __future__ import annotations

from collections.abc import Callable

from baize.domain.platform import ApiKey, Platform


class MemoryPlatforms:
    """As the real store, but gone with the process."""

    def __init__(self, *platforms: Platform) -> None:
        self._platforms = {platform.id: platform for platform in platforms}

    async def put(self, platform: Platform) -> None:
        """As `Platforms.put`."""
        self._platforms[platform.id] = platform

    async def change(self, platform_id: str, how: Callable[[Platform], Platform]) -> Platform | None:
        """As `Platforms.change`."""
        found = self._platforms.get(platform_id)
        if found is None:
            return None
        changed = self._platforms[platform_id] = how(found)
        return changed

    async def platform(self, platform_id: str) -> Platform | None:
        """As `Platforms.platform`."""
        return self._platforms.get(platform_id)

    async def platforms(self) -> list[Platform]:
        """As `Platforms.platforms`."""
        return [self._platforms[platform_id] for platform_id in sorted(self._platforms)]


class MemoryApiKeys:
    """As the real store, but gone with the process."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, str], ApiKey] = {}

    async def put(self, key: ApiKey) -> None:
        """As `ApiKeys.put`."""
        self._keys[key.platform_id, key.id] = key

    async def by_digest(self, digest: str) -> ApiKey | None:
        """As `ApiKeys.by_digest`."""
        return next((key for key in self._keys.values() if key.digest == digest), None)

    async def keys(self, platform_id: str) -> list[ApiKey]:
        """As `ApiKeys.keys`."""
        own = [key for key in self._keys.values() if key.platform_id == platform_id]
        return sorted(own, key=lambda key: (key.created_at, key.id))
