"""Platforms and their keys: the ports `Platforms` and `ApiKeys` over two tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from baize.adapters.db.engine import Database
from baize.adapters.db.models import ApiKeyRow, PlatformRow
from baize.adapters.db.upsert import insert_or_update
from baize.domain.platform import RIGHTS, ApiKey, Platform


class SqlPlatforms:
    """The port `Platforms`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, platform: Platform) -> None:
        """As `Platforms.put`."""
        async with self._database.writing() as session:
            await session.execute(insert_or_update(session, PlatformRow, _values(platform)))

    async def change(self, platform_id: str, how: Callable[[Platform], Platform]) -> Platform | None:
        """As `Platforms.change`."""
        async with self._database.writing() as session:
            row = await session.get(PlatformRow, platform_id, with_for_update=True)
            if row is None:
                return None
            changed = how(_platform(row))
            await session.execute(insert_or_update(session, PlatformRow, _values(changed)))
            return changed

    async def platform(self, platform_id: str) -> Platform | None:
        """As `Platforms.platform`."""
        async with self._database.reading() as session:
            row = await session.get(PlatformRow, platform_id)
            return _platform(row) if row else None

    async def platforms(self) -> list[Platform]:
        """As `Platforms.platforms`."""
        async with self._database.reading() as session:
            rows = await session.scalars(select(PlatformRow).order_by(PlatformRow.platform_id))
            return [_platform(row) for row in rows]


def _values(platform: Platform) -> dict[str, Any]:
    return {
        "platform_id": platform.id,
        "title": platform.title,
        "origins": platform.origins,
        "secret": platform.secret,
        "former_secret": platform.former_secret,
        "jwks": platform.jwks,
        "token_role": platform.token_role,
        "tells": platform.tells,
        "player_url": platform.player_url,
        "timezone": platform.timezone,
    }


class SqlApiKeys:
    """The port `ApiKeys`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, key: ApiKey) -> None:
        """As `ApiKeys.put`."""
        values = {
            "platform_id": key.platform_id,
            "key_id": key.id,
            "digest": key.digest,
            "rights": key.rights,
            "label": key.label,
            "created_at": key.created_at,
            "revoked_at": key.revoked_at,
            "expires_at": key.expires_at,
            "courses": key.courses,
        }
        async with self._database.writing() as session:
            await session.execute(insert_or_update(session, ApiKeyRow, values))

    async def by_digest(self, digest: str) -> ApiKey | None:
        """As `ApiKeys.by_digest`: the one look-up that learns the platform instead of naming it."""
        async with self._database.reading() as session:
            row = await session.scalar(select(ApiKeyRow).where(ApiKeyRow.digest == digest))
            return _key(row) if row else None

    async def keys(self, platform_id: str) -> list[ApiKey]:
        """As `ApiKeys.keys`."""
        wanted = (
            select(ApiKeyRow)
            .where(ApiKeyRow.platform_id == platform_id)
            .order_by(ApiKeyRow.created_at, ApiKeyRow.key_id)
        )
        async with self._database.reading() as session:
            return [_key(row) for row in await session.scalars(wanted)]


def _platform(row: PlatformRow) -> Platform:
    return Platform(
        row.platform_id,
        row.title,
        row.origins,
        row.secret,
        row.former_secret,
        row.jwks,
        row.token_role,
        row.tells,
        row.player_url,
        row.timezone,
    )


def _key(row: ApiKeyRow) -> ApiKey:
    rights = tuple(right for right in RIGHTS if right in row.rights)
    return ApiKey(
        row.platform_id,
        row.key_id,
        row.digest,
        rights,
        row.label,
        row.created_at,
        row.revoked_at,
        row.expires_at,
        row.courses,
    )
