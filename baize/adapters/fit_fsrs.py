"""The log of reviews → FSRS-6's parameters. The work of `baize review --fit`.

The likelihood of what was recalled is maximised, with each parameter drawn towards where it started, by what
it differs between people (as open-spaced-repetition's optimiser does). That optimiser needs torch; here the
formulas of package `fsrs` run over all cards at once in NumPy, and SciPy (`baize[recommend]`) descends by
finite differences: 21 parameters are few. A test holds them to the package, review by review.
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


def histories(reviews: Iterable[Review]) -> Histories:
    """By learner and card, in the order of time."""
    rows: dict[tuple[str, str], list[tuple[float, int]]] = defaultdict(list)
    for one in reviews:
        rows[one.learner_id, one.card_id].append((one.at, RECALLS.index(one.recall) + 1))
    longest = max((len(row) for row in rows.values()), default=1)
    grades = np.zeros((len(rows), longest), dtype=np.int64)
    days = np.full((len(rows), longest), np.nan)
    for line, row in enumerate(rows.values()):
        row.sort()
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

    def cost(steps: Floats) -> float:
        return loss(known, begin + steps * spreads) + _DRAW * float(steps @ steps) / n

    bounds = [
        ((low - at) / by, (high - at) / by)
        for low, high, at, by in zip(
            LOWER_BOUNDS_PARAMETERS, UPPER_BOUNDS_PARAMETERS, begin, spreads, strict=True
        )
    ]
    found = minimize(
        cost,
        np.zeros(len(begin)),
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": rounds, "eps": 1e-4, "maxfun": 100 * rounds},
    )
    parameters = np.clip(begin + found.x * spreads, LOWER_BOUNDS_PARAMETERS, UPPER_BOUNDS_PARAMETERS)
    return Fit(tuple(map(float, parameters)), known.n, loss(known, begin), loss(known, parameters))


def loss(known: Histories, w: Floats) -> float:
    """Mean log loss of recall over the reviews that count."""
    total, n = 0.0, 0
    for at, recall in enumerate(recalls(known, w)):
        counts = (known.grades[:, at] > 0) & ~known.same_day[:, at]
        if at == 0 or not counts.any():
            continue
        likely = np.clip(recall[counts], 1e-6, 1 - 1e-6)
        passed = known.grades[counts, at] > 1
        total -= float(np.log(np.where(passed, likely, 1 - likely)).sum())
        n += int(counts.sum())
    return total / max(n, 1)


def recalls(known: Histories, w: Floats) -> list[Floats]:
    """How likely each review was to succeed, review after review over all cards, before it is graded.

    0 for a card's first review, and after its last.
    """
    decay = -w[20]
    factor = 0.9 ** (1 / decay) - 1
    first = known.grades[:, 0]
    stability = np.maximum(w[first - 1], _LOWEST_STABILITY)
    difficulty = np.clip(_first_difficulty(w, first), 1, 10)
    told = [np.zeros(len(first))]
    for at in range(1, known.grades.shape[1]):
        # Most cards have few reviews: only those that have as many are computed.
        on = np.flatnonzero(known.grades[:, at])
        grade, before, hard = known.grades[on, at], stability[on], difficulty[on]
        recall = (1 + factor * np.maximum(known.days[on, at], 0.0) / before) ** decay
        told.append(np.zeros(len(first)))
        told[at][on] = recall
        later = _later(w, grade, recall, before, hard)
        after = np.where(known.same_day[on, at], _soon(w, grade, before), later)
        stability[on] = np.maximum(after, _LOWEST_STABILITY)
        difficulty[on] = _next_difficulty(w, grade, hard)
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
