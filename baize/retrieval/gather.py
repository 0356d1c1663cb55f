"""Distinct hits → the same ones, those first that others of their stretch stand by. Comes after `collapse`.

`locate` follows. Only for a query that names a subject (“Proof of work and blockchains”), as titles do and
what is typed into a search box. A question is answered by a sentence or two; a subject is spoken of for
minutes, so a place where several good hits stand says more than one good hit alone (docs/retrieval.md).
`assess` stands beside it: the evidence score is read off the fused order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from baize.domain.locator import TimeSpan
from baize.domain.search import Hit, Query
from baize.domain.sentences import has_han

_STRETCH_S = 180.0
"""How far from each other two hits speak of one subject: a chapter has some minutes."""
_NEAR = 0.25
_SAME_LESSON = 0.1
"""What a hit is worth to one of its stretch, and to one of its lesson further off."""
_MOST_CHARS = {True: 24, False: 90}
"""Length of a title, Chinese and other."""
_ASKS = re.compile(
    r"[?？]|[.。!！;；]\s*$"
    r"|^\W*(?:how|what|where|when|why|who|whose|which|is|are|was|were|do|does|did|can|could|should|would|will|may"
    r"|has|have|had|am|i|we|please|tell|show|give|explain|describe|find)\b"
    r"|什么|啥|怎么|怎样|如何|为何|哪|谁|多少|几(?!何)|吗|呢|是否|能不能|可不可以|有没有|是不是|请|我|告诉|解释|讲讲",
    re.IGNORECASE,
)


class _Spoken(NamedTuple):
    lesson_id: str
    span: TimeSpan


def names_subject(text: str) -> bool:
    """Whether a query names something: a few words, none that asks, no full stop."""
    return len(text) <= _MOST_CHARS[has_han(text)] and _ASKS.search(text) is None


def gather(query: Query, hits: Sequence[Hit]) -> list[Hit]:
    """The hits, ranked anew where the query names a subject and speech of its language was found.

    Each is lifted by what the others of its stretch, and less of its lesson, stand above the last hit. A hit
    keeps its fused score, which is on one scale with those of other searches.
    """
    if not names_subject(query.question):
        return list(hits)
    floor = min((hit.score for hit in hits), default=0.0)
    spoken = [_spoken(query, hit) for hit in hits]

    def lifted(n: int) -> float:
        others = (m for m in range(len(hits)) if m != n)
        return hits[n].score + sum(_worth(spoken[n], spoken[m]) * (hits[m].score - floor) for m in others)

    order = sorted(range(len(hits)), key=lifted, reverse=True)
    return [replace(hits[n], rank=rank) for rank, n in enumerate(order, 1)]


def _worth(place: _Spoken | None, other: _Spoken | None) -> float:
    if place is None or other is None or place.lesson_id != other.lesson_id:
        return 0.0
    between = max(place.span.start, other.span.start) - min(place.span.end, other.span.end)
    return _NEAR if between <= _STRETCH_S else _SAME_LESSON


def _spoken(query: Query, hit: Hit) -> _Spoken | None:
    """The sentences that the hit was found by; None unless they are speech of the query's language."""
    first, last = hit.chunk.window[0].locator, hit.chunk.window[-1].locator
    if hit.chunk.language != query.language or not (
        isinstance(first, TimeSpan) and isinstance(last, TimeSpan)
    ):
        return None
    return _Spoken(hit.chunk.lesson_id, TimeSpan(first.start, last.end))
