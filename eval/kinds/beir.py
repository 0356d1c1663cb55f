"""`beir`: does the product find the document that answers? A document ranks by its best chunk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from baize.errors import InvalidInput, NotFound
from baize.services.search import Kind, Result
from eval.dataset import SuiteQuery
from eval.kinds.bench import Bench, Scored, Spot, Timed, latency_of, reason, timed
from eval.kinds.stock import ask_stock, best_sizes
from eval.legs import LegView
from eval.library import record_of
from eval.metrics.ranking import ranking
from eval.record import ItemView, Measure

METRICS = ("hit@1", "hit@5", "hit@10", "mrr@10", "ndcg@10", "recall@100")
_K = 100
_K_STOCK_CHUNKS = 300
_N_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Observed:
    """One query and the documents that each system finds.

    Attributes:
        relevant: relevance by document id.
        found: document ids, best first, by system: empty for the product, a leg, or `langchain-400` …
        shown: the product's first documents, with what is said there.
    """

    id: str
    text: str
    relevant: Mapping[str, int]
    found: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    shown: tuple[Spot, ...] = ()
    timing: Timed | None = None
    error: str = ""


async def observe(bench: Bench, kind: Kind = "moments") -> list[Observed]:
    """Ask every query of the suite.

    Args:
        kind: what is searched for; each of its rows must lie in one document.
    """
    queries = bench.some(bench.suite.queries)
    if not queries:
        return []
    legs = await bench.legs(queries[0].text, kind)

    async def ask(query: SuiteQuery) -> Observed:
        return await _ask(bench, query, legs, kind)

    return await bench.each(queries, ask)


async def _ask(bench: Bench, query: SuiteQuery, legs: Sequence[str], kind: Kind) -> Observed:
    judged = (bench.suite.qrels or {}).get(query.id, {})
    seen = Observed(query.id, query.text, judged)
    if not any(relevance > 0 for relevance in judged.values()):
        return replace(seen, error="NotJudged: no document of the qrels answers it")
    house, scope = bench.library.house, bench.library.scope
    try:
        results, timing = await timed(
            bench, lambda: house.searching.search(query.text, scope, kind=kind, k=_K)
        )
        # The product shows a few moments; recall@100 looks on, with the same pipeline at a greater depth.
        deep = bench.library.deep
        looking_on = deep.searching_over(house.index, house.card_index)
        tail = await looking_on.search(query.text, scope, kind=kind, k=_K)
        found = {"": _documents(bench, [*results, *tail])}
        for leg in legs:
            alone = deep.searching_over(LegView(house.index, leg), LegView(house.card_index, leg))
            found[leg] = _documents(bench, await alone.search(query.text, scope, kind=kind, k=_K))
    except (InvalidInput, NotFound) as error:
        return replace(seen, error=reason(error))
    for system, spots, _ in await ask_stock(bench, query.text, k=_K_STOCK_CHUNKS):
        found[system] = _first_of_each([spot.place for spot in spots])
    shown = tuple(
        Spot(record_of(result.moment, bench.suite), text=result.moment.focus.text)
        for result in results[:_N_SHOWN]
    )
    return replace(seen, found=found, shown=shown, timing=timing)


def _documents(bench: Bench, results: Sequence[Result]) -> tuple[str, ...]:
    return _first_of_each([record_of(result.moment, bench.suite) for result in results])


def _first_of_each(documents: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(documents))[:_K]


def score(items: Sequence[Observed]) -> Scored:
    """Ranking metrics of every system."""
    scored = [item for item in items if not item.error]
    qrels = {item.id: item.relevant for item in scored}
    measures: list[Measure] = []
    for system in dict.fromkeys(system for item in items for system in item.found):
        runs = {item.id: item.found[system] for item in scored}
        values = ranking(qrels, runs, METRICS)
        prefix = f"{system}/" if system else ""
        measures += [
            Measure(
                f"{prefix}{name}",
                "mean",
                tuple(None if item.error else (values[name][item.id],) for item in items),
            )
            for name in METRICS
        ]
    return Scored(
        tuple(_view(item) for item in items),
        tuple(best_sizes(measures)),
        latency_of([item.timing for item in items]),
    )


def _view(item: Observed) -> ItemView:
    return ItemView(
        item.id,
        item.text,
        item.error,
        item.timing.total_ms if item.timing else None,
        {"documents": dict(item.relevant)},
        [
            {"document": spot.place, "text": spot.text, "hit": item.relevant.get(spot.place, 0) > 0}
            for spot in item.shown
        ],
        failed=not item.error and not any(item.relevant.get(d, 0) > 0 for d in item.found.get("", ())[:1]),
    )
