"""The hidden AI label on every response that holds what AI made, found or arranged: the header `AIGC`."""

from __future__ import annotations

import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from baize.domain.aigc import KEY, aigc

_MADE = re.compile(
    r"/mcp|/v1/(?:"
    r"answers(?:/(?P<number>[^/]+)(?:/events)?)?|chat/completions|conversations/[^/]+|search|support|transcriptions"
    r"|courses/[^/]+/(?:key-points|summary)"
    r"|lessons/[^/]+/(?:chapters|chapters\.vtt|glossary|highlights|key-points|quiz|related|storyboard"
    r"|storyboard\.html|summary|transcript|transcript\.vtt)"
    r"|quiz/[^/]+/attempts"
    r"|learners/[^/]+/(?:recommendations|memory|reviews|reviews/anki\.tsv|reviews/export|export|record)"
    r")"
)


def is_made(path: str) -> bool:
    """Whether what comes from this path is labelled."""
    return _MADE.fullmatch(path) is not None


class Labelled:
    """
    Args:
        producer: as in `aigc`.
    """

    def __init__(self, app: ASGIApp, *, producer: str) -> None:
        self._app = app
        self._producer = producer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        made = _MADE.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if made is None:
            await self._app(scope, receive, send)
            return

        async def labelled(message: Message) -> None:
            if message["type"] == "http.response.start" and 200 <= message["status"] < 300:
                MutableHeaders(scope=message)[KEY] = aigc(made["number"] or "", self._producer)
            await send(message)

        await self._app(scope, receive, labelled)
