"""Learner tokens as JSON Web Tokens (RFC 7519) by PyJWT: HS256 with a shared secret, or a platform's keys.

Algorithms are pinned, and each goes with its own kind of key: a header chooses among a platform's keys, never
how they are used (RFC 8725, 3.1). `none` and everything else is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import jwt

from baize.domain.course import ID_PATTERN
from baize.domain.platform import LearnerClaims
from baize.domain.search import UpTo
from baize.errors import InvalidInput, Unauthorised

_ALGORITHM = "HS256"
_MAX_CHARS = 8192
_MAX_COURSES = 200
_MAX_TOKEN_ID = 256
LEEWAY_S = 60.0
_DAY_S = 86_400.0
_KINDS = {"RS256": "RSA", "EdDSA": "OKP"}
"""Which kind of key each algorithm of a JWK Set goes with."""
_MAX_KEYS = 20
_MAX_KEY_CHARS = 40_000
_MIN_RSA_BITS = 2048

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
    """The port `LearnerTokens`.

    Args:
        audience: our name in `aud`.
        require_audience: refuse a token without `aud`; one that names others only is always refused.
        leeway_s: how far the clocks of the platform and of this server may differ.
        max_lifetime_s: a token that is good for longer from now on is refused.
    """

    def __init__(
        self,
        *,
        audience: str = "baize",
        require_audience: bool = False,
        leeway_s: float = LEEWAY_S,
        max_lifetime_s: float = _DAY_S,
    ) -> None:
        self._audience = audience
        self._require_audience = require_audience
        self._leeway_s = leeway_s
        self._max_lifetime_s = max_lifetime_s

    def issuer(self, token: str) -> str:
        """As `LearnerTokens.issuer`."""
        if len(token) > _MAX_CHARS:
            raise Unauthorised("The learner token is too long.", remedy=_REMEDY)
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
        except jwt.InvalidTokenError:
            raise Unauthorised("This is no learner token.", remedy=_REMEDY) from None
        return _id(claims, "iss")

    def read(self, token: str, secrets: Sequence[str], now: float, *, jwks: str = "") -> LearnerClaims:
        """As `LearnerTokens.read`."""
        claims = _by_key(token, jwks) if jwks and not _is_shared(token) else _verified(token, secrets)
        expires_at = _instant(claims, "exp", default=0.0)
        if now >= expires_at + self._leeway_s:
            raise Unauthorised("The learner token has expired.", remedy=_REMEDY)
        if expires_at > now + self._max_lifetime_s + self._leeway_s:
            raise Unauthorised(
                "The learner token is good for too long.",
                remedy=f"Let `exp` be at most {self._max_lifetime_s:g} s from now.",
            )
        for name in ("nbf", "iat"):
            if now < _instant(claims, name, default=now) - self._leeway_s:
                raise Unauthorised("The learner token is not valid yet.", remedy="Compare the clocks.")
        self._check_audience(claims)
        return LearnerClaims(
            _id(claims, "iss"),
            _id(claims, "sub"),
            expires_at,
            _courses(claims),
            _id(claims, "lesson") if claims.get("lesson") else "",
            _word(claims, "role"),
            _word(claims, "locale"),
            _id(claims, "source") if claims.get("source") else "",
            _scopes(claims),
            _up_to(claims),
            _word(claims, "jti", at_most=_MAX_TOKEN_ID),
            _instant(claims, "iat", default=0.0) if "iat" in claims else None,
            _id(claims, "link_to") if claims.get("link_to") else "",
            _zone(claims),
        )

    def _check_audience(self, claims: Mapping[str, Any]) -> None:
        named = claims.get("aud")
        if named is None and not self._require_audience:
            return
        names = [named] if isinstance(named, str) else named
        if not isinstance(names, list) or self._audience not in names:
            raise Unauthorised(
                "The learner token is for another audience.", remedy=f"Let `aud` be {self._audience!r}."
            )

    def checked_keys(self, text: str) -> str:
        """As `LearnerTokens.checked_keys`."""
        try:
            given = [dict(entry) for entry in json.loads(text[:_MAX_KEY_CHARS])["keys"]]
        except (ValueError, TypeError, KeyError, RecursionError):
            given = []
        if not 1 <= len(given) <= _MAX_KEYS:
            raise InvalidInput(
                f"This is no JWK Set of 1 to {_MAX_KEYS} keys.", remedy='Write {"keys": […]} (RFC 7517).'
            )
        for entry in given:
            _check_key(entry)
        return json.dumps({"keys": given}, separators=(",", ":"))

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
            "source": claims.source,
            "jti": claims.token_id,
            "iat": claims.issued_at,
            "link_to": claims.link_to,
            "zoneinfo": claims.zone,
        }
        payload |= {name: value for name, value in optional.items() if value}
        if claims.scopes is not None:
            payload["scopes"] = list(claims.scopes)
        if claims.up_to is not None:
            payload["up_to"] = {
                "lesson_id": claims.up_to.lesson_id,
                "position_s": claims.up_to.position_s,
            }
        return jwt.encode(payload, secret, _ALGORITHM)


def _check_key(entry: Mapping[str, Any]) -> None:
    name = str(entry.get("kid", "?"))[:64]
    if "d" in entry or "k" in entry:
        raise InvalidInput(f"The key {name!r} is secret.", remedy="Give the public part only.")
    algorithm = next((alg for alg, kind in _KINDS.items() if entry.get("kty") == kind), "")
    try:
        key = jwt.PyJWK(dict(entry), algorithm)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError) as cause:
        raise InvalidInput(
            f"The key {name!r} cannot be used ({type(cause).__name__}).",
            remedy=f"Use {' or '.join(_KINDS)}: kty {' or '.join(_KINDS.values())}.",
        ) from None
    if algorithm == "RS256" and key.key.key_size < _MIN_RSA_BITS:
        raise InvalidInput(f"The key {name!r} is short.", remedy=f"Use at least {_MIN_RSA_BITS} bits.")


@lru_cache(maxsize=1024)
def _keys(jwks: str) -> tuple[tuple[str, str, Any], ...]:
    """(algorithm, kid, key) of each."""
    by_kind = {kind: algorithm for algorithm, kind in _KINDS.items()}
    return tuple(
        (by_kind[entry["kty"]], str(entry.get("kid", "")), jwt.PyJWK(entry, by_kind[entry["kty"]]).key)
        for entry in json.loads(jwks)["keys"]
    )


def _is_shared(token: str) -> bool:
    """Whether a token says that it is signed with the shared secret; nothing of it is verified."""
    return _header(token).get("alg") == _ALGORITHM


def _header(token: str) -> Mapping[str, Any]:
    try:
        header: Mapping[str, Any] = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError:
        raise Unauthorised("The learner token cannot be used.", remedy=_REMEDY) from None
    return header


def _by_key(token: str, jwks: str) -> Mapping[str, Any]:
    header = _header(token)
    for algorithm, kid, key in _keys(jwks):
        if algorithm != header.get("alg") or header.get("kid", kid) != kid:
            continue
        try:
            claims: Mapping[str, Any] = jwt.decode(token, key, algorithms=[algorithm], options=_UNTIMED)
        except jwt.InvalidSignatureError:
            continue
        except jwt.MissingRequiredClaimError as error:
            raise Unauthorised(f"The learner token has no `{error.claim}`.", remedy=_REMEDY) from None
        except jwt.InvalidTokenError:
            break
        return claims
    raise Unauthorised(
        "The learner token is not signed with a key of the platform.",
        remedy=f"Sign it with {_ALGORITHM}, or with a key of its JWK Set ({', '.join(_KINDS)}).",
    )


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


def _word(claims: Mapping[str, Any], name: str, *, at_most: int = 64) -> str:
    value = claims.get(name) or ""
    if not isinstance(value, str) or len(value) > at_most or not value.isprintable():
        raise Unauthorised(f"`{name}` of the learner token cannot be used.", remedy="Send a short text.")
    return value


def _zone(claims: Mapping[str, Any]) -> str:
    """OpenID Connect's `zoneinfo`. A zone that this machine does not know is as if none were told."""
    name = _word(claims, "zoneinfo")
    try:
        return str(ZoneInfo(name)) if name else ""
    except (KeyError, ValueError, OSError):
        return ""


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


def _scopes(claims: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Names that we do not know open nothing."""
    value = claims.get("scopes")
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Unauthorised("`scopes` of the learner token is no list of words.", remedy=_REMEDY)
    return tuple(value)


def _up_to(claims: Mapping[str, Any]) -> UpTo | None:
    value = claims.get("up_to")
    if value is None:
        return None
    # Left out by mistake, it would show what comes after.
    if not isinstance(value, dict) or set(value) != {"lesson_id", "position_s"}:
        raise Unauthorised(
            "`up_to` of the learner token is no place.", remedy="Send {lesson_id, position_s}."
        )
    return UpTo(_id(value, "lesson_id"), max(_instant(value, "position_s", default=0.0), 0.0))


def _instant(claims: Mapping[str, Any], name: str, *, default: float) -> float:
    value = claims.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
        raise Unauthorised(
            f"`{name}` of the learner token is no time.", remedy="Send seconds since the epoch."
        )
    return float(value)
