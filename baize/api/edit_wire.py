"""What a course team sends to change a lesson, and what it gets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, Discriminator, Field, Tag, model_validator

from baize.api.instants import instant
from baize.api.requests import RequestBody, Seconds, Words
from baize.api.wire import TimeLocator
from baize.domain.edit import Edit, EditedLine, EditKind
from baize.domain.locator import TextSpan, TimeSpan

Text = Annotated[Words, Field(min_length=1, max_length=2000)]


class CueEdit(RequestBody):
    """What one line shall say."""

    cue_id: Annotated[str, Field(pattern=r"^c\d{1,12}-\d{1,12}$")]
    base_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    """`hash` of the line as it was read: where it says something else by now, nothing is changed."""
    text: Text


class TranscriptPatch(RequestBody):
    """Lines to change: all or none."""

    edits: Annotated[list[CueEdit], Field(min_length=1, max_length=500)]

    @model_validator(mode="after")
    def _each_line_once(self) -> TranscriptPatch:
        if len({edit.cue_id for edit in self.edits}) < len(self.edits):
            raise ValueError("each line may be changed once")
        return self


class ChapterEdit(RequestBody):
    """A chapter; it ends where the next one starts."""

    start: Seconds
    title: Annotated[Words, Field(min_length=1, max_length=200)]


class ChaptersPut(RequestBody):
    """The whole outline."""

    chapters: Annotated[list[ChapterEdit], Field(min_length=1, max_length=500)]

    @model_validator(mode="after")
    def _in_order(self) -> ChaptersPut:
        starts = [chapter.start for chapter in self.chapters]
        if any(a >= b for a, b in pairwise(starts)):
            raise ValueError("each chapter must start after the one before it")
        return self


class TimeEdit(RequestBody):
    """A span of the recording in seconds."""

    kind: Literal["time"] = "time"
    start: Seconds
    end: Seconds

    @model_validator(mode="after")
    def _forward(self) -> TimeEdit:
        if self.end <= self.start:
            raise ValueError("a span must end after it starts")
        return self


class TextEdit(RequestBody):
    """A span of a document in characters of its text."""

    kind: Literal["text"]
    file: Annotated[Words, Field(min_length=1, max_length=500)]
    page: Annotated[int, Field(ge=1)] | None = None
    section: Annotated[Words, Field(max_length=500)] = ""
    char_start: Annotated[int, Field(ge=0)]
    char_end: Annotated[int, Field(ge=1)]

    @model_validator(mode="after")
    def _forward(self) -> TextEdit:
        if self.char_end <= self.char_start:
            raise ValueError("a span must end after it starts")
        return self


def _branch_of(place: object) -> str | None:
    """Which of the two is meant, so that it alone is told what is wrong with it; None where neither is."""
    kind = place.get("kind", "time") if isinstance(place, Mapping) else getattr(place, "kind", "time")
    return {"time": "TimeEdit", "text": "TextEdit"}.get(kind) if isinstance(kind, str) else None


PlaceEdit = Annotated[
    Annotated[TimeEdit, Tag("TimeEdit")] | Annotated[TextEdit, Tag("TextEdit")],
    Discriminator(
        _branch_of,
        custom_error_type="unknown_kind",
        custom_error_message="its kind must be 'time' or 'text'",
    ),
]


class LineEdit(RequestBody):
    """One line, as `GET` gives it."""

    text: Text
    locators: Annotated[list[PlaceEdit], Field(min_length=1, max_length=20)]
    """Where the lesson says it."""
    lesson_id: str = ""
    """Not needed; it is that of the path."""
    origin: str = ""
    """Not needed; it becomes `person`."""

    def edited(self) -> EditedLine:
        return EditedLine(
            self.text,
            tuple(
                TimeSpan(spot.start, spot.end)
                if isinstance(spot, TimeEdit)
                else TextSpan(spot.file, spot.char_start, spot.char_end, spot.page, spot.section)
                for spot in self.locators
            ),
        )


class SummaryPut(RequestBody):
    """The whole summary."""

    lines: Annotated[list[LineEdit], Field(min_length=1, max_length=100)]


class KeyPointsPut(RequestBody):
    """All key points."""

    key_points: Annotated[list[LineEdit], Field(min_length=1, max_length=50)]


class EditAccepted(BaseModel):
    """The change is kept, and the lesson is being built again."""

    ingestion_id: str = Field(description="`GET /v1/ingestions/{id}` tells when learners see it.")


class FaqAccepted(EditAccepted):
    """The FAQ is kept, and is being indexed."""

    n_entries: int


class EditBody(BaseModel):
    """One change of a lesson."""

    id: str
    kind: EditKind
    state: Literal["pending", "applied", "conflict"] = Field(
        description="`conflict`: the source changed so much at this place that a person must decide."
    )
    locator: TimeLocator
    base: str = Field(description="What the source said.")
    text: str
    person: str
    edited_at: datetime


class EditsBody(BaseModel):
    """Every change of a lesson, oldest first."""

    lesson_id: str
    edits: list[EditBody]


def edits_body(lesson_id: str, edits: list[Edit]) -> EditsBody:
    return EditsBody(
        lesson_id=lesson_id,
        edits=[
            EditBody(
                id=edit.id,
                kind=edit.kind,
                state=edit.state,
                locator=TimeLocator(kind="time", start=edit.span.start, end=edit.span.end),
                base=edit.base,
                text=edit.text,
                person=edit.person,
                edited_at=instant(edit.at),
            )
            for edit in edits
        ],
    )
