"""Cues and chapters → WebVTT."""

from __future__ import annotations

import re

import pysubs2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baize.api.vtt import from_chapters, from_cues
from baize.domain.course import Chapter
from baize.domain.text import Cue

_TIMES = re.compile(r"^(\d\d):(\d\d):(\d\d)\.(\d\d\d) --> (\d\d):(\d\d):(\d\d)\.(\d\d\d)$", re.MULTILINE)


def test_a_cue_is_written_as_players_read_it() -> None:
    """Header, hours always, milliseconds with a point."""
    assert from_cues([Cue(3723.5, 3725.0, "你好")]) == "WEBVTT\n\n01:02:03.500 --> 01:02:05.000\n你好\n\n"


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"),
        ("0 --> 5", "0 --&gt; 5"),
        ("一\n\n\n二", "一\n二"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
    ],
)
def test_text_cannot_leave_its_cue(said: str, written: str) -> None:
    """Markup, arrows and empty lines would be read as structure."""
    assert from_cues([Cue(0, 1, said)]) == f"WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n{written}\n\n"


def test_a_cue_without_length_still_shows() -> None:
    """Players drop a cue that ends where it starts."""
    assert "00:00:02.000 --> 00:00:02.001" in from_cues([Cue(2.0, 2.0, "嗯")])


def test_chapters_are_cues_of_titles() -> None:
    """For `<track kind="chapters">`."""
    assert from_chapters([Chapter(0, 9.5, "开场")]) == "WEBVTT\n\n00:00:00.000 --> 00:00:09.500\n开场\n\n"


@given(
    st.lists(
        st.tuples(st.floats(0, 90_000), st.floats(0, 60), st.text(max_size=40).filter(str.strip)), max_size=8
    )
)
def test_every_cue_comes_back_at_its_milliseconds(drawn: list[tuple[float, float, str]]) -> None:
    """As many cues as went in, in order, whatever they say; each ends after it starts."""
    cues = [Cue(start, start + length, text) for start, length, text in drawn]

    blocks = _TIMES.findall(from_cues(cues))

    assert len(blocks) == len(cues)
    for cue, block in zip(cues, blocks, strict=True):
        h, m, s, ms, *_ = map(int, block)
        assert ((h * 60 + m) * 60 + s) * 1000 + ms == round(cue.start * 1000)
        assert block[:4] < block[4:]


def test_another_reader_reads_the_same() -> None:
    """pysubs2 sees the times that were written."""
    read = pysubs2.SSAFile.from_string(from_cues([Cue(1.25, 2.5, "一"), Cue(3, 4, "二")]), format_="vtt")

    assert [(line.start, line.end, line.text) for line in read] == [(1250, 2500, "一"), (3000, 4000, "二")]
