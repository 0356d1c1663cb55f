"""When learners began which course → what recommendations know. `train` is the job's whole work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from baize.domain.learner import Begun
from baize.recommend import taste as tastes
from baize.recommend.taste import Floats, Recipe, Rows, Taste
from baize.recommend.trails import Trails, Vocabulary, bags, followed, number

_STEPS = 5
"""Of a learner: how many of the last courses are each learned as one that came next."""
_ENOUGH = 500
"""Trails from which on the recipe is tuned; before, the default serves."""
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


def trails_of(begun: Iterable[Begun]) -> list[tuple[Sequence[str], str]]:
    """(courses, next course) of each learner's last steps; `begun` is by learner and time."""
    steps: list[tuple[Sequence[str], str]] = []
    learner, courses = "", list[str]()

    def end() -> None:
        for at in range(max(1, len(courses) - _STEPS), len(courses)):
            steps.append((tuple(courses[:at]), courses[at]))

    for one in begun:
        if one.learner_id != learner:
            end()
            learner, courses = one.learner_id, []
        courses.append(one.course_id)
    end()
    return steps


def train(begun: Sequence[Begun]) -> Learned | None:
    """Everything from the platform's record; None where no learner began a second course."""
    steps = trails_of(begun)
    if not steps:
        return None
    trails, words = number(steps)
    recipe = tastes.tune(trails)[0].recipe if len(trails) >= _ENOUGH else Recipe()
    counts = dict.fromkeys(words.nexts, 0)
    for one in begun:
        if one.course_id in counts:
            counts[one.course_id] += 1
    return Learned(
        tastes.train(trails, recipe),
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
