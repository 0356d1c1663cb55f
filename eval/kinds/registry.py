"""The kinds by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval.kinds import beir, moments, refusal
from eval.kinds.bench import Bench, Scored


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind is run and scored.

    Attributes:
        item: what is observed of one item; frozen, readable from JSON.
        has_stock: whether the stock pipelines can stand beside it.
    """

    item: type[Any]
    observe: Callable[[Bench], Awaitable[Sequence[Any]]]
    score: Callable[[Sequence[Any]], Scored]
    has_stock: bool = False


KINDS: Mapping[str, Kind] = {
    "beir": Kind(beir.Observed, beir.observe, beir.score, has_stock=True),
    "moments": Kind(moments.Observed, moments.observe, moments.score, has_stock=True),
    "refusal": Kind(refusal.Observed, refusal.observe, refusal.score),
}
