"""Cues and pages to sentences: in order, apart, and each where it is said."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baize.domain.faq import FaqLine
from baize.domain.locator import FaqEntry, TextSpan, TimeSpan
from baize.domain.text import Cue, Page
from ingest.segment import segment_cues, segment_faq, segment_pages

TEXTS = st.text(st.sampled_from("量血压ab12 。！？.,，…”"), min_size=1, max_size=25).filter(
    lambda text: any(map(str.isalnum, text)) and text == text.strip()
)


@st.composite
def tracks(draw: st.DrawFn) -> list[Cue]:
    """Sorted cues that do not overlap, some touching, some without length, some after a silence."""
    second, cues = 0.0, []
    for text in draw(st.lists(TEXTS, max_size=12)):
        start = round(second + draw(st.sampled_from([0.0, 0.2, 5.0])), 3)
        second = round(start + draw(st.integers(0, 9000)) / 1000, 3)
        cues.append(Cue(start, second, text))
    return cues


def visible(text: str) -> str:
    return "".join(text.split())


@given(tracks())
def test_sentences_are_in_order_apart_and_lose_nothing(cues: list[Cue]) -> None:
    """Spans never overlap, lie within the track, and the words are those of the cues."""
    segments = segment_cues(cues)
    assert visible("".join(s.text for s in segments)) == visible("".join(c.text for c in cues))
    spans = [s.locator for s in segments if isinstance(s.locator, TimeSpan)]
    assert len(spans) == len(segments)
    for before, after in pairwise(spans):
        assert before.end <= after.start
    assert all(cues[0].start <= span.start <= span.end <= cues[-1].end for span in spans)


def test_a_sentence_begins_where_it_is_said_within_its_cue() -> None:
    """By proportion of the characters; one over several cues spans them."""
    segments = segment_cues([Cue(0, 10, "先坐好。再量"), Cue(10.0, 14.0, "两次。")])
    assert [(s.text, s.locator) for s in segments] == [
        ("先坐好。", TimeSpan(0.0, 6.667)),
        ("再量两次。", TimeSpan(6.667, 14.0)),
    ]


def test_a_silence_ends_a_sentence() -> None:
    """Where no full stop was written."""
    cues = [Cue(0, 2, "先坐好"), Cue(9, 11, "再量"), Cue(11, 12, "一遍。"), Cue(12, 13, "好。")]
    assert [s.text for s in segment_cues(cues)] == ["先坐好", "再量一遍。", "好。"]


def test_a_track_without_punctuation_is_cut_at_its_cues() -> None:
    """Chinese subtitles often have none; a sentence must not grow over the whole lesson."""
    cues = [Cue(n, n + 1.0, "今天我们来讲怎么量血压才量得准") for n in range(20)]
    segments = segment_cues(cues)
    assert len(segments) == 20
    english = [Cue(n, n + 1.0, "and then we go on to the next thing without a stop") for n in range(20)]
    assert len(segment_cues(english)) >= 10


def test_english_cues_are_joined_with_a_space() -> None:
    """And Chinese ones without."""
    assert segment_cues([Cue(0, 1, "Sit down"), Cue(1, 2, "first.")])[0].text == "Sit down first."
    assert segment_cues([Cue(0, 1, "先坐好，"), Cue(1, 2, "再量。")])[0].text == "先坐好，再量。"


@given(st.lists(st.tuples(TEXTS, st.integers(0, 50)), max_size=5))
def test_sentences_of_pages_are_the_characters_at_their_place(rows: list[tuple[str, int]]) -> None:
    """`char_start` and `char_end` count in the extracted text of the whole document."""
    document, pages = "", []
    for number, (text, gap) in enumerate(rows, 1):
        document += "\n" * gap
        pages.append(Page("a.pdf", text, len(document), number, ("章", f"节{number}")))
        document += text
    for segment in segment_pages(pages):
        span = segment.locator
        assert isinstance(span, TextSpan)
        assert document[span.char_start : span.char_end] == segment.text
        assert (span.section, segment.headings) == (f"节{span.page}", ("章", f"节{span.page}"))


def test_an_faq_entry_is_found_by_its_question_and_quotes_its_answer() -> None:
    """The question is a heading: indexed, not quoted."""
    segment = segment_faq(FaqLine("refund", "能退课吗？", "七天之内可以退。"))
    assert (segment.text, segment.locator, segment.headings) == (
        "七天之内可以退。",
        FaqEntry("refund"),
        ("能退课吗？",),
    )


@pytest.mark.parametrize("segments", [segment_cues([]), segment_pages([])])
def test_nothing_gives_nothing(segments: list[object]) -> None:
    """An empty track and an empty document have no sentences."""
    assert segments == []
