"""Ranked lists → one list. Comes after `search`; `collapse` follows.

A convex blend of what each leg says, each on a scale that does not depend on what else was found (Bruch, Gai
and Ingber, ACM TOIS 2023, with a theoretical instead of an observed maximum). Reciprocal ranks were tried
first: they count a list's first passage the same whether it is the answer or noise, and fell below the
dense leg alone where question and passages share few words (docs/retrieval.md).
"""

from __future__ import annotations

from collections.abc import Sequence

from baize.domain.search import Hit, Query
from baize.retrieval.cosine import CosineScale

_COSINE_RANGE = 0.1
"""Cosine between a passage that has nothing to do with a question and one that answers it."""
_TERM_WEIGHT = 8.0
"""About what a rare term adds to a sparse score: IDF times BM25's saturation."""
SPARSE_WEIGHT = 0.8
"""What finding all of a question's terms counts, beside the whole range of cosines."""


def fuse(runs: Sequence[Sequence[Hit]], query: Query, scale: CosineScale) -> list[Hit]:
    """Merge by score(d) = margin(cosine) / range + w · max(lexical, pinyin).

    The dense part is the margin above the midpoint of the passage's language, so that lists of several
    languages merge; a passage that a list does not hold is taken to be as near as its last one. The sparse
    part is the share of the question's terms found, by characters or by sound: nothing shared adds nothing.
    Ties keep the order in which the passages were first seen.
    """
    parts: dict[str, list[Hit]] = {}
    for run in runs:
        for hit in run:
            parts.setdefault(hit.chunk.id, []).append(hit)
    tails = _tails(runs, query, scale)
    scored = [(_dense(hits, query, scale, tails) + _sparse(hits, query), hits) for hits in parts.values()]
    scored.sort(key=lambda pair: -pair[0])
    return [
        Hit(hits[0].chunk, rank, score, "fused", tuple(hits)) for rank, (score, hits) in enumerate(scored, 1)
    ]


def _tails(runs: Sequence[Sequence[Hit]], query: Query, scale: CosineScale) -> dict[str, float]:
    """The margin of the last dense hit, by passage language."""
    tails: dict[str, float] = {}
    for run in runs:
        for hit in run:
            if hit.leg == "dense":
                margin = _margin(hit, query, scale)
                tails[hit.chunk.language] = min(tails.get(hit.chunk.language, margin), margin)
    return tails


def _dense(hits: Sequence[Hit], query: Query, scale: CosineScale, tails: dict[str, float]) -> float:
    margins = [_margin(hit, query, scale) for hit in hits if hit.leg == "dense"]
    # A passage language that was not searched by meaning says nothing either way.
    return max(margins, default=tails.get(hits[0].chunk.language, 0.0)) / _COSINE_RANGE


def _margin(hit: Hit, query: Query, scale: CosineScale) -> float:
    return scale.margin(hit.score, foreign=hit.chunk.language != query.language)


def _sparse(hits: Sequence[Hit], query: Query) -> float:
    n_asked = {"lexical": len(set(query.terms)), "pinyin": len(set(query.pinyin))}
    shares = [hit.score / (n_asked[hit.leg] * _TERM_WEIGHT) for hit in hits if n_asked.get(hit.leg)]
    return SPARSE_WEIGHT * max(shares, default=0.0)
