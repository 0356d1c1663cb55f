"""The stock pipelines beside the product: ask both sizes, report the better."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from eval.baselines import NAMES
from eval.kinds.bench import Bench, Spot
from eval.record import Measure, lower_is_better
from eval.stats import interval

_SIZED = re.compile(rf"({'|'.join(NAMES)})-(\d+)/(.+)")


async def ask_stock(
    bench: Bench, question: str, *, k: int, place: str = ""
) -> list[tuple[str, list[Spot], list[Spot]]]:
    """(`langchain-400`, its `k` best places, its best place within `place`) of each pipeline and size.

    Args:
        place: a video; empty for no look within one.
    """
    if not bench.stock:
        return []
    vector = await bench.library.house.embedder.embed_query(question)
    found = []
    for size, stock in bench.stock.items():
        for name in NAMES:
            ranked = stock.rank(name, question, vector, k=k)
            inside = stock.rank(name, question, vector, k=1, place=place) if place else []
            found.append(
                (
                    f"{name}-{size}",
                    [Spot(chunk.place, chunk.t) for chunk in ranked],
                    [Spot(chunk.place, chunk.t) for chunk in inside],
                )
            )
    return found


def best_sizes(measures: Sequence[Measure]) -> list[Measure]:
    """Each stock metric once, as `langchain/hit@1`, of the chunk size that does better on this metric."""
    kept: list[Measure] = []
    sized: dict[str, list[Measure]] = {}
    for measure in measures:
        match = _SIZED.fullmatch(measure.name)
        if match is None:
            kept.append(measure)
            continue
        name, size, metric = match.groups()
        note = f"chunks of {size} characters, the better size"
        sized.setdefault(f"{name}/{metric}", []).append(replace(measure, name=f"{name}/{metric}", note=note))
    return kept + [max(candidates, key=_goodness) for candidates in sized.values()]


def _goodness(measure: Measure) -> float:
    found = interval([cell for cell in measure.cells if cell is not None], measure.statistic)
    if found is None:
        return float("-inf")
    return -found.value if lower_is_better(measure.name) else found.value
