"""Scores → courses to show: none that was begun or lacks its prerequisite, diverse, no channel forgotten."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from baize.recommend.candidates import Record
from baize.recommend.shelf import Shelf
from baize.recommend.taste import Floats

_POOL = 100


@dataclass(frozen=True, slots=True)
class RuleOptions:
    """Of the platform.

    Attributes:
        diversity: how much a course loses for being like one that is shown already, 0..1 (maximal marginal
            relevance; Carbonell and Goldstein, SIGIR 1998).
        floors: how many of the courses shown should be of a channel, by channel, where it has any to offer.
    """

    diversity: float = 0.3
    floors: Mapping[str, int] = field(default_factory=dict)


def choose(
    shelf: Shelf,
    record: Record,
    scores: Floats,
    k: int,
    *,
    options: RuleOptions,
    open_courses: Collection[str] = (),
) -> list[int]:
    """Numbers of at most `k` courses, best first.

    Args:
        open_courses: the only ones that may be shown; empty for all.
    """
    allowed = _allowed(shelf, record, scores, open_courses)
    pool = _best(allowed, max(_POOL, k))
    chosen = _diverse(shelf, allowed, pool, k, options.diversity)
    for channel, floor in options.floors.items():
        chosen = _with_floor(shelf, allowed, chosen, channel, min(floor, k), k)
    return chosen


def _allowed(shelf: Shelf, record: Record, scores: Floats, open_courses: Collection[str]) -> Floats:
    allowed = scores.copy()
    for course_id in record.begun:
        if course_id in shelf.numbers:
            allowed[shelf.numbers[course_id]] = -np.inf
    completed = record.completed or {}
    for number, prerequisites in shelf.gated.items():
        if any(one not in completed for one in prerequisites):
            allowed[number] = -np.inf
    if open_courses:
        shut = np.ones(len(allowed), dtype=bool)
        shut[[shelf.numbers[one] for one in open_courses if one in shelf.numbers]] = False
        allowed[shut] = -np.inf
    return allowed


def _best(scores: Floats, n: int) -> list[int]:
    top = np.argpartition(-scores, n - 1)[:n] if n < len(scores) else np.arange(len(scores))
    top = top[np.argsort(-scores[top], kind="stable")]
    return [int(number) for number in top if scores[number] > -np.inf]


def _diverse(shelf: Shelf, scores: Floats, pool: list[int], k: int, diversity: float) -> list[int]:
    if not pool:
        return []
    highest = max(float(scores[pool[0]]), 1e-9)
    tags = {number: frozenset(shelf.courses[number].tags) for number in pool}
    nearest = dict.fromkeys(pool, 0.0)
    left, chosen = list(pool), list[int]()
    while left and len(chosen) < k:
        best = max(left, key=lambda n: (1 - diversity) * float(scores[n]) / highest - diversity * nearest[n])
        chosen.append(best)
        left.remove(best)
        for number in left:
            nearest[number] = max(nearest[number], _alike(tags[number], tags[best]))
    return chosen


def _alike(first: frozenset[str], second: frozenset[str]) -> float:
    """Jaccard."""
    return len(first & second) / len(first | second) if first and second else 0.0


def _with_floor(
    shelf: Shelf, scores: Floats, chosen: list[int], channel: str, floor: int, k: int
) -> list[int]:
    """The last ones of other channels give way to the best of this one."""
    missing = floor - sum(shelf.channels[number] == channel for number in chosen)
    rows = shelf.by_tag.get(channel)
    if missing <= 0 or rows is None:
        return chosen
    own = [int(n) for n in rows[np.argsort(-scores[rows], kind="stable")] if shelf.channels[n] == channel]
    fresh = [n for n in own if scores[n] > -np.inf and n not in chosen][:missing]
    others = [n for n in chosen if shelf.channels[n] != channel]
    giving_way = set(others[len(others) - max(0, len(chosen) + len(fresh) - k) :]) if fresh else set()
    return [n for n in chosen if n not in giving_way] + fresh
