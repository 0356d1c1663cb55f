"""Does a server that is always busy stay as large as it is? Memory and file handles over a long run.

    python -m benchmarks.soak --library SCRATCH [--minutes 30] [--streams 200] [--json OUT]

Each of the streams asks, reads its answer (20 tokens a second, 10 s) and asks again; every tenth hangs up in
the middle. The events of finished answers are kept for `--events-keep` seconds, so memory grows for that
long and is compared after it: the mean of the first quarter of what is left with that of the last. Bar: 5 %.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.live_answers import Stream, hear
from benchmarks.live_parts import (
    LOAD_CORE,
    SERVER_CORE,
    ensure_library,
    environment,
    process,
    questions,
)
from tests.servers.paced import PacedServer
from tests.servers.ports import free_port

_SAMPLE_S = 5.0
_ANSWER_TOKENS = 200


def size_of(pid: int) -> tuple[float, int]:
    """(resident MB, open file handles)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6, len(list(Path(f"/proc/{pid}/fd").iterdir()))


async def learner(door: int, number: int, until: float, counts: Counter[str]) -> None:
    """Asks again and again."""
    asked = questions(400)
    n = 0
    await asyncio.sleep(number * 0.05)
    while time.monotonic() < until:
        stream = Stream(number * 100_000 + n)
        listening = asyncio.create_task(hear(door, stream, asked[(number * 7 + n) % 400]))
        n += 1
        if n % 10 == 0:
            await asyncio.wait({listening}, timeout=3.0)
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            counts["left"] += 1
            continue
        await listening
        counts[f"failed: {stream.failed}" if stream.failed else "answers"] += 1


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The whole run."""
    server = PacedServer(rate=20.0, n_tokens=_ANSWER_TOKENS, first_s=0.0)
    samples: list[tuple[float, float, int]] = []
    counts = Counter({"answers": 0, "left": 0})
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0, backlog=4096) as endpoint:
        upstream, door = endpoint.sockets[0].getsockname()[1], free_port()
        env = environment(options.library, f"http://127.0.0.1:{upstream}/v1") | {
            "BAIZE_ADMISSION__UPSTREAM_SLOTS": str(2 * options.streams),
            "BAIZE_ANSWERS__EVENTS_KEEP_S": str(options.events_keep),
            "BAIZE_ANSWERS__RESUME_GRACE_S": "5",
            "BAIZE_JOBS__WITH_SERVER": "false",
        }
        running = process(["baize", "serve", "--port", str(door)], core=SERVER_CORE, port=door, env=env)
        pid = await asyncio.to_thread(running.__enter__)
        try:
            began = time.monotonic()
            until = began + options.minutes * 60
            crowd = [
                asyncio.create_task(learner(door, number, until, counts)) for number in range(options.streams)
            ]
            while (now := time.monotonic()) < until:
                samples.append((now - began, *size_of(pid)))
                await asyncio.sleep(_SAMPLE_S)
            await asyncio.gather(*crowd)
        finally:
            await asyncio.to_thread(running.__exit__, None, None, None)
    steady = [sample for sample in samples if sample[0] > options.events_keep + 60]
    quarter = max(len(steady) // 4, 1)
    first, last = steady[:quarter], steady[-quarter:]
    memory = [mean(sample[1] for sample in part) for part in (first, last)]
    handles = [mean(sample[2] for sample in part) for part in (first, last)]
    return {
        **counts,
        "streams": options.streams,
        "minutes": options.minutes,
        "memory_mb": [round(value, 1) for value in memory],
        "memory_change": round(memory[1] / memory[0] - 1, 4),
        "handles": [round(value, 1) for value in handles],
        "handles_change": round(handles[1] / handles[0] - 1, 4),
        "samples": [[round(at), round(size, 1), n] for at, size, n in samples],
    }


def main() -> None:
    """The command."""
    import uvloop

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--library", type=Path, required=True, help="scratch folder; made on first use")
    parser.add_argument("--chunks", type=int, default=4000)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--events-keep", type=float, default=600.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.minutes * 60 < options.events_keep + 120:
        parser.error("--minutes must leave two minutes after --events-keep")
    ensure_library(options.library, options.chunks)
    os.sched_setaffinity(0, {LOAD_CORE})
    result = uvloop.run(measure(options))
    shown = {name: value for name, value in result.items() if name != "samples"}
    sys.stderr.write(json.dumps(shown) + "\n")
    if options.json:
        options.json.write_text(json.dumps(result) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
