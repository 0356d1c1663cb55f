"""Whom the endpoint may tell apart: an opaque id for its prefix cache, its scheduling and its safety checks.

One id per learner would be most private and cost most: no learner would then profit from what another one's
question put into the cache. By default learners of a course share one.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Literal

Isolation = Literal["none", "platform", "course", "learner"]


def user_id(policy: Isolation, key: bytes, platform_id: str, course_id: str, learner_id: str) -> str:
    """A keyed digest: the endpoint learns neither names nor ids. Empty for `none`.

    Args:
        key: at most 64 bytes; whoever holds it could recognise an id.
    """
    if policy == "none":
        return ""
    parts = {"platform": (), "course": (course_id,), "learner": (course_id, learner_id)}[policy]
    name = "\x1f".join((platform_id, *parts))
    return blake2b(name.encode(), key=key[:64], digest_size=16).hexdigest()
