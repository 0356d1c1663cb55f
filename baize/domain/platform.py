"""Platforms, their keys, and on whose behalf a request is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from baize.domain.course import DEFAULT_PLATFORM, ID_PATTERN
from baize.domain.search import UpTo

Role = Literal["learn", "teach", "admin"]
"""A learner's, a course team's, an administrator's rights; each one includes those before it."""

Right = Literal["learn", "teach", "admin", "read", "ask", "learners", "edit", "eval", "ingest"]
"""What a caller may do: one thing, or all that a role may.

    read      courses, lessons, what is prepared of them, search
    ask       questions, conversations, quizzes, support
    learners  records of learners: progress, reviews, preferences, memory, statements, export, erasure
    edit      what a course says: transcripts, chapters, summaries, exercises
    eval      what learners said of answers, and their questions
    ingest    jobs, and the erasure of courses
    admin     keys, revocations, the audit log, usage, imports
"""

RIGHTS: tuple[Right, ...] = get_args(Right)

ROLES: dict[Role, tuple[Right, ...]] = {
    "learn": ("learn", "read", "ask", "learners"),
    "teach": ("teach", "edit", "eval"),
    "admin": ("admin", "ingest"),
}
"""What each role may, beside what those before it may."""

OF_SOME_COURSES: frozenset[Right] = frozenset({"learn", "teach", "read", "ask", "edit"})
"""What a platform's caller may who sees some courses only: everything else concerns all of them."""


@dataclass(frozen=True, slots=True)
class Platform:
    """A tenant: the only security boundary (decisions 1).

    Attributes:
        origins: web origins whose pages may call the API, such as `https://learn.example`.
        secret: signs this platform's learner tokens; empty while it has none.
        former_secret: still accepted, so that a platform can exchange its secret without a gap.
        jwks: public keys (a JWK Set, RFC 7517) that tokens may be signed with instead; empty for none.
        token_role: the highest role that a token's `role` may claim.
        tells: xAPI statements of what its learners do are made by us.
        player_url: template of links into its own player (`domain.player`); empty for the server's.
        timezone: IANA time zone whose midnight ends a learner's day, where the learner's own is not told;
            empty for the server's.
    """

    id: str = DEFAULT_PLATFORM
    title: str = ""
    origins: tuple[str, ...] = ()
    secret: str = ""
    former_secret: str = ""
    jwks: str = ""
    token_role: Role = "learn"  # noqa: S105 - no password
    tells: bool = False
    player_url: str = ""
    timezone: str = ""

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(secret for secret in (self.secret, self.former_secret) if secret)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A platform's key, without the key itself: only its SHA-256 is kept.

    Attributes:
        id: the public part of the key, by which it is listed and revoked.
        digest: SHA-256 of the whole key, in hexadecimal.
        created_at: seconds since the epoch; so is `revoked_at`, which is None while nobody revoked the key,
            and `expires_at`, None for never.
        courses: the only courses that it opens; empty for all of the platform.
    """

    platform_id: str
    id: str
    digest: str
    rights: tuple[Right, ...]
    label: str = ""
    created_at: float = 0.0
    revoked_at: float | None = None
    expires_at: float | None = None
    courses: tuple[str, ...] = ()

    def is_good(self, now: float) -> bool:
        """Whether it opens anything at `now` (seconds since the epoch)."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class LearnerClaims:
    """What a learner token says, as the platform signed it.

    Attributes:
        platform_id: `iss`.
        learner_id: `sub`, the platform's own id of the learner.
        expires_at: `exp`, seconds since the epoch.
        courses: the only courses that it opens; empty for all of the platform.
        lesson: where the learner is.
        role: what the platform calls the learner; `teach` and `admin` count as far as
            the platform's `token_role` goes.
        locale: BCP 47, for a question whose language nobody can tell.
        source: the docked source whose own id `sub` is; empty where it is the platform's.
        scopes: the only rights that it asks for; None for all of its role.
        up_to: nothing after this place may be found.
        token_id: `jti`, by which it can be revoked.
        issued_at: `iat`, seconds since the epoch; None where it does not say.
        link_to: the learner of the platform to whom the platform says that (`source`, `sub`) belongs.
        zone: `zoneinfo`, an IANA time zone; empty where the learner's is not told or not known here.
    """

    platform_id: str
    learner_id: str
    expires_at: float
    courses: tuple[str, ...] = ()
    lesson: str = ""
    role: str = ""
    locale: str = ""
    source: str = ""
    scopes: tuple[str, ...] | None = None
    up_to: UpTo | None = None
    token_id: str = ""
    issued_at: float | None = None
    link_to: str = ""
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Revocation:
    """Tokens that are refused although the platform signed them and they have not expired.

    Attributes:
        kind: `token` (its `jti`), `learner` (all of one learner), or `platform` (all of its tokens).
        digest: of the `jti` or of the learner's id (`revocation_digest`): an erased id stands nowhere.
        before: tokens that were issued before this are refused (seconds since the epoch), and those that do
            not say when they were; it does not matter for `token`.
        until: from then on all tokens that it meets have expired, so that it may be forgotten.
    """

    platform_id: str
    kind: Literal["token", "learner", "platform"]
    digest: str
    before: float
    until: float


@dataclass(frozen=True, slots=True)
class Identity:
    """That the learner of a docked source is one of the platform's (decisions 1).

    Attributes:
        learner_id: the platform's own id of the learner.
        linked_at: seconds since the epoch.
    """

    platform_id: str
    source: str
    subject: str
    learner_id: str
    linked_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf a request is made. The platform bounds everything that it can see.

    Attributes:
        learner_id: the one learner that it speaks for; empty for a platform, which speaks for all of its own.
        courses: the only courses that it sees; empty for all of the platform.
        up_to: nothing after this place may be found for it.
        name: which key or token it is, for the audit log.
        zone: the learner's IANA time zone, else the platform's; empty where neither is known.
        player_url: the platform's own template of links into its player; empty where it has none.
    """

    platform_id: str
    rights: frozenset[Right] = frozenset(ROLES["learn"])
    learner_id: str = ""
    courses: tuple[str, ...] = ()
    lesson: str = ""
    role: str = ""
    locale: str = ""
    up_to: UpTo | None = None
    name: str = ""
    zone: str = ""
    player_url: str = ""

    @property
    def clock_zone(self) -> ZoneInfo | None:
        """Whose midnight ends the learner's day; None where nobody says."""
        return ZoneInfo(self.zone) if self.zone else None

    def may(self, right: Right) -> bool:
        return right in self.rights

    def sees(self, course_id: str) -> bool:
        return not self.courses or course_id in self.courses

    def owns(self, learner_id: str) -> bool:
        """Whether something that belongs to `learner_id` is the caller's to see."""
        return not self.learner_id or self.learner_id == learner_id


def with_lesser(rights: Sequence[Right]) -> frozenset[Right]:
    """These rights, and all that the roles among them include."""
    order = list(ROLES)
    highest = max((order.index(right) for right in rights if right in ROLES), default=-1)
    found = frozenset(rights).union(*(ROLES[role] for role in order[: highest + 1]))
    # Nobody edits what they cannot see.
    return found | {"read"} if "edit" in found else found


def learner_named(source: str, subject: str) -> str:
    """The learner of a docked source whom nobody has linked. It is an id, too."""
    if not source:
        return subject
    name = f"{source}~{subject}"
    return name if ID_PATTERN.fullmatch(name) else f"{source[:40]}~{sha256(name.encode()).hexdigest()}"
