"""Moments → numbered evidence within a token budget. Comes after `locate`; the answerers follow."""

from __future__ import annotations

from collections.abc import Sequence

from baize.domain.locator import TimeSpan, iou, overlap
from baize.domain.search import Evidence, Moment
from baize.ports import TokenCounter

_SAME_PLACE = 0.5


def pack(
    moments: Sequence[Moment], counter: TokenCounter, *, max_tokens: int, max_items: int
) -> list[Evidence]:
    """The best moments that fit, best first, markers from 1.

    A passage that mostly repeats one already packed (the overlap of neighbouring chunks, the other
    subtitle track of the same minute) is left out. One that is too long is passed over, so that a shorter
    one behind it may still fit.
    """
    packed: list[Moment] = []
    left = max_tokens
    for moment in moments:
        if len(packed) == max_items:
            break
        cost = counter.count(moment.hit.chunk.indexed_text)
        if cost > left or any(_repeats(moment, other) for other in packed):
            continue
        packed.append(moment)
        left -= cost
    return [Evidence(marker, moment) for marker, moment in enumerate(packed, 1)]


def _repeats(moment: Moment, other: Moment) -> bool:
    a, b = moment.hit.chunk, other.hit.chunk
    if a.text == b.text:
        return True
    if a.lesson_id != b.lesson_id or not (
        isinstance(a.locator, TimeSpan) and isinstance(b.locator, TimeSpan)
    ):
        return False
    if moment.focus == other.focus:
        return True
    shorter = min(a.locator.end - a.locator.start, b.locator.end - b.locator.start)
    inside = overlap(a.locator, b.locator) / shorter if shorter > 0 else 0.0
    return iou(a.locator, b.locator) > _SAME_PLACE or inside > 0.8
