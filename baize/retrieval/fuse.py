"""Ranked lists → one list. Comes after `search`; `fetch` follows.

A convex blend of what each leg says, each on a scale that does not depend on what else was found (Bruch, Gai
and Ingber, ACM TOIS 2023, with a theoretical instead of an observed maximum). Reciprocal ranks were tried
first: they count a list's first passage the same whether it is the answer or noise, and fell below the
dense leg alone where question and passages share few words (docs/retrieval.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from baize.domain.search import Match, Query
from baize.retrieval.cosine import CosineScale

_COSINE_RANGE = 0.1
"""Cosine between a passage that has nothing to do with a question and one that answers it."""
_TERM_WEIGHT = 8.0
"""About what a rare term adds to a sparse score: IDF times BM25's saturation."""
SPARSE_WEIGHT = 0.8
"""What finding all of a question's terms counts, beside the whole range of cosines."""


def fuse(runs: Sequence[Sequence[Match]], query: Query, scale: CosineScale) -> list[Match]:
    """Merge by score(d) = margin(cosine) / range + w · max(lexical, pinyin).

    The dense part is the margin above the midpoint of the passage's language, so that lists of several
    languages merge; a passage that a list does not hold is taken to be as near as its last one. The sparse
    part is the share of the question's terms found, by characters or by sound: nothing shared adds nothing.
    Ties keep the order in which the passages were first seen.
    """
    parts: dict[str, list[Match]] = {}
    for run in runs:
        for match in run:
            parts.setdefault(match.chunk_id, []).append(match)
    tails = _tails(runs, query, scale)
    n_asked = {"lexical": len(set(query.terms)), "pinyin": len(set(query.pinyin))}
    scored = [
        (_dense(found, query, scale, tails) + _sparse(found, n_asked), found) for found in parts.values()
    ]
    scored.sort(key=lambda pair: -pair[0])
    return [
        Match(found[0].chunk_id, found[0].language, rank, score, "fused", tuple(found))
        for rank, (score, found) in enumerate(scored, 1)
    ]


def _tails(runs: Sequence[Sequence[Match]], query: Query, scale: CosineScale) -> dict[str, float]:
    """The margin of the last dense match, by passage language."""
    tails: dict[str, float] = {}
    for run in runs:
        if run and run[-1].leg == "dense":
            margin = _margin(run[-1], query, scale)
            tails[run[-1].language] = min(tails.get(run[-1].language, margin), margin)
    return tails


def _dense(found: Sequence[Match], query: Query, scale: CosineScale, tails: dict[str, float]) -> float:
    margins = [_margin(match, query, scale) for match in found if match.leg == "dense"]
    # A passage language that was not searched by meaning says nothing either way.
    return max(margins, default=tails.get(found[0].language, 0.0)) / _COSINE_RANGE


def _margin(match: Match, query: Query, scale: CosineScale) -> float:
    return scale.margin(match.score, foreign=match.language != query.language)


def _sparse(found: Sequence[Match], n_asked: Mapping[str, int]) -> float:
    shares = [match.score / (n_asked[match.leg] * _TERM_WEIGHT) for match in found if n_asked.get(match.leg)]
    return SPARSE_WEIGHT * max(shares, default=0.0)
