"""Loading, prompts and names of `SentenceTransformersEmbedder`, on a model that the test builds."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from baize.adapters.embed_sentence_transformers import SentenceTransformersEmbedder
from baize.errors import DependencyUnavailable, ModelUnavailable
from tests.servers.tiny_sentence_model import save_tiny_sentence_model

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save_tiny_sentence_model(folder, ["query passage 学习率 番茄"])
    return str(folder)


async def test_prompts_stand_before_the_text(folder: str) -> None:
    """Each side gets the prompt that the model's card asks for, and nothing else."""
    bare = SentenceTransformersEmbedder(folder)
    prompted = SentenceTransformersEmbedder(folder, query_prompt="query ", passage_prompt="passage ")
    question = await prompted.embed_query("学习率")
    passage = (await prompted.embed_passages(["学习率"]))[0]
    assert question @ await bare.embed_query("query 学习率") > 0.9999
    assert passage @ await bare.embed_query("passage 学习率") > 0.9999


async def test_the_name_tells_the_space(folder: str) -> None:
    """The folder's own name and the passage prompt, not the path of this machine."""
    assert SentenceTransformersEmbedder(folder).name == "sentence-transformers/tiny"
    prompted = SentenceTransformersEmbedder(folder, passage_prompt="passage ")
    assert prompted.name.startswith("sentence-transformers/tiny+")


async def test_a_missing_model_is_named(tmp_path: Path) -> None:
    """An empty folder is no model, and nothing is looked up elsewhere."""
    with pytest.raises(ModelUnavailable, match="Check the folder"):
        SentenceTransformersEmbedder(str(tmp_path))


async def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package the error says which extra to install."""
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(DependencyUnavailable, match=r"baize\[sentence-transformers\]"):
        SentenceTransformersEmbedder("BAAI/bge-m3")


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
async def test_vectors_have_unit_length_with_any_weights(folder: str, dtype: str) -> None:
    """Narrow weights must not show in the length, by which cosines are products."""
    vectors = await SentenceTransformersEmbedder(folder, dtype=dtype).embed_passages(["query", "学习率 番茄"])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
