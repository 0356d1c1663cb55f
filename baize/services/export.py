"""Cues and chapters as WebVTT and SubRip."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from baize.domain.course import Chapter
from baize.domain.text import Cue


def cues_vtt(cues: Sequence[Cue]) -> str:
    """WebVTT captions (W3C WebVTT, section 4): text escaped, one cue a block."""
    return _vtt((cue.start, cue.end, cue.text) for cue in cues)


def chapters_vtt(chapters: Sequence[Chapter]) -> str:
    """WebVTT chapters, for a `<track kind="chapters">`."""
    return _vtt((chapter.start, chapter.end, chapter.title) for chapter in chapters)


def cues_srt(cues: Sequence[Cue]) -> str:
    """SubRip captions."""
    blocks = (
        f"{number}\n{_times(cue.start, cue.end, ',')}\n{_one_line(cue.text)}\n"
        for number, cue in enumerate(cues, 1)
    )
    return "\n".join(blocks)


def _vtt(rows: Iterable[tuple[float, float, str]]) -> str:
    blocks = [
        f"{_times(start, end, '.')}\n{html.escape(_one_line(text), quote=False)}\n"
        for start, end, text in rows
    ]
    return "\n".join(["WEBVTT\n", *blocks])


def _one_line(text: str) -> str:
    """An empty line would end the cue, and what follows would be read as a new one."""
    return " ".join(text.split())


def _times(start: float, end: float, point: str) -> str:
    first_ms = round(start * 1000)
    # A cue must end after it starts, or players drop it.
    last_ms = max(round(end * 1000), first_ms + 1)
    return f"{_stamp(first_ms, point)} --> {_stamp(last_ms, point)}"


def _stamp(whole_ms: int, point: str) -> str:
    rest, ms = divmod(whole_ms, 1000)
    minutes, secs = divmod(rest, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{secs:02}{point}{ms:03}"
