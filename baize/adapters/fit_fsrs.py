"""The log of reviews → FSRS-6's parameters. The work of `baize review --fit`, and of each learner's own.

The likelihood of what was recalled is maximised, with each parameter drawn towards where it started, by what
it differs between people (as open-spaced-repetition's optimiser does). That optimiser needs torch; here the
formulas of package `fsrs` run over all cards at once in NumPy, and SciPy (`baize[recommend]`) descends by
finite differences: 21 parameters are few. A test holds them to the package, review by review.

One learner's log says less: two numbers are estimated of it (`of_learner`), in NumPy, when a card is graded.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from baize.domain.review import RECALLS, Fit, Review
from baize.errors import DependencyUnavailable

Floats = NDArray[np.float64]

FEWEST = 200
"""Reviews beyond each card's first from which on a fit says more than the start."""
_HELD = 5
"""One learner of so many judges a fit and is not fitted to."""
_DAY_S = 86_400.0
_LOWEST_STABILITY = 0.001
SPREADS = (
    6.43, 9.66, 17.58, 27.85, 0.57, 0.28, 0.6, 0.12, 0.39, 0.18, 0.33,
    0.3, 0.09, 0.16, 0.57, 0.25, 1.03, 0.31, 0.32, 0.14, 0.27,
)  # fmt: skip
"""How much each parameter differs between people, by open-spaced-repetition's benchmark."""
_DRAW = 1.0
FEWEST_OWN = 20
"""Reviews of one learner, counted likewise, from which on the learner's own numbers are estimated."""
_GROWTH = 8
"""The parameter that says how much stability grows with a recall, as a logarithm."""
_OWN_SPREADS = (1.0, SPREADS[_GROWTH])
_FURTHEST = 2.5
"""Spreads by which a learner's numbers may be off the platform's."""
_ROUNDS = 4
_LONGEST = 100
"""Reviews of a card, the first ones: the table is as wide as the longest, and a log may be an import."""
_STEP = 0.05


@dataclass(frozen=True, slots=True)
class Histories:
    """Cards by row, reviews by column, the first review first.

    Attributes:
        grades: 1 `again` to 4 `easy`; 0 after a card's last.
        days: whole days since the review before; NaN for the first.
        same_day: whether less than a day had passed.
    """

    grades: NDArray[np.int64]
    days: Floats
    same_day: NDArray[np.bool_]

    @property
    def n(self) -> int:
        """Reviews that a fit can learn from: those after a card's first, on a later day."""
        return int(np.count_nonzero((self.grades[:, 1:] > 0) & ~self.same_day[:, 1:]))

    def times(self, n: int) -> Histories:
        """All cards `n` times, one after the other."""
        return Histories(
            np.tile(self.grades, (n, 1)), np.tile(self.days, (n, 1)), np.tile(self.same_day, (n, 1))
        )


def histories(reviews: Iterable[Review]) -> Histories:
    """By learner and card, in the order of time; at most `_LONGEST` of a card."""
    rows: dict[tuple[str, str], list[tuple[float, int]]] = defaultdict(list)
    for one in reviews:
        rows[one.learner_id, one.card_id].append((one.at, RECALLS.index(one.recall) + 1))
    kept = [sorted(row)[:_LONGEST] for row in rows.values()]
    longest = max(map(len, kept), default=1)
    grades = np.zeros((len(rows), longest), dtype=np.int64)
    days = np.full((len(rows), longest), np.nan)
    for line, row in enumerate(kept):
        grades[line, : len(row)] = [grade for _, grade in row]
        days[line, 1 : len(row)] = np.diff([at for at, _ in row]) / _DAY_S
    same_day = np.nan_to_num(days, nan=1.0) < 1
    return Histories(grades, np.floor(days), same_day)


def learn(reviews: Iterable[Review]) -> Fit | None:
    """A fit to four fifths of the learners, judged by the others: `before` and `after` are of those.

    Returns:
        None where there are fewer than `FEWEST` reviews to learn from, or none to judge by.

    Raises:
        DependencyUnavailable: SciPy is not installed.
    """
    parts: tuple[list[Review], list[Review]] = ([], [])
    for one in reviews:
        parts[zlib.crc32(one.learner_id.encode()) % _HELD == 0].append(one)
    known, held = map(histories, parts)
    if known.n < FEWEST or not held.n:
        return None
    fitted = fit(known)
    before, after = (loss(held, np.array(w)) for w in (_defaults(), fitted.parameters))
    return Fit(fitted.parameters, known.n, before, after)


def _defaults() -> tuple[float, ...]:
    from fsrs.scheduler import DEFAULT_PARAMETERS

    return DEFAULT_PARAMETERS


def fit(known: Histories, start: Sequence[float] | None = None, *, rounds: int = 40) -> Fit:
    """Parameters under which what was recalled is likeliest.

    Args:
        start: where from, and what each is drawn to; FSRS-6's own by default.

    Raises:
        DependencyUnavailable: SciPy is not installed.
    """
    from fsrs.scheduler import LOWER_BOUNDS_PARAMETERS, UPPER_BOUNDS_PARAMETERS

    try:
        from scipy.optimize import minimize
    except ImportError as cause:
        raise DependencyUnavailable(
            "SciPy is not installed, which fits the schedule of reviews.",
            remedy="Run `pip install 'baize[recommend]'`.",
        ) from cause
    begin = np.array(start if start is not None else _defaults(), dtype=np.float64)
    spreads = np.array(SPREADS)
    n = max(known.n, 1)

    def at(steps: Floats) -> Floats:
        # First stabilities as logarithms: their spreads are up to thirty times themselves, and steps of that
        # size would end at a bound, where the descent stays.
        w = begin + steps * spreads
        w[:4] = begin[:4] * np.exp(steps[:4])
        return np.asarray(w, dtype=np.float64)

    def cost(steps: Floats) -> float:
        w = at(steps)
        return loss(known, w) + _DRAW * float((((w - begin) / spreads) ** 2).sum()) / n

    low, high = np.array(LOWER_BOUNDS_PARAMETERS), np.array(UPPER_BOUNDS_PARAMETERS)
    ends = [(end - begin) / spreads for end in (low, high)]
    for end, steps in zip((low, high), ends, strict=True):
        steps[:4] = np.log(end[:4] / begin[:4])
    bounds = list(zip(*ends, strict=True))
    found = minimize(
        cost,
        np.zeros(len(begin)),
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": rounds, "eps": 1e-4, "maxfun": 100 * rounds},
    )
    parameters = np.clip(at(found.x), low, high)
    return Fit(tuple(map(float, parameters)), known.n, loss(known, begin), loss(known, parameters))


def of_learner(reviews: Iterable[Review], start: Sequence[float] | None = None) -> tuple[float, ...] | None:
    """`start` with two numbers of this learner's own: how long a first impression lasts, and how it grows.

    All four first stabilities are multiplied by one factor, and `w[8]` is moved: the likeliest factor and
    move, where the factor's logarithm and the move are drawn to nought by what learners differ. By Newton's
    steps; one pass over the log gives all differences that a step needs.

    Args:
        reviews: of one learner.
        start: the platform's parameters; FSRS-6's own by default.

    Returns:
        None where there are fewer than `FEWEST_OWN` reviews to learn from.
    """
    known = histories(reviews)
    if known.n < FEWEST_OWN:
        return None
    begin = np.array(start if start is not None else _defaults(), dtype=np.float64)
    # The point itself, its neighbours along both axes, and one along each diagonal.
    around = _STEP * np.array([(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1)], dtype=np.float64)
    many = known.times(len(around))
    at = np.zeros(2)
    for _ in range(_ROUNDS):
        points = at + around
        rows = np.repeat([_moved(begin, point) for point in points], len(known.grades), axis=0)
        costs = losses(many, rows.T).reshape(len(points), -1).sum(axis=1) + 0.5 * (points**2).sum(axis=1)
        slope = np.array([costs[1] - costs[2], costs[3] - costs[4]]) / (2 * _STEP)
        bend = (costs[[1, 3]] + costs[[2, 4]] - 2 * costs[0]) / _STEP**2
        both = (costs[5] + costs[6] + 2 * costs[0] - costs[1:5].sum()) / (2 * _STEP**2)
        # The draw alone bends by one: where the log bends the other way, it is left out.
        curve = np.array([[max(bend[0], 1.0), both], [both, max(bend[1], 1.0)]])
        if np.linalg.det(curve) < 1.0:
            curve[0, 1] = curve[1, 0] = 0.0
        at = np.clip(at - np.clip(np.linalg.solve(curve, slope), -1, 1), -_FURTHEST, _FURTHEST)
    return tuple(map(float, _moved(begin, at)))


def _moved(begin: Floats, by: Floats) -> Floats:
    """The parameters with a learner's two numbers, which are counted in spreads."""
    from fsrs.scheduler import LOWER_BOUNDS_PARAMETERS, UPPER_BOUNDS_PARAMETERS

    w = begin.copy()
    w[:4] *= np.exp(by[0] * _OWN_SPREADS[0])
    w[_GROWTH] += by[1] * _OWN_SPREADS[1]
    return np.clip(w, LOWER_BOUNDS_PARAMETERS, UPPER_BOUNDS_PARAMETERS)


def loss(known: Histories, w: Floats) -> float:
    """Mean log loss of recall over the reviews that count."""
    return float(losses(known, w).sum()) / max(known.n, 1)


def losses(known: Histories, w: Floats) -> Floats:
    """Log loss of recall of each card, summed over its reviews that count. (cards,)

    Args:
        w: of all cards (21,), or of each (21, cards).
    """
    total = np.zeros(len(known.grades))
    for at, recall in enumerate(recalls(known, w)):
        counts = (known.grades[:, at] > 0) & ~known.same_day[:, at]
        if at == 0 or not counts.any():
            continue
        likely = np.clip(recall[counts], 1e-6, 1 - 1e-6)
        passed = known.grades[counts, at] > 1
        total[counts] -= np.log(np.where(passed, likely, 1 - likely))
    return total


def recalls(known: Histories, w: Floats) -> list[Floats]:
    """How likely each review was to succeed, review after review over all cards, before it is graded.

    0 for a card's first review, and after its last.

    Args:
        w: of all cards (21,), or of each (21, cards).
    """
    first = known.grades[:, 0]
    firsts = w[first - 1] if w.ndim == 1 else w[first - 1, np.arange(len(first))]
    stability = np.maximum(firsts, _LOWEST_STABILITY)
    difficulty = np.clip(_first_difficulty(w, first), 1, 10)
    told = [np.zeros(len(first))]
    for at in range(1, known.grades.shape[1]):
        # Most cards have few reviews: only those that have as many are computed.
        on = np.flatnonzero(known.grades[:, at])
        grade, before, hard = known.grades[on, at], stability[on], difficulty[on]
        own = w if w.ndim == 1 else w[:, on]
        decay = -own[20]
        factor = 0.9 ** (1 / decay) - 1
        recall = (1 + factor * np.maximum(known.days[on, at], 0.0) / before) ** decay
        told.append(np.zeros(len(first)))
        told[at][on] = recall
        later = _later(own, grade, recall, before, hard)
        after = np.where(known.same_day[on, at], _soon(own, grade, before), later)
        stability[on] = np.maximum(after, _LOWEST_STABILITY)
        difficulty[on] = _next_difficulty(own, grade, hard)
    return told


def _first_difficulty(w: Floats, grade: NDArray[np.int64]) -> Floats:
    return np.asarray(w[4] - np.exp(w[5] * (grade - 1)) + 1)


def _next_difficulty(w: Floats, grade: NDArray[np.int64], difficulty: Floats) -> Floats:
    easiest = w[4] - np.exp(w[5] * 3) + 1
    moved = difficulty - (10 - difficulty) * w[6] * (grade - 3) / 9
    return np.asarray(np.clip(w[7] * easiest + (1 - w[7]) * moved, 1, 10))


def _later(
    w: Floats, grade: NDArray[np.int64], recall: Floats, stability: Floats, difficulty: Floats
) -> Floats:
    """Stability after a review on a later day."""
    forgotten = np.minimum(
        w[11] * difficulty ** -w[12] * ((stability + 1) ** w[13] - 1) * np.exp((1 - recall) * w[14]),
        stability / np.exp(w[17] * w[18]),
    )
    bonus = np.where(grade == 2, w[15], np.where(grade == 4, w[16], 1.0))
    gain = np.exp(w[8]) * (11 - difficulty) * stability ** -w[9] * (np.exp((1 - recall) * w[10]) - 1)
    return np.asarray(np.where(grade == 1, forgotten, stability * (1 + gain * bonus)))


def _soon(w: Floats, grade: NDArray[np.int64], stability: Floats) -> Floats:
    """Stability after another review on the same day."""
    gain = np.exp(w[17] * (grade - 3 + w[18])) * stability ** -w[19]
    return np.asarray(stability * np.where(grade > 1, np.maximum(gain, 1.0), gain))
