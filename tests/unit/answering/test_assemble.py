"""Drafts cut anywhere become the same whole sentences, each with its own markers."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baize.answering.assemble import SentenceAssembler

ALPHABET = "量血A1 2.。！？;；…\n[]【】［］,，、”’\"')）-*e.g"
DRAFTS = st.lists(
    st.sampled_from(
        [*ALPHABET, "[1]", "[2]", " [12]", "【3】", "［4］", "[1, 2]", "e.g. ", "1. ", "。”", "...", "好"]
    ),
    max_size=40,
).map("".join)


def pieces(*deltas: str) -> list[str]:
    assembler = SentenceAssembler()
    given_back = [piece for delta in deltas for piece in assembler.feed(delta)]
    return given_back + assembler.flush()


def cut(text: str, places: list[int]) -> list[str]:
    borders = sorted({0, len(text), *(place % (len(text) + 1) for place in places)})
    return [text[a:b] for a, b in pairwise(borders)]


@given(DRAFTS | st.text(max_size=40), st.lists(st.integers(0, 400), max_size=12))
def test_the_cuts_of_a_draft_do_not_matter(draft: str, places: list[int]) -> None:
    """Pieces joined are the draft, and they are the same for one delta, for many, and char by char."""
    whole = pieces(draft)
    assert "".join(whole) == draft
    assert pieces(*cut(draft, places)) == whole
    assert pieces(*draft) == whole


@pytest.mark.parametrize(
    ("draft", "expected"),
    [
        ("先坐好。[1]再量。[2]", ["先坐好。[1]", "再量。[2]"]),
        ("先坐好。[1][2]再量。[3]", ["先坐好。[1][2]", "再量。[3]"]),
        ("先坐好。 [1] [2]\n再量。[3]", ["先坐好。 [1] [2]", "\n再量。[3]"]),
        ("先坐好[1]。再量【2】。", ["先坐好[1]。", "再量【2】。"]),
        ("他说：“好。”[1]走了。", ["他说：“好。”[1]", "走了。"]),
        ("Sit. [1] Wait e.g. here. [2]", ["Sit. [1]", " Wait e.g. here. [2]"]),
        ("1. Sit. [1]\n2. Wait. [2]", ["1. Sit. [1]", "\n2. Wait. [2]"]),
        ("- 坐着量[1]\n- 先休息[2]\n", ["- 坐着量[1]", "\n- 先休息[2]", "\n"]),
        ("It is 3.5 cm. [1, 2] Yes.", ["It is 3.5 cm. [1, 2]", " Yes."]),
        ("see etc. [1]。下一句。", ["see etc. [1]。", "下一句。"]),
        ("真的?. 好。", ["真的?.", " 好。"]),
        ("先坐好。\n[1] [2]\n再量。[3]", ["先坐好。\n[1] [2]", "\n再量。[3]"]),
        ("先坐好。[1]\n[2]再量。[3]", ["先坐好。[1]", "\n[2]再量。[3]"]),
        ("先坐好。】\n[1]再量。[2]", ["先坐好。】\n[1]", "再量。[2]"]),
    ],
)
def test_markers_stay_with_their_sentence(draft: str, expected: list[str]) -> None:
    """However the model writes them, and when `[`, `1`, `]` arrive one by one."""
    assert pieces(draft) == pieces(*draft) == expected


def test_a_sentence_is_given_back_as_soon_as_it_is_sure() -> None:
    """Not before a marker can still come, and not later than the first character that is none."""
    assembler = SentenceAssembler()
    assert assembler.feed("先坐好。[1]") == []
    assert assembler.feed("再") == ["先坐好。[1]"]
    assert assembler.feed("量[2]\n") == ["再量[2]"]
    assert assembler.flush() == ["\n"]


@pytest.mark.parametrize("line_break", ["\n", " \n", "\n\n", "\n- "])
def test_a_line_break_behind_a_marker_decides_at_once(line_break: str) -> None:
    """No other marker of that sentence follows on the next line; before the first one it may."""
    assembler = SentenceAssembler()
    assert assembler.feed("- 先坐好。[1]") == []
    assert assembler.feed(line_break) == ["- 先坐好。[1]"]
    assert assembler.feed("再量。\n") == []
    assert assembler.feed("[2]") == []
    assert assembler.flush() == [f"{line_break}再量。\n[2]"]


def test_two_drafts_do_not_mix() -> None:
    """After a flush nothing is held."""
    assembler = SentenceAssembler()
    assembler.feed("没完")
    assert assembler.flush() == ["没完"]
    assert assembler.flush() == []


@pytest.mark.parametrize(
    "held", ["先坐好。[1]", "先坐好[1]。", "他说：“好。”[1]", "Sit down [1].", "Sit. [1]"]
)
def test_a_cited_sentence_is_settled_when_the_model_pauses(held: str) -> None:
    assembler = SentenceAssembler()
    assert assembler.feed(held) == []
    assert assembler.settled() == held
    assembler.take_early()
    assert assembler.settled() == ""
    assert assembler.feed("再量。[3]\n") + assembler.flush() == ["再量。[3]", "\n"]


@pytest.mark.parametrize(
    "held",
    [
        "先坐好。",
        "先坐好[1]",
        "先坐好。[",
        "先坐好。[1",
        "他说：“好[1]。",
        "It is 3.",
        "[1]",
        "先坐好。[1]再",
    ],
)
def test_nothing_is_settled_that_may_go_on(held: str) -> None:
    assembler = SentenceAssembler()
    assembler.feed(held)
    assert assembler.settled() == ""


@pytest.mark.parametrize(
    "cuts", [["[2]", "[3]再量。[4]\n"], ["[", "2][3", "]", "再量。[4]\n"], [" [2][3]再量。[4]\n"]]
)
def test_markers_behind_a_sentence_taken_early_come_without_words(cuts: list[str]) -> None:
    assembler = SentenceAssembler()
    assembler.feed("先坐好。[1]")
    assembler.take_early()
    found = [piece for delta in cuts for piece in assembler.feed(delta)]
    assert found[-1] == "再量。[4]"
    assert "".join(found[:-1]).strip() == "[2][3]"


def test_a_bracket_that_is_no_marker_begins_the_next_sentence() -> None:
    assembler = SentenceAssembler()
    assembler.feed("先坐好。[1]")
    assembler.take_early()
    assert [piece for delta in ("[", "注", "]再量。[2]\n") for piece in assembler.feed(delta)] == [
        "[注]再量。[2]"
    ]


@given(DRAFTS, st.lists(st.integers(0, 400), max_size=12), st.randoms())
def test_pauses_lose_nothing(draft: str, places: list[int], chance: Random) -> None:
    """Wherever the model pauses, the pieces joined are the draft."""
    assembler, found = SentenceAssembler(), list[str]()
    for delta in cut(draft, places):
        found += assembler.feed(delta)
        if chance.random() < 0.7 and (settled := assembler.settled()):
            found.append(settled)
            assembler.take_early()
    assert "".join(found + assembler.flush()) == draft
