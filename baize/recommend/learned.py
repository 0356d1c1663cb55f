"""When learners began which course → what recommendations know. `train` is the job's whole work."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from baize.domain.learner import Begun
from baize.recommend import taste as tastes
from baize.recommend.taste import Floats, Recipe, Rows, Taste
from baize.recommend.trails import Trails, Vocabulary, along, bags, followed, within

STEPS = 50
"""Of a learner: how many of the last courses are each learned as one that came next."""
_ENOUGH = 500
"""Learners with a second course from which on the recipe is tuned; before, the default serves."""
_MANY = 0.05
"""Share of the steps to courses that are not offered, from where on two trainings more are worth it."""
_FEWEST = 3
"""Learners of whom a count may tell: fewer could be known by it."""


@dataclass(frozen=True, slots=True)
class Learned:
    """A taste with its ids and the counts that its reasons tell.

    Attributes:
        begun: how many learners began each next course.
        followers: how many began a course after another one, by that one.
    """

    taste: Taste
    words: Vocabulary
    begun: Floats
    followers: Rows
    numbers: dict[str, int]

    def history(self, course_ids: Sequence[str]) -> list[int]:
        """As numbers, as far as they are known."""
        return [self.numbers[one] for one in course_ids if one in self.numbers]

    def n_followers(self, course_id: str, following: int) -> int:
        """Of the course of this number after that one; 0 where they are too few to be told."""
        row = self.numbers.get(course_id)
        if row is None:
            return 0
        begin, end = self.followers.starts[row], self.followers.starts[row + 1]
        at = begin + np.searchsorted(self.followers.columns[begin:end], following)
        if at == end or self.followers.columns[at] != following:
            return 0
        n = int(self.followers.values[at])
        return n if n >= _FEWEST else 0


def paths_of(begun: Iterable[Begun]) -> Iterator[Sequence[str]]:
    """The courses of each learner; `begun` is by learner and time."""
    for _, steps in groupby(begun, key=lambda one: one.learner_id):
        yield [one.course_id for one in steps]


def train(begun: Sequence[Begun], offered: Collection[str]) -> Learned | None:
    """Everything from the platform's record; None where no learner began a second course that is offered.

    Args:
        offered: courses that can be recommended. Others, which an archive names or the platform has no more,
            are no nexts; what is taken in their stead is learned where many steps lead to them.
    """
    trails, words = along(paths_of(begun), STEPS)
    gone = np.array([one not in offered for one in words.items], dtype=np.bool_)
    led_there = within(trails, STEPS, gone)
    unoffered = led_there if len(led_there) > _MANY * len(trails) else None
    kept = np.array([one in offered for one in words.nexts], dtype=np.bool_)
    trails = trails.of(np.flatnonzero(kept[trails.nexts]))
    if not len(trails):
        return None
    enough = len(trails.lasts()) >= _ENOUGH
    recipe = tastes.tune(trails, unoffered=unoffered)[0].recipe if enough else Recipe()
    counts = dict.fromkeys(words.nexts, 0)
    for one in begun:
        if one.course_id in counts:
            counts[one.course_id] += 1
    return Learned(
        tastes.train(trails, recipe, unoffered),
        words,
        np.array([counts[course_id] for course_id in words.nexts], dtype=np.float32),
        _followers(trails),
        {item: n for n, item in enumerate(words.items)},
    )


def _followers(trails: Trails) -> Rows:
    together = (bags(trails, 1.0).T.tocsr() @ followed(trails)).tocsr()
    together.data[together.data < _FEWEST] = 0
    together.eliminate_zeros()
    together.sort_indices()
    return Rows(
        together.indptr.astype(np.int64),
        together.indices.astype(np.int32),
        together.data.astype(np.float32),
    )


def save(learned: Learned, path: Path) -> None:
    """As two files beside each other; the second, which `load` looks for first, is written last."""
    learned.taste.save(path.with_suffix(".taste.npz"))
    part = path.with_suffix(".part.npz")
    np.savez(
        part,
        allow_pickle=False,
        items=np.array(learned.words.items),
        nexts=np.array(learned.words.nexts),
        begun=learned.begun,
        starts=learned.followers.starts,
        columns=learned.followers.columns,
        values=learned.followers.values,
    )
    part.replace(path)


def load(path: Path) -> Learned:
    """The inverse of `save`.

    Raises:
        OSError: nothing was trained.
    """
    with np.load(path) as kept:
        words = Vocabulary(tuple(kept["items"].tolist()), tuple(kept["nexts"].tolist()))
        followers = Rows(kept["starts"], kept["columns"], kept["values"])
        begun = kept["begun"]
    numbers = {item: n for n, item in enumerate(words.items)}
    return Learned(tastes.load(path.with_suffix(".taste.npz")), words, begun, followers, numbers)
