"""What a point of the vector store carries beside its vectors, and how a scope becomes a filter on it.

The passage travels as one JSON string. The client then checks one string instead of a tree, and a string
that was read before gives the very passage that was made from it: the chunks of a passage share it, three
legs find many chunks twice, and questions of one course find the same ones again.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from baize.domain.locator import FaqEntry, Locator, TextSpan, TimeSpan
from baize.domain.search import IndexedChunk, LiveBuild, Scope
from baize.domain.text import Chunk, Segment

if TYPE_CHECKING:
    from qdrant_client import models

CHUNK = ("passage", "position", "focus")
"""Fields that make a chunk, besides the id of its point."""
BUILDS = "build_ids"
INDEXES = {
    "platform_id": "keyword",
    "course_id": "keyword",
    "lesson_id": "keyword",
    "language": "keyword",
    BUILDS: "keyword",
    "start_s": "float",
}
"""Payload fields that filters look at, with the type of their index."""

_LOCATORS: dict[str, type[TimeSpan | TextSpan | FaqEntry]] = {
    "time": TimeSpan,
    "text": TextSpan,
    "faq": FaqEntry,
}
_N_REMEMBERED = 2048
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_Json = dict[str, Any]


class PassageWriter:
    """Writes the passages of chunks as JSON; one that several in a row share is written once."""

    def __init__(self) -> None:
        self._shared: tuple[Any, ...] = ()
        self._written = ""

    def __call__(self, chunk: Chunk) -> str:
        shared = (
            *(chunk.platform_id, chunk.course_id, chunk.lesson_id, chunk.lesson_title, chunk.source_file),
            *(chunk.language, chunk.headings, chunk.text, chunk.sentences, chunk.locator),
            *(chunk.distrusted, chunk.n_tokens),
        )
        if shared != self._shared:
            self._shared, self._written = shared, _write_passage(chunk)
        return self._written


def payload_of(point: IndexedChunk, writer: PassageWriter) -> dict[str, Any]:
    """Everything to filter on, and the chunk itself. Chunks of documents have no `start_s`."""
    chunk = point.chunk
    payload: dict[str, Any] = {
        "platform_id": chunk.platform_id,
        "course_id": chunk.course_id,
        "lesson_id": chunk.lesson_id,
        "language": chunk.language,
        BUILDS: [point.build_id],
        "passage": writer(chunk),
        "position": chunk.position,
    }
    if chunk.focus is not None:
        payload["focus"] = chunk.focus
    place = chunk.window[0].locator if chunk.window else chunk.locator
    if isinstance(place, TimeSpan):
        payload["start_s"] = float(place.start)
    return payload


def chunk_of(point_id: str, payload: Mapping[str, Any]) -> Chunk:
    """The chunk that `payload_of` wrote; it shares the passage's parts with the others of that passage."""
    passage = _read_passage(payload["passage"])
    return Chunk(id=point_id, position=payload["position"], focus=payload.get("focus"), **passage)


def _write_passage(chunk: Chunk) -> str:
    """What the chunks of one passage share, as JSON; sentences are kept as places in its text."""
    fields: _Json = {
        "platform_id": chunk.platform_id,
        "course_id": chunk.course_id,
        "lesson_id": chunk.lesson_id,
        "lesson_title": chunk.lesson_title,
        "source_file": chunk.source_file,
        "language": chunk.language,
        "headings": chunk.headings,
        "text": chunk.text,
        "sentences": _write_sentences(chunk),
        "locator": _write_locator(chunk.locator),
    }
    if chunk.distrusted:
        fields["distrusted"] = chunk.distrusted
    if chunk.n_tokens:
        fields["n_tokens"] = chunk.n_tokens
    return _encode(fields).decode()


@lru_cache(maxsize=_N_REMEMBERED)
def _read_passage(written: str) -> dict[str, Any]:
    """The fields of its chunks but id, position and focus; equal strings give one object."""
    fields: dict[str, Any] = _decode(written)
    text = fields["text"]
    fields["headings"] = tuple(fields["headings"])
    fields["distrusted"] = tuple(fields.get("distrusted", ()))
    fields["sentences"] = tuple(
        [
            Segment(text[at:end] if end else at, _read_locator(written), tuple(headings))
            for at, end, written, headings in fields["sentences"]
        ]
    )
    fields["locator"] = _read_locator(fields["locator"])
    return fields


def _read_locator(written: list[Any]) -> Locator:
    return _LOCATORS[written[0]](*written[1:])


def _write_sentences(chunk: Chunk) -> list[list[Any]]:
    """[start, end, locator, headings] each; [text, 0, …] for a text that does not stand in the chunk's."""
    written: list[list[Any]] = []
    cursor = 0
    for sentence in chunk.sentences:
        at = chunk.text.find(sentence.text, cursor)
        if at >= 0 and sentence.text:
            cursor = at + len(sentence.text)
            place: list[Any] = [at, cursor]
        else:
            place = [sentence.text, 0]
        written.append([*place, _write_locator(sentence.locator), sentence.headings])
    return written


def _write_locator(locator: Locator) -> list[Any]:
    """Exact, where the wire form of the API rounds to milliseconds."""
    match locator:
        case TimeSpan(start, end):
            return ["time", start, end]
        case TextSpan(file, char_start, char_end, page, section):
            return ["text", file, char_start, char_end, page, section]
        case FaqEntry(entry_id):
            return ["faq", entry_id]


def index_schema(field: str) -> models.KeywordIndexParams | models.PayloadSchemaType:
    """How a field of `INDEXES` is indexed; points of one platform are kept together."""
    from qdrant_client import models

    if INDEXES[field] != "keyword":
        return models.PayloadSchemaType(INDEXES[field])
    is_tenant = True if field == "platform_id" else None
    return models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=is_tenant)


def filter_of(scope: Scope, language: str = "") -> dict[str, Any]:
    """The scope as a filter, optionally of one passage language.

    In the lesson of `up_to` only chunks that start before the position match, so none of its documents,
    which have no place in time.
    """
    must = [_is("platform_id", scope.platform_id)]
    listed = {"course_id": scope.course_ids, "lesson_id": scope.lesson_ids, "language": scope.languages}
    must += [_is_any(key, values) for key, values in listed.items() if values]
    if scope.build_ids is not None:
        must.append(_is_any(BUILDS, scope.build_ids))
    if language:
        must.append(_is("language", language))
    if scope.up_to is not None:
        elsewhere = {"must_not": [_is("lesson_id", scope.up_to.lesson_id)]}
        before = {"key": "start_s", "range": {"lt": scope.up_to.position_s}}
        must.append({"should": [elsewhere, before]})
    if scope.starts_within is not None:
        span = {"gte": scope.starts_within.start, "lt": scope.starts_within.end}
        must.append({"key": "start_s", "range": span})
    must_not = [_other_builds(lesson) for lesson in scope.settled]
    if scope.after_lessons:
        must_not.append(_is_any("lesson_id", scope.after_lessons))
    return {"must": must, "must_not": must_not} if must_not else {"must": must}


def _other_builds(lesson: LiveBuild) -> _Json:
    """Points of a lesson that its live build does not list."""
    of_lesson = {"must": [_is("lesson_id", lesson.lesson_id)]}
    return of_lesson | {"must_not": [_is(BUILDS, lesson.build_id)]} if lesson.build_id else of_lesson


def lessons_filter(
    platform_id: str, lesson_ids: tuple[str, ...], without_builds: tuple[str, ...]
) -> dict[str, Any]:
    """Points of these lessons that list none of these builds."""
    within = {"must": [_is("platform_id", platform_id), _is_any("lesson_id", lesson_ids)]}
    return within | {"must_not": [_is_any(BUILDS, without_builds)]} if without_builds else within


def _is(key: str, value: str) -> _Json:
    return {"key": key, "match": {"value": value}}


def _is_any(key: str, values: tuple[str, ...]) -> _Json:
    return {"key": key, "match": {"any": list(values)}}
