"""CPU per upstream token: Bai Ze's whole answer path, a plain relay, and `AsyncOpenAI`'s default stream.

    python -m benchmarks.token_cost --library SCRATCH [--streams 256,512] [--rounds 5] [--json OUT]

Each server has core 0, the paced endpoint (20 tokens/s a stream) and the clients core 1. Streams are opened
one after another; when all are live, the server's CPU time is taken over a window and divided by the tokens
that the endpoint sent in it. So a token of ours holds its share of cutting sentences, citing, verifying and
encoding; what a question costs before is measured by `question_cost`. Bars: at most 75 µs, 1.35 times the
relay, 0.4 times `AsyncOpenAI`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.live_parts import (
    LOAD_CORE,
    SERVER_CORE,
    Heard,
    cpu_s,
    ensure_library,
    environment,
    listen,
    process,
    questions,
    stats,
)
from tests.servers.ports import free_port

_KINDS = ("ours", "plain", "openai")
_PER_S = 20.0
_LONGEST_S = 600.0
"""Opening and window together: with `AsyncOpenAI`, whose relay falls behind, opening alone takes minutes."""
_PATIENCE_S = 300.0
_SETTLING_S = 2.0


async def cost(kind: str, n_streams: int, window_s: float, library: Path) -> dict[str, float]:
    """µs of the server's CPU per upstream token, and whether the streams kept the pace."""
    upstream, door = free_port(), free_port()
    # More than is ever said: streams are left when the window is over.
    n_tokens = int(_LONGEST_S * _PER_S)
    base_url = f"http://127.0.0.1:{upstream}/v1"
    with ExitStack() as stack:
        paced = ["tests.servers.paced", str(upstream), "--rate", str(_PER_S), "--tokens", str(n_tokens)]
        stack.enter_context(process(paced, core=LOAD_CORE, port=upstream, env=environment(library)))
        if kind == "ours":
            command = ["baize", "serve", "--port", str(door)]
            env = environment(library, base_url) | {
                # Nothing but the machine bounds what is measured.
                "BAIZE_ANSWERS__MAX_LIVE": "5000",
                "BAIZE_ADMISSION__UPSTREAM_SLOTS": str(2 * n_streams),
                "BAIZE_CHAT__TOTAL_TIMEOUT_S": str(2 * _LONGEST_S),
                "BAIZE_JOBS__WITH_SERVER": "false",
            }
        else:
            command = ["benchmarks.relays", str(door)]
            env = dict(os.environ) | {"RELAY": kind, "UPSTREAM": base_url}
        pid = stack.enter_context(process(command, core=SERVER_CORE, port=door, env=env))
        return await _window(kind, door, upstream, pid, n_streams, window_s)


async def _window(
    kind: str, door: int, upstream: int, pid: int, n_streams: int, window_s: float
) -> dict[str, float]:
    asked = questions(n_streams)
    await _ask(kind, door, asked[0], Heard(), first_only=True)
    streams = []
    for question in asked:
        streams.append(asyncio.create_task(_ask(kind, door, question, heard := Heard())))
        await asyncio.wait_for(heard.first.wait(), _PATIENCE_S)
    loop = asyncio.get_running_loop()
    # The first event of ours comes before the call to the endpoint.
    patient_until = loop.time() + _PATIENCE_S
    while (live := (await stats(upstream))["open"]) < n_streams:
        if loop.time() > patient_until:
            raise RuntimeError(f"only {live} of {n_streams} streams are live: the machine is too busy")
        await asyncio.sleep(0.5)
    await asyncio.sleep(_SETTLING_S)
    cpu, sent, at = cpu_s(pid), (await stats(upstream))["tokens"], loop.time()
    await asyncio.sleep(window_s)
    used, told = cpu_s(pid) - cpu, await stats(upstream)
    n_tokens, took_s = told["tokens"] - sent, loop.time() - at
    for stream in streams:
        stream.cancel()
    await asyncio.gather(*streams, return_exceptions=True)
    return {
        "us_per_token": 1e6 * used / n_tokens,
        "core_share": used / took_s,
        "pace": n_tokens / took_s / n_streams,
        "open_at_end": told["open"],
    }


async def _ask(kind: str, door: int, question: str, heard: Heard, *, first_only: bool = False) -> None:
    if kind == "ours":
        body: dict[str, object] = {"question": question, "thinking": "off"}
        path, marker = "/v1/answers", b"event: evidence"
    else:
        passages = "\n".join(f'<passage id="{i}">\n{question}第{i}条说明。\n</passage>' for i in range(1, 9))
        body = {"model": "m", "messages": [{"role": "user", "content": passages}]}
        path, marker = "/chat", b"data:"
    task = asyncio.create_task(listen(door, path, body, heard, marker, b"event: done"))
    try:
        await (heard.first.wait() if first_only else task)
    finally:
        task.cancel()


async def measure(library: Path, sizes: list[int], rounds: int, window_s: float) -> dict[str, Any]:
    """Rounds interleaved, medians with their range."""
    result: dict[str, Any] = {}
    for n_streams in sizes:
        found: dict[str, list[dict[str, float]]] = {kind: [] for kind in _KINDS}
        for number in range(rounds):
            for kind in _KINDS:
                found[kind].append(await cost(kind, n_streams, window_s, library))
                sys.stderr.write(f"{n_streams} {number} {kind} {found[kind][-1]}\n")
        figures = {kind: [one["us_per_token"] for one in each] for kind, each in found.items()}
        middle = {kind: median(each) for kind, each in figures.items()}
        result[str(n_streams)] = {
            **{
                f"{kind}_us": {
                    "value": round(middle[kind], 1),
                    "low": round(min(each), 1),
                    "high": round(max(each), 1),
                }
                for kind, each in figures.items()
            },
            "ours_over_plain": round(middle["ours"] / middle["plain"], 3),
            "ours_over_openai": round(middle["ours"] / middle["openai"], 3),
            "slowest_pace": round(min(one["pace"] for each in found.values() for one in each), 2),
            "rounds": rounds,
            "window_s": window_s,
        }
    return result


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", type=Path, required=True, help="scratch folder; filled at first")
    parser.add_argument("--streams", default="256,512")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--window", type=float, default=10.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    os.sched_setaffinity(0, {LOAD_CORE})
    ensure_library(options.library.resolve(), 4000)
    sizes = [int(size) for size in options.streams.split(",")]
    result = asyncio.run(measure(options.library.resolve(), sizes, options.rounds, options.window))
    text = json.dumps(result, indent=1)
    sys.stdout.write(text + "\n")
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
