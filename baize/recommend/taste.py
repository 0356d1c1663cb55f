"""Trails → Taste: what learners with such a history took next. Trained as a job, asked for every learner.

Three views of the same trails are blended:

- `pairs`: decayed item-to-next co-occurrence, an item-kNN with a direction (Deshpande and Karypis, TOIS
  2004), damped like cosine by the item's frequency, and by a lesser power of that of the next one.
- `ridge`: the linear model of EASE (Steck, WWW 2019) solved for what comes next, so that an item's weight is
  what it adds to the others'. The item taken last has weights of its own beside those of any item. Items in
  the same company are expected to weigh alike (`kinship`): a rare one borrows from its kin. Items outside the
  `head` most frequent ones have no weight: a solve is cubic.
- `last`: as `pairs`, from the last few items alone.

The first two also hear what was taken *after* the next one, at a lesser weight: of most pairs of courses the
order tells less than that the same learners took them. Asked, a learner has only what came before.

Where some items of the paths are never offered, such as courses that an archive names by other ids, a fourth
view, `stead`, foretells those and says what is taken in their stead.

Which decay, power, penalty and weight each gets is chosen on learners who are held out (`tune`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from baize.recommend.trails import Ints, Trails, bags, followed, latest, near, taken

Floats = NDArray[np.float32]

_SHRINK = 5.0
"""Added to a pair's frequency: what was seen twice is no law."""
_LAST_DECAY = 0.5
_KIN_DECAY = 0.8
"""What a pair counts with each step between its items, where the company of items is compared."""
_KIN_REACH = 12
"""Steps, beyond which no pair counts there."""
_KIN_DISCOUNT = 3.0
"""A pair seen so often counts by half there."""
_DECAYS = (0.75, 0.8, 0.9)
_AFTERS = (0.0, 0.4)
_PENALTIES = (1.0, 8.0)
_POWERS = (0.3, 0.4)
_RIDGES = (0.5, 1.0, 2.0, 4.0, 8.0)
_LASTS = (0.3, 0.6)
_FAIRNESS = (0.0, 0.05, 0.1)
_STEADS = (0.0, 2.0, 4.0, 8.0, 16.0)
"""What `tune` tries."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a taste is made and blended.

    Attributes:
        decay: of an item's weight with each step back from the end.
        power: of the frequency of the next item, by which a pair is damped; 0.5 is cosine.
        ridge: weight of the linear model; `pairs` weighs 1.
        last: weight of the last few items.
        stead: weight of what is taken in the stead of items that are not offered.
        fairness: power of the frequency of the next item, by which the blend is divided.
        neighbours: nexts that are kept of an item.
        head: items that the linear model knows.
        kinship: how much of what is expected of an item's weights is its kin's, 0..1, below 1: of those that
            are taken near the same items.
        after: what an item after the next weighs in training, beside one as far before it.
        penalty: on the linear model's weights, in mean diagonals of its Gram matrix; fewer trails need more.
    """

    decay: float = 0.85
    power: float = 0.5
    ridge: float = 1.0
    last: float = 0.2
    stead: float = 0.0
    fairness: float = 0.0
    neighbours: int = 500
    head: int = 4000
    kinship: float = 0.6
    after: float = 0.4
    penalty: float = 8.0


_UNOFFERED = Recipe(decay=0.9, power=0.4, ridge=2.0, last=0.3, penalty=1.0)
"""How items that are not offered are foretold."""
_EXPECTED = 50
"""How many of them are expected of a history."""
_ASKED = 40_000
"""Trails at most from which it is learned what is taken in their stead."""
_HELD_TO = 0.5
"""Times that such an item has had the nexts of all in its stead, before anything is seen of it."""
_ROUNDS = 10
_SEED = 7


@dataclass(frozen=True, slots=True)
class Rows:
    """A sparse matrix by rows, as three arrays: read with NumPy alone."""

    starts: Ints
    columns: NDArray[np.int32]
    values: Floats

    def sum(self, rows: Sequence[int], weights: Sequence[float], width: int) -> Floats:
        """Weighted sum of rows, dense, (width,)."""
        total = np.zeros(width, dtype=np.float32)
        for row, weight in zip(rows, weights, strict=True):
            begin, end = self.starts[row], self.starts[row + 1]
            total[self.columns[begin:end]] += np.float32(weight) * self.values[begin:end]
        return total


Views = tuple[Floats, Floats, Floats, Floats]


@dataclass(frozen=True, slots=True)
class Taste:
    """A trained taste; nothing in it names a learner.

    Attributes:
        counts: how often each next item came next.
        head_items: number of each item within the linear model, −1 outside.
        head_nexts: numbers of the next items of the linear model.
        weights: of the linear model, (head items, head nexts).
        latest: what the item taken last weighs there besides, (head items, head nexts).
        stead: None where every item is offered, or where what is taken in its stead weighs nothing.
    """

    recipe: Recipe
    counts: Floats
    pairs: Rows
    lasts: Rows
    head_items: Ints
    head_nexts: Ints
    weights: Floats
    latest: Floats
    stead: Stead | None = None

    def scores(self, history: Sequence[int]) -> Floats:
        """A score of every next item for this history, oldest first; all zero for an empty one. (n_nexts,)"""
        return self.blend(self.views(history), self.recipe)

    def views(self, history: Sequence[int]) -> Views:
        """What `pairs`, `ridge`, `last` and `stead` say, each with 1 as its highest score."""
        n = len(self.counts)
        weights = [self.recipe.decay**back for back in range(len(history) - 1, -1, -1)]
        few = history[-4:]
        near = [_LAST_DECAY**back for back in range(len(few) - 1, -1, -1)]
        linear = np.zeros(n, dtype=np.float32)
        if len(history) and len(self.head_nexts):
            linear[self.head_nexts] = self._linear(history, weights)
        return (
            _scaled(self.pairs.sum(history, weights, n)),
            _scaled(linear),
            _scaled(self.lasts.sum(few, near, n)),
            _scaled(self.stead.told(history, n) if self.stead else np.zeros(n, dtype=np.float32)),
        )

    def blend(self, views: Views, recipe: Recipe, of: Ints | slice = slice(None)) -> Floats:
        """The views as one score.

        Args:
            of: numbers of the nexts that the views tell of.
        """
        pairs, linear, last, stead = views
        total = pairs + np.float32(recipe.ridge) * linear + np.float32(recipe.last) * last
        if recipe.stead:
            total += np.float32(recipe.stead) * stead
        if recipe.fairness:
            total = total / np.maximum(self.counts[of], 1) ** np.float32(recipe.fairness)
        return np.asarray(total, dtype=np.float32)

    def _linear(self, history: Sequence[int], weights: Sequence[float]) -> Floats:
        inside = self.head_items[np.asarray(history)]
        known = inside >= 0
        bag = np.asarray(weights, dtype=np.float32)[known]
        linear = bag @ self.weights[inside[known]]
        if known[-1]:
            linear += self.latest[inside[-1]]
        return np.asarray(linear, dtype=np.float32)

    def save(self, path: Path) -> None:
        """As one `.npz`, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npz")
        np.savez(part, allow_pickle=False, **self._arrays(""))
        part.replace(path)

    def _arrays(self, under: str) -> dict[str, Any]:
        arrays = {f"recipe_{name}": np.array(getattr(self.recipe, name)) for name in Recipe.__slots__}
        for name, rows in (("pairs", self.pairs), ("lasts", self.lasts)):
            arrays |= _named(name, rows)
        for name in ("counts", "head_items", "head_nexts", "weights", "latest"):
            arrays[name] = getattr(self, name)
        if self.stead:
            arrays |= _named("into", self.stead.into) | self.stead.taste._arrays("stead_")
        return {under + name: array for name, array in arrays.items()}


@dataclass(frozen=True, slots=True)
class Stead:
    """What is taken in the stead of items that are not offered.

    Attributes:
        taste: of such items, numbered as in histories.
        into: what is taken where one of them was to be expected, (items, nexts).
    """

    taste: Taste
    into: Rows

    def told(self, history: Sequence[int], width: int) -> Floats:
        """How much speaks for each next, (width,)."""
        expected, weights = _likeliest(self.taste, history)
        return self.into.sum(expected.tolist(), weights.tolist(), width)


def _likeliest(unoffered: Taste, history: Sequence[int]) -> tuple[Ints, Floats]:
    """The items that are most to be expected next, and the square of how much, 1 in all."""
    scores = unoffered.scores(history)
    scores[np.asarray(history, dtype=np.int64)] = 0
    most = np.argpartition(-scores, min(_EXPECTED, len(scores)) - 1)[:_EXPECTED]
    most = np.sort(most[scores[most] > 0])
    weights = scores[most] ** 2
    return most, weights / max(float(weights.sum()), 1e-12)


def _named(name: str, rows: Rows) -> dict[str, Any]:
    return {f"{name}_{key}": getattr(rows, key) for key in Rows.__slots__}


def _scaled(scores: Floats) -> Floats:
    """With 1 as the highest; nothing below 0."""
    highest = float(scores.max(initial=0.0))
    scaled = np.maximum(scores, 0) / highest if highest > 0 else np.zeros_like(scores)
    return np.asarray(scaled, dtype=np.float32)


def load(path: Path) -> Taste:
    """The inverse of `Taste.save`. What an older file does not name of its recipe is of training alone.

    In an older one the item taken last has no weights of its own.

    Raises:
        OSError: there is none.
    """
    with np.load(path) as kept:
        return _read(kept, "")


def _read(kept: Mapping[str, Any], under: str) -> Taste:
    def rows(name: str) -> Rows:
        return Rows(*(kept[f"{under}{name}_{key}"] for key in Rows.__slots__))

    told = [name for name in Recipe.__slots__ if f"{under}recipe_{name}" in kept]
    fields: Mapping[str, Any] = {name: kept[f"{under}recipe_{name}"].item() for name in told}
    counts, items, nexts, weights = (
        kept[under + name] for name in ("counts", "head_items", "head_nexts", "weights")
    )
    own = kept[f"{under}latest"] if f"{under}latest" in kept else np.zeros_like(weights)
    stead = Stead(_read(kept, f"{under}stead_"), rows("into")) if f"{under}into_starts" in kept else None
    return Taste(Recipe(**fields), counts, rows("pairs"), rows("lasts"), items, nexts, weights, own, stead)


class Training:
    """Trails made ready once, for recipes that differ in all but `head`, `kinship` and `neighbours`.

    Cost: the co-occurrence is linear in the trails times the length of a path; the linear model is cubic in
    twice the recipe's `head` and needs the square of that in double precision, four times.

    Args:
        unoffered: trails along the same paths whose next is an item that is not offered, by its number.
    """

    def __init__(self, trails: Trails, base: Recipe, unoffered: Trails | None = None) -> None:
        self._trails = trails
        self._unoffered = unoffered
        self._stead: Stead | None = None
        self._nexts = followed(trails)
        self._counts = np.asarray(self._nexts.sum(axis=0), dtype=np.float32).ravel()
        frequency = taken(trails)
        self._head = np.sort(np.argsort(-frequency, kind="stable")[: base.head])
        self._targets = np.sort(np.argsort(-self._counts, kind="stable")[: base.head]).astype(np.int64)
        self._expected = _expected(near(trails, self._head, _KIN_DECAY, _KIN_REACH), base.kinship)
        self._lasts: dict[float, Rows] = {}
        self._heard: _Heard | None = None

    def fit(self, recipe: Recipe) -> Taste:
        """All parts. Recipes of one decay and `after` share most when they come one after the other."""
        heard = self._heard
        if heard is None or (heard.decay, heard.after) != (recipe.decay, recipe.after):
            heard = self._heard = self._hear(recipe)
        if recipe.penalty not in heard.weights:
            heard.weights[recipe.penalty] = self._solved(heard, recipe.penalty)
        power, neighbours = recipe.power, recipe.neighbours
        if power not in heard.pairs:
            heard.pairs[power] = _pairs(heard.bags, self._nexts, self._counts, power, neighbours)
        if power not in self._lasts:
            near = bags(self._trails, _LAST_DECAY)
            self._lasts[power] = _pairs(near, self._nexts, self._counts, power, neighbours)
        if recipe.stead and self._stead is None and self._unoffered is not None:
            self._stead = _stead(self._trails, self._unoffered)
        numbers = np.full(self._trails.n_items, -1, dtype=np.int64)
        numbers[self._head] = np.arange(len(self._head))
        return Taste(
            recipe,
            self._counts,
            heard.pairs[power],
            self._lasts[power],
            numbers,
            self._targets,
            *heard.weights[recipe.penalty],
            self._stead if recipe.stead else None,
        )

    def _hear(self, recipe: Recipe) -> _Heard:
        from scipy.sparse import hstack

        decayed = bags(self._trails, recipe.decay, recipe.after)
        part = hstack([decayed[:, self._head], latest(self._trails)[:, self._head]]).tocsr()
        gram = (part.T @ part).toarray().astype(np.float64)
        wanted = (part.T @ self._nexts[:, self._targets]).toarray().astype(np.float64)
        return _Heard(recipe.decay, recipe.after, decayed, gram, wanted)

    def _solved(self, heard: _Heard, penalty: float) -> tuple[Floats, Floats]:
        """The linear model's weights, (head, targets): of any item, and of the one taken last besides."""
        from scipy.linalg import solve

        n = len(self._head)
        expected = penalty * float(np.trace(heard.gram)) / max(n, 1) * self._expected
        # By columns, as LAPACK has them: it would copy this otherwise.
        damped = np.array(heard.gram, order="F")
        damped[:n, :n] += expected
        damped[n:, n:] += expected
        solved = solve(damped, heard.wanted, assume_a="pos", overwrite_a=True).astype(np.float32)
        return solved[:n], solved[n:]


@dataclass(frozen=True, slots=True)
class _Heard:
    """What recipes of one decay and `after` share: bags, both sides of the linear model, parts by option."""

    decay: float
    after: float
    bags: Any
    gram: NDArray[np.float64]
    wanted: NDArray[np.float64]
    pairs: dict[float, Rows] = field(default_factory=dict)
    weights: dict[float, tuple[Floats, Floats]] = field(default_factory=dict)


def train(trails: Trails, recipe: Recipe, unoffered: Trails | None = None) -> Taste:
    """`Training` for one recipe."""
    return Training(trails, recipe, unoffered).fit(recipe)


def _stead(trails: Trails, unoffered: Trails) -> Stead:
    taste = train(unoffered, _UNOFFERED)
    rows = trails.lasts()
    if len(rows) > _ASKED:
        rows = np.sort(np.random.default_rng(_SEED).choice(rows, _ASKED, replace=False))
    expected = [_likeliest(taste, trails.history(row)) for row in rows.tolist()]
    return Stead(taste, _into(expected, trails.nexts[rows], trails.n_items, trails.n_nexts))


def _into(expected: Sequence[tuple[Ints, Floats]], nexts: Ints, n_items: int, n_nexts: int) -> Rows:
    """In whose stead what came: shares of the nexts by item, by expectation and maximisation.

    A learner takes one of the expected items by its weight, and has in its stead what that item's shares say;
    which one it was is not known.
    """
    trail = np.repeat(np.arange(len(expected)), [len(items) for items, _ in expected])
    items = np.concatenate([np.zeros(0, np.int64), *(items for items, _ in expected)])
    weights = np.concatenate([np.zeros(0), *(weights for _, weights in expected)])
    pairs, pair = np.unique(items * n_nexts + nexts[trail], return_inverse=True)
    rows, columns = np.divmod(pairs, n_nexts)
    of_all = np.bincount(nexts, minlength=n_nexts) / max(len(nexts), 1)
    held = _HELD_TO * of_all[columns]
    shares = of_all[columns]
    for _ in range(_ROUNDS):
        likely = weights * shares[pair]
        likely /= np.maximum(np.bincount(trail, likely, len(expected)), 1e-30)[trail]
        counted = np.bincount(pair, likely, len(pairs))
        shares = (counted + held) / (np.bincount(rows, counted, n_items) + _HELD_TO)[rows]
    starts = np.searchsorted(rows, np.arange(n_items + 1))
    return Rows(starts.astype(np.int64), columns.astype(np.int32), shares.astype(np.float32))


def _pairs(decayed: Any, nexts: Any, counts: Floats, power: float, neighbours: int) -> Rows:
    together = (decayed.T.tocsr() @ nexts).tocsr()
    together.sort_indices()
    per_row = np.diff(together.indptr)
    frequency = np.asarray(decayed.sum(axis=0), dtype=np.float32).ravel()
    rows = np.repeat(np.arange(together.shape[0]), per_row)
    damping = np.sqrt(frequency[rows]) * counts[together.indices] ** power + _SHRINK
    values = (together.data / damping).astype(np.float32)
    if per_row.size and per_row.max() > neighbours:
        order = np.lexsort((-values, rows))
        place = np.arange(len(rows)) - np.repeat(together.indptr[:-1], per_row)
        kept = np.sort(order[place < neighbours])
        values, rows, columns = values[kept], rows[kept], together.indices[kept]
    else:
        columns = together.indices
    starts = np.searchsorted(rows, np.arange(together.shape[0] + 1))
    return Rows(starts.astype(np.int64), columns.astype(np.int32), values)


def _expected(together: Floats, kinship: float) -> NDArray[np.float64]:
    """The inverse of the prior covariance (1 - kinship) I + kinship C of the weights.

    C is how alike the company is that two items keep: the cosine of what they are seen beside more often than
    by chance, as positive pointwise mutual information (Levy and Goldberg, NIPS 2014), discounted where it
    rests on few pairs (Pantel and Lin, KDD 2002). Two items that no path has both of may be kin.

    Args:
        together: how often two items are near each other, (head, head), symmetric.
    """
    from scipy.linalg import inv

    if not kinship:
        return np.eye(len(together))
    often = together.sum(axis=1)
    by_chance = np.outer(often, often / max(float(often.sum()), 1.0))
    company = np.log(np.divide(together, by_chance, out=np.ones_like(together), where=together > by_chance))
    company *= together / (together + np.float32(_KIN_DISCOUNT))
    size = np.sqrt((company**2).sum(axis=1))
    company /= np.where(size > 0, size, 1)[:, None]
    alike = (np.float32(kinship) * (company @ company.T)).astype(np.float64)
    alike[np.diag_indices_from(alike)] = 1.0
    return np.asarray(inv(alike, overwrite_a=True, check_finite=False, assume_a="pos"), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Trial:
    """A recipe and how it did on trails that it was not trained on.

    Attributes:
        hit: share of trails whose next item is in the first ten.
        ndcg: of the first ten.
        popularity: mean share of all nexts that the recommended items have.
    """

    recipe: Recipe
    hit: float
    ndcg: float
    popularity: float


def tune(
    trails: Trails,
    *,
    most: int = 2000,
    seed: int = 7,
    cap: float | None = None,
    base: Recipe | None = None,
    unoffered: Trails | None = None,
) -> list[Trial]:
    """Recipes, the best first, by hit@10 and nDCG@10 on the last trails of learners who are held out.

    Args:
        most: how many are held out; a fifth where there are fewer than five times as many.
        cap: of popularity; recipes above it come after all others.
        base: what is not tuned.
        unoffered: as of `Training`. What is taken in their stead is weighed once the rest is chosen.
    """
    held, rest = cut(trails, most, seed)
    judged, left = trails.of(held), trails.of(rest)
    trials: list[Trial] = []
    base = base or Recipe()
    if unoffered is not None:
        unoffered = unoffered.of(np.flatnonzero(~np.isin(unoffered.starts, judged.starts)))
    training = Training(left, base, unoffered)
    afters = _AFTERS if (left.stops > left.ends).any() else (0.0,)
    for decay, after, penalty, power in product(_DECAYS, afters, _PENALTIES, _POWERS):
        taste = training.fit(replace(base, decay=decay, after=after, penalty=penalty, power=power))
        recipes = [
            replace(taste.recipe, ridge=ridge, last=last, fairness=fairness)
            for ridge, last, fairness in product(_RIDGES, _LASTS, _FAIRNESS)
        ]
        trials += judge(taste, judged, recipes)
    ranked = _ranked(trials, cap)
    if unoffered is None or not len(unoffered):
        return ranked
    taste = training.fit(replace(ranked[0].recipe, stead=_STEADS[-1]))
    return _ranked(
        judge(
            taste,
            judged,
            [
                replace(taste.recipe, ridge=ridge, last=last, fairness=fairness, stead=stead)
                for ridge, last, fairness, stead in product(_RIDGES, _LASTS, _FAIRNESS, _STEADS)
            ],
        ),
        cap,
    )


def _ranked(trials: Sequence[Trial], cap: float | None) -> list[Trial]:
    limit = float("inf") if cap is None else cap
    hit = max((trial.hit for trial in trials), default=0.0) or 1.0
    ndcg = max((trial.ndcg for trial in trials), default=0.0) or 1.0
    return sorted(trials, key=lambda t: (t.popularity > limit, -(t.hit / hit + t.ndcg / ndcg), t.popularity))


def cut(trails: Trails, most: int, seed: int) -> tuple[Ints, Ints]:
    """Rows of the last trails of the paths that are held out, and of all trails of the other paths.

    A learner is on one side alone: an earlier trail of the same path would tell what came next.
    """
    lasts = trails.lasts()
    order = np.random.default_rng(seed).permutation(len(lasts))
    held = np.sort(order[: min(most, len(lasts) // 5)])
    apart = np.zeros(len(lasts), dtype=np.bool_)
    apart[held] = True
    path = np.repeat(np.arange(len(lasts)), np.diff(lasts, prepend=-1))
    return lasts[held], np.flatnonzero(~apart[path])


def judge(taste: Taste, trails: Trails, recipes: Sequence[Recipe]) -> list[Trial]:
    """How often what came next is among the first ten, by recipe; equal scores count against it."""
    sums = np.zeros((len(recipes), 3))
    total = max(float(taste.counts.sum()), 1.0)
    for row in range(len(trails)):
        views = taste.views(trails.history(row))
        # Of 90,000 nexts a few thousand have a score; those without are not told apart, so none is a hit.
        of = np.flatnonzero(sum(views))
        if not len(of):
            continue
        pairs, linear, last, stead = (view[of] for view in views)
        wanted = int(np.searchsorted(of, trails.nexts[row]))
        known = wanted < len(of) and of[wanted] == trails.nexts[row]
        for line, recipe in zip(sums, recipes, strict=True):
            scores = taste.blend((pairs, linear, last, stead), recipe, of)
            top = np.argpartition(-scores, min(9, len(scores) - 1))[:10]
            line[2] += float(taste.counts[of[top]].mean()) / total
            rank = int(np.count_nonzero(scores >= scores[wanted])) - 1 if known and scores[wanted] else 10
            if rank < 10:
                line[:2] += 1, 1 / np.log2(rank + 2)
    means = sums / max(len(trails), 1)
    return [Trial(recipe, *map(float, line)) for recipe, line in zip(recipes, means, strict=True)]
