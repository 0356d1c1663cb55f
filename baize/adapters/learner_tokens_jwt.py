"""Learner tokens as JSON Web Tokens (RFC 7519), HS256, by PyJWT.

The algorithm is pinned: `none` and anything else that a header may name is refused (RFC 8725, 3.1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jwt

from baize.domain.course import ID_PATTERN
from baize.domain.platform import LearnerClaims
from baize.errors import Unauthorised

_ALGORITHM = "HS256"
_MAX_CHARS = 8192
_MAX_COURSES = 200
LEEWAY_S = 60.0
"""How far the clocks of the platform and of this server may differ."""

# Times are checked below, by the clock that was given; PyJWT reads the system's.
_UNTIMED: Any = {
    "require": ["iss", "sub", "exp"],
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
}
_REMEDY = "Ask the platform for a new learner token."


class JwtLearnerTokens:
    """The port `LearnerTokens`."""

    def issuer(self, token: str) -> str:
        """As `LearnerTokens.issuer`."""
        if len(token) > _MAX_CHARS:
            raise Unauthorised("The learner token is too long.", remedy=_REMEDY)
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
        except jwt.InvalidTokenError:
            raise Unauthorised("This is no learner token.", remedy=_REMEDY) from None
        return _id(claims, "iss")

    def read(self, token: str, secrets: Sequence[str], now: float) -> LearnerClaims:
        """As `LearnerTokens.read`."""
        claims = _verified(token, secrets)
        expires_at = _instant(claims, "exp", default=0.0)
        if now >= expires_at + LEEWAY_S:
            raise Unauthorised("The learner token has expired.", remedy=_REMEDY)
        if now < _instant(claims, "nbf", default=now) - LEEWAY_S:
            raise Unauthorised("The learner token is not valid yet.", remedy="Compare the clocks.")
        return LearnerClaims(
            _id(claims, "iss"),
            _id(claims, "sub"),
            expires_at,
            _courses(claims),
            _id(claims, "lesson") if claims.get("lesson") else "",
            _word(claims, "role"),
            _word(claims, "locale"),
        )

    def write(self, claims: LearnerClaims, secret: str) -> str:
        """As `LearnerTokens.write`."""
        payload: dict[str, Any] = {
            "iss": claims.platform_id,
            "sub": claims.learner_id,
            "exp": int(claims.expires_at),
        }
        optional = {
            "courses": list(claims.courses),
            "lesson": claims.lesson,
            "role": claims.role,
            "locale": claims.locale,
        }
        payload |= {name: value for name, value in optional.items() if value}
        return jwt.encode(payload, secret, _ALGORITHM)


def _verified(token: str, secrets: Sequence[str]) -> Mapping[str, Any]:
    for secret in secrets:
        try:
            claims: Mapping[str, Any] = jwt.decode(token, secret, algorithms=[_ALGORITHM], options=_UNTIMED)
        except jwt.InvalidSignatureError:
            continue
        except jwt.MissingRequiredClaimError as error:
            raise Unauthorised(f"The learner token has no `{error.claim}`.", remedy=_REMEDY) from None
        except jwt.InvalidTokenError:
            raise Unauthorised(
                "The learner token cannot be used.", remedy=f"Sign it with {_ALGORITHM}."
            ) from None
        return claims
    raise Unauthorised("The learner token is not signed with the platform's secret.", remedy=_REMEDY)


def _id(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not ID_PATTERN.fullmatch(value):
        raise Unauthorised(f"`{name}` of the learner token is no id.", remedy=f"Use {ID_PATTERN.pattern}.")
    return value


def _word(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name) or ""
    if not isinstance(value, str) or len(value) > 64 or not value.isprintable():
        raise Unauthorised(f"`{name}` of the learner token cannot be used.", remedy="Send a short text.")
    return value


def _courses(claims: Mapping[str, Any]) -> tuple[str, ...]:
    value = claims.get("courses")
    if value is None:
        return ()
    if not isinstance(value, list) or not 1 <= len(value) <= _MAX_COURSES:
        # An empty list would otherwise open everything.
        raise Unauthorised(
            f"`courses` of the learner token is no list of 1 to {_MAX_COURSES} ids.",
            remedy="Leave it out to open all courses.",
        )
    return tuple(_id({"courses": entry}, "courses") for entry in value)


def _instant(claims: Mapping[str, Any], name: str, *, default: float) -> float:
    value = claims.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
        raise Unauthorised(
            f"`{name}` of the learner token is no time.", remedy="Send seconds since the epoch."
        )
    return float(value)
