"""Subtitle files to tracks: encodings, markup, repair, bilingual files, rolling captions."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from baize.domain.text import Cue
from baize.errors import EmptySource, UnreadableSource
from ingest.extract.subtitles import Track, read_subtitles

_POEM = "今天我们学习怎样在家里测量血压。坐下来休息五分钟，把袖带绑在上臂，和心脏一样高。"
_TRADITIONAL = "今天我們學習怎樣在家裡測量血壓。坐下來休息五分鐘，把袖帶綁在上臂，和心臟一樣高。"


def read(folder: Path, name: str, content: str | bytes, language: str = "") -> list[Track]:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_subtitles(path, language)


def texts(track: Track) -> list[str]:
    return [cue.text for cue in track.cues]


def srt(*cues: tuple[str, str, str]) -> str:
    return "\n".join(
        f"{n}\n{start} --> {end}\n{text}\n" for n, (start, end, text) in enumerate(cues, start=1)
    )


def test_an_srt_file_is_read_with_its_times(tmp_path: Path) -> None:
    """Times are seconds; the language comes from the caller."""
    content = srt(("00:00:01,500", "00:00:03,250", "Hello there."), ("01:00:04,000", "01:00:06,000", "Bye."))
    (track,) = read(tmp_path, "a.srt", content, "en")
    assert track == Track("en", (Cue(1.5, 3.25, "Hello there."), Cue(3604.0, 3606.0, "Bye.")))


def test_vtt_identifiers_notes_styles_and_settings_are_no_text(tmp_path: Path) -> None:
    """Only what stands under a timing line, up to the next blank one, is spoken."""
    content = (
        "WEBVTT - title\nKind: captions\n\nSTYLE\n::cue { color: red }\n\nNOTE remember\n\n"
        "intro\n00:01.000 --> 00:02.000 align:start position:0%\n<v Ann><c.loud>Hi</c>, 2 &lt; 3</v>\n\n"
        "NOTE 00:02\nnot this\n\nsecond\n00:00:02.000 --> 00:00:04.000\n<00:00:02.500>The answer is\n42\n\n"
        "NOTE the end\n"
    )
    (track,) = read(tmp_path, "a.vtt", content)
    assert texts(track) == ["Hi, 2 < 3", "The answer is 42"]
    assert track.language == "en"


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        (r"{\an8}<i>On top</i>", "On top"),
        (r"one\Ntwo", "one two"),
        ('<font color="#fff">Salt &amp; pepper</font>', "Salt & pepper"),
        ("if a <b and c> d", "if a <b and c> d"),
        ("a\u200bb\ufeffc  \u3000 d", "abc d"),
        ("cafe\u0301", "caf\u00e9"),
        (r"open C:\New", r"open C:\New"),
        ("<ruby>漢<rt>hàn</rt></ruby>字", "漢字"),
    ],
)
def test_markup_goes_and_text_stays(tmp_path: Path, marked: str, plain: str) -> None:
    """Tags, overrides and invisible characters are removed; what only looks like a tag is not."""
    (track,) = read(tmp_path, "a.srt", srt(("00:00:01,000", "00:00:02,000", marked)), "zh")
    assert texts(track) == [plain]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", _POEM),
        ("utf-8-sig", _POEM),
        ("utf-16", _POEM),
        ("utf-16-le", _POEM),
        ("gb18030", _POEM),
        ("gb18030", "你好，世界"),
        ("big5", _TRADITIONAL),
        ("cp1252", "It’s called “proofing” – let’s wait."),
    ],
)
def test_encodings_are_recognised(tmp_path: Path, encoding: str, text: str) -> None:
    """A file in any usual encoding of China gives its text, also when it is short."""
    content = srt(("00:00:01,000", "00:00:02,000", text)).encode(encoding)
    (track,) = read(tmp_path, "a.srt", content)
    assert texts(track) == [text]


def test_an_ambiguous_code_page_is_refused(tmp_path: Path) -> None:
    """Accented letters of a Western code page could be another one's: no guess, but a remedy."""
    content = srt(("00:00:01,000", "00:00:02,000", "Où est le café où l'élève est allé?")).encode("cp1252")
    with pytest.raises(UnreadableSource) as caught:
        read(tmp_path, "a.srt", content)
    assert caught.value.line == 3
    assert "UTF-8" in caught.value.remedy


def test_a_broken_byte_names_its_line(tmp_path: Path) -> None:
    """A wrong guess never passes: UTF-8 with one broken character is refused at its line."""
    content = srt(("00:00:01,000", "00:00:02,000", _POEM), ("00:00:03,000", "00:00:04,000", _POEM)).encode()
    broken = content[:-8] + b"\xff\xfe" + content[-6:]
    with pytest.raises(UnreadableSource) as caught:
        read(tmp_path, "a.srt", broken)
    assert caught.value.line == 7
    assert caught.value.remedy


def test_a_broken_timing_line_is_named(tmp_path: Path) -> None:
    """A timing line that cannot be read is an error, not a cue that silently vanishes."""
    with pytest.raises(UnreadableSource) as caught:
        read(tmp_path, "a.srt", "1\n00:00:01,000 --> 00:00:02,000\nfine\n\n2\n00:00:0x,000 --> later\nlost\n")
    assert caught.value.line == 6


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.vtt", "WEBVTT\n"), ("a.srt", ""), ("a.srt", "1\n00:00:01,000 --> 00:00:02,000\n♪\n")],
)
def test_a_file_without_words_is_empty(tmp_path: Path, name: str, content: str) -> None:
    """Nothing to learn from is told as such, with a remedy."""
    with pytest.raises(EmptySource) as caught:
        read(tmp_path, name, content)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("name", "content"), [("a.srt", "just prose\n"), ("a.ass", "prose"), ("a.sub", "{1}{2}x")]
)
def test_what_is_no_subtitle_file_is_refused(tmp_path: Path, name: str, content: str) -> None:
    """A wrong format is unreadable, not empty."""
    with pytest.raises(UnreadableSource):
        read(tmp_path, name, content)


def test_bilingual_cues_become_two_tracks(tmp_path: Path) -> None:
    """Each line goes to the language of its script; a cue of figures goes to both."""
    content = srt(
        (
            "00:00:00,000",
            "00:00:04,000",
            "Welcome to this course, which is\nabout bread.\n欢迎学习面包。",
        ),
        ("00:00:04,000", "00:00:05,000", "2 + 2"),
        ("00:00:05,000", "00:00:08,000", "用 Python 和 NumPy\nWe use Python and NumPy."),
    )
    zh, en = read(tmp_path, "a.srt", content, "zh-en")
    assert (zh.language, texts(zh)) == ("zh", ["欢迎学习面包。", "2 + 2", "用 Python 和 NumPy"])
    assert texts(en) == [
        "Welcome to this course, which is about bread.",
        "2 + 2",
        "We use Python and NumPy.",
    ]


def test_a_chinese_file_with_english_terms_stays_one_track(tmp_path: Path) -> None:
    """Terms do not make a file bilingual, nor does a rare English line."""
    lines = ["我们用 gradient descent", "学习率 learning rate", "Overfitting", "今天讲过拟合", "再见"]
    cues = [(f"00:00:0{n},000", f"00:00:0{n + 1},000", line) for n, line in enumerate(lines)]
    (track,) = read(tmp_path, "a.srt", srt(*cues))
    assert track.language == "zh"
    assert texts(track) == lines


def test_ass_events_are_read_by_language_without_drawings(tmp_path: Path) -> None:
    """Comments and drawings are left out, overrides removed, parallel events divided and sorted."""
    content = (
        "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname\nStyle: Default,Arial\n\n"
        "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
        "Dialogue: 0,0:00:03.00,0:00:05.00,Default,,0,0,0,,Second, with a comma\n"
        "Dialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,{\\i1}Hello{\\i0}\\Nthere\n"
        "Dialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,大家好\n"
        "Dialogue: 0,0:00:03.00,0:00:05.00,Default,,0,0,0,,第二句\n"
        "Comment: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,a note\n"
        "Dialogue: 0,0:00:06.00,0:00:07.00,Default,,0,0,0,,{\\p1}m 0 0 l 10 10{\\p0}\n"
    )
    zh, en = read(tmp_path, "a.zh-en.ass", content, "zh-en")
    assert zh.cues == (Cue(1.0, 2.5, "大家好"), Cue(3.0, 5.0, "第二句"))
    assert en.cues == (Cue(1.0, 2.5, "Hello there"), Cue(3.0, 5.0, "Second, with a comma"))


def test_rolling_captions_are_shown_once(tmp_path: Path) -> None:
    """Live captions that scroll repeat each line twice; each is kept once, with its own start."""
    content = "WEBVTT\n\n" + "\n".join((
        "00:00:00.000 --> 00:00:02.000\n \nhello everyone<00:00:01.000><c> and welcome</c>\n",
        "00:00:02.000 --> 00:00:02.010\nhello everyone and welcome\n \n",
        "00:00:02.010 --> 00:00:04.000\nhello everyone and welcome\ntoday we talk\n",
        "00:00:04.000 --> 00:00:04.010\ntoday we talk\n \n",
        "00:00:04.010 --> 00:00:06.000\ntoday we talk\nabout bread\n",
    ))  # fmt: skip
    (track,) = read(tmp_path, "a.en.vtt", content, "en")
    assert texts(track) == ["hello everyone and welcome", "today we talk", "about bread"]
    assert [cue.start for cue in track.cues] == [0.0, 2.01, 4.01]


def test_a_text_said_twice_with_a_pause_stays_twice(tmp_path: Path) -> None:
    """Only a cue that continues the same text without a gap is a duplicate."""
    content = srt(
        ("00:00:01,000", "00:00:02,000", "Again."),
        ("00:00:03,000", "00:00:04,000", "Again."),
        ("00:00:04,000", "00:00:05,000", "Again."),
    )
    (track,) = read(tmp_path, "a.srt", content, "en")
    assert track.cues == (Cue(1.0, 2.0, "Again."), Cue(3.0, 5.0, "Again."))


def test_wrong_times_are_repaired(tmp_path: Path) -> None:
    """Unsorted, negative, reversed and overlapping times come out sorted and apart."""
    content = srt(
        ("00:00:08,000", "00:00:07,000", "reversed"),
        ("00:00:05,000", "00:00:09,000", "overlapping"),
        ("-00:00:01,000", "00:00:02,000", "negative start"),
        ("-00:00:09,000", "-00:00:08,000", "before the film"),
    )
    (track,) = read(tmp_path, "a.srt", content, "en")
    assert track.cues == (
        Cue(0.0, 2.0, "negative start"),
        Cue(5.0, 8.0, "overlapping"),
        Cue(8.0, 10.0, "reversed"),
    )


def test_numbers_of_cues_are_no_text_even_without_blank_lines(tmp_path: Path) -> None:
    """The index of the next cue is told from a spoken number by its place and value."""
    content = (
        "1\n00:00:01,000 --> 00:00:02,000\nHow many?\n2\n00:00:02,500 --> 00:00:03,000\n7\n\n"
        "3\n00:00:04,000 --> 00:00:05,000\nSeven\n8\n"
    )
    (track,) = read(tmp_path, "a.srt", content, "en")
    assert texts(track) == ["How many?", "7", "Seven 8"]


_times = st.integers(min_value=-5_000, max_value=100_000)


def _stamp(ms: int) -> str:
    sign, ms = ("-", -ms) if ms < 0 else ("", ms)
    return f"{sign}{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02},{ms % 1000:03}"


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(spans=st.lists(st.tuples(_times, _times), min_size=1, max_size=12))
def test_cues_are_always_sorted_and_apart(tmp_path: Path, spans: list[tuple[int, int]]) -> None:
    """Whatever the times of a file are, cues have a length, are in order and never overlap."""
    cues = [(_stamp(start), _stamp(end), f"word {chr(97 + n)}") for n, (start, end) in enumerate(spans)]
    try:
        (track,) = read(tmp_path, "a.srt", srt(*cues), "en")
    except EmptySource:
        assert all(start < 0 and end < 0 for start, end in spans)
        return
    assert all(0 <= cue.start < cue.end for cue in track.cues)
    assert all(before.end <= after.start for before, after in pairwise(track.cues))
    kept = " ".join(texts(track)).split("word ")
    assert len([word for word in kept if word]) == sum(max(span) >= 0 for span in spans)
