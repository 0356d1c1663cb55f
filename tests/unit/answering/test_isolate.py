"""Whom the endpoint may tell apart."""

from __future__ import annotations

from itertools import product

import pytest

from baize.answering.isolate import Isolation, user_id

KEY = b"k" * 32
ASKED = tuple(product(("p1", "p2"), ("health", "sheets"), ("lin", "wang")))


@pytest.mark.parametrize(("policy", "n_ids"), [("none", 1), ("platform", 2), ("course", 4), ("learner", 8)])
def test_ids_are_as_many_as_the_policy_tells_apart(policy: Isolation, n_ids: int) -> None:
    """Two platforms never share one: neither a cache nor a safety verdict goes from one to the other."""
    ids = {asked: user_id(policy, KEY, *asked) for asked in ASKED}
    assert len(set(ids.values())) == n_ids
    if policy != "none":
        assert not {ids[one] for one in ASKED if one[0] == "p1"} & {
            ids[one] for one in ASKED if one[0] == "p2"
        }


@pytest.mark.parametrize("policy", ["platform", "course", "learner"])
def test_an_id_tells_nobody_who_it_is(policy: Isolation) -> None:
    """Without the key it cannot be made again; it fits the endpoint's 512 bytes and holds no name."""
    asked = ("p" * 128, "课" * 128, "l" * 128)
    made = user_id(policy, KEY, *asked)
    assert made == user_id(policy, KEY, *asked)
    assert made != user_id(policy, b"another key", *asked)
    assert made.isascii()
    assert len(made) == 32
    assert user_id(policy, b"k" * 200, *asked) == user_id(policy, b"k" * 64, *asked)


def test_names_that_join_to_the_same_are_not_the_same() -> None:
    """What one holds at its end, the next does not begin with."""
    assert user_id("course", KEY, "ab", "c", "") != user_id("course", KEY, "a", "bc", "")
