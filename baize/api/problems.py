"""Errors → `application/problem+json` (RFC 9457). Every failure of the API leaves through here.

The table below is the one place that knows which error means which HTTP status. A failure before the
first byte is a response; a late one in an answer stream is an `error` event with the same object.
"""

from __future__ import annotations

import logging
import math
import traceback
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from baize import errors
from baize.api.encoding import OmitIfNone, encode
from baize.api.field_words import WrongField, wrong_fields

_log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_STORE_RETRY_S = 5.0
_NO_ROUTE = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)
_CORRECT = "Correct the fields named here; /docs shows what is accepted."
_NO_JSON = "Send the body with Content-Type: application/json."
_HIDDEN = "Something went wrong inside the service."
_HIDDEN_REMEDY = "Try again; if it stays, give the operator the `instance` of this problem."


class FieldError(BaseModel):
    """One field of the request that cannot be used."""

    field: str = Field(description="Where it stands, e.g. `scope.up_to.lesson_id`.")
    message: str


class Problem(BaseModel):
    """What went wrong and what to do about it (RFC 9457)."""

    model_config = ConfigDict(json_schema_extra={"title": "Problem"})

    type: str = Field(description="Stable name of this kind of problem.")
    title: str = Field(description="The kind of problem, in words.")
    status: int = Field(description="The HTTP status, or what it would have been in an `error` event.")
    detail: str = Field(description="What happened, to which thing.")
    remedy: OmitIfNone[str] = Field(None, description="What to do about it.")
    errors: OmitIfNone[list[FieldError]] = Field(None, description="The fields that are wrong.")
    instance: OmitIfNone[str] = Field(None, description="Names this very failure; the service's log has it.")


@dataclass(frozen=True, slots=True)
class Kind:
    """How one class of errors looks on the wire. `name` is the end of the problem's `type`."""

    status: int
    name: str
    title: str

    @property
    def type(self) -> str:
        return f"urn:problem-type:baize:{self.name}"


_INTERNAL = Kind(500, "internal", "Internal error")
_INVALID_REQUEST = Kind(422, "invalid-request", "The request cannot be used")

KINDS: Mapping[type[errors.BaizeError], Kind] = {
    errors.BaizeError: _INTERNAL,
    errors.InvalidInput: Kind(422, "invalid-input", "The input cannot be used"),
    errors.InvalidManifest: Kind(422, "invalid-manifest", "A file about a course is wrong"),
    errors.UnreadableSource: Kind(422, "unreadable-source", "A source cannot be read"),
    errors.EmptySource: Kind(422, "empty-source", "A source is empty"),
    errors.InvalidSettings: Kind(500, "invalid-settings", "The service is not configured correctly"),
    errors.NotFound: Kind(404, "not-found", "Not found"),
    errors.Unauthorised: Kind(401, "unauthorised", "Not authorised"),
    errors.NotAllowed: Kind(403, "not-allowed", "Not allowed"),
    errors.TooOften: Kind(429, "too-often", "Too many requests"),
    errors.Conflict: Kind(409, "conflict", "Conflict"),
    errors.Overloaded: Kind(503, "overloaded", "Too much to do"),
    errors.DependencyUnavailable: Kind(503, "dependency-unavailable", "A dependency is unavailable"),
    errors.AnswerLost: Kind(503, "answer-lost", "The answer broke off"),
    errors.IndexUnavailable: Kind(503, "index-unavailable", "The index is unavailable"),
    errors.ModelUnavailable: Kind(503, "model-unavailable", "A model is unavailable"),
    errors.UpstreamFailed: Kind(502, "upstream-failed", "The chat endpoint failed"),
    errors.UpstreamRejected: Kind(502, "upstream-rejected", "The chat endpoint refused the request"),
    errors.UpstreamBusy: Kind(503, "upstream-busy", "The chat endpoint is overloaded"),
    errors.PromptError: Kind(500, "prompt-error", "A prompt is unusable"),
}


def kind_of(error: errors.BaizeError) -> Kind:
    """The row of the error's class, or of the nearest class above it that has one."""
    return next(KINDS[cls] for cls in type(error).__mro__ if cls in KINDS)


def problem_of(error: Exception) -> Problem:
    """The problem object of any exception.

    What is the operator's business (settings, prompts, bugs) goes to the log; the caller gets only the
    `instance` to quote.
    """
    if not isinstance(error, errors.BaizeError):
        return _internal(error, _INTERNAL)
    kind = kind_of(error)
    if kind.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return _internal(error, kind)
    return Problem(
        type=kind.type,
        title=kind.title,
        status=kind.status,
        detail=_placed(error),
        remedy=error.remedy or None,
    )


def _placed(error: errors.BaizeError) -> str:
    """What happened, and in which line of what was sent; a path would be one of the server's."""
    line = error.line if isinstance(error, errors.InvalidInput) else None
    return error.message if line is None else f"Line {line}: {error.message}"


def _internal(error: Exception, kind: Kind) -> Problem:
    instance = f"urn:uuid:{uuid.uuid4()}"
    # Our own messages never hold a learner's words; of any other exception only the place is logged.
    told = str(error) if isinstance(error, errors.BaizeError) else ""
    places = "".join(traceback.format_tb(error.__traceback__))
    _log.error("%s %s: %s\n%s", instance, type(error).__qualname__, told, places)
    return Problem(
        type=kind.type,
        title=kind.title,
        status=kind.status,
        detail=_HIDDEN,
        remedy=_HIDDEN_REMEDY,
        instance=instance,
    )


def problem_of_http(status: int, detail: str, remedy: str = "") -> Problem:
    """A problem that HTTP itself names: 401, 404 on an unknown path, 405, 413 …"""
    phrase = HTTPStatus(status).phrase
    return Problem(
        type="about:blank", title=phrase, status=status, detail=detail or phrase, remedy=remedy or None
    )


def respond(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    return Response(encode(problem), problem.status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make every error that a route raises come out as a problem."""
    app.add_exception_handler(errors.BaizeError, _on_baize_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)


async def _on_baize_error(_: Request, error: Exception) -> Response:
    wait_s = _wait_of(error)
    headers = {"Retry-After": str(math.ceil(wait_s))} if wait_s else None
    if isinstance(error, errors.Unauthorised):
        headers = {"WWW-Authenticate": "Bearer"}
    return respond(problem_of(error), headers)


def _wait_of(error: Exception) -> float | None:
    """When asking again may help, in seconds; None where it is not known to."""
    if isinstance(error, errors.UpstreamFailed | errors.Overloaded | errors.TooOften):
        return error.retry_after_s
    # A model that is missing stays missing; a store that is away is mostly back soon.
    if isinstance(error, errors.DependencyUnavailable) and not isinstance(error, errors.ModelUnavailable):
        return _STORE_RETRY_S
    return None


async def _on_http_exception(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):  # pragma: no cover - registered for this class only
        raise error
    status, detail, remedy = error.status_code, error.detail, ""
    if status in _NO_ROUTE and detail == HTTPStatus(status).phrase:
        detail, remedy = f"There is no {request.method} {request.url.path}.", "/docs shows what there is."
    return respond(problem_of_http(status, detail, remedy), error.headers)


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    found: Sequence[Any] = error.errors() if isinstance(error, RequestValidationError) else ()
    if any(entry["type"] == "json_invalid" for entry in found):
        return respond(problem_of_http(400, "The body is not valid JSON.", "Send a JSON object in UTF-8."))
    fields = [FieldError(field=one.dotted, message=one.message) for one in _wrong_in(error, found)]
    return respond(
        Problem(
            type=_INVALID_REQUEST.type,
            title=_INVALID_REQUEST.title,
            status=_INVALID_REQUEST.status,
            detail="; ".join(f"{field.field}: {field.message}" for field in fields),
            remedy=_NO_JSON if _is_no_json(request, found) else _CORRECT,
            errors=fields,
        )
    )


def _is_no_json(request: Request, found: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a body is wrong because it was not read: it was not said to be JSON."""
    unread = any(tuple(entry["loc"]) == ("body",) and entry["type"] != "missing" for entry in found)
    return unread and "json" not in request.headers.get("content-type", "")


def _wrong_in(error: Exception, found: Sequence[Mapping[str, Any]]) -> list[WrongField]:
    """The fields of the body, after those of path, query and headers, whose places name no branches."""
    placed = [(tuple(entry["loc"]), entry) for entry in found]
    sent = error.body if isinstance(error, RequestValidationError) else None
    return [
        *wrong_fields([(place[1:], entry) for place, entry in placed if place[0] != "body"], None),
        *wrong_fields([(place[1:], entry) for place, entry in placed if place[0] == "body"], sent),
    ]
