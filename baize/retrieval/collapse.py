"""Hits → distinct hits: each place once, at its best. Comes after `fetch`; `assess` follows."""

from __future__ import annotations

from collections.abc import Sequence

from baize.domain.locator import Locator, TimeSpan, iou, join, overlap
from baize.domain.search import Hit
from baize.domain.text import Chunk

_SAME_PLACE = 0.5
_INSIDE = 0.8


def collapse(hits: Sequence[Hit], n: int) -> list[Hit]:
    """The first `n` hits that do not repeat a better one, in their order.

    Repeated are equal texts of one course, so sentences of one passage too; neighbouring sentences of speech;
    and the other subtitle track of the same minute.
    """
    distinct: list[Hit] = []
    texts: set[tuple[str, str]] = set()
    places: dict[str, list[tuple[Locator, Locator]]] = {}
    for hit in hits:
        if len(distinct) == n:
            break
        chunk = hit.chunk
        # Two courses may share a text, and each must be found.
        text = (chunk.course_id, chunk.text)
        place = (_seen(chunk), chunk.locator)
        others = places.setdefault(chunk.lesson_id, [])
        if text in texts or any(_repeats(place, other) for other in others):
            continue
        distinct.append(hit)
        texts.add(text)
        others.append(place)
    return distinct


def _repeats(a: tuple[Locator, Locator], b: tuple[Locator, Locator]) -> bool:
    """Of two chunks of one lesson, where each is found and its whole passage."""
    return _touch(a[0], b[0]) or _mostly_shared(a[1], b[1])


def _touch(a: Locator, b: Locator) -> bool:
    return isinstance(a, TimeSpan) and isinstance(b, TimeSpan) and overlap(a, b) > 0


def _mostly_shared(a: Locator, b: Locator) -> bool:
    if not (isinstance(a, TimeSpan) and isinstance(b, TimeSpan)):
        return False
    shorter = min(a.end - a.start, b.end - b.start)
    inside = overlap(a, b) / shorter if shorter > 0 else 0.0
    return iou(a, b) > _SAME_PLACE or inside > _INSIDE


def _seen(chunk: Chunk) -> Locator:
    """Where the sentences stand that the chunk is found by."""
    return join(chunk.window[0].locator, chunk.window[-1].locator)
