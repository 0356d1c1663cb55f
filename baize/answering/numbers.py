"""Numbers in Chinese and English text, however they are written. `verify` holds a sentence to its source's.

A number is never a matter of degree: an answer that says 130 where the course says 135 is wrong, however
alike the sentences are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache

_DIGITS = re.compile(r"(\d+(?:,\d{3}(?!\d))*(?:\.\d+)?)\s*([百千万亿]*)")
_HAN_NUMERAL = re.compile(r"[零〇一二两三四五六七八九十百千万亿]+(?:点[零〇一二三四五六七八九]+)?")
_WORD_NUMERAL = re.compile(r"[a-z]+(?:(?:\s+and\s+|[\s-]+)[a-z]+)*")
_UNITS = {"十": 10, "百": 100, "千": 1000}
_MYRIADS = {"万": 10_000, "亿": 100_000_000}
_HAN_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4}
_HAN_DIGITS |= {"五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_BELOW_20 = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
EN_NUMBERS = {word: n for n, word in enumerate(_BELOW_20)}
EN_NUMBERS |= {word: n for n, word in zip(range(20, 100, 10), _TENS, strict=True)}
_EN_UNITS = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "billion": 1_000_000_000}
_NOT_ALWAYS_NUMBERS = frozenset(["一", "十", "百", "千", "万", "亿", "千万", "万一", "one", *_EN_UNITS])


def has_numbers(source: str, sentence: str) -> bool:
    """Whether every number of `sentence` stands in `source`, in any spelling."""
    wanted = numbers(sentence, strict=True)
    return not wanted or wanted <= numbers(source, strict=False)


@lru_cache(maxsize=8192)
def numbers(text: str, *, strict: bool) -> frozenset[str]:
    """Numbers as plain digits: `3`, `三`, `three` → `3`; `１,０００`, `一千`, `one thousand` → `1000`.

    Args:
        strict: leave out words that are often no number: a lone `一` or `one` is an article, `千万` a plea.
    """
    folded = unicodedata.normalize("NFKC", text).lower()
    found = {plain(digits, units) for digits, units in _DIGITS.findall(folded)}
    skipped = _NOT_ALWAYS_NUMBERS if strict else frozenset[str]()
    # What a unit of a digit spelling (`25万`) consists of is no numeral of its own.
    for numeral in _HAN_NUMERAL.findall(_DIGITS.sub(" ", folded)):
        value = from_han(numeral)
        if value is not None and numeral not in skipped:
            found.add(value)
    for phrase in _WORD_NUMERAL.findall(folded):
        found.update(_from_words(re.findall(r"[a-z]+", phrase), skipped))
    return frozenset(found)


def plain(digits: str, units: str = "") -> str:
    """`1,000` → `1000`, `2.50` → `2.5`, `25` with `万` → `250000`."""
    if not units and digits.isascii() and digits.isdigit():
        # As most are, and a decimal takes ten times as long.
        return digits.lstrip("0") or "0"
    value = Decimal(digits.replace(",", ""))
    for unit in units:
        value *= (_UNITS | _MYRIADS)[unit]
    whole = format(value, "f")
    return whole.rstrip("0").rstrip(".") if "." in whole else whole


def from_han(numeral: str) -> str | None:
    """Chinese numeral → digits; None for what counts nothing (`万`, `亿`)."""
    whole, _, fraction = numeral.partition("点")
    value = _value(whole)
    if value == 0 and not set(whole) & {"零", "〇"}:
        return None
    digits = "".join(str(_HAN_DIGITS[char]) for char in fraction)
    return plain(f"{value}.{digits}" if digits else str(value))


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
        elif char == "万":
            total += (section + digit) * _MYRIADS[char]
            section = digit = 0
        else:
            total = (total + section + digit) * _MYRIADS[char]
            section = digit = 0
    # `一百三` is 130 and `两万五` 25000: a last digit right behind a unit counts tenths of it.
    before = (_UNITS | _MYRIADS).get(whole[-2], 1) if len(whole) > 1 else 1
    return total + section + digit * max(before // 10, 1)


def _from_words(words: list[str], skipped: frozenset[str]) -> Iterator[str]:
    """Each run of number words as one number: `one hundred and thirty five` → `135`."""
    run: list[str] = []
    for word in [*words, ""]:
        if word in EN_NUMBERS or word in _EN_UNITS or (word == "and" and run):
            run.append(word)
            continue
        while run and run[-1] == "and":
            run.pop()
        if run and not (len(run) == 1 and run[0] in skipped):
            yield from _of_run(run)
        run = []


def _of_run(run: list[str]) -> Iterator[str]:
    """Values of number words in a row; words that do not compose (`two three`, `five and six`) stay apart."""
    total, section, last = 0, 0, None
    for word in run:
        if word == "and":
            continue
        if word in _EN_UNITS:
            unit = _EN_UNITS[word]
            if unit == 100:
                section = (section or 1) * unit
            else:
                total, section = total + (section or 1) * unit, 0
            last = unit
            continue
        n = EN_NUMBERS[word]
        if last is not None and not _composes(last, n):
            yield str(total + section)
            total = section = 0
        section += n
        last = n
    yield str(total + section)


def _composes(before: int, n: int) -> bool:
    """`twenty` `five` and `hundred` `thirty` make one number, `two` `three` make two."""
    return before >= 100 or (before >= 20 and before % 10 == 0 and 0 < n < 10)
