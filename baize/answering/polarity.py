"""Negation in Chinese and English: does a clause deny what another one affirms? Called by `consistency`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from baize.domain.sentences import has_han
from baize.retrieval.terms import terms

_NEUTRAL = re.compile(
    # 能不能, 吃没吃, 有没有: questions deny nothing
    r"([\u4e00-\u9fff])[不没]\1|不[光但仅只单断管论过]|不[同一]样?|对不起|差不多|要不然?|无论|不然|不得不|不可不"
    r"|不好意思|not only|no matter|no longer than|no more than|whether or not"
)
_NEGATION = re.compile(
    r"没有|[不没别未无勿莫]|(?<![a-z])(?:not|no|never|none|nothing|nobody|neither|nor|without|cannot)(?![a-z])"
    r"|(?:ca|do|does|did|is|are|was|were|wo|should|must|need|could|would|has|have)n['’]t(?![a-z])"
)
_WEAK = re.compile(r"千万|可以|应该|需要|必须|一定|[的了吗呢吧啊么是在和与及着过也就都而且把被让给能会要得才还再很有可自个]")
_REACH = 3
"""Content words (characters in Chinese) behind a negation that it denies."""


@dataclass(frozen=True, slots=True)
class _Polarity:
    denied: frozenset[str]
    affirmed: frozenset[str]


def is_negative(text: str) -> bool:
    """Whether a folded text denies anything."""
    return _NEGATION.search(_NEUTRAL.sub(" ", text)) is not None


def denies(text: str, other: str) -> bool:
    """Whether one of two folded clauses denies a word that the other affirms, and they deny none together."""
    mine, theirs = _polarity(text), _polarity(other)
    if mine.denied & theirs.denied:
        return False
    return bool(mine.denied & theirs.affirmed or theirs.denied & mine.affirmed)


def _polarity(text: str) -> _Polarity:
    cleared = _NEUTRAL.sub(" ", text)
    denied: set[str] = set()
    affirmed: set[str] = set()
    pieces = _NEGATION.split(cleared)
    affirmed.update(_words(pieces[0]))
    for piece in pieces[1:]:
        words = _words(piece)
        denied.update(words[:_REACH])
        affirmed.update(words[_REACH:])
    return _Polarity(frozenset(denied), frozenset(affirmed - denied))


def _words(text: str) -> list[str]:
    if has_han(text):
        return [char for char in _WEAK.sub("", text) if char.isalnum()]
    return terms(text)
