"""Numbers are the same number however they are written, and never more or less."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baize.answering.numbers import has_numbers, numbers

_HAN = "零一二三四五六七八九"
_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()


def in_chinese(n: int) -> str:
    """As it is read, below ten thousand: 10 → 十, 105 → 一百零五."""
    if n < 10:
        return _HAN[n]
    spelt, rest = "", n
    for unit, name in ((1000, "千"), (100, "百"), (10, "十")):
        digit, rest = divmod(rest, unit)
        if digit:
            spelt += ("" if digit == 1 and name == "十" and not spelt else _HAN[digit]) + name
        elif spelt and rest and not spelt.endswith("零"):
            spelt += "零"
    return spelt + (_HAN[rest] if rest else "") if rest else spelt.rstrip("零")


def in_english(n: int) -> str:
    """As it is written out, below ten thousand."""
    if n >= 1000:
        rest = n % 1000
        return f"{in_english(n // 1000)} thousand{f' {in_english(rest)}' if rest else ''}"
    if n >= 100:
        rest = n % 100
        return f"{in_english(n // 100)} hundred{f' and {in_english(rest)}' if rest else ''}"
    if n >= 20:
        return _TENS[n // 10] + (f"-{_ONES[n % 10]}" if n % 10 else "")
    return _ONES[n]


@given(st.integers(2, 9_999))
def test_digits_chinese_and_english_words_are_one_number(n: int) -> None:
    """135, 一百三十五 and one hundred and thirty-five support each other."""
    for spelt in (f"共{in_chinese(n)}个", f"about {in_english(n)} people", f"{n:,}", str(n)):
        assert numbers(spelt, strict=False) == {str(n)}
    assert in_chinese(n) in "十百千" or has_numbers(str(n), in_chinese(n))


@given(st.integers(0, 99_999), st.integers(0, 99_999))
def test_another_number_is_never_supported(a: int, b: int) -> None:
    """A sentence that says another number than its source fails."""
    assert has_numbers(f"血压是{a}。", f"血压是{b}。") is (a == b)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("一百三", {"130"}),
        ("一百零三", {"103"}),
        ("两万三", {"23000"}),
        ("25万", {"250000"}),
        ("3.5万", {"35000"}),
        ("二〇二六年", {"2026"}),
        ("零点五", {"0.5"}),
        ("0.50 和 １,０００", {"0.5", "1000"}),
        ("1,2,3", {"1", "2", "3"}),
        ("一亿二千万", {"120000000"}),
        ("百分之三十", {"30"}),
        ("two or three", {"2", "3"}),
        ("twenty five, six", {"25", "6"}),
        ("two million", {"2000000"}),
        ("一个人，万一忘了，千万不要加倍，十分重要", set()),
        ("one of a hundred thousand reasons", {"100000"}),
        ("hundreds of tents", set()),
    ],
)
def test_spellings_as_learners_meet_them(text: str, expected: set[str]) -> None:
    """Colloquial, positional and mixed spellings; words that only look like numbers are none."""
    assert numbers(text, strict=True) == expected


def test_an_article_needs_no_support_but_gives_it() -> None:
    """`一个` asks for no 1; a source that says `一次` supports `1次`."""
    assert has_numbers("量血压。", "量一个血压。")
    assert has_numbers("只量一次。", "只量1次。")
    assert not has_numbers("量血压。", "量1次血压。")


def test_a_number_is_not_supported_by_its_unit_less_twin() -> None:
    """25万 is not 25."""
    assert not has_numbers("有25个人。", "有25万个人。")
