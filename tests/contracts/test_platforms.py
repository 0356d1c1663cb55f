"""What every `Platforms` and `ApiKeys` promises: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from baize.adapters.db.engine import Database
from baize.adapters.db.platforms import SqlApiKeys, SqlPlatforms
from baize.domain.platform import ApiKey, Platform
from baize.ports import ApiKeys, Platforms
from baize.testing.memory_platforms import MemoryApiKeys, MemoryPlatforms

pytestmark = pytest.mark.anyio
pytest_plugins = ["tests.servers.postgres"]

ORIGINS = ("https://a.example", "https://b.example:8443")
PROVINCE = Platform(
    "province",
    "某省平台",
    ("https://a.example", "https://b.example:8443"),
    "s1",
    "s0",
    '{"keys":[]}',
    "teach",
    True,
    "https://a.example/{course_id}/{lesson_id}?t={start}",
    "Asia/Urumqi",
)
KEY = ApiKey("province", "k1", "d" * 64, ("learn", "admin"), "门户", 12.5, None, 99.5, ("c1", "c2"))


@dataclass(frozen=True)
class Doors:
    platforms: Platforms
    keys: ApiKeys


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def doors(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Doors]:
    if request.param == "memory":
        yield Doors(MemoryPlatforms(), MemoryApiKeys())
        return
    sqlite = f"sqlite:///{tmp_path}/catalogue.db"
    database = Database(sqlite if request.param == "sqlite" else request.getfixturevalue("postgres_url"))
    await database.migrate()
    yield Doors(SqlPlatforms(database), SqlApiKeys(database))
    await database.close()


async def test_a_platform_comes_back_equal(doors: Doors) -> None:
    """Origins and both secrets survive; an unknown one is None."""
    await doors.platforms.put(PROVINCE)
    assert await doors.platforms.platform("province") == PROVINCE
    assert await doors.platforms.platform("Province") is None


async def test_put_again_replaces(doors: Doors) -> None:
    """The latest state is what there is."""
    await doors.platforms.put(PROVINCE)
    changed = replace(PROVINCE, origins=(), secret="s2", former_secret="s1")
    await doors.platforms.put(changed)
    assert await doors.platforms.platforms() == [changed]


async def test_changes_at_once_undo_nothing(doors: Doors) -> None:
    """A secret that is renewed while an administrator sets the player stays so; an unknown one is None."""
    await doors.platforms.put(PROVINCE)
    made = [
        doors.platforms.change("province", lambda found, n=n: replace(found, **{n: getattr(found, n) + "x"}))
        for n in ("title", "secret", "former_secret", "player_url") * 3
    ]
    assert None not in await asyncio.gather(*made)
    expected = {n: getattr(PROVINCE, n) + "xxx" for n in ("title", "secret", "former_secret", "player_url")}
    assert await doors.platforms.platform("province") == replace(PROVINCE, **expected)
    assert await doors.platforms.change("elsewhere", lambda found: found) is None


async def test_platforms_come_by_id(doors: Doors) -> None:
    """By code point, on every database."""
    for platform_id in ("b", "B", "a"):
        await doors.platforms.put(Platform(platform_id))
    assert [one.id for one in await doors.platforms.platforms()] == ["B", "a", "b"]


async def test_a_key_is_found_by_its_digest(doors: Doors) -> None:
    """On whichever platform it is; an unknown digest is None."""
    await doors.platforms.put(PROVINCE)
    await doors.keys.put(KEY)
    assert await doors.keys.by_digest(KEY.digest) == KEY
    assert await doors.keys.by_digest("e" * 64) is None


async def test_keys_stay_on_their_platform_oldest_first(doors: Doors) -> None:
    """A revoked one is listed too."""
    for platform_id in ("province", "other"):
        await doors.platforms.put(Platform(platform_id))
    newer = replace(KEY, id="k0", digest="1" * 64, created_at=20.0, revoked_at=21.0)
    foreign = replace(KEY, platform_id="other", digest="2" * 64)
    for key in (newer, foreign, KEY):
        await doors.keys.put(key)
    assert await doors.keys.keys("province") == [KEY, newer]
    assert await doors.keys.keys("none") == []


async def test_revoking_is_kept(doors: Doors) -> None:
    """A key that is put again is replaced."""
    await doors.platforms.put(PROVINCE)
    await doors.keys.put(KEY)
    await doors.keys.put(replace(KEY, revoked_at=99.0))
    found = await doors.keys.by_digest(KEY.digest)
    assert found is not None
    assert found.revoked_at == 99.0
