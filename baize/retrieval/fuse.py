"""Runs → one list. Comes after `search`; `fetch` follows.

A convex blend of what each leg says, each on a scale that does not depend on what else was found (Bruch, Gai
and Ingber, ACM TOIS 2023, with a theoretical instead of an observed maximum). Reciprocal ranks were tried
first: they count a run's first passage the same whether it is the answer or noise, and fell below the
dense leg alone where question and passages share few words (docs/retrieval.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from baize.domain.search import Match, Query, Run
from baize.retrieval.cosine import CosineScale

_COSINE_RANGE = 0.1
"""Cosine between a passage that has nothing to do with a question and one that answers it."""
_TERM_WEIGHT = 8.0
"""About what a rare term adds to a sparse score: IDF times BM25's saturation."""
SPARSE_WEIGHT = 0.8
"""What finding all of a question's terms counts, beside the whole range of cosines of multilingual-e5-small.

A property of the embedder, as the scale is: one that finds more by meaning wants less of it.
"""


def fuse(
    runs: Sequence[Run], query: Query, scale: CosineScale, sparse_weight: float = SPARSE_WEIGHT
) -> Iterator[Match]:
    """Merge by score(d) = margin(cosine) / range + w · max(lexical, pinyin); best first, made as it is read.

    The dense part is the margin above the midpoint of the passage's language, so that runs of several
    languages merge; a passage that a run does not hold is taken to be as near as its last one, and one of
    whichever language, which only its words found, as near as the last one of all. The sparse part is the
    share of the question's terms found, by characters or by sound: nothing shared adds nothing.
    Ties keep the order in which the passages were first seen.
    """
    runs = [run for run in runs if run]
    margins: dict[str, float] = {}
    shares: dict[str, float] = {}
    tails: dict[str, float] = {}
    n_asked = {"lexical": len(set(query.terms)), "pinyin": len(set(query.pinyin))}
    for run in runs:
        if run.leg == "dense":
            foreign = run.language != query.language
            near = scale.margins(run.scores, foreign=foreign)
            _raise(margins, run, near)
            # How near the last dense match of a passage language is.
            tails[run.language] = min(tails.get(run.language, near[-1]), near[-1])
        elif n := n_asked.get(run.leg):
            all_found = n * _TERM_WEIGHT
            _raise(shares, run, [score / all_found for score in run.scores])
    # A passage language that was not searched by meaning says nothing either way.
    furthest = min(tails.values(), default=0.0)
    scores: dict[str, float] = {}
    for run in runs:
        tail = tails.get(run.language, 0.0) if run.language else furthest
        for chunk_id in run.chunk_ids:
            if chunk_id not in scores:
                scores[chunk_id] = margins.get(chunk_id, tail) / _COSINE_RANGE
    for chunk_id, share in shares.items():
        scores[chunk_id] += sparse_weight * share
    ranks = [dict(zip(run.chunk_ids, range(1, len(run) + 1), strict=True)) for run in runs]
    for rank, chunk_id in enumerate(sorted(scores, key=scores.__getitem__, reverse=True), 1):
        parts = [run.at(its[chunk_id]) for run, its in zip(runs, ranks, strict=True) if chunk_id in its]
        yield Match(chunk_id, parts[0].language, rank, scores[chunk_id], "fused", tuple(parts))


def _raise(best: dict[str, float], run: Run, values: Sequence[float]) -> None:
    """Keep the greatest of each passage."""
    found = dict(zip(run.chunk_ids, values, strict=True))
    # Few are in both, and the others need not be looked at one by one.
    for chunk_id in found.keys() & best.keys():
        found[chunk_id] = max(found[chunk_id], best[chunk_id])
    best.update(found)
