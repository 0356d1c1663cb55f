"""Keys, origins, and what a caller is remembered for."""

from __future__ import annotations

import pytest

from baize.adapters.clock_system import SystemClock
from baize.adapters.learner_tokens_jwt import JwtLearnerTokens
from baize.domain.platform import ApiKey, Platform, with_lesser
from baize.errors import Conflict, DependencyUnavailable, InvalidInput, NotFound, Unauthorised
from baize.services.who import (
    Doorkeeper,
    checked_origin,
    create_key,
    create_platform,
    digest_of,
    renew_secret,
    revoke_key,
    sign_token,
)
from baize.testing.memory_platforms import MemoryApiKeys, MemoryPlatforms

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("https://Learn.Example/", "https://learn.example"),
        ("https://learn.example:443", "https://learn.example"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("https://学习.example", "https://xn--vjq503a.example"),
    ],
)
def test_an_origin_is_kept_as_browsers_send_it(given: str, normal: str) -> None:
    """Lower case, no default port, no path, host in ASCII."""
    assert checked_origin(given) == normal


@pytest.mark.parametrize(
    "given",
    [
        "*",
        "null",
        "learn.example",
        "https://*.example",
        "https://a.example/path",
        "ftp://a",
        "https://a:b",
        "",
    ],
)
def test_what_is_no_origin_is_refused(given: str) -> None:
    """A pattern or a path would match nothing, or too much."""
    with pytest.raises(InvalidInput):
        checked_origin(given)


def test_a_right_includes_the_lesser_ones() -> None:
    """Admin may all, learn only itself, none nothing."""
    assert with_lesser(("admin",)) == {"learn", "teach", "admin"}
    assert with_lesser(("learn",)) == {"learn"}
    assert with_lesser(()) == frozenset()


async def test_the_text_of_a_key_is_nowhere() -> None:
    """Only its digest; each key is another one."""
    platforms, keys = MemoryPlatforms(Platform("p")), MemoryApiKeys()
    key, text = await create_key(platforms, keys, "p", ("learn",), "", 1.0)
    _, other = await create_key(platforms, keys, "p", ("learn",), "", 1.0)
    assert text.startswith(f"bz_{key.id}_")
    assert len(text) > 50
    assert text != other
    assert key.digest == digest_of(text)
    assert text not in repr(await keys.keys("p"))


async def test_what_does_not_exist_is_named() -> None:
    """No key for an unknown platform, no second platform of one id, no unknown key revoked."""
    platforms, keys = MemoryPlatforms(Platform("p")), MemoryApiKeys()
    with pytest.raises(NotFound, match="nowhere"):
        await create_key(platforms, keys, "nowhere", ("learn",), "", 1.0)
    with pytest.raises(InvalidInput):
        await create_key(platforms, keys, "p", (), "", 1.0)
    with pytest.raises(Conflict):
        await create_platform(platforms, "p", "", ())
    with pytest.raises(InvalidInput):
        await create_platform(platforms, "a b", "", ())
    with pytest.raises(InvalidInput, match="no id"):
        await create_platform(platforms, "..", "", ())
    with pytest.raises(NotFound, match="k9"):
        await revoke_key(keys, "p", "k9", 1.0)


async def test_a_renewed_secret_leaves_one_former() -> None:
    """Tokens of the secret before still pass; those of the one before that do not."""
    platforms, tokens = MemoryPlatforms(), JwtLearnerTokens()
    doorkeeper = Doorkeeper(platforms=platforms, keys=MemoryApiKeys(), tokens=tokens, clock=SystemClock())
    await create_platform(platforms, "p", "", ())
    ends_at = SystemClock().now() + 3600
    text = await sign_token(platforms, tokens, platform_id="p", learner_id="l", expires_at=ends_at)
    await renew_secret(platforms, "p")
    assert (await doorkeeper.caller(text)).learner_id == "l"
    await renew_secret(platforms, "p")
    fresh = Doorkeeper(platforms=platforms, keys=MemoryApiKeys(), tokens=tokens, clock=SystemClock())
    with pytest.raises(Unauthorised):
        await fresh.caller(text)


class FailingKeys(MemoryApiKeys):
    """A store that can be cut off."""

    down = False

    async def by_digest(self, digest: str) -> ApiKey | None:
        if self.down:
            raise DependencyUnavailable("The database does not answer.")
        return await super().by_digest(digest)


async def test_a_known_caller_passes_while_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was known stays good in need; a stranger learns that the database is away."""
    keys = FailingKeys()
    platforms = MemoryPlatforms(Platform("p"))
    doorkeeper = Doorkeeper(platforms=platforms, keys=keys, tokens=JwtLearnerTokens(), clock=SystemClock())
    _, text = await create_key(platforms, keys, "p", ("teach",), "", 1.0)
    await doorkeeper.caller(text)
    keys.down = True
    monkeypatch.setattr("baize.services.who._REMEMBERED_S", 0.0)
    assert (await doorkeeper.caller(text)).rights == {"learn", "teach"}
    with pytest.raises(DependencyUnavailable):
        await doorkeeper.caller("bz_unknown")
