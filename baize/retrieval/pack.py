"""Moments → numbered evidence within a token budget. Comes after `locate`; the answerers follow."""

from __future__ import annotations

from collections.abc import Sequence

from baize.domain.search import Evidence, Moment
from baize.ports import TokenCounter


def pack(
    moments: Sequence[Moment], counter: TokenCounter, *, max_tokens: int, max_items: int
) -> list[Evidence]:
    """The best moments that fit, best first, markers from 1.

    A passage that is too long is passed over, so that a shorter one behind it may still fit.
    """
    packed: list[Moment] = []
    left = max_tokens
    for moment in moments:
        if len(packed) == max_items:
            break
        chunk = moment.hit.chunk
        cost = chunk.n_tokens or counter.count(chunk.indexed_text)
        if cost > left:
            continue
        packed.append(moment)
        left -= cost
    return [Evidence(marker, moment) for marker, moment in enumerate(packed, 1)]
