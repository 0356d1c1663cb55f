"""Contract fuzz of the chat adapter: random streams of a scripted endpoint, none may be unhandled.

    python -m benchmarks.wire_fuzz --streams 10000 [--seed 1]

Each stream must end in exactly one `Usage`, last, or in an `UpstreamFailed`. Exits 1 otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
from collections import Counter
from contextlib import aclosing
from random import Random

from baize.adapters.chat_openai import OpenAIChatModel
from baize.adapters.upstream_health import CircuitBreaker
from baize.domain.chat import ChatEvent, Message, Sampling, Usage
from baize.errors import UpstreamFailed
from tests.servers.deepseek import DeepSeekServer
from tests.servers.fuzz import described, random_script

_ASK = [Message("system", "policy"), Message("user", "为什么？")]


async def fuzz(server: DeepSeekServer, n_streams: int, seed: int) -> tuple[Counter[str], list[str]]:
    """How the streams ended, and a description of each one that was not handled."""
    rng = Random(seed)  # noqa: S311 - random input, no secret
    endings: Counter[str] = Counter()
    unhandled: list[str] = []
    model = OpenAIChatModel(
        base_url=server.base_url,
        api_key="sk-test",
        model="deepseek-flash",
        first_token_timeout_s=5,
        total_timeout_s=10,
        max_retries=1,
        first_pause_s=0.001,
    )
    for number in range(n_streams):
        scripts = [random_script(rng) for _ in range(3)]
        server.reset()
        server.enqueue(*scripts)
        # The breaker must not spare the endpoint its faults here.
        model.breaker = CircuitBreaker()
        try:
            endings[await _ending(model, Sampling(thinking=rng.random() < 0.3, json=rng.random() < 0.3))] += 1
        except Exception as error:  # noqa: BLE001 - the very thing that is looked for
            told = " | ".join(map(described, scripts))
            unhandled.append(f"{seed}/{number}: {type(error).__name__}: {error}: {told}")
    await model.close()
    return endings, unhandled


async def _ending(model: OpenAIChatModel, sampling: Sampling) -> str:
    events: list[ChatEvent] = []
    try:
        async with aclosing(model.stream(_ASK, sampling)) as stream:
            async for event in stream:
                events.append(event)
    except UpstreamFailed as failure:
        return f"{type(failure).__name__} {failure.status or ''}".strip()
    usages = [event for event in events if isinstance(event, Usage)]
    if len(usages) != 1 or events[-1] is not usages[0]:
        raise AssertionError(f"{len(usages)} usages")
    if any(not event.text for event in events if not isinstance(event, Usage)):
        raise AssertionError("an empty event")
    return f"ended: {usages[0].finish_reason}"


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.disable()
    with DeepSeekServer() as server:
        endings, unhandled = asyncio.run(fuzz(server, options.streams, options.seed))
    result = {"streams": options.streams, "unhandled": len(unhandled), "endings": dict(endings.most_common())}
    sys.stdout.write(json.dumps(result, ensure_ascii=False, indent=1) + "\n")
    sys.stdout.writelines(f"{line}\n" for line in unhandled[:20])
    sys.exit(bool(unhandled))


if __name__ == "__main__":
    main()
