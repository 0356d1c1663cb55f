"""Metrics of speech recognition, over the units of `eval.metrics.normalise`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from baize.domain.text import Cue
from eval.metrics.normalise import CHARACTER_LANGUAGES, normalise, units

_LONGEST_PERIOD, _ROUNDS, _MIN_LOOP = 30, 4, 12
"""A loop: up to this many units, said this often in a row, and together this many characters."""


def edit_distance(reference: Sequence[str], hypothesis: Sequence[str]) -> int:
    """Substitutions, deletions and insertions of the cheapest alignment (Levenshtein 1966)."""
    names = {unit: number for number, unit in enumerate(dict.fromkeys([*reference, *hypothesis]))}
    heard = np.array([names[unit] for unit in hypothesis], dtype=np.int64)
    steps = np.arange(len(heard) + 1)
    row = steps.copy()
    for unit in reference:
        best = row + 1
        best[1:] = np.minimum(best[1:], row[:-1] + (heard != names[unit]))
        # Insertions run along the row: the cheapest start to the left, and a step for each place.
        row = np.minimum.accumulate(best - steps) + steps
    return int(row[-1])


def errors(reference: str, hypothesis: str, language: str) -> tuple[int, int]:
    """(errors, units of the reference): their sums over clips give CER or WER."""
    wanted = units(reference, language)
    return edit_distance(wanted, units(hypothesis, language)), len(wanted)


def term_recall(terms: Sequence[str], reference: str, hypothesis: str, language: str) -> tuple[int, int]:
    """(heard, spoken): occurrences of the terms in the reference, and those that the hypothesis has too."""
    heard = spoken = 0
    wanted, found = (_spaced(text, language) for text in (reference, hypothesis))
    for term in dict.fromkeys(_spaced(term, language) for term in terms):
        n_wanted = wanted.count(term) if term.strip() else 0
        spoken += n_wanted
        heard += min(n_wanted, found.count(term))
    return heard, spoken


def non_monotonic(cues: Sequence[Cue]) -> int:
    """Cues without a length, or that begin before the one before them ended."""
    empty = sum(not 0 <= cue.start < cue.end for cue in cues)
    return empty + sum(after.start < before.end for before, after in pairwise(cues))


def loops(cues: Sequence[Cue], language: str) -> int:
    """Places where the same units follow each other four times or more, over cue borders too."""
    said = units(" ".join(cue.text for cue in cues), language)
    found = at = 0
    while at < len(said):
        period, rounds = _loop_at(said, at)
        found += rounds >= _ROUNDS
        at += period * rounds
    return found


def _loop_at(said: Sequence[str], at: int) -> tuple[int, int]:
    for period in range(1, min(_LONGEST_PERIOD, (len(said) - at) // _ROUNDS) + 1):
        body = said[at : at + period]
        rounds = 1
        while said[at + rounds * period : at + (rounds + 1) * period] == body:
            rounds += 1
        if rounds >= _ROUNDS and rounds * sum(map(len, body)) >= _MIN_LOOP:
            return period, rounds
    return 1, 1


def _spaced(text: str, language: str) -> str:
    """Normalised; words keep a space on either side, so that `cell` is not found in `cellar`."""
    plain = normalise(text, language)
    return plain if not plain or language in CHARACTER_LANGUAGES else f" {plain} "
