"""How many answers one server writes at once, at the pace of a real endpoint, and how late sentences are.

    python -m benchmarks.live_answers --library SCRATCH [--streams 300 600 750 900] [--workers 1] [--json OUT]

Every stream gets 20 tokens a second. One worker has core 0; the endpoint and the clients, in this process,
have core 1 (two workers have both). A stream counts while it is live together with all the others. `late` is
from when the endpoint wrote the last token of a sentence to when the client had read its `delta`; `sure` from
the token behind it, the first to tell that no further marker follows. `first_event` is from the question to
its evidence, while the questions of all streams come within `--ramp` seconds. Bars: 600 live answers on one
core, 1,000 with two workers, 0 errors, 0 lost events, p95 at most 50 ms; first event p95 at most 800 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.live_parts import (
    LOAD_CORE,
    SERVER_CORE,
    cpu_s,
    ensure_library,
    environment,
    process,
    questions,
)
from tests.servers.paced import PacedServer, draft
from tests.servers.ports import free_port

_RATE = 20.0
_NUMBER = re.compile(r"第(\d+)问")
_EVENT = re.compile(rb"id: (\d+)\nevent: (\w+)\ndata: ([^\n]*)\n\n")


class NotingServer(PacedServer):
    """Notes when it wrote the last token of each sentence, by the number in the question."""

    def __init__(self, *, rate: float, n_tokens: int) -> None:
        super().__init__(rate=rate, n_tokens=n_tokens, first_s=0.0)
        self.ends: dict[int, list[list[float]]] = {}

    async def _chat(self, request: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        prompt = request["messages"][-1]["content"]
        number = _NUMBER.search(prompt)
        ends = self.ends.setdefault(int(number[1]) if number else -1, [])
        noting: Any = _NotingWriter(writer, ends, _ends_of(draft(prompt, self._n_tokens)))
        await super()._chat(request, noting)


def _ends_of(tokens: list[str]) -> set[int]:
    """Which writes of `PacedServer` hold the last token of a sentence; the first two are head and role."""
    return {number + 2 for number, token in enumerate(tokens) if token.endswith("\n")}


class _NotingWriter:
    """A stream writer that notes when a sentence ended, and when the token behind it was written."""

    def __init__(self, writer: asyncio.StreamWriter, ends: list[list[float]], last: set[int]) -> None:
        self._writer, self._ends, self._last = writer, ends, last
        self._n = 0

    def write(self, data: bytes) -> None:
        self._writer.write(data)
        if self._n - 1 in self._last:
            self._ends[-1].append(time.perf_counter())
        if self._n in self._last:
            self._ends.append([time.perf_counter()])
        self._n += 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)


@dataclass
class Stream:
    """What one client saw."""

    number: int
    asked: float = 0.0
    began: float = 0.0
    ended: float = 0.0
    ids: list[int] = field(default_factory=list)
    deltas: list[float] = field(default_factory=list)
    text: str = ""
    done: dict[str, Any] = field(default_factory=dict)
    failed: str = ""

    @property
    def lost(self) -> int:
        """Events that are missing, and texts that are not in `done`."""
        missing = self.ids != list(range(1, len(self.ids) + 1))
        return int(missing) + int(self.done.get("text", "") != self.text.strip())


async def hear(port: int, stream: Stream, question: str) -> None:
    """Ask, and read to the end."""
    body = {"question": f"{question}（第{stream.number}问）", "thinking": "off"}
    data = json.dumps(body, ensure_ascii=False).encode()
    head = (
        "POST /v1/answers HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\naccept: text/event-stream\r\n"
        f"content-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
    )
    try:
        stream.asked = time.perf_counter()
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        writer.write(head.encode() + data)
        status = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in status.split(b"\r\n", 1)[0]:
            stream.failed = status.split(b"\r\n", 1)[0].decode()
        await _read(reader, stream)
        writer.close()
    except (ConnectionError, asyncio.IncompleteReadError) as error:
        stream.failed = type(error).__name__
    if not stream.done and not stream.failed:
        stream.failed = "no done"


async def _read(reader: asyncio.StreamReader, stream: Stream) -> None:
    rest = b""
    while part := await reader.read(1 << 16):
        now = time.perf_counter()
        # The lengths of HTTP's chunked coding stand between the events, never inside one.
        rest += part
        consumed = 0
        for match in _EVENT.finditer(rest):
            consumed = match.end()
            stream.ids.append(int(match[1]))
            match match[2]:
                case b"delta":
                    stream.deltas.append(now)
                    stream.text += json.loads(match[3])["text"]
                case b"evidence":
                    stream.began = now
                case b"done":
                    stream.done, stream.ended = json.loads(match[3]), now
                case b"error":
                    stream.failed = match[3].decode()
        rest = rest[consumed:]


def late_ms(
    streams: list[Stream], ends: Mapping[int, list[list[float]]], since: float, until: float, nth: int
) -> list[float]:
    """Lateness of every sentence that ended in the window, sorted; a withheld one would shift the rest.

    Args:
        nth: 0 from its last token, 1 from the token behind.
    """
    return sorted(
        (arrived - end[nth]) * 1000
        for stream in streams
        if not stream.done.get("withheld")
        for end, arrived in zip(ends.get(stream.number, []), stream.deltas, strict=False)
        if len(end) == 2 and since <= end[0] <= until
    )


async def one_size(port: int, server: NotingServer, pids: list[int], n: int, ramp_s: float) -> dict[str, Any]:
    """All streams of one size, from the first to the last."""
    server.ends.clear()
    streams = [Stream(number) for number in range(n)]
    asked = questions(400)

    async def later(stream: Stream) -> None:
        await asyncio.sleep(ramp_s * stream.number / n)
        await hear(port, stream, asked[stream.number % 400])

    running = asyncio.gather(*(later(stream) for stream in streams))
    await asyncio.sleep(ramp_s)
    while not all(stream.began or stream.failed for stream in streams) and not running.done():  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    cpu, sent, since = sum(map(cpu_s, pids)), server.n_sent, time.perf_counter()
    while not any(stream.ended for stream in streams) and not running.done():  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    until = time.perf_counter()
    cpu, sent = sum(map(cpu_s, pids)) - cpu, server.n_sent - sent
    await running
    late = late_ms(streams, server.ends, since, until, 0)
    sure = late_ms(streams, server.ends, since, until, 1)
    first = sorted((stream.began - stream.asked) * 1000 for stream in streams if stream.began)
    return {
        "streams": n,
        "all_live_s": round(until - since, 1),
        "errors": sum(bool(stream.failed) for stream in streams),
        "first_error": next((stream.failed for stream in streams if stream.failed), ""),
        "lost_events": sum(stream.lost for stream in streams if not stream.failed),
        "degraded": sum("degraded" in stream.done for stream in streams),
        "withheld": sum(stream.done.get("withheld", 0) for stream in streams),
        "first_event_p50_ms": _quantile(first, 0.5),
        "first_event_p95_ms": _quantile(first, 0.95),
        "n_sentences": len(late),
        "late_p50_ms": _quantile(late, 0.5),
        "late_p95_ms": _quantile(late, 0.95),
        "sure_p50_ms": _quantile(sure, 0.5),
        "sure_p95_ms": _quantile(sure, 0.95),
        "cpu_share": round(cpu / max(until - since, 0.001), 3),
        "cpu_us_per_token": round(cpu / max(sent, 1) * 1e6, 1),
        "tokens_per_s": round(sent / max(until - since, 0.001)),
    }


def _quantile(ordered: list[float], share: float) -> float | None:
    return round(ordered[int(len(ordered) * share)], 1) if ordered else None


def children(pid: int) -> list[int]:
    """A process and those that it started."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += children(int(child))
    return found


async def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Each size against a fresh server."""
    rows = []
    for n in options.streams:
        server = NotingServer(rate=_RATE, n_tokens=round((options.ramp + options.seconds) * _RATE))
        async with await asyncio.start_server(server.serve, "127.0.0.1", 0, backlog=4096) as endpoint:
            upstream, door = endpoint.sockets[0].getsockname()[1], free_port()
            env = environment(options.library, f"http://127.0.0.1:{upstream}/v1") | {
                "BAIZE_ADMISSION__UPSTREAM_SLOTS": str(2 * n),
                "BAIZE_CHAT__TOTAL_TIMEOUT_S": "600",
                "BAIZE_ANSWERS__MAX_LIVE": "5000",
                "BAIZE_JOBS__WITH_SERVER": "false",
            }
            if options.redis_url:
                env["BAIZE_REDIS_URL"] = options.redis_url
            core = SERVER_CORE if options.workers == 1 else f"{SERVER_CORE},{LOAD_CORE}"
            command = ["baize", "serve", "--port", str(door), "--workers", str(options.workers)]
            running = process(command, core=core, port=door, env=env)
            # The endpoint lives in this loop: it must not stand still while the server starts or ends.
            pid = await asyncio.to_thread(running.__enter__)
            try:
                await asyncio.sleep(options.warm_up)
                rows.append(await one_size(door, server, children(pid), n, options.ramp))
            finally:
                await asyncio.to_thread(running.__exit__, None, None, None)
        rows[-1]["workers"] = options.workers
        sys.stderr.write(json.dumps(rows[-1]) + "\n")
    return rows


def main() -> None:
    """The command."""
    import uvloop

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--library", type=Path, required=True, help="scratch folder; made on first use")
    parser.add_argument("--chunks", type=int, default=4000)
    parser.add_argument("--streams", type=int, nargs="+", default=[300, 600, 750, 900, 1050])
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--ramp", type=float, default=30.0, help="seconds in which the questions come")
    parser.add_argument("--seconds", type=float, default=30.0, help="that all of them are live")
    parser.add_argument("--warm-up", type=float, default=5.0)
    parser.add_argument("--redis-url", default="")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    ensure_library(options.library, options.chunks)
    os.sched_setaffinity(0, {LOAD_CORE})
    rows = uvloop.run(measure(options))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
