"""`recommend`: which item each learner took next, ranked among all that are not in the history.

The product's taste is trained and tuned on the training learners alone, and so are the six baselines; of the
learners to be judged, ALS and BPR use the histories too, as they know only learners that they were fitted on.

- hit@10, ndcg@10, mrr@10: one relevant item a learner.
- coverage@10: different items in all lists of ten, over all items of the training data and histories.
- popularity_bias: mean, over the lists, of a listed item's share of all nexts in the training data.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from baize.recommend.learned import STEPS
from baize.recommend.taste import Recipe, cut, train, tune
from baize.recommend.trails import Ints, Trails, Vocabulary, along, bags, number, within
from eval.dataset import Trodden
from eval.kinds.bench import Desk, Scored, evenly
from eval.metrics.ranking import ranking
from eval.progress import stage
from eval.recommenders import Scores, tuned
from eval.record import Cells, ItemView, Latency, Measure

METRICS = ("hit@10", "ndcg@10", "mrr@10")
_K = 10
_HELD = 3200
_SEED = 7
_SAME = 0.98
"""Share of nexts that are items of histories, from which on the ids of both name the same."""


@dataclass(frozen=True, slots=True)
class Observed:
    """One learner.

    Attributes:
        wanted: what the learner took next.
        found: ten item ids, best first, by system; the product's under the empty name.
        shares: of each listed item among all nexts, by system, in the order of `found`.
        n_catalogue: items there are.
        options: what was chosen on the cut, by system.
    """

    id: str
    wanted: str
    found: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    shares: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    n_catalogue: int = 0
    ms: float = 0.0
    options: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    error: str = ""


async def observe(desk: Desk) -> list[Observed]:
    """Train, tune and rank."""
    suite = desk.suite
    trails, words = trails_of(suite.paths)
    judged = [path for path in suite.histories if path.learner in suite.wanted]
    judged = evenly(judged, desk.limit)
    histories = _histories(judged, words)
    catalogue = {*words.items, *words.nexts, *(item for path in suite.histories for item in path.items)}
    barred = _taken(words, histories)
    shares = np.bincount(trails.nexts, minlength=trails.n_nexts) / max(len(trails), 1)
    seen = [Observed(p.learner, suite.wanted[p.learner], n_catalogue=len(catalogue)) for p in judged]
    with stage(f"{suite.name}: the product and 6 baselines") as advance:
        held, rest = cut(trails, _HELD, _SEED)
        systems = tuned(trails, histories, held, rest, taken=lambda rows: _taken(words, rows))
        cap = 0.0
        for done, system in enumerate(systems, 1):
            seen = _noted(seen, system.name, system.scores, barred, words, shares, system.options)
            if system.name == "item-knn":
                cap = _bias_on_cut(trails, held, rest, words, system.options)
            advance(done, 7)
        seen = _product(seen, trails, histories, barred, words, shares, cap)
        advance(7, 7)
    return seen


def trails_of(paths: Sequence[Trodden]) -> tuple[Trails, Vocabulary]:
    """Training trails, as the product's job makes them: each of a learner's last items is one that came next.

    Where a suite's nexts are named otherwise than its items, only the `next` of each learner is.
    """
    items = {item for path in paths for item in path.items}
    nexts = [path.following for path in paths if path.following]
    if sum(one in items for one in nexts) >= _SAME * len(nexts):
        return along(
            ((*path.items, path.following) if path.following else path.items for path in paths), STEPS
        )
    return number([(path.items, path.following) for path in paths if path.following])


def unoffered_of(trails: Trails) -> Trails | None:
    """Steps within the paths where nexts are named otherwise than items: no item is offered as one then."""
    if (trails.stops > trails.ends).any() or not len(trails):
        return None
    return within(trails, STEPS, np.ones(trails.n_items, dtype=np.bool_))


def _histories(paths: Sequence[Trodden], words: Vocabulary) -> Trails:
    """Their histories as far as training knows the items; `nexts` are all zero and mean nothing."""
    numbers = {item: n for n, item in enumerate(words.items)}
    known = [[numbers[item] for item in path.items if item in numbers] for path in paths]
    starts = np.concatenate(([0], np.cumsum([len(items) for items in known]))).astype(np.int64)
    flat = np.array([n for items in known for n in items], dtype=np.int64)
    nexts = np.zeros(len(known), dtype=np.int64)
    ends = starts[1:]
    return Trails(flat, starts[:-1], ends, ends, nexts, len(words.items), len(words.nexts))


def _taken(words: Vocabulary, histories: Trails) -> NDArray[np.bool_]:
    """(learners, nexts): what is in the history is no candidate."""
    numbers = {item: n for n, item in enumerate(words.items)}
    columns = np.array([numbers.get(item, -1) for item in words.nexts])
    dense = bags(histories, 1.0).tocsc()[:, np.maximum(columns, 0)].toarray() > 0
    return np.asarray(dense & (columns >= 0))


def _bias_on_cut(
    trails: Trails, held: Ints, rest: Ints, words: Vocabulary, options: Mapping[str, float]
) -> float:
    """What item-kNN's popularity bias is on the cut: the product's may not be above it."""
    from eval.recommenders import Matrices, item_knn

    histories = trails.of(held)
    scores = item_knn(Matrices(trails.of(rest), histories), **options)
    top = _top(np.where(_taken(words, histories), -np.inf, scores))
    shares = np.bincount(trails.of(rest).nexts, minlength=trails.n_nexts) / max(len(rest), 1)
    return float(shares[top].mean())


def _product(
    seen: Sequence[Observed],
    trails: Trails,
    histories: Trails,
    barred: NDArray[np.bool_],
    words: Vocabulary,
    shares: NDArray[np.float64],
    cap: float,
) -> list[Observed]:
    unoffered = unoffered_of(trails)
    recipe = tune(trails, most=_HELD, seed=_SEED, cap=cap, unoffered=unoffered)[0].recipe
    taste = train(trails, recipe, unoffered)
    scores = np.empty((len(seen), trails.n_nexts), dtype=np.float32)
    spent: list[float] = []
    for row in range(len(seen)):
        begin = time.perf_counter()
        scores[row] = taste.scores(histories.history(row))
        spent.append(1000 * (time.perf_counter() - begin))
    options = {name: float(getattr(recipe, name)) for name in Recipe.__slots__}
    noted = _noted(seen, "", scores, barred, words, shares, options)
    return [replace(item, ms=ms) for item, ms in zip(noted, spent, strict=True)]


def _noted(
    seen: Sequence[Observed],
    system: str,
    scores: Scores,
    barred: NDArray[np.bool_],
    words: Vocabulary,
    shares: NDArray[np.float64],
    options: Mapping[str, float],
) -> list[Observed]:
    """With ten items of this system."""
    open_scores = np.where(barred, -np.inf, scores)
    tops = _top(open_scores)
    noted: list[Observed] = []
    for row, item in enumerate(seen):
        top = [n for n in tops[row] if open_scores[row, n] > -np.inf]
        noted.append(
            replace(
                item,
                found={**item.found, system: tuple(words.nexts[n] for n in top)},
                shares={**item.shares, system: tuple(float(shares[n]) for n in top)},
                options={**item.options, system: options} if row == 0 else item.options,
            )
        )
    return noted


def _top(scores: NDArray[np.float32]) -> Ints:
    """Ten columns of each row, best first; equal scores in the order of the columns."""
    return np.asarray(np.argsort(-scores, axis=1, kind="stable")[:, :_K])


def score(items: Sequence[Observed]) -> Scored:
    """Ranking metrics, coverage and bias of every system, the product's own first."""
    measures: list[Measure] = []
    systems = sorted({system for item in items for system in item.found}, key=lambda name: (name != "", name))
    qrels = {item.id: {item.wanted: 1} for item in items}
    numbers = _numbers(items)
    for system in systems:
        prefix = f"{system}/" if system else ""
        values = ranking(qrels, {item.id: item.found[system] for item in items}, METRICS)
        options = items[0].options.get(system, {})
        note = ", ".join(f"{name} {value:g}" for name, value in options.items())
        measures += [
            Measure(f"{prefix}{name}", "mean", tuple((values[name][item.id],) for item in items), note)
            for name in METRICS
        ]
        measures.append(
            Measure(f"{prefix}coverage@10", "coverage", tuple(_listed(i, system, numbers) for i in items))
        )
        measures.append(
            Measure(
                f"{prefix}popularity_bias",
                "mean",
                tuple((float(np.mean(i.shares[system])) if i.shares[system] else 0.0,) for i in items),
            )
        )
    return Scored(
        tuple(_view(item) for item in items),
        tuple(measures),
        Latency(tuple(item.ms for item in items), (0.0,) * len(items)),
    )


def _numbers(items: Sequence[Observed]) -> dict[str, int]:
    listed = sorted({found for item in items for row in item.found.values() for found in row})
    return {item: n for n, item in enumerate(listed)}


def _listed(item: Observed, system: str, numbers: Mapping[str, int]) -> Cells:
    """How many items there are, then the numbers of those listed, −1 where the list is shorter."""
    found = [float(numbers[name]) for name in item.found[system]]
    return (float(item.n_catalogue), *found, *[-1.0] * (_K - len(found)))


def _view(item: Observed) -> ItemView:
    found = item.found.get("", ())
    return ItemView(
        item.id,
        item.id,
        item.error,
        item.ms,
        {"item": item.wanted},
        [{"item": name, "hit": name == item.wanted} for name in found],
        failed=item.wanted not in found,
    )
