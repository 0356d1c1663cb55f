"""What a question costs beside the model: CPU in all and before the first event, and how soon that comes.

    python -m benchmarks.question_cost --library SCRATCH [--rounds 5] [--json OUT]

4,000 chunks, the free embedder, an endpoint without delay that says 32 tokens; the server has core 0, the
endpoint and the clients core 1 (the embedded store's own process is not counted). Every question is a new
one, and the endpoint must have answered each. CPU in all is told with 1, 16 and 64 clients, as where the
bars were set: a server that is asked one thing at a time waits between its steps, and finds cold caches
after each wait. Bars: at most 10 ms in all and 5 ms before the first event; first event p50 at most 20 ms
alone and 300 ms with 64 clients. For scale, in turns with ours: `benchmarks.floor`, which took 3.0, 2.2 and
1.7 ms and 104 ms where the bars were set.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from dataclasses import dataclass
from itertools import islice
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

_N_TOKENS = 32
_WARM_UP = 20
_ALONE = 80
_A_ROUND = _ALONE + 80 + 64
"""Alone, by 16 clients, by 64."""
_MOST_ROUNDS = 15
"""There are so many different questions."""
_SETTLE_S = 0.2
"""What an answer leaves to do is counted with it."""


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
    await asyncio.sleep(_SETTLE_S)
    return {
        "cpu_ms": 1e3 * (cpu_s(pid) - started) / len(asked),
        "cpu_before_first_ms": 1e3 * median(befores),
        "first_event_alone_ms": 1e3 * median(firsts),
    }


async def _together(server: _Server, asked: list[str], n_clients: int) -> dict[str, float]:
    """As many clients, each of which asks its share, one question after another."""

    async def ask(share: list[str]) -> list[Heard]:
        return [await server.ask(question, Heard()) for question in share]

    started = cpu_s(server.pid)
    heard = await asyncio.gather(*(ask(asked[n::n_clients]) for n in range(n_clients)))
    await asyncio.sleep(_SETTLE_S)
    return {
        f"cpu_{n_clients}_ms": 1e3 * (cpu_s(server.pid) - started) / len(asked),
        f"first_event_{n_clients}_ms": 1e3 * median(one.first_s for its in heard for one in its),
    }


async def _round(server: _Server, asked: list[str], upstream: int) -> dict[str, float]:
    before = (await stats(upstream))["asked"]
    some, more, rest = asked[:_ALONE], asked[_ALONE : 2 * _ALONE], asked[2 * _ALONE :]
    found = await _alone(server, some) | await _together(server, more, 16) | await _together(server, rest, 64)
    n_asked = (await stats(upstream))["asked"] - before
    if n_asked != len(asked):
        raise RuntimeError(f"the endpoint was asked {n_asked} times for {len(asked)} questions")
    return found


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
        fresh = iter(questions(_WARM_UP + rounds * _A_ROUND))
        for question in islice(fresh, _WARM_UP):
            await ours.ask(question, Heard())
            await least.ask(question, Heard())
        for number in range(rounds):
            asked = list(islice(fresh, _A_ROUND))
            floors = await _round(least, asked, upstream)
            found.append(await _round(ours, asked, upstream) | {f"floor_{k}": v for k, v in floors.items()})
            sys.stderr.write(f"{number} {found[-1]}\n")
    return {
        name: {
            "value": round(median(one[name] for one in found), 2),
            "low": round(min(one[name] for one in found), 2),
            "high": round(max(one[name] for one in found), 2),
        }
        for name in found[0]
    } | {"rounds": rounds, "questions_per_round": _A_ROUND}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", type=Path, required=True, help="scratch folder; filled at first")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if not 1 <= options.rounds <= _MOST_ROUNDS:
        parser.error(f"--rounds: from 1 to {_MOST_ROUNDS}")
    os.sched_setaffinity(0, {LOAD_CORE})
    ensure_library(options.library.resolve(), 4000)
    text = json.dumps(asyncio.run(measure(options.library.resolve(), options.rounds)), indent=1)
    sys.stdout.write(text + "\n")
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
