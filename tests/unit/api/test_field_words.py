"""Pydantic's errors in our words: which field, once, and what it must be."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError, model_validator

from baize.api.field_words import wrong_fields
from baize.api.instants import AskedInstant
from baize.api.requests import Id, LanguageTag, Seconds, Words


class Part(BaseModel):
    type: Literal["text"]
    text: str = ""


class Span(BaseModel):
    start: Seconds
    end: Seconds

    @model_validator(mode="after")
    def _forward(self) -> Span:
        if self.end < self.start:
            raise ValueError("a span ends before it starts")
        return self


class Page(BaseModel):
    model_config = ConfigDict(extra="forbid")

    file: str
    page: int


class Sent(BaseModel):
    model_config = ConfigDict(extra="forbid")

    words: Words = ""
    id: Id = "a"
    tag: LanguageTag | None = None
    count: Annotated[int, Field(ge=1, le=9)] = 1
    share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    flag: bool = False
    all: Literal[True] | None = None
    thinking: StrictBool | Literal["on", "off"] = "on"
    content: Words | list[Part] = ""
    spans: list[Span] = []
    places: list[Span | Page] = []
    two: Annotated[list[int], Field(max_length=2)] = []
    label: Annotated[str, Field(min_length=2, max_length=3)] = "ab"
    version: Annotated[str, Field(pattern="^v1$")] = "v1"
    at: AskedInstant | None = None
    day: date | None = None
    job: UUID | None = None


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"words": 5}, "words: must be text"),
        ({"places": [{"start": 5, "end": 3}]}, "places.0: a span ends before it starts"),
        ({"words": "a\0"}, "words: must not hold the character NUL"),
        ({"id": "a b"}, "id: must be an id: 1 to 128 letters, digits and . : + ~ _ -"),
        ({"tag": "!"}, "tag: must be a language tag, e.g. zh or en-GB"),
        ({"count": "x"}, "count: must be a whole number"),
        ({"count": 1.5}, "count: must be a whole number"),
        ({"count": []}, "count: must be a whole number"),
        ({"count": 0}, "count: must be at least 1"),
        ({"count": 10}, "count: must be at most 9"),
        ({"share": 0}, "share: must be more than 0.0"),
        ({"share": 1}, "share: must be less than 1.0"),
        ({"share": "x"}, "share: must be a number"),
        ({"flag": "perhaps"}, "flag: must be true or false"),
        ({"all": False}, "all: must be true"),
        ({"thinking": 5}, "thinking: must be true or false or 'on' or 'off'"),
        ({"thinking": "perhaps"}, "thinking: must be true or false or 'on' or 'off'"),
        ({"content": 5}, "content: must be text or a list"),
        ({"content": "a\0"}, "content: must not hold the character NUL"),
        ({"content": [{"type": "text"}, {"text": "x"}]}, "content.1.type: this field is missing"),
        ({"content": ["x"]}, "content.0: must be an object"),
        ({"spans": {}}, "spans: must be a list"),
        ({"spans": [{"start": 2, "end": 1}]}, "spans.0: a span ends before it starts"),
        ({"spans": [{"start": float("inf"), "end": -1}]}, "spans.0.start: must be a finite number"),
        ({"two": [1, 2, 3]}, "two: must hold at most 2, not 3"),
        ({"label": "a"}, "label: must have at least 2 characters"),
        ({"label": "abcd"}, "label: must have at most 3 characters"),
        ({"version": "v2"}, "version: must match ^v1$"),
        ({"at": "x"}, "at: must be an instant, e.g. 2026-11-29T08:00:00+08:00"),
        ({"at": "2026-11-29T08:00:00"}, "at: must say its offset, e.g. 2026-11-29T08:00:00+08:00"),
        ({"at": "1900-01-01T00:00:00Z"}, "at: must be at least 1970-01-01T00:00:00Z"),
        ({"day": "x"}, "day: must be a day, e.g. 2026-11-29"),
        ({"job": "x"}, "job: must be a UUID"),
        ({"wrods": "x"}, "wrods: there is no such field"),
        ([], "body: must be an object"),
    ],
)
def test_a_field_is_told_in_our_words(sent: Any, told: str) -> None:
    """By the name that it was sent under, whatever branches of a union were tried."""
    with pytest.raises(ValidationError) as raised:
        Sent.model_validate(sent)
    first = wrong_fields([(entry["loc"], dict(entry)) for entry in raised.value.errors()], sent)[0]
    assert f"{first.dotted}: {first.message}" == told


def test_each_field_is_told_once() -> None:
    """In the order of the model."""
    sent = {"content": 5, "count": 0, "thinking": "perhaps"}
    with pytest.raises(ValidationError) as raised:
        Sent.model_validate(sent)
    wrong = wrong_fields([(entry["loc"], dict(entry)) for entry in raised.value.errors()], sent)
    assert [one.dotted for one in wrong] == ["count", "thinking", "content"]
