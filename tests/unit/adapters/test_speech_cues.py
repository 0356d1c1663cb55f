"""Words to cues: sentences, repair of times, and what a Whisper makes up."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baize.adapters.speech_cues import (
    CHINESE_PROMPT,
    MAX_CUE_S,
    CueWriter,
    Heard,
    Word,
    alike,
    speech_context,
    without_loops,
)
from baize.domain.text import Cue


def say(text: str, start: float = 0.0, pace_s: float = 0.3) -> tuple[Word, ...]:
    """Words as engines give them: Latin ones with a leading space, Chinese ones by character."""
    parts = [f" {word}" for word in text.split()] if text.isascii() else _characters(text)
    return tuple(Word(start + n * pace_s, start + (n + 1) * pace_s, part) for n, part in enumerate(parts))


def _characters(text: str) -> list[str]:
    parts: list[str] = []
    for char in text:
        if parts and not char.isalnum():
            parts[-1] += char
        else:
            parts.append(char)
    return parts


def write(
    *segments: tuple[Word, ...], language: str = "en", hot_words: tuple[str, ...] = (), no_speech: float = 0.0
) -> list[Cue]:
    writer = CueWriter(language, hot_words)
    cues = [cue for words in segments for cue in writer.cues(Heard(words, -0.2, no_speech))]
    return [*cues, *writer.rest()]


def texts(cues: list[Cue]) -> list[str]:
    return [cue.text for cue in cues]


def test_a_segment_is_cut_at_sentence_ends() -> None:
    """A cue ends with its last word; decimals and abbreviations end nothing."""
    cues = write(say("Dr. Wu adds 3.5 grams. Then we wait."))
    assert texts(cues) == ["Dr. Wu adds 3.5 grams.", "Then we wait."]
    assert cues[0] == Cue(0.0, 1.5, "Dr. Wu adds 3.5 grams.")


def test_a_sentence_over_two_segments_is_one_cue() -> None:
    """Segments end anywhere; a sentence that goes on without a pause stays whole."""
    cues = write(say("If that reference"), say("moves, it is wrong. Then", start=0.9), say("stop", start=9.0))
    assert texts(cues) == ["If that reference moves, it is wrong.", "Then", "stop"]


def test_a_pause_ends_a_cue() -> None:
    """A silence within a segment stands between two cues."""
    cues = write((*say("one two"), *say("three", start=2.0)))
    assert [(cue.text, cue.start, cue.end) for cue in cues] == [("one two", 0.0, 0.6), ("three", 2.0, 2.3)]


def test_a_long_sentence_is_cut_at_a_comma() -> None:
    """No cue is too long; the cut is the comma near the middle."""
    first = "when the dough has doubled in size and feels soft under your fingers,"
    second = "turn it out onto a floured board and shape it into a round loaf."
    cues = write(say(f"{first} {second}", pace_s=0.5))
    assert texts(cues) == [first, second]
    assert all(cue.end - cue.start <= MAX_CUE_S for cue in cues)


def test_chinese_is_simplified_with_full_width_punctuation() -> None:
    """Traditional characters and half-width commas of the engine are put right."""
    cues = write(say("今天我們學習,怎樣量血壓?"), language="zh")
    assert texts(cues) == ["今天我们学习，怎样量血压？"]


@pytest.mark.parametrize(
    "echo",
    [
        CHINESE_PROMPT,
        "以下是普通話的句子,使用簡體中文標點。",
        "以下是普通话的句子",
        "请使用简体中文标点",
        "梯度下降、过拟合、",
        "过拟合、学习率。",
    ],
)
def test_echoes_never_come_back(echo: str) -> None:
    """Neither the prompt, in either script, nor the list of hot words is taken for speech."""
    spoken = "学习率控制步子的大小。"
    hot_words = ("梯度下降", "过拟合", "学习率")
    assert texts(write(say(echo), say(spoken, 20), language="zh", hot_words=hot_words)) == [spoken]


def test_an_echo_at_the_front_leaves_the_speech_behind_it() -> None:
    """Only the words of the prompt go."""
    assert texts(write(say("以下是普通话的句子今天我们来讲面包。"), language="zh")) == ["今天我们来讲面包。"]


@pytest.mark.parametrize("spoken", ["梯度下降。", "我们用梯度下降和学习率。", "普通话很好听。"])
def test_a_hot_word_that_is_spoken_stays(spoken: str) -> None:
    """A term alone, or in a sentence, is speech."""
    assert texts(write(say(spoken), language="zh", hot_words=("梯度下降", "学习率"))) == [spoken]


def test_an_english_glossary_is_no_speech() -> None:
    """The list is dropped in English too."""
    hot_words = ("cell", "relative reference", "dollar sign")
    assert write(say("Glossary: cell, relative reference,"), hot_words=hot_words) == []
    assert texts(write(say("A relative reference moves."), hot_words=hot_words)) == [
        "A relative reference moves."
    ]


def test_a_loop_within_a_segment_is_said_once() -> None:
    """Four rounds or more of the same words are a fault; a lively speaker stays."""
    assert texts(write(say("and so on and so on and so on and so on then"))) == ["and so on", "then"]
    assert texts(write(say("no no no, wait"))) == ["no no no, wait"]


def test_a_sentence_that_keeps_coming_is_dropped() -> None:
    """A loop over segments ends after its second round."""
    segments = [say("Thank you very much.", start=n * 5.0) for n in range(6)]
    assert len(write(*segments)) == 2


@pytest.mark.parametrize(
    "heard",
    [
        Heard(say("maybe a word"), -0.9, 0.7),
        Heard(say("maybe a word"), -1.6, 0.0),
        Heard(say(" ".join(f"a{n % 40}b" for n in range(400))), -0.2, 0.0),
        Heard(say("字幕由Amara.org社区提供"), -0.1, 0.0),
        Heard(say("... ..."), -0.1, 0.0),
        Heard((), -0.1, 0.0),
    ],
)
def test_noise_gives_no_cue(heard: Heard) -> None:
    """Doubtful, repetitive and well-known made-up texts are not written."""
    writer = CueWriter("zh", ())
    assert [*writer.cues(heard), *writer.rest()] == []


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (say("so it goes on", start=2.0), "backwards"),
        ((Word(9.0, 9.3, " one"), Word(7.0, 7.3, " two")), "backwards"),
        (say("and now a very long sentence", start=9.0, pace_s=0.02), "squeezed"),
        (say("a word", start=99.0), "late"),
        (say("on and on and on and on and on and on", start=9.0), "loop"),
        (say("Glossary: cell, row, column,", start=9.0), "echo"),
    ],
)
def test_what_is_kept_out_is_told(words: tuple[Word, ...], reason: str) -> None:
    """Impossible times, loops and echoes are noted with their place, so that they can be heard again."""
    writer = CueWriter("en", ("cell", "row", "column"))
    list(writer.cues(Heard(say("First of all, this is a sentence of eight seconds.", pace_s=0.8), -0.2, 0.0)))
    list(writer.cues(Heard(words, -0.2, 0.0), limit_s=60.0))
    list(writer.rest())
    assert [fault.reason for fault in writer.faults] == [reason]
    assert all(0 <= fault.start <= fault.end for fault in writer.faults)


def test_a_title_that_comes_back_is_kept_out() -> None:
    """It stands in the prompt; whoever says it is heard again without one."""
    writer = CueWriter("zh", ("学习率",), "什么是梯度下降")
    assert [*writer.cues(Heard(say("什么是梯度下降？"), -0.2, 0.0)), *writer.rest()] == []
    assert [fault.reason for fault in writer.faults] == ["echo"]


def test_words_beside_a_silence_do_not_last_for_seconds() -> None:
    """A first word that begins too early and a last one that ends too late are cut."""
    cues = write((Word(0.0, 9.0, " Hello"), Word(9.0, 9.4, " my"), Word(9.4, 19.0, " friend.")))
    assert cues == [Cue(6.5, 11.9, "Hello my friend.")]


def test_times_are_those_of_the_recording() -> None:
    """A stretch's offset is added, and no cue lasts longer than the stretch."""
    (cue,) = CueWriter("en", ()).cues(Heard(say("one two three."), -0.1, 0.0), offset_s=600.0, limit_s=600.7)
    assert cue == Cue(600.0, 600.7, "one two three.")


def test_the_context_names_the_terms() -> None:
    """Chinese is told its script; English only where there are terms."""
    assert speech_context("zh", ()) == CHINESE_PROMPT
    assert speech_context("zh", ("血压", "袖带")) == f"{CHINESE_PROMPT}血压、袖带。"
    assert speech_context("en", ()) == ""
    assert speech_context("en", ("cell", "row")) == "Glossary: cell, row."
    assert speech_context("en", ("cell",), "First sums") == "First sums. Glossary: cell."
    assert speech_context("zh", ("血压",), "量血压") == f"{CHINESE_PROMPT}量血压。血压。"


def test_alike_tells_a_repetition() -> None:
    """Most of the first text must stand in the second."""
    assert alike("the whole column.", "You copy it down the whole column.")
    assert not alike("But one cell stays the same.", "You copy it down the whole column.")


_words = st.lists(
    st.builds(
        Word,
        st.floats(0, 60),
        st.floats(0, 60),
        st.sampled_from([" one", " two.", " three,", "字", "符。", "，", " x", ""]),
    ),
    max_size=40,
)


@given(segments=st.lists(_words, max_size=5), language=st.sampled_from(["zh", "en"]))
def test_cues_are_always_sorted_and_apart(segments: list[list[Word]], language: str) -> None:
    """Whatever times and words an engine gives: in order, apart, with a length, not too long."""
    cues = write(*map(tuple, segments), language=language)
    assert all(cue.text.strip() and 0 <= cue.start < cue.end for cue in cues)
    assert all(cue.end - cue.start <= MAX_CUE_S + 0.002 for cue in cues)
    assert all(before.end <= after.start for before, after in pairwise(cues))


@given(words=st.lists(st.sampled_from(["a", "b", "word", ""]), max_size=80))
def test_loops_are_only_ever_shortened(words: list[str]) -> None:
    """What stays stands in its order, and the beginning always stays."""
    spoken = [Word(n, n + 1, word) for n, word in enumerate(words)]
    kept = without_loops(spoken)
    assert sorted(kept, key=lambda word: word.start) == kept
    assert set(kept) <= set(spoken)
    assert kept[:1] == spoken[:1]
