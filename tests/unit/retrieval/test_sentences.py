"""Sentences that stand for a text, and the phrases that it is about."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baize.domain.search import Vector
from baize.retrieval.phrases import PhraseTable, key_phrases
from baize.retrieval.sentences import key_sentences, salience, summarize
from baize.testing.hash_embedder import HashEmbedder

pytestmark = pytest.mark.anyio

LESSON = (
    "好的。",
    "今天讲梯度下降。",
    "梯度下降沿着代价函数最陡的方向走。",
    "梯度下降沿着代价函数最陡的方向走一步。",
    "学习率决定每一步走多远。",
    "学习率太大，代价函数会越来越大。",
    "你觉得为什么呢？",
    "学习率太小，梯度下降要走很多步。",
)


async def vectors_of(texts: tuple[str, ...]) -> Vector:
    return await HashEmbedder().embed_passages(texts)


async def test_a_summary_keeps_its_budget_and_says_nothing_twice() -> None:
    """Fillers and questions are never chosen, and of two that say the same only one."""
    picks = summarize(LESSON, await vectors_of(LESSON), 34)
    numbers = [pick.number for pick in picks]
    assert numbers == sorted(numbers)
    assert not {0, 6} & set(numbers)
    assert not {2, 3} <= set(numbers)
    assert 17 <= sum(len(LESSON[n]) for n in numbers) <= 51


async def test_every_section_is_in_a_summary() -> None:
    """However small the budget: a chapter is never lost."""
    sections = [range(3), range(3, 6), range(6, 8)]
    picks = summarize(LESSON, await vectors_of(LESSON), 1, sections=sections)
    assert [sum(pick.number in section for pick in picks) for section in sections] == [1, 1, 1]


async def test_key_sentences_within_a_part() -> None:
    """As many as asked for, of that part only."""
    picks = key_sentences(LESSON, await vectors_of(LESSON), 2, within=range(4, 8))
    assert len(picks) == 2
    assert all(pick.number in {4, 5, 7} for pick in picks)
    assert key_sentences((), np.empty((0, 8), np.float32), 3) == []


def test_vectors_and_sentences_belong_together() -> None:
    """One vector a sentence."""
    with pytest.raises(ValueError, match="as many vectors"):
        salience(["a", "b"], np.ones((1, 4), np.float32))


async def test_a_text_of_fillers_still_gives_a_sentence() -> None:
    """Where nothing stands for the text, the longest does."""
    texts = ("嗯。", "好的好的。")
    assert [pick.number for pick in summarize(texts, await vectors_of(texts), 2)]


@given(texts=st.lists(st.text(alphabet="ab 你好。?x", max_size=12), max_size=12), budget=st.integers(0, 60))
def test_any_text_can_be_summarized(texts: list[str], budget: int) -> None:
    """Numbers are unique, in order and inside."""
    vectors = np.eye(len(texts), 16, dtype=np.float32)
    numbers = [pick.number for pick in summarize(texts, vectors, budget)]
    assert numbers == sorted(set(numbers))
    assert all(0 <= n < len(texts) for n in numbers)


def test_thousands_of_sentences_are_quick() -> None:
    """Five thousand sentences, fifty chosen: within three seconds of processor time."""
    rng = np.random.default_rng(3)
    raw = rng.standard_normal((5000, 384)).astype(np.float32)
    vectors = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    texts = [f"Sentence {n} speaks of topic{n % 97} and of part{n % 13}." for n in range(5000)]
    begin = time.process_time()
    assert len(key_sentences(texts, vectors, 50)) == 50
    assert time.process_time() - begin < 3


def test_phrases_are_terms_not_words() -> None:
    """A term of several words wins over its parts, and is written as it was spoken."""
    assert [phrase.text for phrase in key_phrases(LESSON, 3)] == ["梯度下降", "代价函数", "学习率"]
    said = [
        "A hash function gives a digest.",
        "This hash function is hard to invert.",
        "The digest is short.",
    ]
    found = key_phrases(said, 2)
    assert [(phrase.text, phrase.n, phrase.first) for phrase in found] == [
        ("hash function", 2, 0),
        ("digest", 2, 0),
    ]


def test_phrases_said_once_come_behind_all_others() -> None:
    """They fill up what is asked for, in reading order; a part of a better one is none."""
    said = ["The shaft drives a rotor.", "The valve leaks.", "A rotor spins.", "The pump failed."]
    table = PhraseTable(said)
    found = [(phrase.text, phrase.n) for phrase in table.best(9)]
    assert found[0] == ("rotor", 2)
    assert {n for _, n in found[1:]} == {1}
    assert [phrase.text for phrase in table.best(2)] == [text for text, _ in found[:2]]
    assert {"shaft", "valve", "pump"} <= {word for text, _ in found for word in text.split()}


def test_what_the_rest_says_too_is_no_mark() -> None:
    """A phrase of the whole lesson names none of its parts."""
    part = ["The ledger holds payments.", "Each block of the ledger has a hash."]
    rest = ["The ledger is public."] * 8
    assert "ledger" not in [phrase.text for phrase in key_phrases(part, 2, rest=rest)]
    assert key_phrases(["So what?"], 3) == []
