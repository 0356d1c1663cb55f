"""Launched by a learning platform: who comes, to which lesson, and with what token (LTI 1.3).

No cookie and no storage of the browser is used. What ties the launch to the page that began it is a secret
that the platform's own page keeps (https://www.imsglobal.org/spec/lti-cs-oidc/v0p1).
"""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit

from baize.domain.course import ID_PATTERN
from baize.domain.lti import DeepLinking, LtiLogin, LtiMessage, LtiRegistration, LtiState
from baize.domain.platform import LearnerClaims, Platform
from baize.errors import Conflict, InvalidInput, NotFound, Unauthorised
from baize.ports import (
    Cache,
    Catalog,
    Clock,
    Fetcher,
    LearnerTokens,
    LtiMessages,
    LtiRegistrations,
    Platforms,
)

TOKEN_S = 3600.0
_KEYS_S = 600.0
_MAX_KEYS_BYTES = 100_000
_NONCE_S = 1200.0
_COURSE, _LESSON = "course_id", "lesson_id"


@dataclass(frozen=True, slots=True)
class LtiSession:
    """What a launch opens.

    Attributes:
        linking: signed; set where a link is chosen instead of a lesson shown.
    """

    token: str
    course_id: str
    lesson_id: str
    locale: str
    linking: str = ""


class LtiTool:
    """Login, launch and deep linking."""

    def __init__(
        self,
        *,
        registrations: LtiRegistrations,
        messages: LtiMessages,
        platforms: Platforms,
        tokens: LearnerTokens,
        catalog: Catalog,
        fetcher: Fetcher,
        cache: Cache,
        clock: Clock,
    ) -> None:
        self._registrations = registrations
        self._messages = messages
        self._platforms = platforms
        self._tokens = tokens
        self._catalog = catalog
        self._fetcher = fetcher
        self._cache = cache
        self._clock = clock
        self._keys: dict[str, tuple[float, str]] = {}

    async def login(self, asked: Mapping[str, str]) -> tuple[LtiRegistration, LtiLogin]:
        """The first step: where to go, and what the platform's page keeps meanwhile.

        Args:
            asked: the parameters of the platform's request, and `redirect_uri`, where the launch is sent.

        Raises:
            Unauthorised: the platform is not registered, or the request lacks something.
            InvalidInput: the platform's page keeps nothing for us.
        """
        registration, platform = await self._known(asked.get("iss", ""), asked.get("client_id", ""))
        if not asked.get("lti_storage_target"):
            raise InvalidInput(
                "The learning platform offers no storage (`lti_storage_target`), and cookies are not used.",
                remedy="Switch on the LTI platform storage of the learning platform.",
            )
        return registration, self._messages.login(registration, asked, platform.secret, self._clock.now())

    async def begun(self, signed: str) -> tuple[LtiRegistration, LtiState]:
        """The state that comes back with a launch, before anything of the launch is looked at.

        Raises:
            Unauthorised: we did not send it, or too long ago.
        """
        registration, platform = await self._known(*self._messages.named(signed))
        return registration, self._messages.state(signed, platform.secret, self._clock.now())

    async def launch(self, signed: str, kept: str, token: str) -> LtiSession:
        """What the launch opens: once, and only for the page that began it.

        Args:
            kept: what the platform's page kept for us.

        Raises:
            Unauthorised: state, secret or message are not good, or were used before.
            DependencyUnavailable, InvalidInput: the platform's keys cannot be read.
        """
        registration, state = await self.begun(signed)
        if not hmac.compare_digest(sha256(kept.encode()).hexdigest(), state.secret_digest):
            raise Unauthorised("Another page began this launch.", remedy="Start again from the course.")
        if self._messages.issuer(token) != (registration.issuer, registration.client_id):
            raise Unauthorised("The launch is another platform's.", remedy="Start again from the course.")
        jwks = await self._jwks(registration, token)
        message = self._messages.read(registration, jwks, state, token, self._clock.now())
        await self._once(state.nonce)
        platform = await self._platforms.platform(registration.platform_id)
        if platform is None:
            raise Unauthorised("The platform is gone.", remedy="Ask its operator.")
        return await self._session(registration, platform, message)

    async def link(self, signed: str, course_id: str, lesson_id: str) -> tuple[str, str]:
        """The answer to a deep link request: where it is posted, and the signed message.

        Raises:
            Unauthorised: the request is not ours, or too old.
            NotFound: there is no such course or lesson.
        """
        registration, platform = await self._known(*self._messages.named(signed))
        linking = self._messages.chosen(signed, platform.secret, self._clock.now())
        course = await self._catalog.course(platform.id, course_id)
        lesson = await self._catalog.lesson(platform.id, lesson_id) if lesson_id else None
        if course is None or (lesson_id and (lesson is None or lesson.course_id != course_id)):
            raise NotFound("There is no such course or lesson.", remedy="GET /v1/courses lists them.")
        custom = {_COURSE: course_id} | ({_LESSON: lesson_id} if lesson_id else {})
        title = lesson.title if lesson is not None else course.title
        return linking.return_url, self._messages.link(registration, linking, title, custom)

    async def keys(self) -> list[dict[str, str]]:
        """Public keys of all registrations."""
        found: list[dict[str, str]] = []
        for platform in await self._platforms.platforms():
            for one in await self._registrations.of_platform(platform.id):
                found.append(self._messages.public_key(one.private_key))
        return found

    async def register(self, registration: LtiRegistration) -> LtiRegistration:
        """Store it, with a key of its own where it has none.

        Raises:
            NotFound: there is no such platform.
            Conflict: another platform has it.
            InvalidInput: an address or the key set cannot be used.
        """
        if await self._platforms.platform(registration.platform_id) is None:
            raise NotFound(
                f"There is no platform {registration.platform_id!r}.",
                remedy=f"Run: baize tenants create {registration.platform_id}",
            )
        origin_of(registration.auth_url)
        if not registration.jwks and not registration.jwks_url:
            raise InvalidInput("It has no keys.", remedy="Give --jwks-url or --jwks.")
        if registration.jwks:
            self._tokens.checked_keys(registration.jwks)
        if not await self._registrations.put(registration):
            raise Conflict(
                f"{registration.issuer!r} with {registration.client_id!r} is another platform's.",
                remedy="Remove it there first.",
            )
        return registration

    def check_keys_address(self, registration: LtiRegistration) -> None:
        """Whether its keys may be asked for; launches fail while they may not.

        Raises:
            InvalidInput: their host is not one that the operator admits.
        """
        if registration.jwks_url:
            self._fetcher.check(registration.jwks_url)

    async def _known(self, issuer: str, client_id: str) -> tuple[LtiRegistration, Platform]:
        registration = await self._registrations.find(issuer, client_id) if issuer else None
        platform = await self._platforms.platform(registration.platform_id) if registration else None
        if registration is None or platform is None or not platform.secret:
            raise Unauthorised(
                "This learning platform is not registered here.",
                remedy="Its operator runs: baize tenants lti …",
            )
        return registration, platform

    async def _jwks(self, registration: LtiRegistration, token: str) -> str:
        """The platform's keys: as registered, or from its address, looked at again for a key that is new."""
        if not registration.jwks_url:
            return registration.jwks
        url, now = registration.jwks_url, time.monotonic()
        read_at, kept = self._keys.get(url, (0.0, ""))
        is_old = not kept or now > read_at + _KEYS_S
        is_new_key = bool(kept) and self._messages.needs_key(token, kept) and now > read_at + 10
        if is_old or is_new_key:
            kept = (await self._fetcher.read(url, max_bytes=_MAX_KEYS_BYTES)).decode("utf-8", "replace")
            try:
                keys = [entry for entry in json.loads(kept)["keys"] if isinstance(entry, dict)]
            except (ValueError, TypeError, KeyError):
                raise InvalidInput(f"{url} is no JWK Set.", remedy="Check the registration.") from None
            kept = json.dumps({"keys": keys})
            self._keys[url] = now, kept
        return kept

    async def _once(self, nonce: str) -> None:
        key = f"lti-nonce:{sha256(nonce.encode()).hexdigest()}"
        if not await self._cache.add(key, b"1", ttl_s=_NONCE_S):
            raise Unauthorised("The launch was used already.", remedy="Start again from the course.")

    async def _session(
        self, registration: LtiRegistration, platform: Platform, message: LtiMessage
    ) -> LtiSession:
        now = self._clock.now()
        course_id = await self._course(platform.id, message.custom)
        lesson_id = message.custom.get(_LESSON, "") if course_id else ""
        lesson = await self._catalog.lesson(platform.id, lesson_id) if lesson_id else None
        lesson_id = lesson.id if lesson is not None and lesson.course_id == course_id else ""
        claims = LearnerClaims(
            platform.id,
            _subject(message.subject),
            now + TOKEN_S,
            (course_id,) if course_id else (),
            lesson_id,
            "teach" if message.is_teacher else "learner",
            message.locale,
            source=source_of(registration),
            issued_at=now,
            token_id=f"lti-{sha256(f'{now!r}{message.subject}'.encode()).hexdigest()[:32]}",
        )
        linking = ""
        if message.kind == "deep-link":
            if origin_of(message.return_url) not in allowed_origins(registration, platform):
                raise Unauthorised("The link would go elsewhere.", remedy="Add its web origin: --origin.")
            asked = DeepLinking(
                registration.issuer,
                registration.client_id,
                message.deployment,
                message.return_url,
                message.data,
            )
            linking = self._messages.linking(asked, platform.secret, now)
        token = self._tokens.write(claims, platform.secret)
        return LtiSession(token, course_id, lesson_id, message.locale, linking)

    async def _course(self, platform_id: str, custom: Mapping[str, str]) -> str:
        """The link's course; none where it names none.

        Raises:
            NotFound: it names one that is not here: the token would else open all of them.
        """
        course_id = custom.get(_COURSE, "")
        if not course_id:
            return ""
        if await self._catalog.course(platform_id, course_id) is None:
            raise NotFound("The course of this link is not here.", remedy="Choose another one.")
        return course_id


def _subject(name: str) -> str:
    """An id: the LMS's own where it is one."""
    return name if ID_PATTERN.fullmatch(name) else sha256(name.encode()).hexdigest()[:40]


def source_of(registration: LtiRegistration) -> str:
    """Its learners' source: two learning platforms may call different people the same."""
    name = f"{registration.issuer}|{registration.client_id}"
    return f"lti-{sha256(name.encode()).hexdigest()[:12]}"


def allowed_origins(registration: LtiRegistration, platform: Platform) -> tuple[str, ...]:
    """Who may frame the tool's pages, and where deep links may go."""
    return tuple(dict.fromkeys((origin_of(registration.auth_url), *platform.origins)))


def origin_of(url: str) -> str:
    """
    Raises:
        InvalidInput: it is no address of the web.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username:
        raise InvalidInput(f"{url[:200]!r} is no address of the web.", remedy="Write it as https://…")
    return f"{parts.scheme}://{parts.netloc}"
