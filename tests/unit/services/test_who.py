"""Keys, origins, and what a caller is remembered for."""

from __future__ import annotations

import pytest

from baize.adapters.clock_system import SystemClock
from baize.adapters.learner_tokens_jwt import JwtLearnerTokens
from baize.domain.course import ID_PATTERN
from baize.domain.platform import RIGHTS, ApiKey, LearnerClaims, Platform, Right, learner_named, with_lesser
from baize.errors import Conflict, DependencyUnavailable, InvalidInput, NotFound, Unauthorised
from baize.services.who import (
    Doorkeeper,
    checked_origin,
    create_key,
    create_platform,
    digest_of,
    renew_secret,
    revoke_key,
    rotate_key,
    sign_token,
)
from baize.testing.memory_doors import MemoryIdentities, MemoryRevocations
from baize.testing.memory_platforms import MemoryApiKeys, MemoryPlatforms

pytestmark = pytest.mark.anyio


def doorkeeper_of(platforms: MemoryPlatforms, keys: MemoryApiKeys | None = None) -> Doorkeeper:
    return Doorkeeper(
        platforms=platforms,
        keys=keys or MemoryApiKeys(),
        tokens=JwtLearnerTokens(),
        revocations=MemoryRevocations(),
        identities=MemoryIdentities(),
        clock=SystemClock(),
    )


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
    assert with_lesser(("admin",)) == set(RIGHTS)
    assert with_lesser(("learn",)) == {"learn", "read", "ask", "learners"}
    assert with_lesser(("ask", "ingest")) == {"ask", "ingest"}
    assert with_lesser(("edit",)) == {"edit", "read"}
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
    doorkeeper = doorkeeper_of(platforms)
    await create_platform(platforms, "p", "", ())
    ends_at = SystemClock().now() + 3600
    text = await sign_token(platforms, tokens, LearnerClaims("p", "l", ends_at))
    await renew_secret(platforms, "p")
    assert (await doorkeeper.caller(text)).learner_id == "l"
    await renew_secret(platforms, "p")
    fresh = doorkeeper_of(platforms)
    with pytest.raises(Unauthorised):
        await fresh.caller(text)


async def test_a_rotated_key_is_followed_by_another() -> None:
    """Of the same scopes and courses; the old one ends after the grace, and cannot be rotated then."""
    platforms, keys = MemoryPlatforms(Platform("p")), MemoryApiKeys()
    old, _ = await create_key(
        platforms, keys, "p", ("ask",), "portal", 100.0, expires_at=500.0, courses=("c",)
    )
    made, text = await rotate_key(platforms, keys, "p", old.id, now=200.0, grace_s=50.0)
    assert (made.rights, made.label, made.courses, made.expires_at) == (("ask",), "portal", ("c",), 600.0)
    assert text.startswith(f"bz_{made.id}_")
    left = {key.id: key for key in await keys.keys("p")}
    assert [left[old.id].is_good(now) for now in (200.0, 249.0, 250.0)] == [True, True, False]
    assert [left[made.id].is_good(now) for now in (250.0, 600.0)] == [True, False]
    with pytest.raises(Conflict):
        await rotate_key(platforms, keys, "p", old.id, now=300.0, grace_s=50.0)


async def test_rotation_never_prolongs_the_old_key() -> None:
    """A grace beyond its own end changes nothing."""
    platforms, keys = MemoryPlatforms(Platform("p")), MemoryApiKeys()
    old, _ = await create_key(platforms, keys, "p", ("ask",), "", 100.0, expires_at=210.0)
    await rotate_key(platforms, keys, "p", old.id, now=200.0, grace_s=3600.0)
    assert {key.id: key.expires_at for key in await keys.keys("p")}[old.id] == 210.0


@pytest.mark.parametrize("scope", ["admin", "ingest", "learners", "eval"])
async def test_a_key_for_some_courses_is_for_them_only(scope: Right) -> None:
    """What concerns all of a platform is not given to it."""
    platforms, keys = MemoryPlatforms(Platform("p")), MemoryApiKeys()
    with pytest.raises(InvalidInput, match=scope):
        await create_key(platforms, keys, "p", (scope,), "", 1.0, courses=("c",))


def test_a_learner_of_a_source_has_an_id() -> None:
    """However long both are; two pairs never share one."""
    assert learner_named("", "lin") == "lin"
    assert learner_named("gd", "lin") == "gd~lin"
    names = {learner_named(source, "x" * 128) for source in ("a" * 128, "a" * 127, "b")}
    assert len(names) == 3
    assert all(ID_PATTERN.fullmatch(name) for name in names)


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
    doorkeeper = doorkeeper_of(platforms, keys)
    _, text = await create_key(platforms, keys, "p", ("teach",), "", 1.0)
    await doorkeeper.caller(text)
    keys.down = True
    monkeypatch.setattr("baize.services.who._REMEMBERED_S", 0.0)
    assert (await doorkeeper.caller(text)).rights == with_lesser(("teach",))
    with pytest.raises(DependencyUnavailable):
        await doorkeeper.caller("bz_unknown")


async def test_the_first_tokens_of_a_new_platform_are_taken_at_once() -> None:
    """Though an operator asked before it was made, and that there was none is remembered."""
    platforms = MemoryPlatforms()
    doorkeeper = doorkeeper_of(platforms)
    assert (await doorkeeper.operator("p", "open server")).player_url == ""
    await create_platform(platforms, "p", "", ())
    claims = LearnerClaims("p", "lin", SystemClock().now() + 600.0)
    token = await sign_token(platforms, JwtLearnerTokens(), claims)
    assert (await doorkeeper.caller(token)).learner_id == "lin"
