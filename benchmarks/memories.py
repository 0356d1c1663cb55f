"""What synthetic learners really know of a card: three laws of memory as published, and how a recall feels.

- `traces`: ACT-R's declarative memory with decay that depends on activation (Pavlik and Anderson, Cognitive
  Science 29, 2005): each review leaves a trace t^-d, d = c e^m + a, with m the activation at that moment.
  Their c, a, threshold, and scale of the time between sessions; noise 0.25, ACT-R's usual one.
- `half-life`: DHP (Ye, Su and Cao, KDD 2022), fitted to 220 million reviews of vocabulary on MaiMemo: the
  half-life after a recall or a lapse is a power law of difficulty, half-life and recall, with their
  coefficients and their distribution of difficulty.
- `fsrs`: FSRS-6, each learner with parameters of their own, drawn about the defaults by half of what they
  differ between people (`fit_fsrs`), within FSRS's bounds. Drawn by the whole, each by itself, one learner in
  three would keep nearly nothing whatever the schedule: real ones go together.

How a review feels is what ACT-R says of latency: the margin of the activation with its noise over the
threshold. Below it is a lapse; a small margin is `hard`, a large one `easy`. The two cuts give, at a recall
of 0.9, the shares that FSRS's own simulator has of people's passes (hard 22.4 %, good 63.1 %, easy 14.5 %). A
first grade is given likewise, by how well the card will be known a day later, with cuts that give its shares
of first grades (24 %, 9.4 %, 49.5 %, 17.1 %).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from baize.adapters.fit_fsrs import SPREADS
from baize.adapters.schedule_fsrs import FsrsScheduler
from baize.domain.review import RECALLS, Recall

Floats = NDArray[np.float64]
Rng = np.random.Generator

LAWS = ("traces", "half-life", "fsrs")
DAY_S = 86_400.0
START = 1_790_000_000.0
_FIRST_SHARES = (0.24, 0.094, 0.495, 0.171)
_PASS_SHARES = (0.224, 0.631, 0.145)
_AT_RECALL = 0.9


class Item(Protocol):
    """What one learner really knows of one card. Days are whole or broken ones since the start."""

    def recall(self, days: Floats) -> Floats:
        """How likely a recall is at these days, all after the last review."""
        ...

    def studied(self, day: float, recall: Recall) -> None:
        """It was looked at, and felt like this."""
        ...


@dataclass
class Traces:
    """Activation m = base + ln of the sum of t^-d over the traces, t in seconds of which a part counts."""

    base: float
    traces: list[tuple[float, float]] = field(default_factory=list)

    def _activation(self, days: Floats) -> Floats:
        at, decay = np.array(self.traces).T
        seconds = np.maximum(np.subtract.outer(days, at), 0.01) * DAY_S * 0.025
        # As exp of log: a third of the time of a power.
        total = np.exp(-decay * np.log(seconds)).sum(axis=-1)
        return np.asarray(self.base + np.log(total))

    def recall(self, days: Floats) -> Floats:
        return np.asarray(1 / (1 + np.exp(-(self._activation(days) + 0.704) / 0.25)))

    def studied(self, day: float, recall: Recall) -> None:
        del recall
        strength = math.exp(float(self._activation(np.array(day)))) if self.traces else 0.0
        self.traces.append((day, 0.217 * strength + 0.177))


@dataclass
class HalfLife:
    """Exponential forgetting by a half-life in days; difficulty is 1 to 20."""

    difficulty: float
    half_life: float = 0.0
    at: float = 0.0

    def recall(self, days: Floats) -> Floats:
        return np.asarray(2.0 ** (-(days - self.at) / self.half_life))

    def studied(self, day: float, recall: Recall) -> None:
        d, h = self.difficulty, self.half_life
        if not h:
            self.half_life = -1 / math.log2(max(0.925 - 0.05 * d, 0.025))
        else:
            forgotten = min(max(1 - float(self.recall(np.array(day))), 0.01), 0.99)
            if recall == "again":
                self.half_life = 0.959 * d**-0.0407 * h**0.377 * forgotten**-0.227
                self.difficulty = min(d + 2, 20.0)
            else:
                self.half_life = h * (1 + 45.09 * d**-0.534 * h**-0.127 * forgotten**0.968)
        self.at = day


class OwnModel:
    """FSRS with this learner's parameters; the grade is part of it."""

    def __init__(self, scheduler: FsrsScheduler, decay: float) -> None:
        self._scheduler = scheduler
        self._decay = decay
        self._memory = scheduler.new(START)

    def recall(self, days: Floats) -> Floats:
        factor = 0.9 ** (-1 / self._decay) - 1
        at = ((self._memory.reviewed_at or START) - START) / DAY_S
        return np.asarray((1 + factor * (days - at) / (self._memory.stability or 1)) ** -self._decay)

    def studied(self, day: float, recall: Recall) -> None:
        self._memory = self._scheduler.after(self._memory, recall, START + day * DAY_S)


Make = Callable[[Rng], Item]


def learner(law: str, rng: Rng) -> Make:
    """A learner of this law: makes an item, harder or easier."""
    if law == "traces":
        able = rng.normal(1.0, 0.3)
        return lambda r: Traces(able + r.normal(0, 0.4))
    if law == "half-life":
        shift = rng.normal(0, 1.5)
        shares = (0.06, 0.09, 0.11, 0.14, 0.14, 0.13, 0.11, 0.1, 0.07, 0.05)
        return lambda r: HalfLife(min(max(1 + r.choice(10, p=shares) + shift, 1.0), 18.0))
    parameters = _parameters(rng)
    scheduler = FsrsScheduler(retention=0.9, parameters=parameters)
    return lambda _: OwnModel(scheduler, parameters[20])


def _parameters(rng: Rng) -> tuple[float, ...]:
    from fsrs.scheduler import DEFAULT_PARAMETERS, LOWER_BOUNDS_PARAMETERS, UPPER_BOUNDS_PARAMETERS

    usual = np.array(DEFAULT_PARAMETERS)
    drawn = usual + rng.normal(0, 0.5, len(SPREADS)) * np.array(SPREADS)
    # First stabilities are skewed: by a factor, and not below zero.
    drawn[:4] = usual[:4] * np.exp(rng.normal(0, 0.5, 4))
    drawn = np.clip(drawn, LOWER_BOUNDS_PARAMETERS, UPPER_BOUNDS_PARAMETERS)
    # Who calls a card easier remembers it longer.
    drawn[:4] = np.sort(drawn[:4])
    return tuple(map(float, drawn))


@dataclass(frozen=True)
class Feeling:
    """How reviews of a law are graded.

    Attributes:
        first: three cuts of the margin, between the four first grades.
        hard, easy: margins of a recall below and above which it is graded so.
    """

    first: tuple[float, float, float]
    hard: float
    easy: float

    def graded(self, recall: float, luck: float) -> Recall:
        """A review; it is passed with the likelihood `recall`, where `luck` is uniform in 0..1."""
        margin = _logit(recall) - _logit(luck)
        if margin <= 0:
            return "again"
        return "hard" if margin < self.hard else "easy" if margin > self.easy else "good"

    def begins(self, item: Item, day: float, luck: float) -> Recall:
        """First sight of a card, and the grade that it is given; where a grade is chance, `luck` says it."""
        if isinstance(item, OwnModel):
            grade = RECALLS[int(np.searchsorted(np.cumsum(_FIRST_SHARES)[:3], luck))]
            item.studied(day, grade)
            return grade
        item.studied(day, "good")
        margin = _logit(float(item.recall(np.array(day + 1)))) - _logit(luck)
        return RECALLS[sum(margin > cut for cut in self.first)]


def feeling(law: str) -> Feeling:
    """Cuts that give the published shares over 4,000 cards of as many learners."""
    rng = np.random.default_rng(11)
    margins: list[float] = []
    for _ in range(0 if law == "fsrs" else 4000):
        item = learner(law, rng)(rng)
        item.studied(0.0, "good")
        margins.append(_logit(float(item.recall(np.array(1.0)))) - _logit(float(rng.random())))
    first = np.quantile(margins or [0.0], np.cumsum(_FIRST_SHARES)[:3])
    hard = _logit(_AT_RECALL) - _logit(_AT_RECALL * (1 - _PASS_SHARES[0]))
    easy = _logit(_AT_RECALL) - _logit(_AT_RECALL * _PASS_SHARES[2])
    return Feeling((float(first[0]), float(first[1]), float(first[2])), hard, easy)


def _logit(p: float) -> float:
    p = min(max(p, 1e-9), 1 - 1e-9)
    return math.log(p / (1 - p))
