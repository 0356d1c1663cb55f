"""Cues and chapters → WebVTT (W3C), for `<track>`."""

from __future__ import annotations

from collections.abc import Iterable

from baize.domain.course import Chapter
from baize.domain.text import Cue

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def from_cues(cues: Iterable[Cue]) -> str:
    return _file((cue.start, cue.end, cue.text) for cue in cues)


def from_chapters(chapters: Iterable[Chapter]) -> str:
    return _file((chapter.start, chapter.end, chapter.title) for chapter in chapters)


def _file(blocks: Iterable[tuple[float, float, str]]) -> str:
    return "WEBVTT\n\n" + "".join(_block(*block) for block in blocks)


def _block(start: float, end: float, text: str) -> str:
    first_ms = round(start * 1000)
    # A cue must end after it starts, or players drop it.
    last_ms = max(round(end * 1000), first_ms + 1)
    # An empty line would end the cue, and what follows would be read as a new one.
    lines = "\n".join(line.strip() for line in text.splitlines() if line.strip())
    return f"{_timestamp(first_ms)} --> {_timestamp(last_ms)}\n{lines.translate(_ESCAPES)}\n\n"


def _timestamp(ms: int) -> str:
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{ms:03}"
