"""Negation in Chinese and English: does a clause deny what another one affirms? Called by `consistency`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from baize.domain.sentences import has_han
from baize.retrieval.terms import terms

_NEUTRAL = re.compile(
    # 能不能, 吃没吃, 有没有: questions deny nothing
    r"([\u4e00-\u9fff])[不没]\1|不[光但仅只单断管论过]|不[同一]样?|对不起|差不多|要不然?|无论|不然|不得不|不可不"
    r"|不好意思|无理由|无条件|not only|no matter|no longer than|no more than|whether or not"
)
_NEGATION = re.compile(
    r"没有|[不没别未无勿莫]|(?<![a-z])(?:not|no|never|none|nothing|nobody|neither|nor|without|cannot)(?![a-z])"
    r"|(?:ca|do|does|did|is|are|was|were|wo|should|must|need|could|would|has|have)n['’]t(?![a-z])"
)
_IMPLIED = re.compile(
    r"[以避难]免|免得|防止|否则|[\u4e00-\u9fff]不[下了到起住变]|无关|跳过"
    r"|(?<![a-z])(?:stop|prevent|avoid|without|instead|unless|skip|too \w+ to)(?![a-z])"
)
_WEAK = re.compile(
    r"千万|自己|可以|应该|需要|必须|一定|[的了吗呢吧啊么是在和与及着过也就都而且把被让给能会要得才还再很有可个]"
)
_REACH_CHARS = 3
_REACH_WORDS = 2
"""Behind a negation: how much of what follows it denies, function words left out."""


@dataclass(frozen=True, slots=True)
class _Polarity:
    denied: frozenset[str]
    affirmed: frozenset[str]


def is_negative(text: str) -> bool | None:
    """Whether a folded text denies anything; None where only by its sense (`too narrow to show`)."""
    if _IMPLIED.search(text):
        return None
    return _NEGATION.search(_NEUTRAL.sub(" ", text)) is not None


def denies(text: str, other: str) -> bool:
    """Whether two folded clauses differ in what they deny: over more words than they deny together."""
    mine, theirs = _polarity(text), _polarity(other)
    conflicts = (mine.denied & theirs.affirmed) | (theirs.denied & mine.affirmed)
    return len(conflicts) > len(mine.denied & theirs.denied)


def may_deny(text: str) -> bool:
    """Whether a folded text has a word that denies; without one, no part of it does."""
    return _NEGATION.search(text) is not None


def is_denial(text: str) -> bool:
    """Whether a folded text denies any word: two that deny none do not differ in what they deny."""
    return may_deny(text) and bool(_polarity(text).denied)


@lru_cache(maxsize=4096)
def _polarity(text: str) -> _Polarity:
    cleared = _NEUTRAL.sub(" ", text)
    denied: set[str] = set()
    affirmed: set[str] = set()
    pieces = _NEGATION.split(cleared)
    affirmed.update(_words(pieces[0]))
    for piece in pieces[1:]:
        words = _words(piece)
        reach = _REACH_CHARS if has_han(piece) else _REACH_WORDS
        denied.update(words[:reach])
        affirmed.update(words[reach:])
    return _Polarity(frozenset(denied), frozenset(affirmed - denied))


def _words(text: str) -> list[str]:
    if has_han(text):
        return [char for char in _WEAK.sub("", text) if char.isalnum()]
    return terms(text)
