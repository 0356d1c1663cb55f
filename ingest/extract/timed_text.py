"""WebVTT, SubRip and ASS files to timed lines, each line free of markup.

WebVTT and SubRip are parsed here and not by pysubs2, which (1.8.1) glues cue identifiers and NOTE blocks
to the text, drops a last line that is only a number ("等于 / 42") and can't name the line of an error.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from baize.errors import UnreadableSource
from ingest.extract.encoding import read_text

_LINE_END = re.compile(r"\r\n|\r|\n")
_TIMING = re.compile(r"^\s*-?\d+:.*-->")
_STAMP = r"(-?)(?:(\d+):)?(\d{1,2}):(\d{1,2})(?:[.,:](\d{1,3}))?"
_STAMPS = re.compile(rf"^\s*{_STAMP}\s*-->\s*{_STAMP}(?:\s|$)")
_OVERRIDE = re.compile(r"\{\\[^}]*\}")
_RUBY = re.compile(r"<rt(?:\.[^>]*)?>.*?(?:</rt>|$)")
_BREAK = re.compile(r"<br\s*/?>|(?<!:)\\N", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:i|b|u|s|c|em|strong|ruby|rt)(?:\.[^<>\s]*)?>"
    r"|</?(?:v|lang|font|span|p|div)(?:[.\s][^<>]*)?>"
    r"|<\d[\d:.]*>",
    re.IGNORECASE,
)
# Joiners (U+200C, U+200D) stay: Uyghur, Mongolian and emoji are spelt with them.
_INVISIBLE = re.compile(r"[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufffe]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class TimedLines:
    """One cue as the file has it: times may be negative, reversed or overlapping; no line is empty."""

    start: float
    end: float
    lines: tuple[str, ...]


def read_timed_lines(path: Path) -> list[TimedLines]:
    """The cues in file order.

    Raises:
        UnreadableSource: undecodable, of an unknown format, or with a broken timing line, which it names.
    """
    text = read_text(path)
    match path.suffix.lower():
        case ".vtt":
            cues = _parse_blocks(path, text, blank_ends_cue=True)
        case ".srt":
            cues = _parse_blocks(path, text, blank_ends_cue=False)
        case ".ass" | ".ssa":
            cues = _parse_ass(path, text)
        case other:
            raise UnreadableSource(
                f"{other or 'A file without an extension'} is no subtitle format that Bai Ze reads.",
                remedy="Convert it to .vtt, .srt or .ass.",
                path=str(path),
            )
    return [cue for cue in cues if cue.lines]


def _parse_blocks(path: Path, text: str, *, blank_ends_cue: bool) -> list[TimedLines]:
    rows = _LINE_END.split(text)
    timings = [n for n, row in enumerate(rows) if _TIMING.match(row)]
    if not timings and text.strip() and not text.lstrip("\ufeff").startswith("WEBVTT"):
        raise UnreadableSource(
            "There is no timing line (00:00:01.000 --> 00:00:04.000) in this subtitle file.",
            remedy="Export the subtitles again.",
            path=str(path),
            line=1,
        )
    cues = []
    for number, (here, after) in enumerate(pairwise([*timings, len(rows)]), start=1):
        start, end = _times(path, rows[here], here + 1)
        body = rows[here + 1 : after]
        if after < len(rows):
            body = _without_next_name(body, number, blank_ends_cue)
        if blank_ends_cue:
            # A line of spaces is none: live captions begin with one.
            body = body[: body.index("")] if "" in body else body
        cues.append(TimedLines(start, end, tuple(_clean_markup(body))))
    return cues


def _times(path: Path, row: str, line: int) -> tuple[float, float]:
    found = _STAMPS.match(row)
    if not found:
        raise UnreadableSource(
            "This timing line cannot be read.",
            remedy="Write it as 00:00:01.000 --> 00:00:04.000.",
            path=str(path),
            line=line,
        )
    values = found.groups()
    return _seconds(values[:5]), _seconds(values[5:])


def _seconds(parts: tuple[str | None, ...]) -> float:
    sign, hours, minutes, seconds, fraction = (part or "" for part in parts)
    total = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction or 0}")
    return -total if sign else total


def _without_next_name(body: list[str], number: int, any_name: bool) -> list[str]:
    """The rows of a cue without the identifier of the next one, which stands right above its timing."""
    if not body or not body[-1].strip():
        return body
    name = body[-1].strip()
    after_blank = len(body) == 1 or not body[-2].strip()
    if (after_blank and (any_name or name.isdigit())) or name == str(number + 1):
        return body[:-1]
    return body


def _clean_markup(rows: list[str]) -> Iterator[str]:
    text = _RUBY.sub("", _OVERRIDE.sub("", "\n".join(rows)))
    text = html.unescape(_TAG.sub("", _BREAK.sub("\n", text)))
    return _clean_lines(text)


def _clean_lines(text: str) -> Iterator[str]:
    for row in text.split("\n"):
        line = unicodedata.normalize("NFC", _CONTROL.sub("", _INVISIBLE.sub("", row)))
        line = " ".join(line.split())
        if any(char.isalnum() for char in line):
            yield line


def _parse_ass(path: Path, text: str) -> list[TimedLines]:
    import pysubs2

    try:
        events = pysubs2.SSAFile.from_string(text, format_="ass").events
    except (pysubs2.exceptions.Pysubs2Error, ValueError, IndexError) as error:
        raise UnreadableSource(
            f"The subtitle file is damaged ({error}).", remedy="Export the subtitles again.", path=str(path)
        ) from error
    if not events and "[events]" not in text.lower() and text.strip():
        raise UnreadableSource(
            "There is no [Events] section in this subtitle file.",
            remedy="Export the subtitles again.",
            path=str(path),
            line=1,
        )
    return [
        TimedLines(event.start / 1000, event.end / 1000, tuple(_clean_lines(event.plaintext)))
        for event in events
        if not event.is_comment and not event.is_drawing
    ]
