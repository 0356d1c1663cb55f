"""A lesson in pictures: which moments, and what is said there. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from baize.domain.course import Chapter
from baize.domain.locator import TimeSpan
from baize.domain.text import Cue

LEAST, MOST = 4, 24
_PACE_S = 45.0
"""A picture for so many seconds, within limits."""
_MAX_HAN, _MAX_LATIN = 60, 110
_INTO_S = 0.5
"""A chapter's first frame is often still the one before."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture of a storyboard.

    Attributes:
        number: from 0.
        at: second of the picture.
        span: what it stands for, up to the next scene.
        chapter: title of the chapter that it is in; empty where there is none.
        caption: the first sentence that is said in it, shortened; empty where nobody speaks.
    """

    number: int
    at: float
    span: TimeSpan
    chapter: str
    caption: str


@dataclass(frozen=True, slots=True)
class Still:
    """A picture that is there already, of the seconds in which the video hardly changes: a slide."""

    span: TimeSpan
    picture: Path


def still_of(scene: Scene, stills: Sequence[Still]) -> Still | None:
    """The slide that is on screen at the scene's second; its picture is of its end, when it is complete."""
    return next((still for still in stills if still.span.start <= scene.at < still.span.end), None)


def scene_at(found: Sequence[Scene], second: float) -> Scene | None:
    """The scene that a second lies in; the last one behind the end."""
    begun = [scene for scene in found if scene.span.start <= second]
    return begun[-1] if begun else next(iter(found), None)


def scenes(duration_s: float, chapters: Sequence[Chapter], cues: Sequence[Cue]) -> tuple[Scene, ...]:
    """Scenes in order: one at each chapter's start, then evenly within the longer chapters.

    A chapter gets pictures by its length; where there are more chapters than pictures, every chapter still
    has its first.
    """
    if duration_s <= 0:
        return ()
    wanted = max(LEAST, min(MOST, round(duration_s / _PACE_S)))
    parts = [c for c in chapters if 0 <= c.start < min(c.end, duration_s)] or [Chapter(0.0, duration_s, "")]
    starts: list[tuple[float, str]] = []
    for part in parts:
        length = min(part.end, duration_s) - part.start
        n = max(1, round(wanted * length / duration_s))
        starts += [(part.start + k * length / n, part.title) for k in range(n)]
    edges = [start for start, _ in starts[1:]] + [duration_s]
    found = []
    for number, ((start, title), end) in enumerate(zip(starts, edges, strict=True)):
        end = max(start, end)
        at = min(start + _INTO_S, (start + end) / 2)
        found.append(Scene(number, at, TimeSpan(start, end), title, _caption(cues, start, end)))
    return tuple(found)


def _caption(cues: Sequence[Cue], start: float, end: float) -> str:
    said = next((cue.text for cue in cues if start - _INTO_S <= cue.start < end), "")
    text = " ".join(said.split())
    most = _MAX_LATIN if text.isascii() else _MAX_HAN
    if len(text) <= most:
        return text
    # Latin text ends with a whole word.
    cut = text.rfind(" ", 0, most) if text.isascii() else most - 1
    return f"{text[: cut if cut > 0 else most - 1]}…"
