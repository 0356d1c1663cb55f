"""Opposites in Chinese and English: `high` where the source says `low`. Called by `consistency`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

_NEUTRAL = re.compile(
    # Names and set phrases in which the character compares nothing.
    r"高血压|低血压|低钠盐|降压药|高兴|至少|多少|多数|大多|许多|差不多|多半|很多|大家|大概|大约|大批|首先"
    r"|after all|more or less|at least|at last|first aid|right away|all right|right now"
)
_GROUPS: tuple[tuple[str, ...], ...] = (
    ("高压|收缩压", "低压|舒张压"),
    ("升高|偏高|高", "降低|偏低|低"),
    ("增加|加大|上升|上涨|涨", "减少|减小|下降|下跌|跌"),
    ("最多|多", "最少|少"),
    ("大", "小(?!时|心|块|勺)"),
    ("先(?!生)", "然后|再|最后|之后"),
    ("以?前", "以?后"),
    ("以上|超过|高于|大于|多于", "以下|低于|小于|少于|以内"),
    ("上午|早上|早晨|清晨", "晚上|夜里|睡觉前"),
    ("左", "右"),
    ("快", "慢"),
    ("早(?!上|晨|饭)", "晚(?!上|饭)"),
    ("松", "紧"),
    ("厚", "薄"),
    ("冷|凉", "热|暖"),
    ("医院", "在家|家里"),
    ("行", "列"),
    ("利润|赚", "亏"),
    ("买家", "卖家"),
    ("high(?:er|est)?", "low(?:er|est)?"),
    ("above|over|exceeds?", "below|under"),
    ("more|most", "less|least|fewer|fewest"),
    ("large[rst]*|big(?:ger|gest)?|greater|greatest", "small(?:er|est)?"),
    ("first", "last", "then|next|finally|afterwards"),
    ("before", "after"),
    ("increas(?:e|es|ed|ing)|rises?|grows?", "decreas(?:e|es|ed|ing)|falls?|drops?|shrinks?"),
    ("wide[rst]*", "narrow(?:er|est)?"),
    ("top", "bottom"),
    ("left", "right"),
    ("open(?:s|ed|ing)?", "clos(?:e|es|ed|ing)"),
    ("rows?", "columns?"),
    ("relative", "absolute", "mixed"),
    ("fast(?:er|est)?|quick(?:ly|er)?", "slow(?:ly|er|est)?"),
    ("early|earlier", "late|later"),
    ("long(?:er|est)?", "short(?:er|est)?"),
    ("half", "thirds?", "quarters?", "fifths?"),
    ("seconds", "minutes?", "hours?", "days?", "weeks?", "months?", "years?"),
    ("hid(?:e|es|den|ing)", "show(?:s|n|ing)?"),
    ("lock(?:s|ed|ing)?", "unlock(?:s|ed|ing)?"),
)

_LOOK_AHEAD = re.compile(r"\(\?![^)]*\)")
_LATIN = re.compile(r"[a-z]+")


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], ...], ...]:
    return tuple(tuple(_pattern(words) for words in group) for group in _GROUPS)


def _pattern(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z])(?:{words})(?![a-z])" if words.isascii() else words)


@cache
def _chinese() -> Mapping[str, tuple[tuple[int, int], ...]]:
    """Character → the groups and sides that a text may name which has it; any text that names one has one."""
    named: dict[str, list[tuple[int, int]]] = {}
    for number, group in enumerate(_GROUPS):
        for side, words in enumerate(group):
            if not words.isascii():
                for char in {word[-1] for word in _LOOK_AHEAD.sub("", words).split("|")}:
                    named.setdefault(char, []).append((number, side))
    return {char: tuple(pairs) for char, pairs in named.items()}


@lru_cache(maxsize=1 << 14)
def _english(word: str) -> tuple[tuple[int, int], ...]:
    """Groups and sides that a whole word of `a` to `z` names."""
    return tuple(
        (number, side)
        for number, group in enumerate(_GROUPS)
        for side, words in enumerate(group)
        if words.isascii() and _patterns()[number][side].fullmatch(word)
    )


@dataclass(frozen=True, slots=True)
class Contrast:
    """One word of a text that has an opposite.

    Attributes:
        group: the pair, or the row of alternatives, that it belongs to.
        side: which of them.
        about: the text without the words of this group.
    """

    group: int
    side: int
    about: str


def contrasts(text: str) -> tuple[Contrast, ...]:
    """Of a folded text; a group of which it names several sides compares nothing."""
    return _named(text).contrasts


def may_oppose(contrast: Contrast, text: str) -> bool:
    """Whether a folded text, or any part of it, may have another side of the contrast."""
    patterns = _patterns()[contrast.group]
    return any(words.search(text) for side, words in enumerate(patterns) if side != contrast.side)


def opposes(contrast: Contrast, text: str) -> bool | None:
    """Whether a folded text has another side of the contrast and not its own; None when it has neither."""
    named = _named(text).sides.get(contrast.group)
    return contrast.side not in named if named else None


@dataclass(frozen=True, slots=True)
class _Named:
    sides: dict[int, tuple[int, ...]]
    contrasts: tuple[Contrast, ...]


@lru_cache(maxsize=4096)
def _named(text: str) -> _Named:
    """Which sides of which groups a text names. Remembered: a passage is asked for each sentence on it."""
    bare = _NEUTRAL.sub(" ", text)
    sides: dict[int, tuple[int, ...]] = {}
    for number, side in _found(bare):
        sides[number] = (*sides.get(number, ()), side)
    return _Named(
        sides,
        tuple(
            Contrast(number, named[0], _patterns()[number][named[0]].sub(" ", bare))
            for number, named in sides.items()
            if len(named) == 1
        ),
    )


def _found(bare: str) -> list[tuple[int, int]]:
    """Groups and sides in order. A hundred patterns: only those are tried that may match."""
    candidates = {pair for char in _chinese().keys() & set(bare) for pair in _chinese()[char]}
    found = {pair for pair in candidates if _patterns()[pair[0]][pair[1]].search(bare)}
    return sorted(found.union(*map(_english, set(_LATIN.findall(bare)))))
