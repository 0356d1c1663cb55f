"""A chat endpoint at the pace of a real one, cheap enough to feed a thousand streams from one core.

    python -m tests.servers.paced PORT --rate 20 --tokens 600 --first-ms 0

Raw asyncio. It says the first sentence of each passage of the prompt, cited, over and over until `--tokens`
are said, two characters of Chinese or one word of English a token, `--rate` a second (0: as fast as it can).
`GET /stats` tells how many streams were asked for, how many tokens were sent, how many streams are open, and
how many were at most.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from itertools import cycle, islice
from typing import Any

_PASSAGE = re.compile(r'<passage id="(\d+)"[^>]*>\n(.*?)\n</passage>', re.DOTALL)
_SENTENCE = re.compile(r".+?(?:[。！？!?]|\.(?=\s|$)|$)", re.DOTALL)
_TOKEN = re.compile(r"\[\d+\]|[\u4e00-\u9fff]{1,2}|\s*\w+|\s*\W")


def draft(prompt: str, n_tokens: int) -> list[str]:
    """Tokens of a cited answer from the passages of a prompt, the last sentence whole."""
    said = [
        _TOKEN.findall(f"{match.group().strip()}[{marker}]\n")
        for marker, passage in _PASSAGE.findall(prompt)
        if (match := _SENTENCE.match(passage))
    ]
    tokens: list[str] = []
    for sentence in cycle(said or [["NOT_COVERED"]]):
        tokens += sentence
        if len(tokens) >= n_tokens or not said:
            return tokens
    return tokens


def event(delta: dict[str, Any], finish: str | None = None, usage: dict[str, int] | None = None) -> bytes:
    """One chunk of the stream, as DeepSeek sends it, in HTTP's chunked coding."""
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    body = {
        "id": "b0e4c8a2-3f5d-4c8e-9a51-5f1f6f1f0a11",
        "object": "chat.completion.chunk",
        "created": 1796000000,
        "model": "deepseek-flash-1017",
        "system_fingerprint": "fp_a49d436",
        "choices": [choice],
        "usage": usage,
    }
    return chunked(b"data: " + json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n")


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


class PacedServer:
    """One pace for every stream."""

    def __init__(self, *, rate: float, n_tokens: int, first_s: float) -> None:
        self._gap_s = 1 / rate if rate else 0.0
        self._n_tokens = n_tokens
        self._first_s = first_s
        self.n_asked = 0
        self.n_sent = 0
        self.n_open = 0
        self.most_open = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, any number of requests."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"content-length:\s*(\d+)", head, re.IGNORECASE)
                body = await reader.readexactly(int(length.group(1))) if length else b""
                path = head.split(b" ", 2)[1]
                if path.endswith(b"/chat/completions"):
                    await self._chat(json.loads(body), writer)
                elif path == b"/stats":
                    self._json(
                        writer,
                        {
                            "asked": self.n_asked,
                            "tokens": self.n_sent,
                            "open": self.n_open,
                            "most": self.most_open,
                        },
                    )
                else:
                    self._json(
                        writer, {"object": "list", "data": [{"id": "deepseek-flash", "object": "model"}]}
                    )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _chat(self, request: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        tokens = draft(request["messages"][-1]["content"], self._n_tokens)
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        self.n_asked += 1
        self.n_open += 1
        self.most_open = max(self.most_open, self.n_open)
        try:
            await asyncio.sleep(self._first_s)
            writer.write(event({"role": "assistant", "content": "", "reasoning_content": None}))
            clock = asyncio.get_running_loop().time
            due = clock()
            for number, token in enumerate(islice(tokens, None)):
                writer.write(event({"content": token, "reasoning_content": None}))
                self.n_sent += 1
                due += self._gap_s
                if self._gap_s:
                    await asyncio.sleep(max(0.0, due - clock()))
                    if writer.is_closing():
                        return
                elif number % 16 == 15:
                    await writer.drain()
            hit = {"prompt_tokens": 900, "prompt_cache_hit_tokens": 640, "completion_tokens": len(tokens)}
            writer.write(event({"content": ""}, "stop", hit))
            writer.write(chunked(b"data: [DONE]\n\n") + b"0\r\n\r\n")
        finally:
            self.n_open -= 1

    def _json(self, writer: asyncio.StreamWriter, body: object) -> None:
        data = json.dumps(body).encode()
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(data)
        writer.write(head + data)


async def run(port: int, server: PacedServer) -> None:
    """Serve until ended."""
    async with await asyncio.start_server(server.serve, "127.0.0.1", port, backlog=4096) as listening:
        await listening.serve_forever()


def main() -> None:
    """The command."""
    import uvloop

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--rate", type=float, default=20.0)
    parser.add_argument("--tokens", type=int, default=600)
    parser.add_argument("--first-ms", type=float, default=0.0)
    options = parser.parse_args()
    server = PacedServer(rate=options.rate, n_tokens=options.tokens, first_s=options.first_ms / 1000)
    uvloop.run(run(options.port, server))


if __name__ == "__main__":
    main()
