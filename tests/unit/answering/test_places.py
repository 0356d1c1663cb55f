"""Times, pages and links: only what the passages say, in whatever writing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baize.answering.places import has_places, places

# The source holds every bare number, so that only the form gives an invention away.
SOURCE = "每天量3次，坐12分钟，连量7天，共5个人，第2遍，two minutes, 30 times, 4 pages, 20 hours."

INVENTED = (
    "03:12|3：12|０３：１２|00:03:12|3分12秒|三分十二秒|3 分 12 秒|第3分钟|第三分钟|第 12 秒|12秒处|3分钟处|"
    "7点30分|七点半|第4页|at 2:05|at minute 12|minute twelve|12 minutes in|the 2 minute mark|"
    "2 min 5 s|3m12s|3'12\"|page 4|p. 4|"
    "two minutes and five seconds|1小时5分|see https://evil.example/x|www.evil.example|20 hours 5 minutes"
).split("|")


@pytest.mark.parametrize("place", INVENTED)
def test_an_invented_place_is_caught_though_its_numbers_are_there(place: str) -> None:
    """In the middle of a sentence, with and without spaces."""
    assert not has_places(SOURCE, f"先坐好，见{place}，再量。")
    assert not has_places(SOURCE, f"Sit down, {place}.")


@pytest.mark.parametrize("place", INVENTED)
def test_a_place_that_the_course_speaks_of_may_be_repeated(place: str) -> None:
    """`早上7:30量` is content, not an invention."""
    assert has_places(f"老师说{place}。", f"老师说 {place}。")


@pytest.mark.parametrize(
    "text",
    [
        "坐12分钟再量。",
        "等五分钟左右。",
        "量3次，每次1分钟。",
        "血压130/80。",
        "30 minutes a day",
        "the second one",
        "sit 5 minutes in the morning",
        "up to 5 mb",
        "3点建议",
        "两点注意",
    ],
)
def test_amounts_are_no_places(text: str) -> None:
    """Durations, ratios and enumerations stay free."""
    assert places(text) == set()


@given(st.integers(0, 99), st.integers(0, 59))
def test_writings_of_one_time_are_equal(minutes: int, seconds: int) -> None:
    """Leading zeros and full-width digits do not make another time."""
    wide = f"{minutes:02}:{seconds:02}".translate(
        {ord(str(n)): chr(0xFF10 + n) for n in range(10)} | {58: "："}
    )
    assert places(f"{minutes:02}:{seconds:02}") == places(f"{minutes}:{seconds:02}") == places(wide) != set()
