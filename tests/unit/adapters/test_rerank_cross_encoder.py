"""Loading, limits and names of `CrossEncoderReranker`, on models that the test makes."""

from __future__ import annotations

import sys
from pathlib import Path

import anyio
import pytest

from baize.adapters.rerank_cross_encoder import CrossEncoderReranker
from baize.errors import DependencyUnavailable, ModelUnavailable
from tests.servers.tiny_cross_encoder import MAX_TOKENS, save_tiny_cross_encoder, save_untrained

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

FILLER = "的" * 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save_tiny_cross_encoder(
        folder,
        right=[("学习率", "步长"), ("番茄", "土壤"), ("学习率", FILLER + "步长")],
        wrong=[("学习率", "土壤"), ("学习率", FILLER + "土壤")],
    )
    return str(folder)


async def test_long_passages_are_cut(folder: str) -> None:
    """What stands behind `max_tokens` changes nothing, and with more tokens it counts."""
    passages = [FILLER + "步长", FILLER + "土壤"]
    first, second = await CrossEncoderReranker(folder, max_tokens=32).rerank("学习率", passages)
    assert first == pytest.approx(second, abs=1e-5)
    first, second = await CrossEncoderReranker(folder, max_tokens=MAX_TOKENS).rerank("学习率", passages)
    assert first > second + 1


async def test_scores_are_not_squashed(folder: str) -> None:
    """Raw logits go beyond 0 and 1, where a sigmoid would make the best ones equal."""
    reranker = CrossEncoderReranker(folder, max_tokens=32)
    scores = await reranker.rerank("学习率", ["步长", "土壤"])
    assert scores[0] > 1
    assert scores[1] < 0


async def test_questions_take_turns(folder: str) -> None:
    """Several learners at once get what each would get alone; the tokenizer is never asked twice at once."""
    reranker = CrossEncoderReranker(folder, max_tokens=32, batch_size=1)
    passages = ["步长", "土壤", "番茄"]
    alone = {question: await reranker.rerank(question, passages) for question in ("学习率", "番茄")}
    found: dict[int, tuple[str, list[float]]] = {}

    async def ask(n: int, question: str) -> None:
        found[n] = (question, list(await reranker.rerank(question, passages)))

    async with anyio.create_task_group() as group:
        for n in range(8):
            group.start_soon(ask, n, ("学习率", "番茄")[n % 2])
    assert len(found) == 8
    for question, scores in found.values():
        assert scores == pytest.approx(alone[question], abs=1e-5)


async def test_the_name_tells_the_model(folder: str) -> None:
    """The folder's own name, or the one on the hub; nothing is loaded for it."""
    assert CrossEncoderReranker(folder).name == "cross-encoder/tiny"
    assert CrossEncoderReranker("BAAI/bge-reranker-v2-m3").name == "cross-encoder/BAAI/bge-reranker-v2-m3"


async def test_a_missing_model_is_named(tmp_path: Path) -> None:
    """An empty folder is no model, and nothing is looked up elsewhere."""
    with pytest.raises(ModelUnavailable, match="Check the folder"):
        await CrossEncoderReranker(str(tmp_path)).rerank("a", ["b"])


async def test_too_many_tokens_are_found_at_once(folder: str) -> None:
    """A limit beyond the model's own fails on the first question, not on the first long passage."""
    with pytest.raises(ModelUnavailable, match=r"reranker\.max_tokens"):
        await CrossEncoderReranker(folder, max_tokens=MAX_TOKENS + 1).rerank("a", ["b"])


@pytest.mark.parametrize(
    ("architecture", "n_scores"), [("BertModel", 1), ("BertForSequenceClassification", 3)]
)
async def test_another_kind_of_model_is_refused(tmp_path: Path, architecture: str, n_scores: int) -> None:
    """An embedder would be given a random head, and a classifier has no one score."""
    save_untrained(tmp_path / "m", architecture, n_scores=n_scores)
    with pytest.raises(ModelUnavailable, match="no reranker"):
        await CrossEncoderReranker(str(tmp_path / "m"), max_tokens=32).rerank("a", ["b"])


async def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package the error says which extra to install."""
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(DependencyUnavailable, match=r"baize\[sentence-transformers\]"):
        await CrossEncoderReranker("BAAI/bge-reranker-v2-m3").rerank("a", ["b"])
