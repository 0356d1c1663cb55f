"""Who asks: a credential in, a caller out; and the making of keys and secrets."""

from __future__ import annotations

import hashlib
import secrets
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Literal, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from baize.domain.course import ID_PATTERN
from baize.domain.platform import (
    OF_SOME_COURSES,
    RIGHTS,
    ROLES,
    ApiKey,
    Caller,
    LearnerClaims,
    Platform,
    Revocation,
    Right,
    learner_named,
    with_lesser,
)
from baize.domain.player import EXAMPLE, check_public
from baize.domain.search import Scope
from baize.errors import (
    Conflict,
    DependencyUnavailable,
    InvalidInput,
    NotAllowed,
    NotFound,
    Unauthorised,
)
from baize.ports import ApiKeys, Catalog, Clock, Identities, LearnerTokens, Platforms, Revocations

KEY_PREFIX = "bz_"
_ID_CHARS = 10
_SECRET_BYTES = 32
_REMEMBERED_S = 10.0
_REVOCATIONS_S = 3.0
_IN_NEED_S = 600.0
_MAX_REMEMBERED = 10_000
MAX_KEY_COURSES = 200

_KEY_REMEDY = "`baize keys create` makes a new one."

_T = TypeVar("_T")


class Doorkeeper:
    """Tells callers apart. What it read stays good for some seconds: so long may a revoked key still pass."""

    def __init__(
        self,
        *,
        platforms: Platforms,
        keys: ApiKeys,
        tokens: LearnerTokens,
        revocations: Revocations,
        identities: Identities,
        clock: Clock,
    ) -> None:
        self._platforms = platforms
        self._tokens = tokens
        self._revocations = revocations
        self._identities = identities
        self._clock = clock
        self._revoked = _Remembered(self._refused, for_s=_REVOCATIONS_S)
        self._linked = _Remembered(self._linked_learner)
        self._platform = _Remembered(platforms.platform)
        # Apart: that an operator came before the platform was made must not keep its first tokens out.
        self._settings_of = _Remembered(platforms.platform)
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

    async def operator(self, platform_id: str, name: str) -> Caller:
        """Whoever runs the server: every right on its own platform, which need not be a tenant."""
        try:
            platform = await self._settings_of(platform_id)
        except DependencyUnavailable:
            # Nobody proves who they are here, so that nothing hangs on the database.
            platform = None
        return _at(platform, Caller(platform_id, frozenset(RIGHTS), name=name))

    async def admits(self, platform_id: str | None, origin: str) -> bool:
        """Whether a page of this web origin may call for the platform; for None, for any platform."""
        if platform_id is not None:
            platform = await self._platform(platform_id)
            return platform is not None and origin in platform.origins
        return any(origin in platform.origins for platform in await self._all(""))

    async def tells(self, platform_id: str) -> bool:
        """Whether the platform wants statements of what its learners do."""
        platform = await self._platform(platform_id)
        return platform is not None and platform.tells

    async def origins(self, platform_id: str) -> tuple[str, ...]:
        """Web origins of a platform; none where there is no such platform."""
        platform = await self._platform(platform_id)
        return platform.origins if platform is not None else ()

    async def _by_key(self, credential: str) -> Caller:
        key = await self._key(digest_of(credential))
        if key is None or not key.is_good(self._clock.now()):
            raise Unauthorised(
                "The platform key is not known, has expired or was revoked.", remedy=_KEY_REMEDY
            )
        rights = with_lesser(key.rights)
        # What concerns the whole platform is not for a key of some courses.
        rights = rights & OF_SOME_COURSES if key.courses else rights
        caller = Caller(key.platform_id, rights, courses=key.courses, name=f"key {key.id}")
        return _at(await self._settings_of(key.platform_id), caller)

    async def _by_token(self, credential: str) -> Caller:
        platform = await self._platform(self._tokens.issuer(credential))
        if platform is None or not (platform.secrets or platform.jwks):
            raise Unauthorised(
                "The platform that signed this learner token is not known here.",
                remedy="`iss` must be a platform that `baize tenants create` made.",
            )
        claims = self._tokens.read(credential, platform.secrets, self._clock.now(), jwks=platform.jwks)
        named = learner_named(claims.source, claims.learner_id)
        learner_id = named
        if claims.source:
            linked = await self._linked(_joined(claims.platform_id, claims.source, claims.learner_id))
            learner_id = linked or named
        refused = await self._revoked(claims.platform_id)
        if refused.meets(claims, {named, learner_id}):
            if claims.issued_at is None and not refused.names(claims):
                raise Unauthorised(
                    "Tokens of this learner or platform were revoked, and this one has no `iat`.",
                    remedy="Sign `iat`, and nobody takes it for one of those.",
                )
            raise Unauthorised("The learner token was revoked.", remedy="Ask the platform for a new one.")
        caller = Caller(
            claims.platform_id,
            _rights_of(claims, platform),
            learner_id,
            claims.courses,
            claims.lesson,
            claims.role,
            claims.locale,
            claims.up_to,
            f"token of {learner_id}",
            claims.zone,
        )
        return _at(platform, caller)

    async def _refused(self, platform_id: str) -> _Refused:
        return _Refused.of(await self._revocations.of_platform(platform_id, self._clock.now()))

    async def _linked_learner(self, name: str) -> str | None:
        platform_id, source, subject = name.split(_BETWEEN)
        return await self._identities.learner(platform_id, source, subject)


_BETWEEN = "\n"
"""No id holds it."""


def _joined(*ids: str) -> str:
    return _BETWEEN.join(ids)


def _at(platform: Platform | None, caller: Caller) -> Caller:
    """The caller with what the platform says of itself."""
    if platform is None:
        return caller
    return replace(caller, zone=caller.zone or platform.timezone, player_url=platform.player_url)


def _rights_of(claims: LearnerClaims, platform: Platform) -> frozenset[Right]:
    """Of the claimed role, where the platform lets tokens claim it; narrowed to the scopes that are named."""
    highest = list(ROLES).index(platform.token_role)
    granted: Right = next((role for role in list(ROLES)[: highest + 1] if role == claims.role), "learn")
    rights = with_lesser([granted])
    if claims.courses and granted != "learn":
        # A learner's own records are the learner's, wherever they are from.
        rights = rights & (OF_SOME_COURSES | {"learners"})
    if claims.scopes is None:
        return rights
    asked = [right for right in RIGHTS if right in rights and right in claims.scopes]
    return rights & with_lesser(asked)


@dataclass(frozen=True, slots=True)
class _Refused:
    """What is revoked on one platform: quick to ask.

    Attributes:
        learners: digest → instant before which the learner's tokens must not have been issued.
        before: the same for all tokens of the platform.
    """

    tokens: frozenset[str]
    learners: dict[str, float]
    before: float

    @staticmethod
    def of(revocations: Sequence[Revocation]) -> _Refused:
        learners: dict[str, float] = {}
        for one in revocations:
            if one.kind == "learner":
                learners[one.digest] = max(one.before, learners.get(one.digest, 0.0))
        return _Refused(
            frozenset(one.digest for one in revocations if one.kind == "token"),
            learners,
            max((one.before for one in revocations if one.kind == "platform"), default=0.0),
        )

    def names(self, claims: LearnerClaims) -> bool:
        """Whether this very token was revoked."""
        if not claims.token_id or not self.tokens:
            return False
        return revocation_digest(claims.platform_id, claims.token_id) in self.tokens

    def meets(self, claims: LearnerClaims, names: set[str]) -> bool:
        platform_id = claims.platform_id
        if self.names(claims):
            return True
        before = self.before
        if self.learners:
            marks = (self.learners.get(revocation_digest(platform_id, name), 0.0) for name in names)
            before = max(before, *marks)
        # Without `iat` nobody knows whether it is one of those that are meant.
        return before > 0 and (claims.issued_at is None or claims.issued_at < before)


def revocation_digest(platform_id: str, value: str) -> str:
    """Under which a token's id or a learner's id stands in a list of revocations."""
    return hashlib.sha256(f"{platform_id}{_BETWEEN}{value}".encode()).hexdigest()


async def revoke_tokens(
    revocations: Revocations,
    platform_id: str,
    *,
    now: float,
    lifetime_s: float,
    token_id: str = "",
    learner_id: str = "",
    before: float | None = None,
) -> Revocation:
    """Refuse one token by its `jti`, all of a learner, or all of the platform, that were issued until now.

    Args:
        lifetime_s: for how long a token can be good at most.
        before: only those issued before this instant; never later than now.

    Raises:
        InvalidInput: both a token and a learner are named.
    """
    if token_id and learner_id:
        raise InvalidInput("A token and a learner are named.", remedy="Name one of them.")
    kind: Literal["token", "learner", "platform"] = (
        "token" if token_id else "learner" if learner_id else "platform"
    )
    value = token_id or learner_id
    digest = revocation_digest(platform_id, value) if value else ""
    made = Revocation(
        platform_id, kind, digest, now if before is None else min(before, now), now + lifetime_s
    )
    await revocations.put(made, now)
    return made


class _Remembered(Generic[_T]):
    """An async look-up whose results are kept for a short while, misses included.

    While the database does not answer, what is known stays good for longer: learners should not notice.
    """

    def __init__(self, look_up: Callable[[str], Awaitable[_T]], *, for_s: float | None = None) -> None:
        self._look_up = look_up
        self._for_s = for_s
        self._kept: dict[str, tuple[float, _T]] = {}

    async def __call__(self, name: str) -> _T:
        now = time.monotonic()
        kept = self._kept.get(name)
        if kept is not None and now < kept[0] + (_REMEMBERED_S if self._for_s is None else self._for_s):
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
    """The scope, narrowed to the courses that the caller sees, and to how far it may look.

    Raises:
        NotFound: it names a course that the caller does not see, or the caller sees none that exists.
        NotAllowed: it goes up to another lesson than the caller may.
    """
    scope = _no_further(caller, scope)
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


def _no_further(caller: Caller, scope: Scope) -> Scope:
    """The scope, up to where the caller may see: an earlier place of the same lesson stays.

    Raises:
        NotAllowed: it asks for up to another lesson.
    """
    bound, asked = caller.up_to, scope.up_to
    if bound is None:
        return scope
    if asked is None:
        return replace(scope, up_to=bound)
    if asked.lesson_id != bound.lesson_id:
        raise NotAllowed(
            f"The learner token says up to {bound.lesson_id!r}, the scope up to {asked.lesson_id!r}.",
            remedy="Leave `up_to` out.",
        )
    return replace(scope, up_to=min(bound, asked, key=lambda up_to: up_to.position_s))


def digest_of(key: str) -> str:
    """SHA-256: a key is 256 random bits, so nothing slower is needed."""
    return hashlib.sha256(key.encode()).hexdigest()


async def create_key(
    platforms: Platforms,
    keys: ApiKeys,
    platform_id: str,
    rights: tuple[Right, ...],
    label: str,
    now: float,
    *,
    expires_at: float | None = None,
    courses: tuple[str, ...] = (),
) -> tuple[ApiKey, str]:
    """A new key of a platform, stored; and its text, which nobody can read again.

    Args:
        expires_at: seconds since the epoch; None for never.
        courses: the only ones that it opens.

    Raises:
        NotFound: there is no such platform.
        InvalidInput: no right is given, it has expired already, or it is for some courses and may more than
            concerns them.
    """
    await read_platform(platforms, platform_id)
    if not rights:
        raise InvalidInput("A key needs a scope.", remedy=f"Use {', '.join(RIGHTS)}.")
    if expires_at is not None and expires_at <= now:
        raise InvalidInput("The key would have expired already.", remedy="Give an instant in the future.")
    _check_courses(rights, courses)
    key_id = secrets.token_hex(_ID_CHARS // 2)
    text = f"{KEY_PREFIX}{key_id}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    key = ApiKey(platform_id, key_id, digest_of(text), rights, label, now, None, expires_at, courses)
    await keys.put(key)
    return key, text


def _check_courses(rights: tuple[Right, ...], courses: tuple[str, ...]) -> None:
    for course_id in courses:
        if not ID_PATTERN.fullmatch(course_id):
            raise InvalidInput(f"{course_id!r} is no id.", remedy=f"Ids match {ID_PATTERN.pattern}.")
    if len(courses) > MAX_KEY_COURSES:
        raise InvalidInput(f"A key is for {len(courses)} courses.", remedy=f"Name {MAX_KEY_COURSES} at most.")
    if beyond := [right for right in rights if courses and right not in OF_SOME_COURSES]:
        raise InvalidInput(
            f"A key for some courses cannot have the scope {beyond[0]!r}.",
            remedy="Use read, ask and edit, or leave the courses out.",
        )


async def rotate_key(
    platforms: Platforms, keys: ApiKeys, platform_id: str, key_id: str, *, now: float, grace_s: float
) -> tuple[ApiKey, str]:
    """Another key of the same scopes and courses, with its text; the old one is good for `grace_s` more.

    A key that lasts for some time is followed by one that lasts as long.

    Raises:
        NotFound: the platform has no such key.
        Conflict: the key is not good any more.
    """
    old = await read_key(keys, platform_id, key_id)
    if not old.is_good(now):
        raise Conflict(f"The key {key_id!r} is not good any more.", remedy=_KEY_REMEDY)
    lasts_s = None if old.expires_at is None else max(old.expires_at - old.created_at, grace_s)
    made, text = await create_key(
        platforms,
        keys,
        platform_id,
        old.rights,
        old.label,
        now,
        expires_at=None if lasts_s is None else now + lasts_s,
        courses=old.courses,
    )
    ends_at = now + grace_s
    await keys.put(replace(old, expires_at=min(ends_at, old.expires_at or ends_at)))
    return made, text


async def revoke_key(keys: ApiKeys, platform_id: str, key_id: str, now: float) -> None:
    """
    Raises:
        NotFound: the platform has no such key.
    """
    found = await read_key(keys, platform_id, key_id)
    if found.revoked_at is None:
        await keys.put(replace(found, revoked_at=now))


async def read_key(keys: ApiKeys, platform_id: str, key_id: str) -> ApiKey:
    """
    Raises:
        NotFound: the platform has no such key.
    """
    found = next((key for key in await keys.keys(platform_id) if key.id == key_id), None)
    if found is None:
        raise NotFound(
            f"The platform {platform_id!r} has no key {key_id!r}.", remedy="`baize keys list` shows them."
        )
    return found


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
    return _existing(await platforms.platform(platform_id), platform_id)


async def change_platform(
    platforms: Platforms, platform_id: str, how: Callable[[Platform], Platform]
) -> Platform:
    """The platform as it is after the change.

    Raises:
        NotFound: there is no such platform.
    """
    return _existing(await platforms.change(platform_id, how), platform_id)


def _existing(found: Platform | None, platform_id: str) -> Platform:
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
    return await change_platform(
        platforms,
        platform_id,
        lambda found: replace(found, secret=new_secret(), former_secret=found.secret),
    )


async def sign_token(platforms: Platforms, tokens: LearnerTokens, claims: LearnerClaims) -> str:
    """A learner token as the platform's own server would sign it; it gets an id where it has none.

    Raises:
        NotFound: there is no such platform.
        InvalidInput: an id cannot be used.
    """
    platform = await read_platform(platforms, claims.platform_id)
    optional = (claims.lesson, claims.source, claims.link_to)
    for value in (claims.learner_id, *claims.courses, *filter(None, optional)):
        if not ID_PATTERN.fullmatch(value):
            raise InvalidInput(f"{value!r} is no id.", remedy=f"Ids match {ID_PATTERN.pattern}.")
    return tokens.write(replace(claims, token_id=claims.token_id or str(uuid.uuid4())), platform.secret)


def new_secret() -> str:
    return secrets.token_urlsafe(_SECRET_BYTES)


def checked_player_url(template: str) -> str:
    """A platform's own template of links into its player; empty for none.

    Raises:
        InvalidInput: it is no https address, or names a field that is not known.
    """
    try:
        if template:
            check_public(template)
    except ValueError as cause:
        raise InvalidInput(
            f"The player's address cannot be used: {cause}.", remedy=f"Write e.g. {EXAMPLE}."
        ) from None
    return template


def checked_timezone(name: str) -> str:
    """An IANA time zone that this machine knows; empty for none.

    Raises:
        InvalidInput: it is none.
    """
    try:
        if name:
            ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise InvalidInput(f"{name!r} is no time zone.", remedy="Write e.g. Asia/Shanghai.") from None
    return name


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
