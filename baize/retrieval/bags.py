"""Texts → rows of words, for the small linear readings that are trained from examples (`orders`, `route`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]


def pieces(folded: str) -> set[str]:
    """Pairs of Chinese characters and threes of Latin ones: what inflected words have in common."""
    pairs = {folded[i : i + 2] for i in range(len(folded) - 1) if not folded[i : i + 2].isascii()}
    threes = {folded[i : i + 3] for i in range(len(folded) - 2) if folded[i : i + 3].isascii()}
    return pairs | threes


def vocabulary_of(bags: Iterable[Iterable[str]]) -> dict[str, int]:
    """A column for each word."""
    columns: dict[str, int] = {}
    for bag in bags:
        for word in bag:
            columns.setdefault(word, len(columns))
    return columns


def bag_rows(bags: Sequence[Iterable[str]], vocabulary: Mapping[str, int]) -> Matrix:
    """1 where a text holds a word, (texts, words); words that are in no example are left out."""
    rows = np.zeros((len(bags), len(vocabulary)))
    for row, bag in enumerate(bags):
        rows[row, [vocabulary[word] for word in bag if word in vocabulary]] = 1.0
    return rows


def unit_rows(rows: npt.NDArray[np.floating]) -> Matrix:
    """Each row of length 1; one of zeros stays."""
    exact = rows.astype(np.float64)
    unit: Matrix = exact / np.maximum(np.linalg.norm(exact, axis=1, keepdims=True), 1e-9)
    return unit
