"""Hits → distinct hits: each place once, at its best. Comes after `fetch`; `assess` follows."""

from __future__ import annotations

from collections.abc import Sequence

from baize.domain.locator import TimeSpan, iou, join, overlap
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
    places: dict[str, list[tuple[TimeSpan, TimeSpan]]] = {}
    for hit in hits:
        if len(distinct) == n:
            break
        chunk = hit.chunk
        # Two courses may share a text, and each must be found.
        text = (chunk.course_id, chunk.text)
        if text in texts:
            continue
        place = _place(chunk)
        if place is not None:
            others = places.setdefault(chunk.lesson_id, [])
            if any(_repeats(place, other) for other in others):
                continue
            others.append(place)
        distinct.append(hit)
        texts.add(text)
    return distinct


def _place(chunk: Chunk) -> tuple[TimeSpan, TimeSpan] | None:
    """Where the sentences are spoken that the chunk is found by, and its whole passage; None if written."""
    if not isinstance(chunk.locator, TimeSpan):
        return None
    seen = join(chunk.window[0].locator, chunk.window[-1].locator)
    return (seen, chunk.locator) if isinstance(seen, TimeSpan) else None


def _repeats(a: tuple[TimeSpan, TimeSpan], b: tuple[TimeSpan, TimeSpan]) -> bool:
    """Of two chunks of one lesson."""
    return overlap(a[0], b[0]) > 0 or _mostly_shared(a[1], b[1])


def _mostly_shared(a: TimeSpan, b: TimeSpan) -> bool:
    shorter = min(a.end - a.start, b.end - b.start)
    inside = overlap(a, b) / shorter if shorter > 0 else 0.0
    return iou(a, b) > _SAME_PLACE or inside > _INSIDE
