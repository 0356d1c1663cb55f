"""Sentences → clauses with their terms: what `consistency` compares a draft with its source by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from baize.answering.numbers import numbers
from baize.retrieval.sentences import TermWeights
from baize.retrieval.terms import normalise, terms

_BREAK = re.compile(
    # `normalise` has folded ，：！？； to their ASCII forms.
    r"[。!?;…\n]+|[,:](?!\d)|\.(?=\s|$)|或者|并且|而且|但是?(?!凡)|\s(?:and|but|while|because|since|or)\s+"
)
_CLOSE = 0.8
"""Passages that hold this share of what the best one holds stand as near to a clause as it does."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause, or a whole sentence, folded; its terms and its numbers as plain digits."""

    text: str
    terms: frozenset[str]
    numbers: frozenset[str]


def clause(text: str) -> Clause:
    """The whole text as one clause."""
    folded = normalise(text).strip()
    return Clause(folded, frozenset(terms(folded)), frozenset(numbers(folded, strict=True)))


def clauses(text: str) -> list[Clause]:
    """Clauses in order; what holds no term and no number is left out."""
    found = [clause(piece) for piece in _BREAK.split(normalise(text)) if piece.strip()]
    return [item for item in found if item.terms or item.numbers]


def nearest(wanted: Iterable[str], candidates: Sequence[Clause], *, close: float = _CLOSE) -> list[Clause]:
    """The candidates that share most with `wanted`, best first; empty when none shares anything."""
    weights = TermWeights([tuple(item.terms | item.numbers) for item in candidates])
    sought = set(wanted)
    scored = [(weights.coverage(sought, item.terms | item.numbers), item) for item in candidates]
    best = max((score for score, _ in scored), default=0.0)
    if best <= 0:
        return []
    kept = [pair for pair in scored if pair[0] >= close * best]
    return [item for _, item in sorted(kept, key=lambda pair: -pair[0])]
