"""Who asks: a credential in, a caller out; and the making of keys and secrets."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Generic, TypeVar
from urllib.parse import urlsplit

from baize.domain.course import ID_PATTERN
from baize.domain.platform import ApiKey, Caller, LearnerClaims, Platform, Right, with_lesser
from baize.domain.search import Scope
from baize.errors import Conflict, DependencyUnavailable, InvalidInput, NotFound, Unauthorised
from baize.ports import ApiKeys, Catalog, Clock, LearnerTokens, Platforms

KEY_PREFIX = "bz_"
_ID_CHARS = 10
_SECRET_BYTES = 32
_REMEMBERED_S = 10.0
_IN_NEED_S = 600.0
_MAX_REMEMBERED = 10_000

_KEY_REMEDY = "`baize keys create` makes a new one."

_T = TypeVar("_T")


class Doorkeeper:
    """Tells callers apart. What it read stays good for some seconds: so long may a revoked key still pass."""

    def __init__(self, *, platforms: Platforms, keys: ApiKeys, tokens: LearnerTokens, clock: Clock) -> None:
        self._platforms = platforms
        self._tokens = tokens
        self._clock = clock
        self._platform = _Remembered(platforms.platform)
        self._key = _Remembered(keys.by_digest)
        self._all = _Remembered(lambda _: platforms.platforms())

    async def caller(self, credential: str) -> Caller:
        """The caller of a platform key or of a learner token.

        Raises:
            Unauthorised: it is unknown, revoked, expired or forged.
            DependencyUnavailable: the database does not answer.
        """
        if credential.startswith(KEY_PREFIX):
            return await self._by_key(credential)
        return await self._by_token(credential)

    async def admits(self, platform_id: str | None, origin: str) -> bool:
        """Whether a page of this web origin may call for the platform; for None, for any platform."""
        if platform_id is not None:
            platform = await self._platform(platform_id)
            return platform is not None and origin in platform.origins
        return any(origin in platform.origins for platform in await self._all(""))

    async def origins(self, platform_id: str) -> tuple[str, ...]:
        """Web origins of a platform; none where there is no such platform."""
        platform = await self._platform(platform_id)
        return platform.origins if platform is not None else ()

    async def _by_key(self, credential: str) -> Caller:
        key = await self._key(digest_of(credential))
        if key is None or key.revoked_at is not None:
            raise Unauthorised("The platform key is not known or was revoked.", remedy=_KEY_REMEDY)
        return Caller(key.platform_id, with_lesser(key.rights))

    async def _by_token(self, credential: str) -> Caller:
        platform = await self._platform(self._tokens.issuer(credential))
        if platform is None or not (platform.secrets or platform.jwks):
            raise Unauthorised(
                "The platform that signed this learner token is not known here.",
                remedy="`iss` must be a platform that `baize tenants create` made.",
            )
        claims = self._tokens.read(credential, platform.secrets, self._clock.now(), jwks=platform.jwks)
        return Caller(
            claims.platform_id,
            frozenset({"learn"}),
            claims.learner_id,
            claims.courses,
            claims.lesson,
            claims.role,
            claims.locale,
        )


class _Remembered(Generic[_T]):
    """An async look-up whose results are kept for a short while, misses included.

    While the database does not answer, what is known stays good for longer: learners should not notice.
    """

    def __init__(self, look_up: Callable[[str], Awaitable[_T]]) -> None:
        self._look_up = look_up
        self._kept: dict[str, tuple[float, _T]] = {}

    async def __call__(self, name: str) -> _T:
        now = time.monotonic()
        kept = self._kept.get(name)
        if kept is not None and now < kept[0] + _REMEMBERED_S:
            return kept[1]
        try:
            found = await self._look_up(name)
        except DependencyUnavailable:
            if kept is not None and now < kept[0] + _IN_NEED_S:
                return kept[1]
            raise
        if len(self._kept) >= _MAX_REMEMBERED:
            self._kept.clear()
        self._kept[name] = now, found
        return found


async def within(caller: Caller, scope: Scope, catalog: Catalog) -> Scope:
    """The scope, narrowed to the courses that the caller sees.

    Raises:
        NotFound: it names a course that the caller does not see, or the caller sees none that exists.
    """
    if not caller.courses:
        return scope
    for course_id in scope.course_ids:
        if not caller.sees(course_id):
            raise NotFound(
                f"There is no course {course_id!r}.", remedy="The learner token names its courses."
            )
    if scope.course_ids:
        return scope
    there = [
        course_id
        for course_id in caller.courses
        if await catalog.course(caller.platform_id, course_id) is not None
    ]
    if not there:
        raise NotFound(
            "None of the learner token's courses is here.", remedy="`baize status` lists the courses."
        )
    return replace(scope, course_ids=tuple(there))


def digest_of(key: str) -> str:
    """SHA-256: a key is 256 random bits, so nothing slower is needed."""
    return hashlib.sha256(key.encode()).hexdigest()


async def create_key(
    platforms: Platforms, keys: ApiKeys, platform_id: str, rights: tuple[Right, ...], label: str, now: float
) -> tuple[ApiKey, str]:
    """A new key of a platform, stored; and its text, which nobody can read again.

    Raises:
        NotFound: there is no such platform.
        InvalidInput: no right is given.
    """
    await read_platform(platforms, platform_id)
    if not rights:
        raise InvalidInput("A key needs a scope.", remedy="Use learn, teach or admin.")
    key_id = secrets.token_hex(_ID_CHARS // 2)
    text = f"{KEY_PREFIX}{key_id}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    key = ApiKey(platform_id, key_id, digest_of(text), rights, label, now)
    await keys.put(key)
    return key, text


async def revoke_key(keys: ApiKeys, platform_id: str, key_id: str, now: float) -> None:
    """
    Raises:
        NotFound: the platform has no such key.
    """
    found = next((key for key in await keys.keys(platform_id) if key.id == key_id), None)
    if found is None:
        raise NotFound(
            f"The platform {platform_id!r} has no key {key_id!r}.", remedy="`baize keys list` shows them."
        )
    if found.revoked_at is None:
        await keys.put(replace(found, revoked_at=now))


async def create_platform(
    platforms: Platforms, platform_id: str, title: str, origins: tuple[str, ...]
) -> Platform:
    """A new platform with a secret for its learner tokens.

    Raises:
        Conflict: it exists.
        InvalidInput: the id or an origin cannot be used.
    """
    # A platform may have a folder of its name: `..` would be another's.
    if not ID_PATTERN.fullmatch(platform_id) or not platform_id.strip("."):
        raise InvalidInput(f"{platform_id!r} is no id.", remedy=f"Ids match {ID_PATTERN.pattern}.")
    if await platforms.platform(platform_id) is not None:
        raise Conflict(f"The platform {platform_id!r} exists.", remedy="`baize tenants update` changes it.")
    made = Platform(platform_id, title or platform_id, tuple(map(checked_origin, origins)), new_secret())
    await platforms.put(made)
    return made


async def read_platform(platforms: Platforms, platform_id: str) -> Platform:
    """
    Raises:
        NotFound: there is no such platform.
    """
    found = await platforms.platform(platform_id)
    if found is None:
        raise NotFound(
            f"There is no platform {platform_id!r}.", remedy=f"Run: baize tenants create {platform_id}"
        )
    return found


async def renew_secret(platforms: Platforms, platform_id: str) -> Platform:
    """The platform with a new secret; tokens of the one before still pass, those of older ones do not.

    Raises:
        NotFound: there is no such platform.
    """
    found = await read_platform(platforms, platform_id)
    renewed = replace(found, secret=new_secret(), former_secret=found.secret)
    await platforms.put(renewed)
    return renewed


async def sign_token(
    platforms: Platforms,
    tokens: LearnerTokens,
    *,
    platform_id: str,
    learner_id: str,
    expires_at: float,
    courses: tuple[str, ...] = (),
    lesson: str = "",
) -> str:
    """A learner token as the platform's own server would sign it.

    Raises:
        NotFound: there is no such platform.
        InvalidInput: an id cannot be used.
    """
    platform = await read_platform(platforms, platform_id)
    for value in (learner_id, *courses, *([lesson] if lesson else [])):
        if not ID_PATTERN.fullmatch(value):
            raise InvalidInput(f"{value!r} is no id.", remedy=f"Ids match {ID_PATTERN.pattern}.")
    return tokens.write(LearnerClaims(platform_id, learner_id, expires_at, courses, lesson), platform.secret)


def new_secret() -> str:
    return secrets.token_urlsafe(_SECRET_BYTES)


def checked_origin(origin: str) -> str:
    """A web origin as a browser sends it: scheme, host and port, without a path (RFC 6454).

    Raises:
        InvalidInput: it is none.
    """
    parts = urlsplit(origin)
    try:
        port = parts.port
    except ValueError:
        port = -1
    host = _ascii(parts.hostname or "")
    shown_host = f"[{host}]" if ":" in host else host
    default = {"http": 80, "https": 443}.get(parts.scheme)
    normal = f"{parts.scheme}://{shown_host}" + (f":{port}" if port and port != default else "")
    bare = not (parts.path.strip("/") or parts.query or parts.fragment or parts.username)
    if default is None or not host or "*" in host or port == -1 or not bare:
        raise InvalidInput(
            f"{origin!r} is no web origin.", remedy="Write it as https://learn.example, without a path."
        )
    return normal


def _ascii(host: str) -> str:
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return ""
