"""FSRS against SM-2 on synthetic learners: how many reviews for the same recall?

    python -m benchmarks.reviews [--learners 20] [--cards 40] [--days 365] [--json OUT]

What a learner knows follows one of three published laws of memory, of which only one is FSRS's own, and is
graded by how a recall feels: `benchmarks/memories.py` says how. A learner is there on four days of five; what
is due on another day comes late.

SM-2 runs in three forms, for they ask for different numbers of reviews. `published` is Wozniak's of 1990,
whole: what was graded below four (again, hard) is asked again on the same day until it is not (his step 7).
`once_a_day` is without that step, as libraries have it that leave it to the application. `anki` is Anki's:
lapses lower the ease, `hard` grows by a fifth, a lapse is seen once more on that day, a new card that was
`easy` is due after four days (its two learning steps of minutes for new cards are left out). Each time that a
card is asked after the first is a review, on the same day too; FSRS asks for none then, as in the product.

Recall is the law's own likelihood, averaged over every card and day from a card's 31st day on: knowledge over
time, not success at reviews. Each form of SM-2 sets the recall of each learner. FSRS runs at a range of
retentions, and its reviews at that very recall are interpolated (logarithm of the reviews over recall); where
its lowest retention already recalls more, its reviews count as they are. `saved` is
1 - reviews(FSRS)/reviews(SM-2). At `one_retention` all learners of a law have the same retention, at which
FSRS recalls as much as SM-2 on the average, as a platform would set it.

FSRS runs with its own parameters (`defaults`); with those that `baize review --fit` would find in the logs of
as many *other* learners, scheduled by FSRS's own (`platform's`); and with each learner's own two numbers
beside these, as in the product (`learner's`), estimated of an earlier year of that learner with other cards.
`foretold` is the log loss of recall in the year that is judged, by FSRS's own days: the mean of learners.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from fsrs.scheduler import DEFAULT_PARAMETERS

from baize.adapters.fit_fsrs import fit, histories, loss, of_learner
from baize.adapters.schedule_fsrs import FsrsScheduler
from baize.domain.review import Memory, Recall, Review
from benchmarks.memories import DAY_S, LAWS, START, Feeling, Item, Make, Rng, feeling, learner

WARM_UP_DAYS = 30
PRESENT = 0.8
REPEAT_DAYS = 0.01
MOST_REPEATS = 9
RETENTIONS = (0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.96, 0.98)


@dataclass(frozen=True)
class Size:
    """Of a run: cards of a learner, days."""

    cards: int
    days: int


@dataclass(frozen=True)
class Person:
    """A learner: the law's items, and what makes their days and grades repeat."""

    law: str
    number: int
    make: Make
    feeling: Feeling


class Sm2:
    """SM-2's days as published, a day at least between reviews; with or without repeats on the same day."""

    def __init__(self, *, repeats: bool) -> None:
        self.n, self.interval, self.ease = 0, 0.0, 2.5
        self.repeated: frozenset[Recall] = frozenset({"again", "hard"} if repeats else ())

    def next_day(self, recall: Recall, day: int) -> int:
        quality = {"again": 2, "hard": 3, "good": 4, "easy": 5}[recall]
        if quality < 3:
            self.n, self.interval = 0, 1.0
        else:
            self.n += 1
            self.interval = 1.0 if self.n == 1 else 6.0 if self.n == 2 else self.interval * self.ease
            self.ease = max(self.ease + 0.1 - (5 - quality) * (0.08 + (5 - quality) * 0.02), 1.3)
        return day + max(round(self.interval), 1)


class Anki:
    """Anki's form with its defaults: a lapse starts again at a day and costs ease."""

    repeated: frozenset[Recall] = frozenset({"again"})

    def __init__(self) -> None:
        self.interval, self.ease = 0.0, 2.5

    def next_day(self, recall: Recall, day: int) -> int:
        if not self.interval:
            self.interval = 4.0 if recall == "easy" else 1.0
        else:
            factor = {"again": 0.0, "hard": 1.2, "good": self.ease, "easy": self.ease * 1.3}[recall]
            least = 1.0 if recall == "again" else self.interval + 1
            self.interval = max(self.interval * factor, least)
            change = {"again": -0.2, "hard": -0.15, "good": 0.0, "easy": 0.15}[recall]
            self.ease = max(self.ease + change, 1.3)
        return day + max(round(self.interval), 1)


class ByFsrs:
    """Our own scheduler, as the product runs it."""

    repeated: frozenset[Recall] = frozenset()

    def __init__(self, scheduler: FsrsScheduler) -> None:
        self._scheduler = scheduler
        self._memory: Memory = scheduler.new(START)

    def next_day(self, recall: Recall, day: int) -> int:
        self._memory = self._scheduler.after(self._memory, recall, START + day * DAY_S)
        return max(round((self._memory.due - START) / DAY_S), day + 1)


Plan = Callable[[], Sm2 | Anki | ByFsrs]

FORMS: dict[str, Plan] = {
    "published": lambda: Sm2(repeats=True),
    "once_a_day": lambda: Sm2(repeats=False),
    "anki": Anki,
}
"""Of SM-2."""


def by_fsrs(retention: float, parameters: Sequence[float]) -> Plan:
    """The product's scheduler for each card."""
    scheduler = FsrsScheduler(retention=retention, parameters=parameters)
    return lambda: ByFsrs(scheduler)


def _rng(seed: str) -> Rng:
    return np.random.default_rng(zlib.crc32(seed.encode()))


def person(law: str, number: int, felt: Feeling) -> Person:
    """The learner of this number."""
    return Person(law, number, learner(law, _rng(f"{law}/{number}")), felt)


def run(
    who: Person, plan: Plan, size: Size, *, before: bool = False, log: list[Review] | None = None
) -> tuple[int, float]:
    """Reviews after the first of a card, and mean recall from `WARM_UP_DAYS` on.

    Chance is tied to learner, card and day, not to a schedule.

    Args:
        before: other cards, of an earlier time.
        log: takes every review, as the product stores it.
    """
    seed = f"{'before/' if before else ''}{who.law}/{who.number}"
    days = size.days
    there = _rng(f"{seed}/days").random(days) < PRESENT
    n_reviews, recalled, n_days = 0, 0.0, 0
    for number in range(size.cards):
        rng = _rng(f"{seed}/{number}")
        item, schedule = who.make(rng), plan()
        luck = rng.random(days)
        day = begun = int(rng.integers(0, days // 3))
        grade = who.feeling.begins(item, day, float(luck[day]))
        while True:
            if log is not None:
                log.append(Review("p", seed, f"c{number}", START + day * DAY_S, grade))
            due = schedule.next_day(grade, day)
            n_reviews += repeats(who.feeling, item, day, grade, schedule.repeated, f"{seed}/{number}")
            while due < days and not there[due]:
                due += 1
            known = np.arange(max(day, begun + WARM_UP_DAYS), min(due, days), dtype=np.float64) + 0.5
            recalled += float(item.recall(known).sum()) if len(known) else 0.0
            n_days += len(known)
            if due >= days:
                break
            day = due
            grade = who.feeling.graded(float(item.recall(np.array(float(day)))), float(luck[day]))
            item.studied(day, grade)
            n_reviews += 1
    return n_reviews, recalled / max(n_days, 1)


def repeats(
    felt: Feeling, item: Item, day: int, grade: Recall, repeated: frozenset[Recall], seed: str
) -> int:
    """How often the card is asked again on that day, each time a little later, until it feels better."""
    n, chance = 0, _rng(f"{seed}/{day}")
    while grade in repeated and n < MOST_REPEATS:
        n += 1
        at = day + n * REPEAT_DAYS
        grade = felt.graded(float(item.recall(np.array(at))), float(chance.random()))
        item.studied(at, grade)
    return n


@dataclass(frozen=True)
class Compared:
    """One learner: SM-2's reviews and recall, FSRS's at every retention, and FSRS's at SM-2's recall."""

    sm2: tuple[int, float]
    swept: tuple[tuple[int, float], ...]
    at_equal: float
    reached: bool


def compare(who: Person, parameters: Sequence[float], size: Size) -> dict[str, Compared]:
    """One learner, by FSRS and by each form of SM-2."""
    swept = tuple(run(who, by_fsrs(retention, parameters), size) for retention in RETENTIONS)
    by_form = {form: run(who, plan, size) for form, plan in FORMS.items()}
    return {form: Compared(sm2, swept, *at_recall(swept, sm2[1])) for form, sm2 in by_form.items()}


def at_recall(swept: Sequence[tuple[float, float]], target: float) -> tuple[float, bool]:
    """Reviews at this recall, and whether it was reached; none fewer than those of the lowest retention."""
    n = np.array([max(one[0], 0.5) for one in swept])
    recall = np.maximum.accumulate([one[1] for one in swept])
    return float(np.exp(np.interp(target, recall, np.log(n)))), bool(recall[-1] >= target)


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--learners", type=int, default=20, help="of each law")
    parser.add_argument("--cards", type=int, default=40)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    size = Size(chosen.cards, chosen.days)
    text = json.dumps(measure(chosen.learners, size), indent=2)
    if chosen.json:
        chosen.json.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")


def measure(n: int, size: Size) -> dict[str, object]:
    """All laws, all parameters."""
    felt = {law: feeling(law) for law in LAWS}
    people = [person(law, number, felt[law]) for law in LAWS for number in range(n)]
    # Others than those that are judged.
    others = [person(law, number, felt[law]) for law in LAWS for number in range(n, 2 * n)]
    platform = fit(histories(review for one in others for review in logged(one, size, before=True)))
    told: dict[str, object] = {"learners": n, "cards": size.cards, "days": size.days}
    told["fit"] = {"n": platform.n, "before": round(platform.before, 4), "after": round(platform.after, 4)}
    own = (of_learner(logged(one, size, before=True), platform.parameters) for one in people)
    runs: dict[str, list[tuple[float, ...]]] = {
        "defaults": [DEFAULT_PARAMETERS] * len(people),
        "platform's": [platform.parameters] * len(people),
        "learner's": [one or platform.parameters for one in own],
    }
    judged = [histories(logged(one, size, before=False)) for one in people]
    told["foretold"] = {
        name: round(float(np.mean([loss(h, np.array(w)) for h, w in zip(judged, every, strict=True)])), 4)
        for name, every in runs.items()
    }
    for name, parameters in runs.items():
        every = [compare(who, found, size) for who, found in zip(people, parameters, strict=True)]
        told[name] = {form: by_law(people, [row[form] for row in every]) for form in FORMS}
    return told


def by_law(people: Sequence[Person], rows: Sequence[Compared]) -> dict[str, object]:
    """All learners, and those of each law."""
    parts = {law: [r for p, r in zip(people, rows, strict=True) if p.law == law] for law in LAWS}
    return {"all": summary(rows), **{law: summary(some) for law, some in parts.items()}}


def logged(who: Person, size: Size, *, before: bool) -> list[Review]:
    """What the product has of a learner's year, scheduled with FSRS's own parameters at 0.9."""
    log: list[Review] = []
    run(who, by_fsrs(0.9, DEFAULT_PARAMETERS), size, before=before, log=log)
    return log


def summary(rows: Sequence[Compared]) -> dict[str, object]:
    """Shares saved with 95 % bootstrap intervals over learners, and means."""
    sm2 = np.array([row.sm2 for row in rows])
    equal = np.array([row.at_equal for row in rows])
    swept = np.array([row.swept for row in rows])

    def each(some: np.ndarray) -> float:
        return float(1 - equal[some].sum() / sm2[some, 0].sum())

    def together(some: np.ndarray) -> float:
        n, _ = at_recall(list(map(tuple, swept[some].mean(axis=0))), float(sm2[some, 1].mean()))
        return 1 - n / float(sm2[some, 0].mean())

    rng = np.random.default_rng(7)
    draws = rng.integers(0, len(rows), (2000, len(rows)))
    everyone = np.arange(len(rows))
    return {
        "n": len(rows),
        "saved": _interval(each(everyone), [each(some) for some in draws]),
        "saved_one_retention": _interval(together(everyone), [together(some) for some in draws]),
        "sm2_reviews": round(float(sm2[:, 0].mean()), 1),
        "fsrs_reviews": round(float(equal.mean()), 1),
        "recall": round(float(sm2[:, 1].mean()), 4),
        "recall_reached": round(float(np.mean([row.reached for row in rows])), 3),
    }


def _interval(value: float, draws: Sequence[float]) -> list[float]:
    low, high = np.quantile(draws, (0.025, 0.975))
    return [round(value, 4), round(float(low), 4), round(float(high), 4)]


if __name__ == "__main__":
    main()
