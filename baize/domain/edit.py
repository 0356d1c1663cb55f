"""What people of a course team changed: kept apart from the sources, and applied again over each of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Literal

from baize.domain.locator import (
    Locator,
    TextSpan,
    TimeSpan,
    iou,
    locator_from_dict,
    locator_to_dict,
    overlap,
)
from baize.domain.text import Cue

EditState = Literal["pending", "applied", "conflict"]
"""Not built yet; shown to learners; or the source changed so much that a person must decide."""

EditKind = Literal["cue", "chapters", "summary", "key_points", "faq"]
LINES: tuple[EditKind, ...] = ("summary", "key_points")
"""Kinds whose text is a person's lines, each with its places."""

_SAME_PLACE = 0.5
_SAME_TEXT = 0.6


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of one lesson (decisions 25).

    Attributes:
        kind: `cue` for a line of the transcript; `chapters`, `summary`, `key_points` for the whole of it;
            `faq` for a course's FAQ, which is a lesson of its own.
        span: of the line when it was changed; of nothing for what is whole.
        base: what the source said there then; for lines, at all of their places.
        text: what it shall say; chapters as JSON: [[start in seconds, title], …]; lines as `lines_to_text`;
            a FAQ as the lines of its file.
        person: who did it, as the platform names them; may be empty.
        at: seconds since the epoch.
    """

    platform_id: str
    course_id: str
    lesson_id: str
    id: str
    kind: EditKind
    span: TimeSpan
    base: str
    text: str
    person: str
    at: float
    state: EditState = "pending"


def cue_id(cue: Cue) -> str:
    """The same for as long as the line stands at the same milliseconds, whatever it says."""
    return f"c{round(cue.start * 1000)}-{round(cue.end * 1000)}"


def text_hash(text: str) -> str:
    """By it a caller says which text it has seen."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def apply_cue_edits(cues: Sequence[Cue], edits: Sequence[Edit]) -> tuple[tuple[Cue, ...], list[Edit]]:
    """The cues with what people changed, and the edits with what became of them.

    An edit holds where the line still is: half of the joint time is shared, and the source says much the
    same as it did. Where it does not, the source is shown and the edit is a conflict; it is never dropped.
    """
    changed = list(cues)
    settled: list[Edit] = []
    for edit in edits:
        at = max(range(len(cues)), key=lambda n: iou(cues[n].span, edit.span), default=None)
        if at is None or not _holds(edit, cues[at]):
            settled.append(replace(edit, state="conflict"))
            continue
        changed[at] = replace(cues[at], text=edit.text, by_person=True)
        settled.append(replace(edit, state="applied"))
    return tuple(changed), settled


def _holds(edit: Edit, cue: Cue) -> bool:
    if iou(cue.span, edit.span) < _SAME_PLACE:
        return False
    if cue.text in (edit.base, edit.text):
        return True
    return SequenceMatcher(None, edit.base, cue.text, autojunk=False).ratio() >= _SAME_TEXT


@dataclass(frozen=True, slots=True)
class EditedLine:
    """A line of a summary, or a key point, as a person worded it; `locators`: where the lesson says it."""

    text: str
    locators: tuple[Locator, ...]


def lines_to_text(lines: Sequence[EditedLine]) -> str:
    """As an edit keeps them."""
    return json.dumps(
        [[line.text, [locator_to_dict(locator) for locator in line.locators]] for line in lines],
        ensure_ascii=False,
    )


def lines_of(edit: Edit) -> tuple[EditedLine, ...]:
    """What `lines_to_text` wrote."""
    return tuple(
        EditedLine(text, tuple(locator_from_dict(locator) for locator in locators))
        for text, locators in json.loads(edit.text)
    )


def said_at(lines: Sequence[EditedLine], cues: Sequence[Cue]) -> str:
    """What the transcript says where these lines are said to stand, a line a line."""
    return "\n".join(
        " ".join(
            cue.text
            for cue in cues
            if any(isinstance(spot, TimeSpan) and overlap(cue.span, spot) > 0 for spot in line.locators)
        )
        for line in lines
    )


def settle_lines(edit: Edit, cues: Sequence[Cue], files: Collection[str]) -> Edit:
    """The edit with its state: it holds while its files are there and its seconds say much the same."""
    lines = lines_of(edit)
    there = all(spot.file in files for line in lines for spot in line.locators if isinstance(spot, TextSpan))
    said = said_at(lines, cues)
    same = SequenceMatcher(None, edit.base, said, autojunk=False).ratio() >= _SAME_TEXT
    return replace(edit, state="applied" if there and same else "conflict")
