"""FSRS against SM-2 on synthetic learners: how many reviews for the same recall?

    python -m benchmarks.reviews [--learners 60] [--cards 60] [--days 365] [--json OUT]

A learner is one of three models of memory, none tuned to either scheduler; only the last is FSRS's own:

- `traces`: ACT-R's declarative memory with decay that depends on activation (Pavlik & Anderson, Cognitive
  Science 29, 2005): each review leaves a trace that decays by a power law, faster when the item was active;
- `half-life`: exponential forgetting; a recall multiplies the half-life by what the spacing was worth (as in
  Settles & Meeder, ACL 2016, whose features are counts; here the gain grows with the time that had passed), a
  lapse shrinks it;
- `fsrs`: FSRS-6 with the default parameters, and a learner's own noise on the pace of forgetting.

Items differ in difficulty, learners in ability. A review happens on its day; it is failed with the model's
probability; a recall that was near failing is graded `hard` (3 in SM-2), else `good` (4), a failure `again`
(2). Recall is the model's own probability, averaged over every card and day from day 30 on. SM-2 (Wozniak
1990, a failed card seen again next day) sets the recall of each learner; FSRS runs at the retention whose
recall is the same or better, by bisection: what is compared is recall that was reached, never the one that
was asked for. The figure is 1 - reviews(FSRS)/reviews(SM-2), once with FSRS-6's own parameters, once with
those that `baize.adapters.fit_fsrs` finds in the logs of as many *other* learners, scheduled by FSRS's own.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from baize.adapters.fit_fsrs import fit, histories
from baize.adapters.schedule_fsrs import FsrsScheduler
from baize.domain.review import Memory, Recall, Review

DAY_S = 86_400.0
START = 1_790_000_000.0
WARM_UP_DAYS = 30
MODELS = ("traces", "half-life", "fsrs")


def _random(seed: object) -> random.Random:
    return random.Random(str(seed))  # noqa: S311 - a simulation that must repeat


class Item(Protocol):
    """What one learner really knows of one card."""

    def recall(self, day: float) -> float: ...

    def studied(self, day: float, *, passed: bool) -> None: ...


@dataclass
class Traces:
    """Pavlik & Anderson 2005: activation is ln of the sum of t^-d over traces; d = c·e^activation + a."""

    base: float
    decay: float
    traces: list[tuple[float, float]] = field(default_factory=list)

    def _activation(self, day: float) -> float:
        total = sum(max(day - at, 0.02) ** -decay for at, decay in self.traces)
        return self.base + math.log(total) if total > 0 else -9.0

    def recall(self, day: float) -> float:
        return 1 / (1 + math.exp(-(self._activation(day) + 1.2) / 0.35)) if self.traces else 0.0

    def studied(self, day: float, *, passed: bool) -> None:
        del passed
        before = self._activation(day) if self.traces else -9.0
        self.traces.append((day, min(self.decay + 0.12 * math.exp(before), 0.9)))


@dataclass
class HalfLife:
    """Exponential forgetting whose half-life grows most where the card was nearly forgotten."""

    half_life: float
    gain: float
    at: float = -1.0

    def recall(self, day: float) -> float:
        return 2.0 ** (-(day - self.at) / self.half_life) if self.at >= 0 else 0.0

    def studied(self, day: float, *, passed: bool) -> None:
        if self.at >= 0:
            worth = 1 - self.recall(day)
            self.half_life *= 1 + self.gain * (0.15 + 2.2 * worth) if passed else 0.45
            self.half_life = min(max(self.half_life, 0.4), 2000.0)
        self.at = day


class OwnModel:
    """FSRS itself, with noise on what it takes stability to be."""

    def __init__(self, noise: float) -> None:
        self._scheduler = FsrsScheduler(retention=0.9)
        self._memory = self._scheduler.new(START)
        self._noise = noise

    def recall(self, day: float) -> float:
        if self._memory.stability is None or self._memory.reviewed_at is None:
            return 0.0
        at = (self._memory.reviewed_at - START) / DAY_S
        scaled = at + (day - at) * self._noise
        return self._scheduler.recall(self._memory, START + max(scaled, at) * DAY_S)

    def studied(self, day: float, *, passed: bool) -> None:
        self._memory = self._scheduler.after(self._memory, "good" if passed else "again", START + day * DAY_S)


def learner(model: str, rng: random.Random) -> Callable[[random.Random], Item]:
    """A learner of this model: makes an item, harder or easier."""
    ability = rng.gauss(0, 0.35)
    if model == "traces":
        return lambda r: Traces(ability + r.gauss(0, 0.5), min(max(r.gauss(0.3, 0.06), 0.12), 0.6))
    if model == "half-life":
        return lambda r: HalfLife(
            math.exp(r.gauss(0.9 + ability, 0.6)), math.exp(r.gauss(0.55 + ability / 2, 0.3))
        )
    return lambda r: OwnModel(math.exp(r.gauss(-ability, 0.4)))


class Sm2:
    """SM-2 as published, a day at least between reviews."""

    def __init__(self) -> None:
        self.n, self.interval, self.ease = 0, 0.0, 2.5

    def next_day(self, recall: Recall, day: int) -> int:
        quality = {"again": 2, "hard": 3, "good": 4, "easy": 5}[recall]
        if quality < 3:
            self.n, self.interval = 0, 1.0
        else:
            self.n += 1
            self.interval = 1.0 if self.n == 1 else 6.0 if self.n == 2 else self.interval * self.ease
            self.ease = max(self.ease + 0.1 - (5 - quality) * (0.08 + (5 - quality) * 0.02), 1.3)
        return day + max(round(self.interval), 1)


class ByFsrs:
    """Our own scheduler, as the product runs it."""

    def __init__(self, scheduler: FsrsScheduler) -> None:
        self._scheduler = scheduler
        self._memory: Memory = scheduler.new(START)

    def next_day(self, recall: Recall, day: int) -> int:
        self._memory = self._scheduler.after(self._memory, recall, START + day * DAY_S)
        return max(round((self._memory.due - START) / DAY_S), day + 1)


def run(
    make: Callable[[random.Random], Item],
    plan: Callable[[], Sm2 | ByFsrs],
    *,
    seed: str,
    cards: int,
    days: int,
    log: list[Review] | None = None,
) -> tuple[int, float]:
    """Reviews, and mean recall from `WARM_UP_DAYS` on. Chance is tied to card and day, not to a schedule.

    Args:
        log: takes every review, as the product stores it.
    """
    n_reviews, recalled, n_days = 0, 0.0, 0
    for number in range(cards):
        rng = _random(f"{seed}/{number}")
        item, schedule = make(rng), plan()
        begun = rng.randrange(0, days // 3)
        luck = [rng.random() for _ in range(days + 1)]
        due = begun
        for day in range(begun, days):
            if day == due:
                p = item.recall(day)
                passed = day > begun and luck[day] < p
                recall: Recall = "again" if day > begun and not passed else "good"
                if passed and luck[day] > 0.85 * p:
                    recall = "hard"
                n_reviews += day > begun
                item.studied(day, passed=passed or day == begun)
                if log is not None:
                    log.append(Review("p", seed, f"c{number}", START + day * DAY_S, recall))
                due = schedule.next_day(recall, day)
            if day >= begun + WARM_UP_DAYS:
                recalled += item.recall(day + 0.5)
                n_days += 1
    return n_reviews, recalled / max(n_days, 1)


def logged(model: str, number: int, *, cards: int, days: int) -> list[Review]:
    """What the product has of a learner before: other cards, scheduled with FSRS's own parameters at 0.9."""
    make = learner(model, _random(f"{model}/{number}"))
    scheduler = FsrsScheduler(retention=0.9)
    log: list[Review] = []
    run(make, lambda: ByFsrs(scheduler), seed=f"before/{model}/{number}", cards=cards, days=days, log=log)
    return log


def compare(
    model: str, number: int, *, cards: int, days: int, parameters: Sequence[float] | None
) -> dict[str, float]:
    """One learner: SM-2's reviews and recall, and FSRS's at the retention that recalls as much."""
    make = learner(model, _random(f"{model}/{number}"))
    seed = f"{model}/{number}"
    n_sm2, target = run(make, Sm2, seed=seed, cards=cards, days=days)

    def at(retention: float) -> tuple[int, float]:
        scheduler = FsrsScheduler(retention=retention, parameters=parameters)
        return run(make, lambda: ByFsrs(scheduler), seed=seed, cards=cards, days=days)

    low, high = 0.3, 0.985
    best = (high, *at(high))
    for _ in range(9):
        middle = (low + high) / 2
        n, recall = at(middle)
        if recall >= target:
            best, high = (middle, n, recall), middle
        else:
            low = middle
    retention, n_fsrs, recall = best
    return {
        "sm2_reviews": n_sm2,
        "sm2_recall": target,
        "fsrs_reviews": n_fsrs,
        "fsrs_recall": recall,
        "retention": retention,
        "equal": float(recall >= target),
        "saved": 1 - n_fsrs / n_sm2,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--learners", type=int, default=60, help="of each model")
    parser.add_argument("--cards", type=int, default=60)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    size = {"cards": chosen.cards, "days": chosen.days}
    told: dict[str, object] = {"learners": chosen.learners, **size}
    # Others than those that are judged.
    log = [
        review
        for model in MODELS
        for n in range(chosen.learners, 2 * chosen.learners)
        for review in logged(model, n, **size)
    ]
    fitted = fit(histories(log))
    told["fit"] = {"n": fitted.n, "before": round(fitted.before, 4), "after": round(fitted.after, 4)}
    for name, parameters in (("own parameters", None), ("fitted", fitted.parameters)):
        models: dict[str, dict[str, float]] = {}
        everybody: list[dict[str, float]] = []
        for model in MODELS:
            rows = [compare(model, n, **size, parameters=parameters) for n in range(chosen.learners)]
            everybody += rows
            models[model] = summary(rows)
        told[name] = {"models": models, "all": summary(everybody)}
    text = json.dumps(told, indent=2)
    if chosen.json:
        chosen.json.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")


def summary(rows: list[dict[str, float]]) -> dict[str, float]:
    """Means, and a 95 % bootstrap interval of the share saved, over learners."""
    rng = _random(7)

    def saved(some: list[dict[str, float]]) -> float:
        return 1 - sum(row["fsrs_reviews"] for row in some) / sum(row["sm2_reviews"] for row in some)

    draws = sorted(saved(rng.choices(rows, k=len(rows))) for _ in range(2000))
    return {
        "n": len(rows),
        "saved": round(saved(rows), 4),
        "ci_low": round(draws[50], 4),
        "ci_high": round(draws[1949], 4),
        **{
            name: round(statistics.mean(row[name] for row in rows), 4)
            for name in ("sm2_reviews", "fsrs_reviews", "sm2_recall", "fsrs_recall", "retention", "equal")
        },
    }


if __name__ == "__main__":
    main()
