"""Does a sentence say something else than the passages that it shares its words with? Called by `verify`.

Words alone do not tell `take it` from `do not take it`, nor 135/85 from 85/135. So each clause is laid beside
the clauses of the source nearest to it: its numbers, units, negations and opposites must be theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache

from baize.answering.clauses import Clause, clause, clauses, nearest
from baize.answering.contrasts import Contrast, contrasts, may_oppose, opposes
from baize.answering.polarity import denies, is_denial, is_negative, may_deny
from baize.answering.units import other_unit
from baize.domain.sentences import has_han
from baize.retrieval.terms import normalise, terms

_NUMBERS_NEAR = 0.6
_SAME = 0.95
"""How near to the nearest one a passage must be: to hold a clause's numbers, to answer for what it denies."""
_COUNTS = frozenset("零一二两三四五六七八九十百千万亿")
_QUESTION = re.compile(r"[?？]\s*$")
_DIRECTED = re.compile(r"除以|减去?|(?<![a-z])(?:by|from|to|than|minus|before|after)(?![a-z])")


def contradicts(text: str, spans: Sequence[str]) -> bool:
    """Whether `text`, in the language of `spans`, gainsays the ones that it is about."""
    source = _source(tuple(spans))
    if other_unit(source.told, text):
        return True
    return any(_gainsays(item, source) for item in clauses(text))


class _Source:
    """Spans as each sentence on them is laid beside them: taken apart as far as one asks, and once.

    Attributes:
        told: the spans, a line each, without their questions, which say nothing.
    """

    def __init__(self, spans: Sequence[str]) -> None:
        self._spans = [span for span in spans if not _QUESTION.search(span)]
        self.told = "\n".join(self._spans)

    @cached_property
    def folded(self) -> str:
        return normalise(self.told)

    @cached_property
    def wholes(self) -> tuple[Clause, ...]:
        """Each span as one clause."""
        return tuple(self.each_whole())

    def each_whole(self) -> Iterator[Clause]:
        """The same, each taken apart as it is asked for."""
        return map(clause, self._spans)

    @cached_property
    def parts(self) -> tuple[Clause, ...]:
        """The clauses of all spans."""
        return tuple(part for span in self._spans for part in clauses(span))

    @cached_property
    def denies(self) -> bool:
        """Whether any clause denies anything."""
        return may_deny(self.folded) and any(is_denial(part.text) for part in self.parts)


@lru_cache(maxsize=1024)
def _source(spans: tuple[str, ...]) -> _Source:
    """Remembered: the sentences of an answer stand on few passages."""
    return _Source(spans)


def contradicts_abroad(text: str, span: str) -> bool:
    """Whether `text` gainsays a span of another language: by units, and by denying where the span affirms.

    A span that says more than the text may deny what the text leaves out.
    """
    if other_unit(span, text):
        return True
    mine, theirs = is_negative(text.lower()), is_negative(span.lower())
    if mine is None or theirs is None:
        return False
    return mine > theirs or (theirs > mine and len(clauses(span)) <= len(clauses(text)))


def _gainsays(item: Clause, source: _Source) -> bool:
    return (
        _numbers_elsewhere(item, source)
        or _denied(item, source)
        or _opposed(item, source)
        or _reversed(item, source.parts)
    )


def _numbers_elsewhere(item: Clause, source: _Source) -> bool:
    if not item.numbers:
        return False
    about = frozenset(term for term in item.terms - item.numbers if _COUNTS.isdisjoint(term))
    # None is nearer than one that holds it all; that is looked for first, and the spans behind it stay whole.
    if any(item.numbers <= whole.numbers and about <= whole.words for whole in source.each_whole()):
        return False
    wholes = source.wholes
    near = nearest(about, wholes, close=_NUMBERS_NEAR)
    return bool(near) and not any(item.numbers <= whole.numbers for whole in near)


def _denied(item: Clause, source: _Source) -> bool:
    # Most clauses deny nothing, and neither does what stands beside them: nothing need be weighed.
    if not (source.denies or is_denial(item.text)):
        return False
    near = nearest(item.words, source.parts, close=_SAME)
    return bool(near) and all(denies(item.text, part.text) for part in near)


def _opposed(item: Clause, source: _Source) -> bool:
    return any(_is_opposed(contrast, item, source) for contrast in contrasts(item.text))


def _is_opposed(contrast: Contrast, item: Clause, source: _Source) -> bool:
    """The nearest clauses decide; where they do not compare, the nearest sentences."""
    # Without one that has the other side there is none among the nearest.
    if not may_oppose(contrast, source.folded):
        return False
    wholes, parts = source.wholes, source.parts
    about = set(terms(contrast.about)) | item.numbers
    # One Chinese term alone may be the seam that the removed word left, and be said of both sides.
    alone = has_han(contrast.about) and len({term.removeprefix("#") for term in about}) < 2
    if alone and any(opposes(contrast, near.text) is False for near in nearest(item.terms, parts, close=1.0)):
        return False
    for candidates in (parts, wholes):
        found = [opposes(contrast, near.text) for near in nearest(about, candidates)]
        if any(verdict is not None for verdict in found):
            return False not in found
    return False


def _reversed(item: Clause, parts: Sequence[Clause]) -> bool:
    """`income by rent` where the source has `rent by income`."""
    for match in _DIRECTED.finditer(item.text):
        left, right = set(terms(item.text[: match.start()])[-1:]), set(terms(item.text[match.end() :])[:1])
        if not (left and right):
            continue
        if any(_turned(match.group(), left, right, near.text) for near in nearest(item.terms, parts)[:1]):
            return True
    return False


def _turned(word: str, left: set[str], right: set[str], source: str) -> bool:
    there = re.split(rf"(?<![a-z]){word}(?![a-z])", source)
    if len(there) != 2:
        return False
    before, after = (set(terms(part)) for part in there)
    return left <= after - before and right <= before - after
