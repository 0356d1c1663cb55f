"""Lines that are read alone: what is left out, where they are cut, and which sentences can stand alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baize.retrieval.lines import LONGEST, cut, line_of, stands_alone, with_pauses


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("好，那么，降压药要天天吃。", "降压药要天天吃。"),
        ("所以血压高的人要少吃盐。", "血压高的人要少吃盐。"),
        ("So, now a formula begins with an equals sign.", "A formula begins with an equals sign."),
        ("因为药在起作用，血压才正常。", "因为药在起作用，血压才正常。"),
        ("然后呢。", "然后呢。"),
        ("，一直加下去就等于一。", "一直加下去就等于一。"),
    ],
)
def test_fillers_are_left_out(said: str, line: str) -> None:
    """What a speaker opens with says nothing; a reason stays, and so does what would be too short without."""
    assert line_of(said, "zh" if "。" in said else "en") == line


@pytest.mark.parametrize(
    ("pieces", "line"),
    [
        (("坐标描述有些随意", "因为它依赖于基向量"), "坐标描述有些随意，因为它依赖于基向量"),
        (("这是最著名的", "公式之一"), "这是最著名的公式之一"),
        (("这件事情非常", "的重要"), "这件事情非常的重要"),
        (("先坐五分钟，", "然后再量血压"), "先坐五分钟，然后再量血压"),
        (("血压", "要天天量"), "血压要天天量"),
        (("so we", "measure it"), "so we measure it"),
    ],
)
def test_cues_without_full_stops_pause_where_one_ends(pieces: tuple[str, ...], line: str) -> None:
    """Not inside of a phrase, not beside punctuation, not for a word or two; English as it is."""
    assert with_pauses(pieces) == line


def test_spaces_between_chinese_words_are_where_a_line_is_cut() -> None:
    """Captions often write a space for a comma."""
    said = " ".join(["量血压之前先坐五分钟"] * 8)
    assert line_of(said, "zh").endswith("五分钟…")


def test_a_long_sentence_is_cut_at_a_clause() -> None:
    """At most sixty characters, up to the last comma that fits, and it shows."""
    said = "量血压之前先坐五分钟，" * 8 + "再量。"
    line = line_of(said, "zh")
    assert len(line) <= LONGEST["zh"]
    assert line.endswith("五分钟…")
    assert said.startswith(line[:-1])


def test_a_long_run_without_commas_is_cut_between_words() -> None:
    """No word is cut in two."""
    line = cut("gradient descent " * 30, 200)
    assert line.removesuffix("…").split()[-1] in ("gradient", "descent")


@given(st.text(alphabet="ab，。 ,中文", max_size=300), st.integers(10, 80))
def test_a_cut_is_the_beginning_of_the_text(text: str, longest: int) -> None:
    """Never longer than allowed, never anything that was not said."""
    line = cut(text, longest)
    assert len(line) <= longest
    assert text.startswith(line.removesuffix("…"))


@pytest.mark.parametrize(
    "said",
    [
        "降压药要每天在固定的时间吃。",
        "不能自己停，因为血压正常，是药在起作用。",
        "Every formula begins with an equals sign.",
        "量完以后，血压计要放回盒子里。",
        "每天关注血压的变化。",
    ],
)
def test_sentences_that_stand_alone(said: str) -> None:
    """A reader who heard nothing before understands them."""
    assert stands_alone(said, "zh" if "。" in said else "en")


@pytest.mark.parametrize(
    "said",
    [
        "血压降到正常了，能不能停药？",
        "各位叔叔阿姨好，欢迎来到长辈健康第一课。",
        "这种情况，叫做白大衣高血压。",
        "它会让血压升高很多很多。",
        "是目前最激动人心的技术之一。本课程中，你将",
        "好的。",
        "下一个视频，我将定义什么是监督学习。",
        "That is why it changes when you copy it.",
        "Welcome to the third lesson of this course.",
        "and then the total changes by itself.",
        "When you change a number in the list, the",
    ],
)
def test_sentences_that_do_not(said: str) -> None:
    """Questions, greetings, what points back, and pieces."""
    assert not stands_alone(said, "zh" if not said.isascii() else "en")


def test_a_track_without_full_stops_is_taken_as_it_is() -> None:
    """Where nothing is punctuated, a missing full stop says nothing."""
    assert not stands_alone("袖带要和心脏放得一样高", "zh")
    assert stands_alone("袖带要和心脏放得一样高", "zh", punctuated=False)
    assert not stands_alone("袖带要和心脏放得一样高因为", "zh", punctuated=False)
