"""Ranked lists → one list. Comes after `search`; `fetch` follows.

A convex blend of what each leg says, each on a scale that does not depend on what else was found (Bruch, Gai
and Ingber, ACM TOIS 2023, with a theoretical instead of an observed maximum). Reciprocal ranks were tried
first: they count a list's first passage the same whether it is the answer or noise, and fell below the
dense leg alone where question and passages share few words (docs/retrieval.md).
"""

from __future__ import annotations

from collections.abc import Sequence

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
    parts: dict[str, tuple[Match, ...]] = {}
    margins: dict[str, float] = {}
    shares: dict[str, float] = {}
    tails: dict[str, float] = {}
    n_asked = {"lexical": len(set(query.terms)), "pinyin": len(set(query.pinyin))}
    for run in runs:
        for match in run:
            chunk_id = match.chunk_id
            parts[chunk_id] = (*parts.get(chunk_id, ()), match)
            if match.leg == "dense":
                margin = scale.margin(match.score, foreign=match.language != query.language)
                margins[chunk_id] = max(margin, margins.get(chunk_id, margin))
            elif n := n_asked.get(match.leg):
                share = match.score / (n * _TERM_WEIGHT)
                shares[chunk_id] = max(share, shares.get(chunk_id, 0.0))
        if run and run[-1].leg == "dense":
            # How near the last dense match of a passage language is.
            last = run[-1]
            margin = scale.margin(last.score, foreign=last.language != query.language)
            tails[last.language] = min(tails.get(last.language, margin), margin)

    def score(chunk_id: str) -> float:
        margin = margins.get(chunk_id)
        if margin is None:
            # A passage language that was not searched by meaning says nothing either way.
            margin = tails.get(parts[chunk_id][0].language, 0.0)
        return margin / _COSINE_RANGE + SPARSE_WEIGHT * shares.get(chunk_id, 0.0)

    scores = {chunk_id: score(chunk_id) for chunk_id in parts}
    return [
        Match(chunk_id, parts[chunk_id][0].language, rank, scores[chunk_id], "fused", parts[chunk_id])
        for rank, chunk_id in enumerate(sorted(scores, key=scores.__getitem__, reverse=True), 1)
    ]
