"""Learner tokens: what is read from a good one, and how a bad one is refused."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baize.adapters.learner_tokens_jwt import LEEWAY_S, JwtLearnerTokens
from baize.domain.platform import LearnerClaims
from baize.errors import Unauthorised

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
    text = signed(CLAIMS | {"iat": NOW, "name": "张三", "aud": "anyone"})
    assert tokens.read(text, [SECRET], NOW) == LearnerClaims("province", "learner-1", NOW + 600)


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
