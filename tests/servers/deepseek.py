"""A DeepSeek-compatible endpoint on loopback that does what a test scripted, faults included.

    with DeepSeekServer() as server:
        server.enqueue(reply("震荡 [1]。"), Failure(429, headers={"retry-after": "1"}))
        ... server.base_url ...
        server.requests[0].body["thinking"]

One script per chat request, in order; after the last one `responder` answers, by default by quoting the
first passages of the prompt with their markers. `/embeddings` hashes words, `/models` lists `models`.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from baize.testing.hash_embedder import HashEmbedder
from tests.servers.wire import Cut, Failure, Pause, Piece, Script, reply

Body = dict[str, Any]
_PASSAGE = re.compile(r'<passage id="(\d+)"[^>]*>\n(.*?)\n</passage>', re.DOTALL)
_SENTENCE = re.compile(r".+?(?:[。！？!?]|\.(?=\s|$)|$)", re.DOTALL)


def echo_citing(body: Body) -> Script:
    """The first sentence of each of the first two passages, cited; `NOT_COVERED` where there are none."""
    passages = _PASSAGE.findall(body["messages"][-1]["content"])[:2]
    sentences = [(_SENTENCE.match(passage), marker) for marker, passage in passages]
    said = [f"{match.group().strip()} [{marker}]\n" for match, marker in sentences if match]
    return reply(*(said or ["NOT_COVERED"]))


@dataclass
class Received:
    """One request, and how its response ended."""

    path: str
    headers: dict[str, str]
    body: Body
    raw_body: bytes
    client: tuple[str, int] = ("", 0)
    at: float = field(default_factory=time.monotonic)
    disconnected: threading.Event = field(default_factory=threading.Event)
    """The client hung up before the end of the response."""
    ended: threading.Event = field(default_factory=threading.Event)


class DeepSeekServer:
    """Runs in a thread of its own from `__enter__` to `__exit__`.

    Attributes:
        requests: what came in, in order.
        base_url: what a client is configured with.
    """

    def __init__(self, *, models: Sequence[str] = ("deepseek-flash",), dim: int = 64) -> None:
        self.requests: list[Received] = []
        self.responder: Callable[[Body], Script] = echo_citing
        self.models = list(models)
        self.embedder = HashEmbedder(dim)
        self._scripts: list[Script] = []
        # asyncio switches Nagle's delay off only where the socket names its protocol, which
        # `socket.create_server` does not; with it each streamed piece would wait 40 ms for an ACK.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1"
        config = uvicorn.Config(
            self._app,
            interface="asgi3",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    def __enter__(self) -> DeepSeekServer:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._socket.close()

    @property
    def chats(self) -> list[Received]:
        """The chat requests among `requests`."""
        return [request for request in self.requests if request.path.endswith("/chat/completions")]

    def until_asked(self, within_s: float = 60.0) -> None:
        """Waits, in a thread, for the first chat request; TimeoutError when none comes."""
        until = time.monotonic() + within_s
        while not self.chats:
            if time.monotonic() > until:
                raise TimeoutError(f"no chat request within {within_s:g} s")
            time.sleep(0.01)

    def enqueue(self, *scripts: Script) -> None:
        """Answer the next chat requests with these."""
        self._scripts += scripts

    def reset(self) -> None:
        """Forget scripts and requests."""
        self._scripts.clear()
        self.requests.clear()
        self.responder = echo_citing

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        raw = await _read(receive)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        request = Received(scope["path"], headers, json.loads(raw or b"{}"), raw, tuple(scope["client"]))
        self.requests.append(request)
        hung_up = asyncio.ensure_future(receive())
        try:
            await self._respond(request, _Response(send, hung_up))
        finally:
            if hung_up.done():
                request.disconnected.set()
            hung_up.cancel()
            request.ended.set()

    async def _respond(self, request: Received, response: _Response) -> None:
        match request.path.rsplit("/v1/", 1)[-1]:
            case "chat/completions":
                script = self._scripts.pop(0) if self._scripts else self.responder(request.body)
                await response.play(script)
            case "models":
                listed = [{"id": name, "object": "model", "owned_by": "x"} for name in self.models]
                await response.json(200, {"object": "list", "data": listed})
            case "embeddings":
                await response.json(200, await self._embeddings(request.body))
            case _:
                await response.json(404, {"error": {"message": "no such route", "type": "not_found"}})

    async def _embeddings(self, body: Body) -> Body:
        vectors = await self.embedder.embed_passages(body["input"])
        items = [
            {"object": "embedding", "index": index, "embedding": [2.5 * float(x) for x in vector]}
            for index, vector in enumerate(vectors)
        ]
        # Backwards and not of unit length: both are allowed, and clients must cope.
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return {"object": "list", "model": body["model"], "data": items[::-1], "usage": usage}


class _Response:
    def __init__(self, send: Any, hung_up: asyncio.Future[Any]) -> None:
        self._send = send
        self._hung_up = hung_up

    async def json(self, status: int, body: object, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
        await self._start(status, b"application/json", headers)
        await self._send({"type": "http.response.body", "body": json.dumps(body).encode()})

    async def play(self, script: Script) -> None:
        if isinstance(script, Failure):
            headers = [(name.encode(), value.encode()) for name, value in script.headers.items()]
            await self.json(script.status, script.body, headers)
            return
        await self._start(200, b"text/event-stream")
        for piece in script:
            if not await self._put(piece):
                return
        await self._send({"type": "http.response.body", "body": b""})

    async def _put(self, piece: Piece) -> bool:
        """False when the response ends here: uvicorn then closes the connection without a last chunk."""
        if isinstance(piece, Cut) or self._hung_up.done():
            return False
        if isinstance(piece, Pause):
            await asyncio.wait({self._hung_up}, timeout=piece.seconds)
            return not self._hung_up.done()
        await self._send({"type": "http.response.body", "body": piece.data, "more_body": True})
        return True

    async def _start(
        self, status: int, content_type: bytes, headers: Sequence[tuple[bytes, bytes]] = ()
    ) -> None:
        head = [(b"content-type", content_type), *headers]
        await self._send({"type": "http.response.start", "status": status, "headers": head})


async def _read(receive: Any) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body.extend(message.get("body", b""))
        if not message.get("more_body"):
            return bytes(body)
