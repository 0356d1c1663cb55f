"""Platforms, their keys, and on whose behalf a request is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from baize.domain.course import DEFAULT_PLATFORM

Right = Literal["learn", "teach", "admin"]
"""What a caller may do; each one includes those before it."""

RIGHTS: tuple[Right, ...] = get_args(Right)


@dataclass(frozen=True, slots=True)
class Platform:
    """A tenant: the only security boundary (decisions 1).

    Attributes:
        origins: web origins whose pages may call the API, such as `https://learn.example`.
        secret: signs this platform's learner tokens; empty while it has none.
        former_secret: still accepted, so that a platform can exchange its secret without a gap.
        jwks: public keys (a JWK Set, RFC 7517) that tokens may be signed with instead; empty for none.
    """

    id: str = DEFAULT_PLATFORM
    title: str = ""
    origins: tuple[str, ...] = ()
    secret: str = ""
    former_secret: str = ""
    jwks: str = ""

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(secret for secret in (self.secret, self.former_secret) if secret)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A platform's key, without the key itself: only its SHA-256 is kept.

    Attributes:
        id: the public part of the key, by which it is listed and revoked.
        digest: SHA-256 of the whole key, in hexadecimal.
        created_at: seconds since the epoch; so is `revoked_at`, which is None while the key is good.
    """

    platform_id: str
    id: str
    digest: str
    rights: tuple[Right, ...]
    label: str = ""
    created_at: float = 0.0
    revoked_at: float | None = None


@dataclass(frozen=True, slots=True)
class LearnerClaims:
    """What a learner token says, as the platform signed it.

    Attributes:
        platform_id: `iss`.
        learner_id: `sub`, the platform's own id of the learner.
        expires_at: `exp`, seconds since the epoch.
        courses: the only courses that it opens; empty for all of the platform.
        lesson: where the learner is.
        role: what the platform calls the learner; opens nothing.
        locale: BCP 47, for a question whose language nobody can tell.
    """

    platform_id: str
    learner_id: str
    expires_at: float
    courses: tuple[str, ...] = ()
    lesson: str = ""
    role: str = ""
    locale: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf a request is made. The platform bounds everything that it can see.

    Attributes:
        learner_id: the one learner that it speaks for; empty for a platform, which speaks for all of its own.
        courses: the only courses that it sees; empty for all of the platform.
    """

    platform_id: str
    rights: frozenset[Right] = frozenset({"learn"})
    learner_id: str = ""
    courses: tuple[str, ...] = ()
    lesson: str = ""
    role: str = ""
    locale: str = ""

    def may(self, right: Right) -> bool:
        return right in self.rights

    def sees(self, course_id: str) -> bool:
        return not self.courses or course_id in self.courses

    def owns(self, learner_id: str) -> bool:
        """Whether something that belongs to `learner_id` is the caller's to see."""
        return not self.learner_id or self.learner_id == learner_id


def with_lesser(rights: tuple[Right, ...]) -> frozenset[Right]:
    """These rights and all that they include."""
    highest = max((RIGHTS.index(right) for right in rights), default=-1)
    return frozenset(RIGHTS[: highest + 1])
