"""Computed chapters: where parts begin, what they are called."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baize.domain.locator import TimeSpan
from baize.domain.text import Cue, Segment
from baize.testing.hash_embedder import HashEmbedder
from ingest.boundaries import FITTED, Spoken, boundaries, choose, facts
from ingest.chapter import computed_chapters, spoken_of
from ingest.discourse import n_cues
from ingest.segment import segment_cues
from ingest.title import titles

pytestmark = pytest.mark.anyio

TOPICS = (
    ("Now let's look at bread.", "Bread dough rises with yeast.", "Yeast in the dough makes gas."),
    ("Okay, so now let's turn to tyres.", "A bicycle tyre holds air.", "Pump the bicycle tyre hard."),
    ("Finally, let's talk about tax forms.", "A tax form asks for income.", "Sign the tax form twice."),
)


def lecture(*, repeat: int = 8, pause_s: float = 3.0) -> list[Cue]:
    """Three topics of `repeat` rounds, five seconds a sentence, a pause before each topic."""
    cues: list[Cue] = []
    t = 0.0
    for opening, *body in TOPICS:
        for text in (opening, *(body * repeat)):
            cues.append(Cue(t, t + 4.6, text))
            t += 5.0
        t += pause_s
    return cues


async def test_topics_become_chapters() -> None:
    """Each begins on the sentence that announces it and ends where the next one begins."""
    cues = lecture()
    segments = segment_cues(cues)
    vectors = await HashEmbedder().embed_passages([s.text for s in segments])
    chapters = computed_chapters(segments, cues, vectors, 270.0)
    assert [chapter.start for chapter in chapters] == [0.0, 88.0, 176.0]
    assert [chapter.end for chapter in chapters] == [88.0, 176.0, 270.0]
    assert {chapter.origin for chapter in chapters} == {"model"}
    for chapter, word in zip(chapters, ("dough", "tyre", "tax"), strict=True):
        assert word in chapter.title.lower()


async def test_one_piece_has_no_chapters() -> None:
    """Half a minute is one thing, and so is nothing."""
    cues = lecture()[:6]
    segments = segment_cues(cues)
    vectors = await HashEmbedder().embed_passages([s.text for s in segments])
    assert computed_chapters(segments, cues, vectors, 30.0) == ()
    assert computed_chapters([], [], np.empty((0, 8), np.float32), 30.0) == ()


async def test_a_slide_that_changes_speaks_for_a_boundary() -> None:
    """Where words say little, the slides decide."""
    cues = [Cue(5.0 * n, 5.0 * n + 5, f"Item number{n} is described here.") for n in range(60)]
    segments = segment_cues(cues)
    vectors = await HashEmbedder().embed_passages([s.text for s in segments])
    seen = spoken_of(segments, cues, vectors, slide_starts=[0.0, 151.0])
    assert [n for n in range(60) if facts(seen)[n, 3]] == [30]
    assert 30 in boundaries(seen, 300.0)


def test_captions_without_full_stops_may_part_at_every_line() -> None:
    """The second of a line is heard, the middle of one is a guess."""
    cues = [
        Cue(0.0, 3.0, "so this is the first thing that we"),
        Cue(3.0, 6.0, "okay so now let's build the second"),
        Cue(6.0, 9.0, "one which holds. Then the third"),
        Cue(9.0, 12.0, "comes. And the fourth."),
    ]
    segments = segment_cues(cues)
    seen = spoken_of(segments, cues, np.ones((len(segments), 4), np.float32))
    usable = [float(start) for start, yes in zip(seen.starts, seen.usable, strict=True) if yes]
    assert usable[0] == 0.0
    assert len(usable) == len({int(start // 3) for start in usable})


@settings(max_examples=40)
@given(
    gaps=st.lists(st.tuples(st.floats(0.1, 20), st.floats(0, 8)), min_size=2, max_size=60),
    seed=st.integers(0, 99),
)
def test_any_track_is_divided_at_its_sentences(gaps: list[tuple[float, float]], seed: int) -> None:
    """Boundaries are sentences after the first, in order."""
    starts, ends, t = [], [], 0.0
    for length, pause in gaps:
        starts.append(t)
        ends.append(t + length)
        t += length + pause
    vectors = np.random.default_rng(seed).standard_normal((len(gaps), 8)).astype(np.float32)
    spoken = Spoken(
        [f"word{n % 5} thing" for n in range(len(gaps))],
        np.array(starts),
        np.array(ends),
        np.ones(len(gaps), bool),
        vectors,
    )
    found = choose(spoken, facts(spoken), max(ends), FITTED)
    assert found == sorted(set(found))
    assert all(0 < n < len(gaps) for n in found)


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("Okay, so now let's look at the loss.", 3),
        ("The loss is a number.", 0),
        ("Finally, the tax form.", 1),
        ("好，接下来我们来看代价函数。", 3),
        ("接下来讲学习率。", 2),
        ("代价函数是一个数。", 0),
    ],
)
def test_cues(text: str, n: int) -> None:
    """Families of cues at the beginning of a sentence, in both languages."""
    assert n_cues(text) == n


def test_titles_are_told_apart() -> None:
    """No title twice; a part without a phrase has its first words."""
    given = titles([["Hash functions mix.", "A hash function is quick."]] * 2 + [["So. Well, you know."]])
    assert given[0] == "Hash function"
    assert len(set(given)) == 3
    assert titles(
        [["梯度下降沿着代价函数走。", "梯度下降一步一步走。"], ["学习率决定步长。", "学习率不能太大。"]]
    ) == [
        "梯度下降",
        "学习率",
    ]


def test_segments_need_times() -> None:
    """Sentences of a track carry their seconds through."""
    cues = [Cue(1.0, 2.0, "One."), Cue(2.5, 3.0, "Two.")]
    seen = spoken_of(
        [Segment("One.", TimeSpan(1.0, 2.0)), Segment("Two.", TimeSpan(2.5, 3.0))],
        cues,
        np.ones((2, 3), np.float32),
    )
    assert seen.starts.tolist() == [1.0, 2.5]
    assert seen.ends.tolist() == [2.0, 3.0]
