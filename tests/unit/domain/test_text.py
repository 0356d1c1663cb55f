"""Chunk identity, and what of a chunk each leg sees."""

from __future__ import annotations

import uuid
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from baize.domain.locator import TimeSpan
from baize.domain.text import Chunk, Cue, Page, Segment, chunk_id

WORDS = st.text("abc.-", min_size=1, max_size=5)
PLACES = st.tuples(WORDS, WORDS, WORDS, WORDS)


@given(PLACES, PLACES)
def test_chunk_ids_are_stable_uuids_of_content_and_place(
    a: tuple[str, str, str, str], b: tuple[str, str, str, str]
) -> None:
    """The same content at the same place has the same id; another platform, lesson or file another one."""
    span = TimeSpan(1.0, 2.0)
    first = chunk_id(*a, span, "text")
    assert first == chunk_id(*a, span, "text")
    assert uuid.UUID(first).version == 5
    assert (first == chunk_id(*b, span, "text")) is (a == b)
    assert first != chunk_id(*a, TimeSpan(1.0, 2.001), "text")
    assert first != chunk_id(*a, span, "other")


def test_the_embedder_sees_headings_and_the_lexical_leg_only_those_below_the_title() -> None:
    """The lesson's title stands on all its chunks, so its words are left out of the lexical text."""
    span = TimeSpan(0.0, 1.0)
    chunk = Chunk(
        "",
        "p",
        "c",
        "l",
        "量血压",
        "a.vtt",
        "zh",
        ("量血压", "准备"),
        "先坐好。",
        (Segment("先坐好。", span),),
        span,
        0,
    )
    assert chunk.indexed_text == "量血压 › 准备\n先坐好。"
    assert chunk.lexical_text == "准备\n先坐好。"
    assert replace(chunk, headings=()).indexed_text == "先坐好。"


def test_cues_and_pages_know_their_place() -> None:
    """Seconds for speech; file, characters, page and nearest heading for documents."""
    assert Cue(1.5, 2.5, "x").span == TimeSpan(1.5, 2.5)
    span = Page("a.pdf", "文字", 10, 3, ("章", "节")).span
    assert (span.char_start, span.char_end, span.page, span.section) == (10, 12, 3, "节")
    assert Page("a.md", "x", 0).span.section == ""
