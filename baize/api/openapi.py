"""The OpenAPI document: what FastAPI cannot see by itself, the event stream and the problems."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from baize.api.completion_wire import CompletionChunk, OpenAIError
from baize.api.problems import MEDIA_TYPE, Problem
from baize.api.repeated import HEADER, MAX_CHARS, knows_keys
from baize.api.wire import AnswerBody, CitationBody, EvidenceEvent, RefusalBody, StartEvent, TextEvent

_REF = "#/components/schemas/{model}"

_EVENTS: dict[str, tuple[type[BaseModel], str]] = {
    "start": (StartEvent, "first; carries the notice that must be shown"),
    "evidence": (EvidenceEvent, "the passages that the answer may cite, before any model is called"),
    "thinking": (TextEvent, "the model's reasoning, when it was asked for"),
    "delta": (TextEvent, "released sentences with `[n]` markers"),
    "citation": (CitationBody, "right after the `delta` that holds its marker"),
    "refusal": (RefusalBody, "the courses do not cover it; `done` follows"),
    "done": (AnswerBody, "the whole final answer; nothing follows"),
    "error": (Problem, "the answer failed; nothing follows"),
}

TAGS = [
    {"name": "answers", "description": "Questions about the courses, answered from the courses."},
    {"name": "openai", "description": "The same answers for OpenAI's clients."},
    {"name": "search", "description": "Moments, lessons and courses for a query."},
    {"name": "catalogue", "description": "Courses, lessons, and what was prepared for them."},
    {"name": "learners", "description": "What learners like, say and ask aloud."},
    {"name": "support", "description": "The platform's rules, one's own record, and the way to a person."},
    {"name": "operations", "description": "For whoever runs the service."},
]


@dataclass(frozen=True, slots=True)
class StreamDocs:
    """The 200 response of a route that streams answer events."""

    description: str
    content: dict[str, Any]


def _stream_docs() -> StreamDocs:
    rows = "\n".join(f"| `{name}` | `{model.__name__}` | {text} |" for name, (model, text) in _EVENTS.items())
    description = (
        "The answer. As a stream, each event has `id:` (from 1), `event:` and one line `data:` of JSON; "
        "exactly one of `done` and `error` ends it; a comment line comes every 15 s of silence.\n\n"
        f"| event | data | |\n|---|---|---|\n{rows}"
    )
    schema = {
        "type": "string",
        "x-events": {name: {"$ref": ref_to(model)} for name, (model, _) in _EVENTS.items()},
    }
    return StreamDocs(description, {"text/event-stream": {"schema": schema}})


def ref_to(model: type[BaseModel]) -> str:
    return _REF.format(model=model.__name__)


ANSWER_STREAM = _stream_docs()
COMPLETION_STREAM = StreamDocs(
    "The answer; with `stream`, one `CompletionChunk` in each `data:` line, then `data: [DONE]`. "
    "A chunk with `error` ends a stream that failed.",
    {"text/event-stream": {"schema": {"type": "string", "x-chunk": {"$ref": ref_to(CompletionChunk)}}}},
)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Problem responses for a route's `responses`."""
    content = {MEDIA_TYPE: {"schema": {"$ref": ref_to(Problem)}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def install(app: FastAPI) -> None:
    """Give the app a document that also defines the models of events and problems."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes, tags=TAGS
    )
    models: set[type[BaseModel]] = {model for model, _ in _EVENTS.values()}
    models |= {CompletionChunk, OpenAIError}
    _, defined = models_json_schema(
        [(model, "serialization") for model in sorted(models, key=lambda model: model.__name__)],
        ref_template=_REF,
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name, schema in defined.get("$defs", {}).items():
        schemas.setdefault(name, schema)
    # FastAPI names its own validation errors on every route; ours are problems, and OpenAI's door says 400.
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for operation in (each for methods in document["paths"].values() for each in methods.values()):
        if "HTTPValidationError" in str(operation["responses"].get("422")):
            del operation["responses"]["422"]
    for path, methods in document["paths"].items():
        # OpenAI's door has its own errors.
        if path.startswith("/v1/") and "post" in methods and "openai" not in methods["post"]["tags"]:
            _complete_post(path, methods["post"])
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    return document


def _complete_post(path: str, operation: dict[str, Any]) -> None:
    """What stands around every POST: limits (429), and `Idempotency-Key` (409, 422)."""
    statuses = [429]
    if knows_keys(path):
        statuses.append(409)
        told = "The same key with the same body is done once, and has the same reply again."
        schema = {"type": "string", "maxLength": MAX_CHARS}
        operation.setdefault("parameters", []).append(
            {"name": HEADER, "in": "header", "required": False, "description": told, "schema": schema}
        )
    added = {str(status): response for status, response in problems(*statuses).items()}
    operation["responses"] = dict(sorted((added | operation["responses"]).items()))
