"""Learner tokens: what is read from a good one, and how a bad one is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from baize.adapters.learner_tokens_jwt import LEEWAY_S, JwtLearnerTokens
from baize.domain.platform import LearnerClaims
from baize.errors import InvalidInput, Unauthorised

SECRET = "a-secret-of-at-least-sixty-four-characters-for-the-longest-digest-here"
NOW = 1_800_000_000.0
CLAIMS: dict[str, Any] = {"iss": "province", "sub": "learner-1", "exp": NOW + 600}

tokens = JwtLearnerTokens()


def signed(claims: dict[str, Any], secret: str = SECRET, algorithm: str = "HS256") -> str:
    return jwt.encode(claims, secret, algorithm)


def test_what_is_written_is_read() -> None:
    """Every claim, and the issuer before anything is verified."""
    claims = LearnerClaims("p", "l", NOW + 60, ("c1", "c2"), "c1.01", "teacher", "zh-CN")
    text = tokens.write(claims, SECRET)
    assert tokens.read(text, [SECRET], NOW) == claims
    assert tokens.issuer(text) == "p"


def test_a_token_of_another_library_is_read() -> None:
    """Only the three claims are required; a platform may add its own."""
    text = signed(CLAIMS | {"iat": NOW, "name": "张三", "aud": ["anyone", "baize"]})
    known = LearnerClaims("province", "learner-1", NOW + 600, issued_at=NOW)
    assert tokens.read(text, [SECRET], NOW) == known


@pytest.mark.parametrize(
    ("told", "known"),
    [("Asia/Urumqi", "Asia/Urumqi"), ("Mars/Olympus", ""), ("../etc/passwd", ""), ("Asia", ""), ("", "")],
)
def test_the_time_zone_of_a_learner(told: str, known: str) -> None:
    """One that is not known here is as if none were told; it keeps nobody out."""
    assert tokens.read(signed(CLAIMS | {"zoneinfo": told}), [SECRET], NOW).zone == known


def test_a_former_secret_still_passes() -> None:
    """A platform exchanges its secret without a gap."""
    assert tokens.read(signed(CLAIMS), ["n" * 40, SECRET], NOW).learner_id == "learner-1"


@pytest.mark.parametrize("late_s", [0, LEEWAY_S - 1])
def test_clocks_may_differ_a_little(late_s: float) -> None:
    """A minute either way."""
    tokens.read(signed(CLAIMS), [SECRET], NOW + 600 + late_s)
    tokens.read(signed(CLAIMS | {"nbf": NOW + late_s}), [SECRET], NOW)


def unsigned(claims: dict[str, Any], header: dict[str, Any]) -> str:
    parts = [json.dumps(part).encode() for part in (header, claims)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (signed(CLAIMS, SECRET[::-1]), "not signed"),
        (signed(CLAIMS, algorithm="HS512"), "cannot be used"),
        (unsigned(CLAIMS, {"alg": "none", "typ": "JWT"}), "cannot be used"),
        (unsigned(CLAIMS, {"alg": "nOnE"}), "cannot be used"),
        (unsigned(CLAIMS, {"alg": "HS256"}), "not signed"),
        (signed(CLAIMS | {"exp": NOW - LEEWAY_S}), "expired"),
        (signed(CLAIMS | {"nbf": NOW + LEEWAY_S + 1}), "not valid yet"),
        (signed({"iss": "province", "sub": "l"}), "exp"),
        (signed({"iss": "province", "exp": NOW + 9}), "sub"),
        (signed(CLAIMS | {"sub": "../x"}), "sub"),
        (signed(CLAIMS | {"sub": ""}), "sub"),
        (signed(CLAIMS | {"courses": []}), "courses"),
        (signed(CLAIMS | {"courses": "c1"}), "courses"),
        (signed(CLAIMS | {"courses": [1]}), "courses"),
        (signed(CLAIMS | {"exp": True}), "exp"),
        (signed(CLAIMS | {"exp": "soon"}), "exp"),
        (signed(CLAIMS | {"role": ["x"]}), "role"),
        (signed(CLAIMS | {"aud": "another-service"}), "audience"),
        (signed(CLAIMS | {"aud": ["x", "y"]}), "audience"),
        (signed(CLAIMS | {"aud": {"baize": 1}}), "audience"),
        (signed(CLAIMS | {"exp": NOW + 2 * 86_400}), "too long"),
        (signed(CLAIMS | {"iat": NOW + LEEWAY_S + 1}), "not valid yet"),
        ("a.b.c", "cannot be used"),
    ],
)
def test_a_bad_token_is_refused(text: str, reason: str) -> None:
    """Each for its own reason; an empty list of courses opens nothing rather than everything."""
    with pytest.raises(Unauthorised, match=reason):
        tokens.read(text, [SECRET], NOW)


def test_no_secret_reads_nothing() -> None:
    """A platform without a secret has no learner tokens."""
    with pytest.raises(Unauthorised):
        tokens.read(signed(CLAIMS), [], NOW)


@given(st.text(max_size=60))
def test_noise_is_no_token(text: str) -> None:
    """Whatever comes in a header is refused, never an error of ours."""
    with pytest.raises(Unauthorised):
        tokens.issuer(text)
    with pytest.raises(Unauthorised):
        tokens.read(text, [SECRET], NOW)


# ------------------------------------------------------------------------------------------ a platform's keys

RSA = rsa.generate_private_key(65537, 2048)
OTHER_RSA = rsa.generate_private_key(65537, 2048)
ED = ed25519.Ed25519PrivateKey.generate()


def public(kid: str, key: Any, kind: Any) -> dict[str, Any]:
    return {**kind.to_jwk(key.public_key(), as_dict=True), "kid": kid}


RSA_PUBLIC = public("r1", RSA, jwt.algorithms.RSAAlgorithm)
ED_PUBLIC = public("e1", ED, jwt.algorithms.OKPAlgorithm)
JWKS = tokens.checked_keys(json.dumps({"keys": [RSA_PUBLIC, ED_PUBLIC]}))


@pytest.mark.parametrize(("key", "algorithm", "kid"), [(RSA, "RS256", "r1"), (ED, "EdDSA", "e1")])
def test_a_platforms_own_key_signs(key: Any, algorithm: str, kid: str) -> None:
    """With and without `kid`; the shared secret still does."""
    for headers in ({"kid": kid}, None):
        text = jwt.encode(CLAIMS, key, algorithm, headers)
        assert tokens.read(text, [SECRET], NOW, jwks=JWKS).learner_id == "learner-1"
        assert tokens.read(text, [], NOW, jwks=JWKS).learner_id == "learner-1"
    assert tokens.read(signed(CLAIMS), [SECRET], NOW, jwks=JWKS).learner_id == "learner-1"


def pem(key: Any) -> bytes:
    return key.public_key().public_bytes(  # type: ignore[no-any-return]
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def confused(secret: bytes) -> str:
    """HS256 over what everybody knows: the public key (CVE-2015-9235). PyJWT itself refuses to make one."""
    head, body, _ = unsigned(CLAIMS, {"alg": "HS256", "typ": "JWT"}).split(".")
    mac = hmac.new(secret, f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


@pytest.mark.parametrize(
    "text",
    [
        jwt.encode(CLAIMS, OTHER_RSA, "RS256", {"kid": "r1"}),
        jwt.encode(CLAIMS, RSA, "RS256", {"kid": "e1"}),
        jwt.encode(CLAIMS, RSA, "RS512", {"kid": "r1"}),
        jwt.encode(CLAIMS, RSA, "PS256", {"kid": "r1"}),
        jwt.encode(CLAIMS, ed25519.Ed25519PrivateKey.generate(), "EdDSA", {"kid": "e1"}),
        jwt.encode(CLAIMS, ec.generate_private_key(ec.SECP256R1()), "ES256"),
        jwt.encode(CLAIMS, RSA, "RS256", {"jwk": RSA_PUBLIC, "kid": "mine"}),
        unsigned(CLAIMS, {"alg": "none", "kid": "r1"}),
        unsigned(CLAIMS, {"alg": "RS256", "kid": "r1"}),
        confused(pem(RSA)),
        confused(json.dumps(RSA_PUBLIC).encode()),
        confused(b""),
        jwt.encode(CLAIMS | {"exp": NOW - LEEWAY_S}, RSA, "RS256"),
        jwt.encode(CLAIMS | {"aud": "another"}, ED, "EdDSA"),
        jwt.encode({"iss": "province", "exp": NOW + 9}, ED, "EdDSA"),
    ],
)
def test_what_the_keys_did_not_sign_is_refused(text: str) -> None:
    """Another key, another algorithm for the key, none, the public key as a secret, a key in the header."""
    with pytest.raises(Unauthorised):
        tokens.read(text, [SECRET], NOW, jwks=JWKS)
    with pytest.raises(Unauthorised):
        tokens.read(text, [], NOW, jwks=JWKS)


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ("{", "JWK Set"),
        ('{"keys": []}', "JWK Set"),
        ('{"keys": ["x"]}', "JWK Set"),
        (json.dumps({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}), "secret"),
        (json.dumps({"keys": [jwt.algorithms.RSAAlgorithm.to_jwk(RSA, as_dict=True)]}), "secret"),
        (json.dumps({"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]}), "cannot be used"),
        (json.dumps({"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}), "short|cannot be used"),
    ],
)
def test_only_public_keys_are_kept(keys: str, reason: str) -> None:
    """No secret comes into the database by mistake, and no key that is too weak."""
    with pytest.raises(InvalidInput, match=reason):
        tokens.checked_keys(keys)


def test_an_audience_may_be_required() -> None:
    """Then a token must name us."""
    strict = JwtLearnerTokens(audience="companion", require_audience=True)
    with pytest.raises(Unauthorised, match="audience"):
        strict.read(signed(CLAIMS), [SECRET], NOW)
    assert strict.read(signed(CLAIMS | {"aud": "companion"}), [SECRET], NOW).learner_id == "learner-1"
