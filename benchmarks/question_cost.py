"""What a question costs beside the model: CPU in all and before the first event, and how soon that comes.

    python -m benchmarks.question_cost --library SCRATCH [--rounds 5] [--json OUT]

4,000 chunks, the free embedder, an endpoint without delay that says 32 tokens; the server has core 0, the
endpoint and the clients core 1 (the embedded store's own process is not counted). Bars: at most 10 ms of CPU
in all and 5 ms before the first event; first event p50 at most 20 ms alone and 300 ms with 64 clients. For
scale, in turns with ours: `benchmarks.floor`, which took 2 to 3 ms and 104 ms where the bars were set.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from dataclasses import dataclass
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
)
from tests.servers.ports import free_port

_N_TOKENS = 32
_CLIENTS = 64


@dataclass(frozen=True)
class _Server:
    """A server that is asked: ours or the floor.

    Attributes:
        first: what its first event begins with.
    """

    pid: int
    door: int
    path: str
    first: bytes

    async def ask(self, question: str, heard: Heard) -> Heard:
        body: dict[str, object] = {"question": question, "thinking": "off"}
        await listen(self.door, self.path, body, heard, self.first, b"event: done")
        if not heard.ended or heard.failed:
            raise RuntimeError(f"an answer did not end: {heard}")
        return heard


async def _alone(server: _Server, asked: list[str]) -> dict[str, float]:
    """One question after another: CPU of each in all, and until the client had its first event."""
    firsts, befores = [], []
    pid = server.pid
    started = cpu_s(pid)
    for question in asked:
        cpu, heard = cpu_s(pid), Heard()
        stream = asyncio.create_task(server.ask(question, heard))
        await heard.first.wait()
        befores.append(cpu_s(pid) - cpu)
        await stream
        firsts.append(heard.first_s)
    await asyncio.sleep(0.2)
    return {
        "cpu_ms": 1e3 * (cpu_s(pid) - started) / len(asked),
        "cpu_before_first_ms": 1e3 * median(befores),
        "first_event_alone_ms": 1e3 * median(firsts),
    }


async def _together(server: _Server, asked: list[str]) -> dict[str, float]:
    heard = await asyncio.gather(*(server.ask(question, Heard()) for question in asked))
    return {"first_event_64_ms": 1e3 * median(one.first_s for one in heard)}


async def _round(server: _Server, number: int) -> dict[str, float]:
    asked = questions(400)[number % 5 :: 5]
    return await _alone(server, asked) | await _together(server, asked[:_CLIENTS])


async def measure(library: Path, rounds: int) -> dict[str, Any]:
    """Medians of the rounds, with their range."""
    upstream, door, below = free_port(), free_port(), free_port()
    base_url = f"http://127.0.0.1:{upstream}/v1"
    env = environment(library, base_url)
    paced = ["tests.servers.paced", str(upstream), "--rate", "0", "--tokens", str(_N_TOKENS)]
    serve, floor = ["baize", "serve", "--port", str(door)], ["benchmarks.floor", str(below)]
    found: list[dict[str, float]] = []
    with (
        process(paced, core=LOAD_CORE, port=upstream, env=env),
        process(serve, core=SERVER_CORE, port=door, env=env) as our_pid,
        process(floor, core=SERVER_CORE, port=below, env=env | {"UPSTREAM": base_url}) as floor_pid,
    ):
        ours = _Server(our_pid, door, "/v1/answers", b"event: evidence")
        least = _Server(floor_pid, below, "/chat", b"data:")
        for question in questions(20):
            await ours.ask(question, Heard())
            await least.ask(question, Heard())
        for number in range(rounds):
            floors = {f"floor_{name}": value for name, value in (await _round(least, number)).items()}
            found.append(await _round(ours, number) | floors)
            sys.stderr.write(f"{number} {found[-1]}\n")
    return {
        name: {
            "value": round(median(one[name] for one in found), 2),
            "low": round(min(one[name] for one in found), 2),
            "high": round(max(one[name] for one in found), 2),
        }
        for name in found[0]
    } | {"rounds": rounds, "questions_per_round": 80}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", type=Path, required=True, help="scratch folder; filled at first")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    os.sched_setaffinity(0, {LOAD_CORE})
    ensure_library(options.library.resolve(), 4000)
    text = json.dumps(asyncio.run(measure(options.library.resolve(), options.rounds)), indent=1)
    sys.stdout.write(text + "\n")
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
