"""The least service that answers from passages: what our cost of a question is laid beside, in the same run.

UPSTREAM=http://127.0.0.1:9100/v1 python -m benchmarks.floor PORT

FastAPI, one matrix product over as many passages as our library has, aiohttp to the endpoint, an event for
each token. No store, no words, no check of what the model says, nothing kept.
"""

from __future__ import annotations

import json
import os
import sys
import zlib
from collections.abc import AsyncIterator
from functools import cache
from typing import Annotated

import aiohttp
import numpy as np
import numpy.typing as npt
import uvicorn
from fastapi import Body, FastAPI
from fastapi.responses import StreamingResponse

_N_PASSAGES = 4000
_N_FOUND = 4
_DIM = 384
_Vector = npt.NDArray[np.float32]

app = FastAPI()


@app.post("/chat")
async def chat(question: Annotated[str, Body(embed=True)]) -> StreamingResponse:
    """A question in, server-sent events out."""
    return StreamingResponse(_answer(question), media_type="text/event-stream")


async def _answer(question: str) -> AsyncIterator[bytes]:
    scores = _vectors() @ _vector(question)
    found = np.argpartition(-scores, _N_FOUND)[:_N_FOUND]
    passages = [f'<passage id="{n}">\n{_passages()[at]}\n</passage>' for n, at in enumerate(found, 1)]
    message = {"role": "user", "content": "\n".join([*passages, question])}
    request = {"model": "m", "stream": True, "messages": [message]}
    async with _session().post(f"{os.environ['UPSTREAM']}/chat/completions", json=request) as reply:
        async for line in reply.content:
            if line.startswith(b"data: {"):
                text = json.loads(line[6:])["choices"][0]["delta"].get("content")
                if text:
                    yield b"data: " + json.dumps({"delta": text}, ensure_ascii=False).encode() + b"\n\n"
    yield b"event: done\ndata: {}\n\n"


@cache
def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))


@cache
def _passages() -> list[str]:
    said = "说的是怎么浸泡和晾晒，要慢慢地放在阴凉处，不要急着收起来。" * 3
    return [f"第{n}段{said}" for n in range(_N_PASSAGES)]


@cache
def _vectors() -> _Vector:
    return np.stack([_vector(passage) for passage in _passages()])


def _vector(text: str) -> _Vector:
    """A free embedder: the same text, the same vector."""
    made = np.random.default_rng(zlib.crc32(text.encode())).standard_normal(_DIM, dtype=np.float32)
    return np.asarray(made / np.linalg.norm(made), np.float32)


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
