"""Numbers with their units in Chinese and English: five grams are no five pounds. Called by `consistency`."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache

from baize.answering.numbers import EN_NUMBERS, from_han, plain

_UNITS = {
    "second": "秒钟?|seconds?|secs?",
    "minute": "分钟|minutes?|mins?",
    "hour": "个?小时|个?钟头|hours?",
    "day": "天|日|days?",
    "week": "周|个?星期|weeks?",
    "month": "个?月|months?",
    "year": "年|years?",
    "mg": "毫克|milligrams?|mg",
    "gram": "克|grams?|g",
    "kg": "公斤|千克|kilograms?|kilos?|kg",
    "jin": "斤",
    "ml": "毫升|millilit(?:er|re)s?|ml",
    "litre": "升|lit(?:er|re)s?",
    "mm": "毫米(?!汞)|millimet(?:er|re)s?|mm",
    "cm": "厘米|centimet(?:er|re)s?|cm",
    "metre": "米|met(?:er|re)s?",
    "km": "公里|千米|kilomet(?:er|re)s?|km",
    "yuan": "块|元|yuan",
    "percent": "%|percent|per cent",
    "row": "行|rows?",
    "column": "列|columns?",
}
_WORDS = "|".join(sorted(EN_NUMBERS, key=len, reverse=True))
_QUANTITY = re.compile(
    rf"(?:(?<![a-z\d.])(\d+(?:\.\d+)?)|([零一二两三四五六七八九十百]+)|(?<![a-z])({_WORDS}))[\s-]*(?:"
    + "|".join(
        f"(?P<{name}>" + "|".join(f"{w}(?![a-z])" if w[0].isascii() else w for w in words.split("|")) + ")"
        for name, words in _UNITS.items()
    )
    + ")"
)


@lru_cache(maxsize=4096)
def quantities(text: str) -> Mapping[str, set[str]]:
    """Value as plain digits → the units that it stands with. Remembered; not to be changed."""
    found: dict[str, set[str]] = defaultdict(set)
    for match in _QUANTITY.finditer(unicodedata.normalize("NFKC", text).lower()):
        digits, han, word = match.group(1, 2, 3)
        value = plain(digits) if digits else from_han(han) if han else str(EN_NUMBERS[word])
        if value is not None and match.lastgroup is not None:
            found[value].add(match.lastgroup)
    return dict(found)


def other_unit(source: str, sentence: str) -> bool:
    """Whether a number of `sentence` has a unit that it never has in `source`, where it has others."""
    if not (wanted := quantities(sentence)):
        return False
    known = quantities(source)
    return any(not units <= known[value] for value, units in wanted.items() if value in known)
