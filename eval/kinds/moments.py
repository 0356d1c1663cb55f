"""`moments`: does the product find the second at which a question is answered?

A hit is the right video with start − 10 s ≤ t < end. Lists are those of the product's search, after
near-duplicates collapsed; a leg's are the same search over that leg alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from baize.errors import InvalidInput, NotFound
from eval.dataset import Question
from eval.kinds.bench import Bench, Scored, Spot, Timed, latency_of, reason, timed, unjudgeable, video_spots
from eval.kinds.stock import ask_stock, best_sizes
from eval.legs import LegView
from eval.library import lesson_id
from eval.metrics.ranking import ranking
from eval.record import Cells, ItemView, Measure

METRICS = ("hit@1", "hit@5", "hit@10", "mrr@10")
TOLERANCE_S = 10.0
_K = 10
_N_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Observed:
    """One question and where each system would send the learner.

    Attributes:
        found: ranked places, by system: empty for the product, a leg, or `langchain-400` …
        within: the best place within the right video, by system; missing where a system found none.
    """

    id: str
    text: str
    video_id: str
    start: float
    end: float
    found: Mapping[str, tuple[Spot, ...]] = field(default_factory=dict)
    within: Mapping[str, Spot] = field(default_factory=dict)
    timing: Timed | None = None
    error: str = ""


async def observe(bench: Bench) -> list[Observed]:
    """Ask every question of the suite."""
    questions = bench.some(bench.suite.questions)
    if not questions:
        return []
    legs = await bench.legs(questions[0].text)
    lessons = {video.id: lesson_id(n) for n, video in enumerate(bench.suite.videos)}

    async def ask(question: Question) -> Observed:
        return await _ask(bench, question, legs, lessons.get(question.video_id, ""))

    return await bench.each(questions, ask)


async def _ask(bench: Bench, question: Question, legs: Sequence[str], lesson: str) -> Observed:
    seen = Observed(question.id, question.text, question.video_id, question.start, question.end)
    library = bench.library
    if why := unjudgeable(question, bench.suite.videos):
        return replace(seen, error=why)
    try:
        results, timing = await timed(
            bench, lambda: library.house.searching.search(question.text, library.scope, k=_K)
        )
        found = {"": tuple(video_spots(bench, results, _N_SHOWN))}
        within: dict[str, Spot] = {}
        for leg in ("", *legs):
            searching = library.house.searching_over(
                LegView(library.house.index, leg), library.house.card_index
            )
            if leg:
                ranked = await searching.search(question.text, library.scope, k=_K)
                found[leg] = tuple(video_spots(bench, ranked))
            inside = await searching.search(question.text, library.within(lesson), k=1)
            within.update((leg, spot) for spot in video_spots(bench, inside))
    except (InvalidInput, NotFound) as error:
        return replace(seen, error=reason(error))
    for system, spots, best in await ask_stock(bench, question.text, k=_K, place=question.video_id):
        found[system] = tuple(spots)
        within.update((system, spot) for spot in best)
    return replace(seen, found=found, within=within, timing=timing)


def score(items: Sequence[Observed]) -> Scored:
    """Library-wide ranks, start errors of the hits, and the best moment within the right video."""
    measures: list[Measure] = []
    systems = list(dict.fromkeys(system for item in items for system in item.found))
    for system in systems:
        measures.extend(_measures(items, system))
    return Scored(
        tuple(_view(item) for item in items),
        tuple(best_sizes(measures)),
        latency_of([item.timing for item in items]),
    )


def _measures(items: Sequence[Observed], system: str) -> list[Measure]:
    prefix = f"{system}/" if system else ""
    scores = _rank_scores(items, system)
    measures = [
        Measure(f"{prefix}{name}", "mean", tuple(_cell(scores[name].get(item.id)) for item in items))
        for name in METRICS
    ]
    errors = tuple(_cell(_start_error(item, system)) for item in items)
    measures += [
        Measure(f"{prefix}start_error_s_{p}", p, errors, "of the first hit in the top 10")
        for p in ("p50", "p95")
    ]
    measures += [
        Measure(f"{prefix}start@{s}", "mean", tuple(_cell(_near(item, system, s)) for item in items))
        for s in (15, 30)
    ]
    return measures


def is_hit(spot: Spot, item: Observed) -> bool:
    """Whether a learner who is sent there is in the right place, at most ten seconds early."""
    return spot.place == item.video_id and item.start - TOLERANCE_S <= spot.t < item.end


def _rank_scores(items: Sequence[Observed], system: str) -> dict[str, dict[str, float]]:
    # A place has no id, so its rank stands for it; a question that nothing hits has a target nobody finds.
    qrels, runs = {}, {}
    for item in items:
        if system not in item.found:
            continue
        spots = item.found[system]
        runs[item.id] = [str(rank) for rank in range(len(spots))]
        hits = {str(rank): 1 for rank, spot in enumerate(spots) if is_hit(spot, item)}
        qrels[item.id] = hits or {"missed": 1}
    return ranking(qrels, runs, METRICS)


def _start_error(item: Observed, system: str) -> float | None:
    hit = next((spot for spot in item.found.get(system, ())[:_K] if is_hit(spot, item)), None)
    return abs(hit.t - item.start) if hit else None


def _near(item: Observed, system: str, seconds: float) -> float | None:
    if system not in item.found:
        return None
    best = item.within.get(system)
    return float(best is not None and abs(best.t - item.start) <= seconds)


def _cell(value: float | None) -> Cells | None:
    return None if value is None else (value,)


def _view(item: Observed) -> ItemView:
    return ItemView(
        item.id,
        item.text,
        item.error,
        item.timing.total_ms if item.timing else None,
        {"video": item.video_id, "start": item.start, "end": item.end},
        [
            {"video": spot.place, "t": spot.t, "text": spot.text, "hit": is_hit(spot, item)}
            for spot in item.found.get("", ())[:_N_SHOWN]
        ],
        failed=not item.error and not any(is_hit(spot, item) for spot in item.found.get("", ())[:1]),
    )
