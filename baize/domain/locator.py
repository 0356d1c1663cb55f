"""Where something stands: a span of a video, of a document, or an FAQ entry.

A locator is attached when a source is read and carried unchanged to the citation link. That is the
whole of video navigation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from baize.domain.light import dataclass


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """A span of a recording, in seconds from the media's first frame; `start` ≤ `end`."""

    start: float
    end: float

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"a time span needs 0 <= start <= end, not {self.start}..{self.end}")


@dataclass(frozen=True, slots=True)
class TextSpan:
    """A span of a document: characters of its extracted text, and what a reader sees of the place.

    Attributes:
        file: the document's path inside the course folder.
        char_start: first character, from 0, in the extracted text of the whole document.
        char_end: one past the last character.
        page: the page's number as printed by a reader, from 1; None where the format has no pages.
        section: the nearest heading; empty where there is none.
    """

    file: str
    char_start: int
    char_end: int
    page: int | None = None
    section: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.char_start <= self.char_end:
            raise ValueError(f"a text span needs 0 <= start <= end, not {self.char_start}..{self.char_end}")


@dataclass(frozen=True, slots=True)
class FaqEntry:
    """One entry of a course's or platform's FAQ."""

    entry_id: str


Locator = TimeSpan | TextSpan | FaqEntry


def join(first: Locator, last: Locator) -> Locator:
    """The locator from the start of `first` to the end of `last`, both of one source.

    Raises:
        ValueError: if the two are of different kinds, files or FAQ entries.
    """
    if isinstance(first, TimeSpan) and isinstance(last, TimeSpan):
        return TimeSpan(min(first.start, last.start), max(first.end, last.end))
    if isinstance(first, TextSpan) and isinstance(last, TextSpan) and first.file == last.file:
        return TextSpan(
            first.file,
            min(first.char_start, last.char_start),
            max(first.char_end, last.char_end),
            first.page,
            first.section,
        )
    if first == last:
        return first
    raise ValueError(f"cannot join {first} and {last}")


def overlap(a: TimeSpan, b: TimeSpan) -> float:
    """Seconds that two spans share; 0.0 when they do not touch."""
    return max(0.0, min(a.end, b.end) - max(a.start, b.start))


def iou(a: TimeSpan, b: TimeSpan) -> float:
    """Intersection over union of two spans, 0..1; 0.0 when both are empty."""
    shared = overlap(a, b)
    union = (a.end - a.start) + (b.end - b.start) - shared
    return shared / union if union > 0 else 0.0


def format_timestamp(seconds: float) -> str:
    """`3:07`, or `1:02:07` from an hour on; seconds are cut, not rounded, as players do."""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, secs = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{secs:02}" if hours else f"{minutes}:{secs:02}"


def locator_key(locator: Locator) -> str:
    """The locator as a short, stable string: times in integer milliseconds. Part of chunk ids."""
    match locator:
        case TimeSpan(start, end):
            return f"t:{round(start * 1000)}-{round(end * 1000)}"
        case TextSpan(file, char_start, char_end):
            return f"c:{file}:{char_start}-{char_end}"
        case FaqEntry(entry_id):
            return f"f:{entry_id}"


def locator_to_dict(locator: Locator) -> dict[str, Any]:
    """The wire form, the same in hits, evidence, citations, artefacts and events."""
    match locator:
        case TimeSpan(start, end):
            return {"kind": "time", "start": round(start, 3), "end": round(end, 3)}
        case TextSpan(file, char_start, char_end, page, section):
            place: dict[str, Any] = {"kind": "text", "file": file}
            if page is not None:
                place["page"] = page
            if section:
                place["section"] = section
            return place | {"char_start": char_start, "char_end": char_end}
        case FaqEntry(entry_id):
            return {"kind": "faq", "entry_id": entry_id}


def locator_from_dict(data: Mapping[str, Any]) -> Locator:
    """The inverse of `locator_to_dict`.

    Raises:
        ValueError: if the kind is unknown.
    """
    match data.get("kind"):
        case "time":
            return TimeSpan(float(data["start"]), float(data["end"]))
        case "text":
            return TextSpan(
                str(data["file"]),
                int(data["char_start"]),
                int(data["char_end"]),
                data.get("page"),
                str(data.get("section", "")),
            )
        case "faq":
            return FaqEntry(str(data["entry_id"]))
        case other:
            raise ValueError(f"unknown locator kind {other!r}")
