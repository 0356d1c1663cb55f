"""Sentences → clauses with their terms: what `consistency` compares a draft with its source by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from baize.answering.numbers import numbers
from baize.answering.weigh import coverages, terms_of
from baize.retrieval.terms import normalise

_BREAK = re.compile(
    # `normalise` has folded ，：！？； to their ASCII forms.
    r"[。!?;…\n]+|[,:](?!\d)|\.(?=\s|$)|或者|并且|而且|但是?(?!凡)|\s(?:and|but|while|because|since|or)\s+"
)
_CLOSE = 0.8
"""Passages that hold this share of what the best one holds stand as near to a clause as it does."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause, or a whole sentence, folded; its terms and its numbers as plain digits.

    Attributes:
        words: both together.
    """

    text: str
    terms: frozenset[str]
    numbers: frozenset[str]
    words: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", self.terms | self.numbers)


@lru_cache(maxsize=8192)
def clause(text: str) -> Clause:
    """The whole text as one clause. Remembered, as `clauses`: a passage is asked for each sentence on it."""
    return Clause(normalise(text).strip(), terms_of(text), numbers(text, strict=True))


@lru_cache(maxsize=4096)
def clauses(text: str) -> tuple[Clause, ...]:
    """Clauses in order; what holds no term and no number is left out."""
    found = (clause(piece) for piece in _BREAK.split(normalise(text)) if piece.strip())
    return tuple(item for item in found if item.terms or item.numbers)


def nearest(wanted: Iterable[str], candidates: Sequence[Clause], *, close: float = _CLOSE) -> list[Clause]:
    """The candidates that share most with `wanted`, best first; empty when none shares anything."""
    scores = coverages(frozenset(wanted), [item.words for item in candidates])
    best = max(scores, default=0.0)
    if best <= 0:
        return []
    kept = [pair for pair in zip(scores, candidates, strict=True) if pair[0] >= close * best]
    return [item for _, item in sorted(kept, key=lambda pair: -pair[0])]
