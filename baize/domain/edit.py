"""What people of a course team changed: kept apart from the sources, and applied again over each of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Literal

from baize.domain.locator import TimeSpan, iou
from baize.domain.text import Cue

EditState = Literal["pending", "applied", "conflict"]
"""Not built yet; shown to learners; or the source changed so much that a person must decide."""

_SAME_PLACE = 0.5
_SAME_TEXT = 0.6


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of one lesson (decisions 25).

    Attributes:
        kind: `cue` for a line of the transcript, `chapters` for the whole outline.
        span: of the line when it was changed; of nothing for an outline.
        base: what the source said there then.
        text: what it shall say; for an outline, its chapters as JSON: [[start in seconds, title], …].
        person: who did it, as the platform names them; may be empty.
        at: seconds since the epoch.
    """

    platform_id: str
    course_id: str
    lesson_id: str
    id: str
    kind: Literal["cue", "chapters"]
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
