"""`chapters`: computed chapters against a person's. Gold chapters are never ingested.

F1 is micro-averaged over all recordings. `title_similarity` is the mean over gold chapters, 0 for one whose
start (± 30 s) no computed chapter has; the one at 0 s is compared with the chapter that starts first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval.kinds.bench import Scored
from eval.metrics.segmentation import inner, match, pk, windowdiff
from eval.metrics.titles import title_similarity
from eval.record import Cells, ItemView, Measure

BANDS = (("<10min", 0, 10), ("10-30min", 10, 30), ("30-60min", 30, 60), (">=60min", 60, float("inf")))
"""Name, least and most minutes."""

_TITLE_TOLERANCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Boundary:
    """Where a chapter starts, in seconds, and its title."""

    start: float
    title: str


@dataclass(frozen=True, slots=True)
class Observed:
    """One recording with both outlines."""

    id: str
    title: str
    duration_s: float
    gold: tuple[Boundary, ...]
    predicted: tuple[Boundary, ...] = ()
    error: str = ""


def score(items: Sequence[Observed]) -> Scored:
    """Over all recordings, then by duration band; a band without recordings has no metrics."""
    measures = _measures(items, "", [not item.error for item in items])
    for name, least, most in BANDS:
        inside = [not item.error and least * 60 <= item.duration_s < most * 60 for item in items]
        if any(inside):
            measures += _measures(items, f"{name}/", inside)
    return Scored(tuple(_view(item) for item in items), tuple(measures))


def _measures(items: Sequence[Observed], prefix: str, inside: Sequence[bool]) -> list[Measure]:
    def each(name: str, statistic: str, cells: Sequence[Cells | None]) -> Measure:
        kept = (cell if use else None for cell, use in zip(cells, inside, strict=True))
        return Measure(f"{prefix}{name}", statistic, tuple(kept))

    return [
        each("pk", "mean", [_one(pk(_starts(i.gold), _starts(i.predicted), i.duration_s)) for i in items]),
        each(
            "windowdiff",
            "mean",
            [_one(windowdiff(_starts(i.gold), _starts(i.predicted), i.duration_s)) for i in items],
        ),
        each("f1@15", "f1", [_counts(item, 15.0) for item in items]),
        each("f1@30", "f1", [_counts(item, 30.0) for item in items]),
        each("title_similarity", "mean", [_one(_titles(item)) for item in items]),
    ]


def _counts(item: Observed, tolerance_s: float) -> Cells:
    gold, predicted = _starts(item.gold), _starts(item.predicted)
    n_matched = len(match(gold, predicted, tolerance_s))
    return (float(n_matched), float(len(inner(predicted))), float(len(inner(gold))))


def _titles(item: Observed) -> float | None:
    if not item.gold:
        return None
    partners = dict(match(_starts(item.gold), _starts(item.predicted), _TITLE_TOLERANCE_S))
    titles = {boundary.start: boundary.title for boundary in item.predicted}
    first = min(titles, default=None)
    found = [partners.get(boundary.start) if boundary.start > 0 else first for boundary in item.gold]
    alike = [
        0.0 if start is None else title_similarity(boundary.title, titles[start])
        for boundary, start in zip(item.gold, found, strict=True)
    ]
    return sum(alike) / len(alike)


def _starts(boundaries: Sequence[Boundary]) -> list[float]:
    return [boundary.start for boundary in boundaries]


def _one(value: float | None) -> Cells | None:
    return None if value is None else (value,)


def _view(item: Observed) -> ItemView:
    return ItemView(
        item.id,
        item.title,
        item.error,
        None,
        {"video": item.id, "chapters": [[boundary.start, boundary.title] for boundary in item.gold]},
        [{"video": item.id, "t": boundary.start, "text": boundary.title} for boundary in item.predicted],
        failed=not item.error and not match(_starts(item.gold), _starts(item.predicted), 30.0),
    )
