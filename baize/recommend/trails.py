"""What learners took, in order → sparse matrices. The first step of training; `taste` follows.

A trail is one learner's items and the one that came next. Items and nexts are numbered apart: what a learner
comes from and where a learner goes are two roles, and a catalogue may show them in different shares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Trails:
    """Many trails, flat.

    Attributes:
        items: numbers of items, trail after trail, in the order in which they were taken.
        starts: where each trail starts in `items`; one more at the end.
        nexts: the number of what came next, of each trail.
        n_items: how many items there are.
        n_nexts: how many there are that came next.
    """

    items: Ints
    starts: Ints
    nexts: Ints
    n_items: int
    n_nexts: int

    def __len__(self) -> int:
        return len(self.starts) - 1

    def of(self, rows: Ints) -> Trails:
        """Some of the trails, in this order."""
        lengths = (self.starts[1:] - self.starts[:-1])[rows]
        starts = np.concatenate(([0], np.cumsum(lengths)))
        offsets = np.arange(starts[-1]) - np.repeat(starts[:-1], lengths)
        items = self.items[np.repeat(self.starts[rows], lengths) + offsets]
        return Trails(items, starts, self.nexts[rows], self.n_items, self.n_nexts)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Item ids and their numbers, in both roles.

    Attributes:
        nexts: ids that came next at least once, by number.
    """

    items: tuple[str, ...]
    nexts: tuple[str, ...]


def number(paths: Sequence[tuple[Sequence[str], str]]) -> tuple[Trails, Vocabulary]:
    """Number the ids of (items, next) pairs, in order of first sight."""
    item_numbers: dict[str, int] = {}
    next_numbers: dict[str, int] = {}
    flat: list[int] = []
    starts = [0]
    nexts: list[int] = []
    for items, following in paths:
        flat += [item_numbers.setdefault(item, len(item_numbers)) for item in items]
        starts.append(len(flat))
        nexts.append(next_numbers.setdefault(following, len(next_numbers)))
    trails = Trails(
        np.array(flat, dtype=np.int64),
        np.array(starts, dtype=np.int64),
        np.array(nexts, dtype=np.int64),
        len(item_numbers),
        len(next_numbers),
    )
    return trails, Vocabulary(tuple(item_numbers), tuple(next_numbers))


def bags(trails: Trails, decay: float) -> Any:
    """A sparse row a trail: the item that is k steps from the end weighs decay^k. (n, n_items) float32."""
    from scipy.sparse import csr_array

    lengths = trails.starts[1:] - trails.starts[:-1]
    back = np.repeat(trails.starts[1:], lengths) - np.arange(len(trails.items)) - 1
    weights = np.power(np.float32(decay), back, dtype=np.float32)
    # What weighs nothing is left out: it would cost as much as what does.
    kept = weights > 1e-4
    rows = np.repeat(np.arange(len(trails)), lengths)[kept]
    shape = (len(trails), trails.n_items)
    return csr_array((weights[kept], (rows, trails.items[kept])), shape=shape, dtype=np.float32)


def followed(trails: Trails) -> Any:
    """A sparse row a trail with a one at what came next. (n, n_nexts) float32."""
    from scipy.sparse import csr_array

    ones = np.ones(len(trails), dtype=np.float32)
    shape = (len(trails), trails.n_nexts)
    return csr_array((ones, (np.arange(len(trails)), trails.nexts)), shape=shape)
