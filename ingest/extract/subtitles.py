"""A subtitle file to tracks of cues: one per language, sorted, without overlaps.

The text is what the file says: only markup, invisible characters and repeated white space go. Lines of one
cue are joined by a space, in Chinese too, where a new line usually marks a new clause.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from baize.domain.text import Cue
from baize.errors import EmptySource
from ingest.extract.languages import detect_language, script_of
from ingest.extract.timed_text import TimedLines, read_timed_lines

_BILINGUAL_SHARE = 0.3
_ROLLING_SHARE = 0.2
_TOUCHING_S = 0.1
_SAME_START_S = 0.01
_DEFAULT_LENGTH_S = 2.0


@dataclass(frozen=True, slots=True)
class Track:
    """The cues of one language, ISO 639-1 or empty where it is not known."""

    language: str
    cues: tuple[Cue, ...]


def read_subtitles(path: Path, language: str) -> list[Track]:
    """The tracks of a subtitle file: two for a file whose cues hold a Chinese and an English line.

    Args:
        language: from the file's name: `zh`, `en`, `zh-en` …; empty to detect it by script.

    Raises:
        UnreadableSource: the file cannot be decoded or parsed; names the line where possible.
        EmptySource: no cue has any text.
    """
    timed = sorted(read_timed_lines(path), key=lambda cue: (cue.start, cue.end))
    by_language = _divide(timed, language)
    tracks = [Track(name, tuple(_tidy(cues))) for name, cues in by_language.items()]
    tracks = [track for track in tracks if track.cues]
    if not tracks:
        raise EmptySource(
            "There is no text in this subtitle file.",
            remedy="Remove the file, so that the speech itself is transcribed, or replace it.",
            path=str(path),
        )
    return tracks


def _divide(timed: list[TimedLines], language: str) -> dict[str, list[TimedLines]]:
    if language in ("", "zh", "en", "zh-en", "en-zh") and _is_bilingual(timed, declared="-" in language):
        return _by_script(timed)
    if not language or "-" in language:
        language = detect_language("\n".join(line for cue in timed for line in cue.lines))
    return {language: timed}


def _is_bilingual(timed: list[TimedLines], *, declared: bool) -> bool:
    """Both scripts have lines of their own all through the file, in one cue or in parallel cues."""
    scripts = [script_of(line) for cue in timed for line in cue.lines]
    n_lettered = sum(script in ("zh", "en") for script in scripts)
    share = 0.01 if declared else _BILINGUAL_SHARE
    return n_lettered > 0 and min(scripts.count("zh"), scripts.count("en")) >= share * n_lettered


def _by_script(timed: list[TimedLines]) -> dict[str, list[TimedLines]]:
    tracks: dict[str, list[TimedLines]] = {"zh": [], "en": []}
    for cue in timed:
        lines: dict[str, list[str]] = defaultdict(list)
        latest = next((script for line in cue.lines if (script := script_of(line)) in tracks), "")
        for line in cue.lines:
            script = script_of(line)
            latest = script if script in tracks else latest
            # A cue of figures only belongs to both languages.
            for name in (latest,) if latest else tuple(tracks):
                lines[name].append(line)
        for name, own in lines.items():
            tracks[name].append(replace(cue, lines=tuple(own)))
    return tracks


def _tidy(timed: list[TimedLines]) -> list[Cue]:
    placed = [replace(cue, start=max(0.0, cue.start)) for cue in timed if max(cue.start, cue.end) >= 0]
    return _trim(_join_repeats(_unroll(placed)))


def _unroll(timed: list[TimedLines]) -> list[TimedLines]:
    """Live captions show each line twice, below and then above the next one: keep it once."""
    if not _is_rolling(timed):
        return timed
    unrolled: list[TimedLines] = []
    shown: tuple[str, ...] = ()
    for cue in timed:
        fresh = cue.lines[_n_repeated(shown, cue.lines) :]
        shown = cue.lines
        if fresh:
            unrolled.append(replace(cue, lines=fresh))
        else:
            unrolled[-1] = replace(unrolled[-1], end=max(unrolled[-1].end, cue.end))
    return unrolled


def _is_rolling(timed: list[TimedLines]) -> bool:
    n_rolled = sum(
        0 < _n_repeated(before.lines, cue.lines) < len(cue.lines) and cue.start - before.end <= _TOUCHING_S
        for before, cue in pairwise(timed)
    )
    return n_rolled >= max(2, _ROLLING_SHARE * len(timed))


def _n_repeated(before: tuple[str, ...], lines: tuple[str, ...]) -> int:
    """How many lines the second begins with that the first ends with."""
    longest = min(len(before), len(lines))
    return next((n for n in range(longest, 0, -1) if before[-n:] == lines[:n]), 0)


def _join_repeats(timed: list[TimedLines]) -> list[Cue]:
    """One cue for each start, and one for a text that is only kept on screen by a second cue."""
    cues: list[Cue] = []
    for timed_lines in timed:
        cue = Cue(timed_lines.start, timed_lines.end, " ".join(timed_lines.lines))
        before = cues[-1] if cues else None
        if before and before.text == cue.text and cue.start - before.end <= _TOUCHING_S:
            cues[-1] = replace(before, end=max(before.end, cue.end))
        elif before and cue.start - before.start < _SAME_START_S:
            cues[-1] = Cue(before.start, max(before.end, cue.end), f"{before.text} {cue.text}")
        else:
            cues.append(cue)
    return cues


def _trim(cues: list[Cue]) -> list[Cue]:
    trimmed = []
    for n, cue in enumerate(cues):
        limit = cues[n + 1].start if n + 1 < len(cues) else float("inf")
        end = cue.end if cue.end > cue.start else cue.start + _DEFAULT_LENGTH_S
        trimmed.append(replace(cue, end=min(end, limit)))
    return trimmed
