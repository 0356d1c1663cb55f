"""Ranked lists → one list, by reciprocal rank. Comes after `search`; `assess` follows."""

from __future__ import annotations

from collections.abc import Sequence

from baize.domain.search import Hit, Query

FOREIGN_DENSE_WEIGHT = 0.7
"""A dense list in another language than the question's: its first passage is a guess more often."""

PINYIN_WEIGHT = 0.4
"""Syllables repeat what the lexical leg says, and mean something of their own only where it is blind."""

FOREIGN_LEXICAL_WEIGHT = 0.3
"""A lexical hit in another language shares at most a formula or a loan word with the question."""


def fuse(runs: Sequence[Sequence[Hit]], query: Query, *, k: int = 60) -> list[Hit]:
    """Merge by reciprocal rank: score(d) = Σ w / (k + rank(d)).

    Scores of different legs are not comparable; ranks are. `w` is 1, or less where question and passage
    differ in language. Ties keep the order in which the passages were first seen. Ranks start at 1, as in
    Cormack, Clarke and Büttcher, SIGIR 2009 (k = 60 and no weights there).

    Raises:
        ValueError: if k is negative.
    """
    if k < 0:
        raise ValueError(f"k must not be negative, not {k}")
    parts: dict[str, list[Hit]] = {}
    for run in runs:
        for hit in run:
            parts.setdefault(hit.chunk.id, []).append(hit)
    scored = [(sum(_weight(hit, query) / (k + hit.rank) for hit in hits), hits) for hits in parts.values()]
    scored.sort(key=lambda pair: -pair[0])
    return [
        Hit(hits[0].chunk, rank, score, "fused", tuple(hits)) for rank, (score, hits) in enumerate(scored, 1)
    ]


def _weight(hit: Hit, query: Query) -> float:
    if hit.leg == "pinyin":
        return PINYIN_WEIGHT
    if hit.chunk.language == query.language:
        return 1.0
    return FOREIGN_DENSE_WEIGHT if hit.leg == "dense" else FOREIGN_LEXICAL_WEIGHT
