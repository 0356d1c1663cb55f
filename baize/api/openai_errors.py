"""Problems in OpenAI's shape, on the paths that its clients call."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from baize.api.completion_wire import OpenAIError, OpenAIErrorDetail
from baize.api.encoding import encode
from baize.api.openapi import ref_to
from baize.api.problems import MEDIA_TYPE, Problem

_PATHS = ("/v1/chat/completions", "/v1/models")
_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}

_INDEX = re.compile(r"\.(\d+)(?=\.|$)")
_ENDS = (".", "!", "?", "。")


class OpenAIErrors:
    """Says every problem of these paths as OpenAI's clients expect it, whoever raised it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _is_ours(scope["path"]):
            send = _Retold(send)
        await self._app(scope, receive, send)


class _Retold:
    """Holds a problem's headers back until its body is whole."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if MutableHeaders(scope=message).get("content-type", "").startswith(MEDIA_TYPE):
                self._start = message
                return
        elif self._start is not None and message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._retell(self._start)
            return
        await self._send(message)

    async def _retell(self, start: Message) -> None:
        problem = Problem.model_validate_json(self._body)
        body = encode(openai_error(problem))
        headers = MutableHeaders(scope=start)
        headers["content-type"] = "application/json"
        headers["content-length"] = str(len(body))
        await self._send({**start, "status": _status(problem.status)})
        await self._send({"type": "http.response.body", "body": body})


def openai_error(problem: Problem) -> OpenAIError:
    """`param` is the first field that is wrong; `code` the end of the problem's type."""
    default = "invalid_request_error" if problem.status < 500 else "server_error"
    code = problem.type.rpartition(":")[2] if problem.type != "about:blank" else str(problem.status)
    wrong = [(_param(one.field), one.message) for one in problem.errors or ()]
    detail = "; ".join(f"{param}: {message}" for param, message in wrong) or problem.detail
    detail = detail if detail.endswith(_ENDS) else f"{detail}."
    told = [detail, problem.remedy or "", f"({problem.instance})" if problem.instance else ""]
    return OpenAIError(
        error=OpenAIErrorDetail(
            message=" ".join(part for part in told if part),
            type=_TYPES.get(problem.status, default),
            param=wrong[0][0] if wrong else None,
            code=code.replace("-", "_"),
        )
    )


def _param(field: str) -> str:
    """`messages.0.content` as OpenAI writes it: `messages[0].content`."""
    return _INDEX.sub(r"[\1]", field)


def openai_problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Error responses of a route of this door, for its `responses`."""
    content = {"application/json": {"schema": {"$ref": ref_to(OpenAIError)}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def _is_ours(path: str) -> bool:
    return any(path == ours or path.startswith(f"{ours}/") for ours in _PATHS)


def _status(status: int) -> int:
    # What we call 422, OpenAI's API and clients call 400.
    return 400 if status == 422 else status
