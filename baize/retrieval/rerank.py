"""Distinct hits → the first of them in the order of a model that read question and passage together.

Comes after `collapse`; `locate` follows. `assess` stands beside it: the evidence score is read off the fused
list, so that it means the same with and without a reranker.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from baize.domain.search import Hit


def rerank(hits: Sequence[Hit], scores: Sequence[float]) -> list[Hit]:
    """The first `len(scores)` hits by falling score, then the others as they stood; ties keep the order.

    Ranks are numbered anew. A hit keeps its fused score: the model's stand on a scale of their own, which the
    hits behind have no place on.
    """
    head = sorted(zip(hits, scores, strict=False), key=lambda pair: -pair[1])
    ordered = [hit for hit, _ in head] + list(hits[len(scores) :])
    return [replace(hit, rank=rank) for rank, hit in enumerate(ordered, 1)]
