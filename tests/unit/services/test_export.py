"""Captions as WebVTT and SubRip: what is written is what is read back."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baize.domain.course import Chapter
from baize.domain.text import Cue
from baize.services.export import chapters_vtt, cues_srt, cues_vtt
from ingest.extract.subtitles import read_subtitles

TIMES = re.compile(r"^(\d+):(\d\d):(\d\d)\.(\d\d\d) --> (\d+):(\d\d):(\d\d)\.(\d\d\d)$", re.MULTILINE)
WORDS = st.text(
    st.sampled_from("量血压abcAB 19<>&;:-'\"…。，/|=#{}()[]!？")
    | st.characters(categories=["Lo", "Ll", "Nd"]),
    min_size=1,
    max_size=30,
).map(lambda text: unicodedata.normalize("NFC", " ".join(text.split())))


@st.composite
def tracks(draw: st.DrawFn) -> list[Cue]:
    """Cues as a reader gives them: sorted, apart, each saying something, none repeating the one before.

    They start 11 ms apart at least: the reader joins what starts at once.
    """
    texts = draw(st.lists(WORDS.filter(lambda text: any(map(str.isalnum, text))), min_size=1, max_size=12))
    texts = [text for before, text in pairwise(["", *texts]) if before != text]
    n_times = 2 * len(texts)
    times = sorted(draw(st.sets(st.integers(0, 4_000_000), min_size=n_times, max_size=n_times)))
    return [
        Cue(start * 11 / 1000, end * 11 / 1000, text)
        for start, end, text in zip(times[::2], times[1::2], texts, strict=True)
    ]


@given(tracks())
def test_webvtt_read_back_is_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, cues: list[Cue]
) -> None:
    """Times to the millisecond and text to the letter, markup characters included."""
    file = tmp_path_factory.mktemp("vtt") / "a.zh.vtt"
    file.write_text(cues_vtt(cues), encoding="utf-8")
    (track,) = read_subtitles(file, "fr")
    assert [(round(c.start, 3), round(c.end, 3), c.text) for c in track.cues] == [
        (c.start, c.end, c.text) for c in cues
    ]


def test_a_cue_cannot_break_out_of_its_block() -> None:
    """Line breaks, arrows and tags within a text stay text."""
    written = cues_vtt([Cue(0.0, 1.0, "a\n\n00:00:09.000 --> 00:00:10.000\n<b>&")])
    assert written == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\na 00:00:09.000 --&gt; 00:00:10.000 &lt;b&gt;&amp;\n"
    )


def test_subrip_is_numbered_and_has_commas(tmp_path: Path) -> None:
    """As players expect it, hours always written."""
    cues = [Cue(0.0, 1.5, "先坐好"), Cue(3725.25, 3726.0, "再量")]
    written = cues_srt(cues)
    assert written == ("1\n00:00:00,000 --> 00:00:01,500\n先坐好\n\n2\n01:02:05,250 --> 01:02:06,000\n再量\n")
    (tmp_path / "a.srt").write_text(written, encoding="utf-8")
    assert list(read_subtitles(tmp_path / "a.srt", "zh")[0].cues) == cues


def test_chapters_are_a_track() -> None:
    """Title and span of each; a lesson without chapters gives an empty track."""
    assert chapters_vtt([Chapter(0, 95.5, "开场 & 目标")]) == (
        "WEBVTT\n\n00:00:00.000 --> 00:01:35.500\n开场 &amp; 目标\n"
    )
    assert chapters_vtt([]) == "WEBVTT\n"


def test_rounding_never_shows_a_thousandth_too_many() -> None:
    """59.9996 s is one minute, not 59.1000."""
    assert "00:01:00.000" in cues_vtt([Cue(0.0, 59.9996, "x")])


def test_a_cue_without_length_still_shows() -> None:
    """Players drop a cue that ends where it starts."""
    assert "00:00:02.000 --> 00:00:02.001" in cues_vtt([Cue(2.0, 2.0, "嗯")])


@given(
    st.lists(
        st.tuples(st.floats(0, 90_000), st.floats(0, 60), st.text(max_size=40).filter(str.strip)), max_size=8
    )
)
def test_every_cue_comes_back_at_its_milliseconds(drawn: list[tuple[float, float, str]]) -> None:
    """As many cues as went in, in order, whatever they say; each ends after it starts."""
    cues = [Cue(start, start + length, text) for start, length, text in drawn]
    blocks = TIMES.findall(cues_vtt(cues))
    assert len(blocks) == len(cues)
    for cue, block in zip(cues, blocks, strict=True):
        h, m, s, ms, h2, m2, s2, ms2 = map(int, block)
        start_ms, end_ms = ((h * 60 + m) * 60 + s) * 1000 + ms, ((h2 * 60 + m2) * 60 + s2) * 1000 + ms2
        assert start_ms == round(cue.start * 1000)
        assert end_ms == max(round(cue.end * 1000), start_ms + 1)
