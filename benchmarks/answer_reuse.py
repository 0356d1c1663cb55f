"""Wrong and right reuse of answers: near misses that must not be one question, paraphrases that may be.

    python -m benchmarks.answer_reuse [--json OUT]

Near misses are made by a seeded generator from questions of our own: another number, another unit, a negation
put in or taken out, an opposite, another thing, sides changed. Paraphrases (`pairs/*.jsonl`) were written by
hand by the author of the rules: `paraphrases.jsonl` while the rules were made, the `held_out` ones after, and
nothing was changed for them. Cosines are the default embedder's. Bars: wrong reuse at most 0.5 % of
at least 1,000 near misses, right reuse at least 25 % of the paraphrases. `lexical` is without vectors,
`any_vector` as if all vectors were equal: no embedder can do worse.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from baize.answering.reuse import asked, is_same
from baize.settings import cache_dir

_PAIRS = Path(__file__).parent / "pairs"
_SEED = 20261128


@dataclass(frozen=True, slots=True)
class Pair:
    """Two questions."""

    kind: str
    one: str
    other: str


_THINGS = {
    "zh": "降压药 降糖药 感冒药 维生素 钙片 阿司匹林 胰岛素 眼药水 退烧药 止痛药".split(),
    "en": "aspirin|insulin|the blue tablets|vitamin D|cough syrup|eye drops|antibiotics|iron pills".split(
        "|"
    ),
}
_TEMPLATES = {
    "zh": (
        "{thing}每天吃{n}{unit}可以吗？",
        "饭{side}{n}分钟吃{thing}行吗？",
        "{thing}要连续吃{n}{time}吗？",
        "吃{thing}能喝酒吗？",
        "一次吃{n}片{thing}会怎么样？",
        "血压高于{n}要吃{thing}吗？",
        "{thing}漏吃{n}次怎么办？",
        "为什么{thing}要在早上吃？",
        "从{thing}换成{thing2}要注意什么？",
        "{thing}比{thing2}更安全吗？",
        "孩子{n}岁能吃{thing}吗？",
        "{thing}{n}毫升兑{n2}毫升水对吗？",
    ),
    "en": (
        "Can I take {n} {unit} of {thing} a day?",
        "Should I take {thing} {n} minutes {side} a meal?",
        "Do I have to take {thing} for {n} {time}?",
        "Can I drink alcohol with {thing}?",
        "What happens if I take {n} doses of {thing}?",
        "Is {thing} needed when my pressure is above {n}?",
        "What should I do if I miss {thing} {n} times?",
        "Why should I take {thing} in the morning?",
        "How do I change from {thing} to {thing2}?",
        "Is {thing} safer than {thing2}?",
        "May a child of {n} years take {thing}?",
        "Is it right to mix {n} millilitres of {thing} with {n2} millilitres of water?",
    ),
}
_UNITS = {"zh": ["片", "粒", "毫克", "克", "毫升"], "en": ["milligrams", "grams", "millilitres"]}
_TIMES = {"zh": ["天", "周", "个月", "年"], "en": ["days", "weeks", "months", "years"]}
_SIDES = {"zh": ["前", "后"], "en": ["before", "after"]}
_NEGATED = {
    "zh": (
        ("可以吗", "不可以吗"),
        ("行吗", "不行吗"),
        ("能", "不能"),
        ("要", "不要"),
        ("安全", "不安全"),
        ("吃", "不吃"),
    ),
    "en": (
        ("Can I", "Can't I"),
        ("Should I", "Shouldn't I"),
        ("needed", "not needed"),
        ("safer", "not safer"),
        ("take", "not take"),
        ("right", "not right"),
        ("should I take", "should I not take"),
    ),
}
_OPPOSITES = {
    "zh": (("高于", "低于"), ("早上", "晚上"), ("饭前", "饭后"), ("更安全", "更危险"), ("漏吃", "多吃")),
    "en": (
        ("above", "below"),
        ("morning", "evening"),
        ("before", "after"),
        ("safer", "riskier"),
        ("more", "less"),
    ),
}


def near_misses(n: int, seed: int = _SEED) -> list[Pair]:
    """`n` different pairs that look alike and ask something else, in equal parts of the two languages."""
    rng = Random(seed)  # noqa: S311 - made-up questions, no secret
    found: dict[tuple[str, str], Pair] = {}
    while len(found) < n:
        language = ("zh", "en")[len(found) % 2]
        for pair in _variants(rng, language):
            found.setdefault((pair.one, pair.other), pair)
    return list(found.values())[:n]


def _variants(rng: Random, language: str) -> Iterator[Pair]:
    values: dict[str, Any] = {
        "thing": rng.choice(_THINGS[language]),
        "n": rng.randint(2, 180),
        "n2": rng.randint(200, 900),
        "unit": rng.choice(_UNITS[language]),
        "time": rng.choice(_TIMES[language]),
        "side": rng.choice(_SIDES[language]),
    }
    values["thing2"] = rng.choice([thing for thing in _THINGS[language] if thing != values["thing"]])
    template = rng.choice(_TEMPLATES[language])
    one = template.format(**values)
    changes = {
        "number": {"n": values["n"] + rng.choice([1, 5, 10])},
        "unit": {
            "unit": _other(rng, _UNITS[language], values["unit"]),
            "time": _other(rng, _TIMES[language], values["time"]),
        },
        "side": {"side": _other(rng, _SIDES[language], values["side"])},
        "thing": {"thing": _other(rng, _THINGS[language], values["thing"])},
        "sides": {"thing": values["thing2"], "thing2": values["thing"]},
    }
    for kind, change in changes.items():
        if (other := template.format(**values | change)) != one:
            yield Pair(kind, one, other)
    for kind, words in (("negation", _NEGATED), ("opposite", _OPPOSITES)):
        for word, instead in words[language]:
            if (other := re.sub(re.escape(word), instead, one, count=1)) != one:
                # Either may be asked first.
                yield Pair(kind, *rng.choice([(one, other), (other, one)]))


def wilson(n_hits: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """95 % interval of a share (E. B. Wilson, JASA 22, 1927); honest for no hits at all."""
    share = n_hits / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    return max(0.0, centre - reach), min(1.0, centre + reach)


def _other(rng: Random, choices: list[str], taken: str) -> str:
    return rng.choice([choice for choice in choices if choice != taken])


def paraphrases(name: str) -> list[Pair]:
    """Of one file of pairs, the language as kind."""
    lines = (_PAIRS / name).read_text(encoding="utf-8").splitlines()
    return [Pair(row["language"], row["one"], row["other"]) for row in map(json.loads, lines)]


async def cosines(pairs: list[Pair]) -> list[float]:
    """Of the two questions of each pair, by the default embedder."""
    from baize.adapters.embed_e5_onnx import E5OnnxEmbedder

    embedder = E5OnnxEmbedder(cache_dir(), threads=1)
    vectors = {
        text: await embedder.embed_query(text)
        for text in {t for pair in pairs for t in (pair.one, pair.other)}
    }
    return [float(vectors[pair.one] @ vectors[pair.other]) for pair in pairs]


def reused(pairs: list[Pair], similarities: list[float]) -> dict[str, Any]:
    """How many of the pairs are one question, in all and by kind, with Wilson's interval."""
    same = [
        is_same(asked(pair.one), asked(pair.other), cosine)
        for pair, cosine in zip(pairs, similarities, strict=True)
    ]
    low, high = wilson(sum(same), len(same))
    n_by_kind, same_by_kind = Counter(pair.kind for pair in pairs), Counter[str]()
    same_by_kind.update(pair.kind for pair, is_one in zip(pairs, same, strict=True) if is_one)
    return {
        "value": round(sum(same) / len(same), 4),
        "ci_low": round(low, 4),
        "ci_high": round(high, 4),
        "n": len(same),
        "by_kind": {kind: f"{same_by_kind[kind]}/{n}" for kind, n in sorted(n_by_kind.items())},
        "wrongly_one": [
            f"{pair.one} | {pair.other}" for pair, is_one in zip(pairs, same, strict=True) if is_one
        ][:10],
    }


async def measure(n: int) -> dict[str, Any]:
    """Every set, without vectors, with the embedder's, and as if all vectors were equal."""
    result: dict[str, Any] = {}
    for name, pairs in (
        ("near_misses", near_misses(n)),
        ("paraphrases", paraphrases("paraphrases.jsonl")),
        ("paraphrases_held_out", paraphrases("paraphrases_held_out.jsonl")),
    ):
        result[name] = {
            "semantic": reused(pairs, await cosines(pairs)),
            "lexical": reused(pairs, [0.0] * len(pairs)),
            "any_vector": reused(pairs, [1.0] * len(pairs)),
        }
        if name != "near_misses":
            for figures in result[name].values():
                del figures["wrongly_one"]
    return result


def main() -> None:
    """Exits 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--near-misses", type=int, default=2000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    result = asyncio.run(measure(options.near_misses))
    text = json.dumps(result, ensure_ascii=False, indent=1)
    sys.stdout.write(text + "\n")
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")
    wrong = result["near_misses"]["semantic"]["value"]
    right = result["paraphrases_held_out"]["semantic"]["value"]
    sys.exit(not (wrong <= 0.005 and right >= 0.25))


if __name__ == "__main__":
    main()
