"""Times, pages and links in a text: where something stands is the platform's to say, not a model's.

`verify` holds a sentence to what its passages say. A bare number may stand there by chance; `第3分钟`,
`03:12` or `page 4` must stand there as a whole.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from baize.answering.numbers import EN_NUMBERS, from_han, plain

_HAN = "零〇一二两三四五六七八九十百"
_N = rf"(?:\d+(?:\.\d+)?|[{_HAN}]+)"
_W = rf"(?:\d+(?:\.\d+)?|{'|'.join(sorted(EN_NUMBERS, key=len, reverse=True))})"
_HAN_NUMERAL = re.compile(rf"[{_HAN}]+")
_DIGITS = re.compile(r"\d+(?:\.\d+)?")
_WORDS = re.compile(rf"(?<![a-z])(?:{'|'.join(sorted(EN_NUMBERS, key=len, reverse=True))})(?![a-z])")
_PLACES = re.compile(
    # 03:12, 1:02:07, 3'12", 3′12″
    r"\d{1,3}\s*[:'′]\s*\d{1,2}(?:\s*[:\"'′]+\s*\d{1,2})*(?!\d)"
    # 3分12秒, 1小时5分, 七点半, 7点30分
    rf"|{_N}\s*(?:个?小时|时)\s*{_N}\s*分|{_N}\s*分钟?零?\s*{_N}\s*秒|{_N}\s*点(?:钟|整|半|\s*{_N}\s*分)"
    # 第3分钟, 第12秒, 第4页, 3分钟处, 12秒时
    rf"|第\s*{_N}\s*(?:个?小时|分钟?|秒钟?|页|頁)|{_N}\s*(?:分钟?|秒钟?)\s*(?:处|左右处|时|的时候|那里|附近)"
    # 1h 5min, 3m12s, 3 minutes and 12 seconds
    rf"|{_W}\s*(?:h|hours?|hrs?)\s*(?:and\s*)?{_W}\s*(?:m|mins?|minutes?)(?![a-z])"
    rf"|{_W}\s*(?:m|mins?|minutes?)\s*(?:and\s*)?{_W}\s*(?:s|secs?|seconds?)(?![a-z])"
    # minute 3, page 4, p. 4, 12 minutes in, the 3 minute mark
    rf"|(?<![a-z])(?:minute|hour|timestamp|time code|page|pp?\.)\s*{_W}|(?<![a-z])second\s*\d+"
    rf"|{_W}\s*(?:minutes?|seconds?|mins?|secs?)\s*(?:in(?!\s+(?:the|an?|each|every)\s)|into|mark)(?![a-z])"
    # links
    r"|(?:https?://|www\.)\S+"
)


def has_places(source: str, sentence: str) -> bool:
    """Whether every time, page and link of `sentence` stands in `source`, in the same form."""
    # Most sentences have none, and a source is long.
    wanted = places(sentence)
    return not wanted or wanted <= places(source)


@lru_cache(maxsize=4096)
def places(text: str) -> frozenset[str]:
    """Times, pages and links, numerals as plain digits, without white space: `第 三 分钟` → `第3分钟`."""
    folded = unicodedata.normalize("NFKC", text).lower()
    return frozenset(_normalised(match.group()) for match in _PLACES.finditer(folded))


def _normalised(place: str) -> str:
    digits = _HAN_NUMERAL.sub(lambda found: from_han(found.group()) or found.group(), place)
    digits = _WORDS.sub(lambda found: str(EN_NUMBERS[found.group()]), digits)
    return re.sub(r"\s+", "", _DIGITS.sub(lambda found: plain(found.group()), digits))
