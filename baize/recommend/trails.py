"""What learners took, in order → sparse matrices. The first step of training; `taste` follows.

A trail is one learner's items and the one that came next. Items and nexts are numbered apart: what a learner
comes from and where a learner goes are two roles, and a catalogue may show them in different shares.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

_NOTHING = 1e-4
"""A weight below which an item is left out: it would cost as much as one that counts."""


@dataclass(frozen=True, slots=True)
class Trails:
    """Many trails over the learners' paths; each path is held once, however many trails go along it.

    Attributes:
        items: numbers of items, path after path, in the order in which they were taken.
        starts: where the path of each trail starts in `items`.
        ends: where what came before the next ends.
        stops: where the path stops; what lies between the next and here came after it.
        nexts: the number of what came next, of each trail.
        n_items: how many items there are.
        n_nexts: how many there are that came next.
    """

    items: Ints
    starts: Ints
    ends: Ints
    stops: Ints
    nexts: Ints
    n_items: int
    n_nexts: int

    def __len__(self) -> int:
        return len(self.nexts)

    def of(self, rows: Ints) -> Trails:
        """Some of the trails, in this order."""
        starts, ends, stops = self.starts[rows], self.ends[rows], self.stops[rows]
        return Trails(self.items, starts, ends, stops, self.nexts[rows], self.n_items, self.n_nexts)

    def history(self, row: int) -> list[int]:
        """The items before the next of one trail."""
        return [int(item) for item in self.items[self.starts[row] : self.ends[row]]]

    def lasts(self) -> Ints:
        """The row of the last trail along each path; a path's trails lie together, the longest last."""
        return np.flatnonzero(np.append(self.starts[1:] != self.starts[:-1], len(self) > 0))


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Item ids and their numbers, in both roles.

    Attributes:
        nexts: ids that came next at least once, by number.
    """

    items: tuple[str, ...]
    nexts: tuple[str, ...]


def number(paths: Sequence[tuple[Sequence[str], str]]) -> tuple[Trails, Vocabulary]:
    """One trail a path: number the ids of (items, next) pairs, in order of first sight.

    The ids of items and nexts need not name the same: a next is none of the items.
    """
    item_numbers: dict[str, int] = {}
    next_numbers: dict[str, int] = {}
    flat = [item_numbers.setdefault(item, len(item_numbers)) for items, _ in paths for item in items]
    nexts = [next_numbers.setdefault(following, len(next_numbers)) for _, following in paths]
    bounds = _bounds([len(items) for items, _ in paths])
    trails = Trails(
        np.array(flat, dtype=np.int64),
        bounds[:-1],
        bounds[1:],
        bounds[1:],
        np.array(nexts, dtype=np.int64),
        len(item_numbers),
        len(next_numbers),
    )
    return trails, Vocabulary(tuple(item_numbers), tuple(next_numbers))


def along(paths: Iterable[Sequence[str]], most: int) -> tuple[Trails, Vocabulary]:
    """Many trails a path: each of its last `most` items but the first is one that came next."""
    numbers: dict[str, int] = {}
    flat: list[int] = []
    lengths: list[int] = []
    for path in paths:
        flat += [numbers.setdefault(item, len(numbers)) for item in path]
        lengths.append(len(path))
    items, bounds = np.array(flat, dtype=np.int64), _bounds(lengths)
    starts, stops = bounds[:-1], bounds[1:]
    rows, ends = _steps(starts, stops, most)
    nexts, of_items = np.unique(items[ends], return_inverse=True)
    ids = tuple(numbers)
    trails = Trails(items, starts[rows], ends, stops[rows], of_items, len(ids), len(nexts))
    return trails, Vocabulary(ids, tuple(ids[n] for n in nexts))


def within(trails: Trails, most: int, of: NDArray[np.bool_]) -> Trails:
    """Trails along the same paths: each of the last `most` items but the first may be what came next.

    Args:
        of: (n_items,), which items are told of as nexts; a next has its number as an item.
    """
    lasts = trails.lasts()
    starts, stops = trails.starts[lasts], trails.stops[lasts]
    rows, ends = _steps(starts, stops, most)
    told = of[trails.items[ends]]
    rows, ends = rows[told], ends[told]
    nexts = trails.items[ends]
    return Trails(trails.items, starts[rows], ends, stops[rows], nexts, trails.n_items, trails.n_items)


def bags(trails: Trails, decay: float, after: float = 0.0) -> Any:
    """A sparse row a trail: the item that is k steps before the next weighs decay^k. (n, n_items) float32.

    Args:
        after: what an item that came after the next weighs beside one as far before it.
    """
    before = _side(trails.ends - trails.starts, trails.ends - 1, -1, decay, 1.0)
    sides = [before]
    if after:
        sides.append(_side(trails.stops - trails.ends - 1, trails.ends + 1, 1, decay, after))
    rows, at, weights = (np.concatenate(parts) for parts in zip(*sides, strict=True))
    return _sparse(weights, rows, trails.items[at], (len(trails), trails.n_items))


def latest(trails: Trails) -> Any:
    """A sparse row a trail with a one at the item right before the next. (n, n_items) float32."""
    rows = np.flatnonzero(trails.ends > trails.starts)
    ones = np.ones(len(rows), dtype=np.float32)
    return _sparse(ones, rows, trails.items[trails.ends[rows] - 1], (len(trails), trails.n_items))


def taken(trails: Trails) -> Ints:
    """How many paths have each item. (n_items,)"""
    lasts = trails.lasts()
    starts = trails.starts[lasts]
    rows, steps = _ranges(trails.stops[lasts] - starts)
    return np.bincount(trails.items[starts[rows] + steps], minlength=trails.n_items)


def near(trails: Trails, of: Ints, decay: float, reach: int) -> NDArray[np.float32]:
    """How often two items are on one path, in either order, k steps apart weighing decay^(k - 1).

    Args:
        of: numbers of the items that are counted.
        reach: the most steps that two are apart.

    Returns:
        (len(of), len(of)), symmetric, zero on the diagonal.
    """
    place = np.full(trails.n_items, -1, dtype=np.int64)
    place[of] = np.arange(len(of))
    lasts = trails.lasts()
    starts, lengths = trails.starts[lasts], (trails.stops - trails.starts)[lasts]
    total = np.zeros(len(of) * len(of))
    for apart in range(1, reach + 1):
        rows, steps = _ranges(np.maximum(lengths - apart, 0))
        first = starts[rows] + steps
        pairs = np.stack((place[trails.items[first]], place[trails.items[first + apart]]))
        one, other = pairs[:, (pairs >= 0).all(axis=0)]
        total += decay ** (apart - 1) * np.bincount(one * len(of) + other, minlength=len(total))
    square = total.reshape(len(of), len(of))
    square += square.T.copy()
    np.fill_diagonal(square, 0)
    return square.astype(np.float32)


def followed(trails: Trails) -> Any:
    """A sparse row a trail with a one at what came next. (n, n_nexts) float32."""
    ones = np.ones(len(trails), dtype=np.float32)
    return _sparse(ones, np.arange(len(trails)), trails.nexts, (len(trails), trails.n_nexts))


def _side(
    lengths: Ints, nearest: Ints, way: int, decay: float, weight: float
) -> tuple[Ints, Ints, NDArray[np.float32]]:
    """Rows, places in `items` and weights of what lies on one side of the nexts, as far as it weighs."""
    reach = math.ceil(math.log(_NOTHING) / math.log(decay)) if decay < 1 else lengths.max(initial=0)
    rows, steps = _ranges(np.clip(lengths, 0, reach))
    weights = np.float32(weight) * np.power(np.float32(decay), steps, dtype=np.float32)
    return rows, nearest[rows] + way * steps, weights


def _steps(starts: Ints, stops: Ints, most: int) -> tuple[Ints, Ints]:
    """For each of the last `most` items of a path but the first, its path and its place."""
    firsts = np.minimum(np.maximum(starts + 1, stops - most), stops)
    rows, steps = _ranges(stops - firsts)
    return rows, firsts[rows] + steps


def _ranges(lengths: Ints) -> tuple[Ints, Ints]:
    """For each length n its row n times, and 0 to n - 1."""
    rows = np.repeat(np.arange(len(lengths)), lengths)
    return rows, np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)


def _bounds(lengths: Sequence[int]) -> Ints:
    return np.concatenate(([0], np.cumsum(lengths, dtype=np.int64))).astype(np.int64)


def _sparse(weights: NDArray[np.float32], rows: Ints, columns: Ints, shape: tuple[int, int]) -> Any:
    from scipy.sparse import csr_array

    return csr_array((weights, (rows, columns)), shape=shape, dtype=np.float32)
