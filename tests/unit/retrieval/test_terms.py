"""Lexical terms: question and passage meet on the same ones, however they are typed."""

from __future__ import annotations

import subprocess
import unicodedata
from itertools import pairwise
from pathlib import Path

import opencc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baize.domain.locator import TimeSpan
from baize.domain.sentences import joined
from baize.domain.text import Chunk, Segment
from baize.retrieval.sentences import terms_of_passage
from baize.retrieval.terms import (
    normalise,
    passage_vector,
    pinyin_side_by_side,
    pinyin_terms,
    query_vector,
    terms,
    terms_among,
    terms_among_each,
    terms_among_side_by_side,
    terms_side_by_side,
)

PARTS = st.lists(
    st.sampled_from(["血压", "函数", "用", "Excel", "VLOOKUP", "130", "3.5", "cells"]), min_size=1, max_size=6
)


@pytest.mark.parametrize(
    ("question", "passage"),
    [
        ("锁定单元格", "怎样鎖定單元格"),
        ("ＶＬＯＯＫＵＰ怎么用", "vlookup 函数"),
        ("locking a cell", "It locks the cell."),
        ("降压药", "這種降壓藥"),
        ("the x-axis", "draw the axis"),
        ("C++ classes", "a class in C++"),
        ("teacher’s notes", "the teacher's note"),
    ],
)
def test_variants_of_a_word_share_a_term(question: str, passage: str) -> None:
    """Traditional characters, full-width letters, case, inflection, hyphens and apostrophes."""
    assert set(terms(question)) & set(terms(passage))


@given(st.text(st.sampled_from("，：；！？（）％～…\u3000Ａ①ａ\u0301\u3099か血 \n"), max_size=30))
def test_marks_that_are_folded_ahead_change_nothing(text: str) -> None:
    """Whatever stands beside them: combining marks, full-width letters, other compatibility characters."""
    assert normalise(text) == unicodedata.normalize("NFKC", text).lower()


def test_every_word_of_the_dictionary_is_simplified(tmp_path: Path) -> None:
    """OpenCC is asked only where a character calls for it: none of its words may be missed by that."""
    home = Path(opencc.__file__).parent / "clib"
    words: list[str] = []
    for name in ("TSPhrases", "TSCharacters", "TSCharactersExt"):
        subprocess.run(
            [
                *(home / "bin" / "opencc_dict", "-i", home / "share" / "opencc" / f"{name}.ocd2"),
                *("-o", tmp_path / name, "-f", "ocd2", "-t", "text"),
            ],
            env={"LD_LIBRARY_PATH": str(home / "lib64")},
            check=True,
        )
        lines = (tmp_path / name).read_text(encoding="utf-8").splitlines()
        words += [line.split("\t")[0] for line in lines if "\t" in line]
    convert = opencc.OpenCC("t2s").convert
    assert len(words) > 5_000
    assert [word for word in words if normalise(word) != convert(unicodedata.normalize("NFKC", word))] == []


@given(PARTS)
def test_spaces_between_scripts_change_nothing(parts: list[str]) -> None:
    """`用Excel函数` and `用 Excel 函数` have the same terms: nobody types that space reliably."""
    spaced = " ".join(parts)
    tight = parts[0]
    for before, part in pairwise(parts):
        borders = before[-1].isascii() != part[0].isascii()
        tight += part if borders else f" {part}"
    assert sorted(terms(tight)) == sorted(terms(spaced))


@pytest.mark.parametrize("text", ["", "，。！", "怎么样呢？", "what is it?", "的"])
def test_what_matches_everything_is_no_term(text: str) -> None:
    """Question words, function words and punctuation."""
    assert terms(text) == []


@given(st.text(max_size=40))
def test_any_text_has_terms_and_vectors(text: str) -> None:
    """No text is an error; vectors are sorted, without doubles, with weights above zero."""
    found = terms(text)
    assert found == terms(normalise(text)) or found
    for vector in (passage_vector(found), query_vector(found)):
        assert list(vector.indices) == sorted(set(vector.indices))
        assert all(0 <= index < 2**32 for index in vector.indices)
        assert all(weight > 0 for weight in vector.values)


def test_weights_saturate_and_do_not_depend_on_neighbours() -> None:
    """A repeated term weighs more, but less than twice; a question's terms weigh one."""
    once, twice = (passage_vector(["血压", *["别的"] * 5, *["血压"] * n]) for n in (0, 1))
    by_term = [
        dict(zip(v.indices, v.values, strict=True))[query_vector(["血压"]).indices[0]] for v in (once, twice)
    ]
    assert by_term[0] < by_term[1] < 2 * by_term[0]
    assert query_vector(["a", "a"]).values == (1.0,)


WORDS = (
    *"dying lying skis early only happily flies cells x-axis C++ 3.5 ① don't".split(),
    *"axis other's untying hoping".split(),
    *"Ｅｘｃｅｌ 血壓計 血压 高血压的人 的".split(),
)


JOINTS = ("", " ", "-", "_", "é", "，", "的", "\n")


@given(
    st.lists(st.tuples(st.sampled_from(JOINTS), st.sampled_from(WORDS)), max_size=6),
    st.lists(st.sampled_from(WORDS), max_size=3),
)
def test_terms_among_a_text_are_those_that_it_has(said: list[tuple[str, str]], asked: list[str]) -> None:
    """Looking for a trace of a term first changes nothing, whatever stands before it."""
    text = "".join(joint + word for joint, word in said)
    wanted = [term for word in asked for term in terms(word)]
    assert terms_among(text, wanted) == set(terms(text)) & set(wanted)


@given(
    st.lists(st.lists(st.sampled_from((*WORDS, "血\n压", "")), max_size=5), max_size=4),
    st.lists(st.sampled_from(WORDS), max_size=3),
)
def test_terms_of_sentences_are_those_of_each(said: list[list[str]], asked: list[str]) -> None:
    """None is found across the border of two, nor in the wrong one."""
    texts = tuple(" ".join(words) for words in said)
    wanted = frozenset(term for word in asked for term in terms(word))
    assert terms_among_each(texts, wanted) == tuple(terms_among(text, wanted) for text in texts)


@given(
    st.lists(
        st.sampled_from(["学习", "梯度下降。", "3.", "5 米", "rate.", "the heart!", "…", "数据"]), max_size=6
    )
)
def test_texts_side_by_side_have_the_terms_of_the_whole(texts: list[str]) -> None:
    """A word may go across two captions without full stops; across the end of a sentence none does."""
    assert terms_side_by_side(texts) == terms(joined(texts))
    assert pinyin_side_by_side(texts) == pinyin_terms(joined(texts))


@given(
    texts=st.lists(st.text(alphabet="量血压心脏 abc1.。，！\n", max_size=12), max_size=5),
    wanted=st.lists(st.sampled_from(["#量血", "血压", "#压心", "abc", "心脏", "#脏量", "1"]), max_size=5),
)
def test_what_stands_side_by_side_is_found_as_in_one_text(texts: list[str], wanted: list[str]) -> None:
    found = terms_among_side_by_side(texts, frozenset(wanted))
    assert found == terms_among(joined(texts), wanted)


def test_a_passage_has_the_terms_of_its_headings_and_its_sentences() -> None:
    place = TimeSpan(0.0, 9.0)
    sentences = ("先量血压，", "再坐五分钟。", "Rest first.")
    chunk = Chunk(
        *("c", "p", "course", "lesson", "血压", "a.srt", "zh"),
        headings=("血压", "Measuring › 在家"),
        text=joined(sentences),
        sentences=tuple(Segment(text, place) for text in sentences),
        locator=place,
        position=0,
    )
    wanted = frozenset(terms("血压 在家 先量血压再坐 resting measured 心脏"))
    assert terms_of_passage(chunk, wanted) == terms_among(chunk.indexed_text, wanted)
    assert {"血压", "#血压", "rest", "measur"} <= terms_of_passage(chunk, wanted)
