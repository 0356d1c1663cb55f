"""Numbers in Chinese and English text, however they are written. `verify` holds a sentence to its source's.

A number is never a matter of degree: an answer that says 130 where the course says 135 is wrong, however
alike the sentences are.
"""

from __future__ import annotations

import re
import unicodedata

_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_HAN_NUMERAL = re.compile(r"[零〇一二两三四五六七八九十百千万亿]+(?:点[零〇一二三四五六七八九]+)?")
_UNITS = {"十": 10, "百": 100, "千": 1000}
_MYRIADS = {"万": 10_000, "亿": 100_000_000}
_HAN_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4}
_HAN_DIGITS |= {"五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_BELOW_20 = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_EN_NUMBERS = {word: str(n) for n, word in enumerate(_BELOW_20)}
_EN_NUMBERS |= {word: str(n) for n, word in zip(range(20, 100, 10), _TENS, strict=True)}
_NOT_ALWAYS_NUMBERS = frozenset(["一", "十", "百", "千", "万", "亿", "one"])


def has_numbers(source: str, sentence: str) -> bool:
    """Whether every number of `sentence` stands in `source`, in any spelling."""
    return numbers(sentence, strict=True) <= numbers(source, strict=False)


def numbers(text: str, *, strict: bool) -> set[str]:
    """Numbers as plain digits: `3`, `三`, `three` and `１,０００` → `3` and `1000`.

    Args:
        strict: leave out words that are often no number: a lone `一` or `one` is an article.
    """
    folded = unicodedata.normalize("NFKC", text).lower()
    skipped = _NOT_ALWAYS_NUMBERS if strict else frozenset[str]()
    found = {_plain(match) for match in _DIGITS.findall(folded)}
    for word in re.findall(r"[a-z]+", folded):
        if word in _EN_NUMBERS and word not in skipped:
            found.add(_EN_NUMBERS[word])
    for numeral in _HAN_NUMERAL.findall(folded):
        value = _from_han(numeral)
        if value is not None and numeral not in skipped:
            found.add(value)
    return found


def _plain(digits: str) -> str:
    whole = re.sub(r",(?=\d{3}\b)", "", digits)
    return whole.rstrip("0").rstrip(".") if "." in whole else whole


def _from_han(numeral: str) -> str | None:
    """Chinese numeral → digits; None for what counts nothing (`万`, `亿`)."""
    whole, _, fraction = numeral.partition("点")
    value = _value(whole)
    if value == 0 and not set(whole) & {"零", "〇"}:
        return None
    return f"{value}.{''.join(str(_HAN_DIGITS[char]) for char in fraction)}" if fraction else str(value)


def _value(whole: str) -> int:
    if not set(whole) & (_UNITS.keys() | _MYRIADS.keys()):
        # `二〇二六` reads digit by digit.
        return int("".join(str(_HAN_DIGITS[char]) for char in whole))
    total = section = digit = 0
    for char in whole:
        if char in _HAN_DIGITS:
            digit = _HAN_DIGITS[char]
        elif char in _UNITS:
            section += (digit or 1) * _UNITS[char]
            digit = 0
        else:
            total = (total + section + digit) * _MYRIADS[char]
            section = digit = 0
    return total + section + digit
