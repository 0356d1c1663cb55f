"""The run record: what `eval run` and `eval score` write and `compare`, `report` and `gate` read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from baize.errors import InvalidInput
from baize.written import write_text
from eval.stats import interval

FORMAT = 1

Cells = tuple[float, ...]

_LOWER_IS_BETTER = frozenset(
    """pk windowdiff refused_in_scope refused_rate unsupported_rate invented_times start_error_s
    quote_start_error_s first_event_ms first_token_ms answer_ms cer wer real_time_factor cpu_factor
    non_monotonic loops answer_leak popularity_bias""".split()
)


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric, item by item.

    Attributes:
        statistic: a name of `stats.STATISTICS`.
        cells: by item, in the order of the items; None where the metric does not apply to the item.
        note: anything that a reader must know about this number.
    """

    name: str
    statistic: str
    cells: tuple[Cells | None, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class ItemView:
    """What a reader sees of one item.

    Attributes:
        error: why it could not be scored; empty when it was.
        gold: where the answer is.
        found: what the product found or said, best first.
        failed: whether a reader of the report should look at it.
    """

    id: str
    text: str
    error: str = ""
    latency_ms: float | None = None
    gold: Mapping[str, Any] = field(default_factory=dict)
    found: Sequence[Mapping[str, Any]] = ()
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds of the product's own call, item by item; `embedding` is the part of the query's vector."""

    total: tuple[float, ...] = ()
    embedding: tuple[float, ...] = ()


def lower_is_better(metric: str) -> bool:
    """Whether less is better, from the metric's name without leg and percentile."""
    name = metric.rpartition("/")[2].removesuffix("_p50").removesuffix("_p95")
    return name in _LOWER_IS_BETTER


def make_record(
    suite: str,
    kind: str,
    items: Sequence[ItemView],
    measures: Sequence[Measure],
    latency: Latency,
    provenance: Mapping[str, Any],
) -> dict[str, Any]:
    """The record as JSON data. A metric that is undefined on these items is left out, and named."""
    metrics: dict[str, Any] = {}
    undefined: list[str] = []
    for measure in measures:
        cells = [cell for cell in measure.cells if cell is not None]
        found = interval(cells, measure.statistic)
        if found is None:
            undefined.append(measure.name)
            continue
        metrics[measure.name] = {
            "value": _short(found.value),
            "ci_low": _short(found.low),
            "ci_high": _short(found.high),
            "n": found.n,
            "statistic": measure.statistic,
        } | ({"note": measure.note} if measure.note else {})
    return {
        "format": FORMAT,
        "suite": suite,
        "kind": kind,
        "n": len(items),
        "unscored": sum(1 for item in items if item.error),
        "undefined": undefined,
        "metrics": metrics,
        "latency_ms": _latency(latency),
        "per_item": [_item(n, item, measures) for n, item in enumerate(items)],
        "provenance": dict(provenance),
    }


def _latency(latency: Latency) -> dict[str, float]:
    if not latency.total:
        return {}
    apart = [total - part for total, part in zip(latency.total, latency.embedding, strict=True)]
    return {
        f"{prefix}p{q}": _short(float(np.percentile(values, q)))
        for prefix, values in (("", latency.total), ("without_query_embedding_", apart))
        for q in (50, 95)
    } | {"n": len(latency.total)}


def _item(n: int, item: ItemView, measures: Sequence[Measure]) -> dict[str, Any]:
    scored = {m.name: [_short(x) for x in cells] for m in measures if (cells := m.cells[n]) is not None}
    line: dict[str, Any] = {"id": item.id, "text": item.text}
    if item.error:
        line["unscored"] = item.error
    if item.failed:
        line["failed"] = True
    if item.latency_ms is not None:
        line["latency_ms"] = _short(item.latency_ms)
    metrics = {name: values[0] if len(values) == 1 else values for name, values in scored.items()}
    return line | {"gold": dict(item.gold), "found": [dict(row) for row in item.found], "metrics": metrics}


def cells_of(record: Mapping[str, Any], metric: str) -> dict[str, Cells]:
    """Cells by item id, of the items that have this metric."""
    found: dict[str, Cells] = {}
    for item in record["per_item"]:
        value = item["metrics"].get(metric)
        if value is not None:
            found[item["id"]] = tuple(value) if isinstance(value, list) else (value,)
    return found


def write_records(path: Path, records: Sequence[Mapping[str, Any]]) -> None:
    """One record as an object, several as a list."""
    data: Any = records[0] if len(records) == 1 else list(records)
    write_text(path, json.dumps(data, ensure_ascii=False, indent=1) + "\n")


def read_records(path: Path) -> list[dict[str, Any]]:
    """The records of a file.

    Raises:
        InvalidInput: there is no such file, or it holds no run record of this format.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as cause:
        raise InvalidInput(f"It cannot be read: {cause.strerror}.", path=str(path)) from None
    except ValueError:
        data = None
    records = data if isinstance(data, list) else [data]
    if not records or not all(isinstance(r, dict) and "per_item" in r for r in records):
        raise InvalidInput(
            "This is no run record.",
            path=str(path),
            remedy="Make one with `baize eval run SUITE --json OUT`.",
        )
    if any(record.get("format") != FORMAT for record in records):
        raise InvalidInput(
            "This run record is of another format.", path=str(path), remedy="Run the suite again."
        )
    return records


def _short(number: float) -> float:
    return round(number, 6)
