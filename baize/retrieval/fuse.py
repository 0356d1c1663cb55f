"""Ranked lists → one list. Comes after `search`; `fetch` follows.

A convex blend of what each leg says, each on a scale that does not depend on what else was found (Bruch, Gai
and Ingber, ACM TOIS 2023, with a theoretical instead of an observed maximum). Reciprocal ranks were tried
first: they count a list's first passage the same whether it is the answer or noise, and fell below the
dense leg alone where question and passages share few words (docs/retrieval.md).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from baize.domain.search import Match, Query
from baize.retrieval.cosine import CosineScale

_COSINE_RANGE = 0.1
"""Cosine between a passage that has nothing to do with a question and one that answers it."""
_TERM_WEIGHT = 8.0
"""About what a rare term adds to a sparse score: IDF times BM25's saturation."""
SPARSE_WEIGHT = 0.8
"""What finding all of a question's terms counts, beside the whole range of cosines."""


def fuse(runs: Sequence[Sequence[Match]], query: Query, scale: CosineScale) -> Iterator[Match]:
    """Merge by score(d) = margin(cosine) / range + w · max(lexical, pinyin); best first, made as it is read.

    The dense part is the margin above the midpoint of the passage's language, so that lists of several
    languages merge; a passage that a list does not hold is taken to be as near as its last one, and one of
    whichever language, which only its words found, as near as the last one of all. The sparse part is the
    share of the question's terms found, by characters or by sound: nothing shared adds nothing.
    Ties keep the order in which the passages were first seen.
    """
    parts: dict[str, list[Match]] = {}
    margins: dict[str, float] = {}
    shares: dict[str, float] = {}
    tails: dict[str, float] = {}
    n_asked = {"lexical": len(set(query.terms)), "pinyin": len(set(query.pinyin))}
    for run in filter(None, runs):
        leg, language = run[0].leg, run[0].language
        for match in run:
            parts.setdefault(match.chunk_id, []).append(match)
        if leg == "dense":
            foreign = language != query.language
            _raise(margins, [(match.chunk_id, scale.margin(match.score, foreign=foreign)) for match in run])
            # How near the last dense match of a passage language is.
            tail = scale.margin(run[-1].score, foreign=foreign)
            tails[language] = min(tails.get(language, tail), tail)
        elif n := n_asked.get(leg):
            _raise(shares, [(match.chunk_id, match.score / (n * _TERM_WEIGHT)) for match in run])
    # A passage language that was not searched by meaning says nothing either way.
    furthest = min(tails.values(), default=0.0)
    scores: dict[str, float] = {}
    for chunk_id, found in parts.items():
        margin = margins.get(chunk_id)
        if margin is None:
            language = found[0].language
            margin = tails.get(language, 0.0) if language else furthest
        scores[chunk_id] = margin / _COSINE_RANGE + SPARSE_WEIGHT * shares.get(chunk_id, 0.0)
    for rank, chunk_id in enumerate(sorted(scores, key=scores.__getitem__, reverse=True), 1):
        found = parts[chunk_id]
        yield Match(chunk_id, found[0].language, rank, scores[chunk_id], "fused", tuple(found))


def _raise(best: dict[str, float], seen: Iterable[tuple[str, float]]) -> None:
    """Keep the greatest of each."""
    for chunk_id, value in seen:
        if value > best.get(chunk_id, -math.inf):
            best[chunk_id] = value
