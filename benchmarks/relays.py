"""What our cost of a token is laid beside: the least that can relay a chat, under the same server.

RELAY=plain|openai UPSTREAM=http://127.0.0.1:9100/v1 python -m benchmarks.relays PORT
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from functools import cache
from typing import Any

import aiohttp
import msgspec
import uvicorn
from openai import AsyncOpenAI, DefaultAsyncHttpxClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

_UPSTREAM = os.environ.get("UPSTREAM", "")
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


@cache
def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=None)
    )


@cache
def _client() -> AsyncOpenAI:
    import httpx2

    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
    return AsyncOpenAI(base_url=_UPSTREAM, api_key="x", http_client=DefaultAsyncHttpxClient(limits=limits))


async def _plain(request: dict[str, Any]) -> AsyncIterator[bytes]:
    """aiohttp and msgspec, one event for each token."""
    async with _session().post(f"{_UPSTREAM}/chat/completions", json=request | {"stream": True}) as reply:
        async for line in reply.content:
            if not line.startswith(b"data:") or line.startswith(b"data: [DONE]"):
                continue
            if text := _decode(line[5:])["choices"][0]["delta"].get("content"):
                yield b"data: " + _encode({"text": text}) + b"\n\n"
    yield b"event: done\ndata: {}\n\n"


async def _openai(request: dict[str, Any]) -> AsyncIterator[bytes]:
    """`AsyncOpenAI` as its documentation shows it."""
    async for chunk in await _client().chat.completions.create(**request, stream=True):
        if text := chunk.choices[0].delta.content:
            yield b"data: " + _encode({"text": text}) + b"\n\n"
    yield b"event: done\ndata: {}\n\n"


async def chat(request: Request) -> StreamingResponse:
    """POST /chat: a chat request in, server-sent events out."""
    relay = {"plain": _plain, "openai": _openai}[os.environ["RELAY"]]
    return StreamingResponse(relay(await request.json()), media_type="text/event-stream")


app = Starlette(routes=[Route("/chat", chat, methods=["POST"])])

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
