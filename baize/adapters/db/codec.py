"""Domain values as text, exactly: what comes back is equal, and so are the bytes of every number in it.

Each dataclass carries its name, so that a union such as `Locator` needs no guessing. Sequences come back
as tuples, the only kind of sequence that the nouns have.
"""

from __future__ import annotations

import json
from dataclasses import fields
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator

from baize.domain.artefact import (
    CourseSummary,
    GlossaryTerm,
    Highlight,
    KeyPoint,
    Prepared,
    QuizItem,
    SummaryLine,
)
from baize.domain.chat import Answer, Citation, Refusal, Usage
from baize.domain.course import Course
from baize.domain.locator import FaqEntry, TextSpan, TimeSpan
from baize.domain.practice import Step
from baize.domain.preferences import Preferences
from baize.domain.search import Hit, Match, Moment
from baize.domain.speech import MarkedSpan, SpeechReport
from baize.domain.support import Ticket, TicketLine
from baize.domain.text import Chunk, Cue, Segment

_TAG = "_"
_PREPARED = (CourseSummary, GlossaryTerm, Highlight, KeyPoint, Prepared, QuizItem, SummaryLine)
_NOUNS = (
    *(
        Answer,
        Chunk,
        Citation,
        Course,
        Cue,
        FaqEntry,
        Hit,
        Match,
        Moment,
        Refusal,
        Segment,
        TextSpan,
        TimeSpan,
        Usage,
    ),
    *_PREPARED,
    *(MarkedSpan, SpeechReport),
    *(Preferences, Step),
    *(Ticket, TicketLine),
)
_BY_NAME: dict[str, type] = {noun.__name__: noun for noun in _NOUNS}
_FIELDS: dict[type, list[str]] = {noun: [field.name for field in fields(noun)] for noun in _NOUNS}


def encode(value: Any) -> str:
    """A noun, or a tuple of nouns or plain values, as compact JSON.

    Raises:
        TypeError: it holds something that is neither a noun of this store nor plain.
    """
    return json.dumps(value, default=_tagged, ensure_ascii=False, separators=(",", ":"))


def decode(text: str) -> Any:
    """The inverse of `encode`. Fields that a noun has lost since are dropped; new ones take their default.

    Short texts, of which thousands of rows hold the same, are read once: what they give cannot be changed.
    """
    return _decoded_before(text) if len(text) <= _SHORT else _decoded(text)


def _decoded(text: str) -> Any:
    return _frozen(json.loads(text))


_SHORT = 64
_decoded_before = lru_cache(maxsize=1024)(_decoded)


def plain(value: Any) -> Any:
    """A column's value as JSON values for people and other programs: without the names of nouns."""
    return _untagged(json.loads(encode(value)))


def _untagged(value: Any) -> Any:
    if isinstance(value, list):
        return [_untagged(item) for item in value]
    if isinstance(value, dict):
        return {name: _untagged(item) for name, item in value.items() if name != _TAG}
    return value


def _tagged(value: object) -> dict[str, Any]:
    names = _FIELDS.get(type(value))
    if names is None:
        raise TypeError(f"{type(value).__name__} cannot be stored")
    return {_TAG: type(value).__name__} | {name: getattr(value, name) for name in names}


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    if isinstance(value, dict):
        noun = _BY_NAME[value[_TAG]]
        return noun(**{name: _frozen(value[name]) for name in _FIELDS[noun] if name in value})
    return value


class Frozen(TypeDecorator[Any]):
    """A column that holds nouns. Text on every database: `jsonb` would reorder keys and renumber."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else encode(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        return None if value is None else decode(value)
