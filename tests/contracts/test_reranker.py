"""The port `Reranker`: the double, and sentence-transformers on a model that the test trains."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from baize.adapters.rerank_cross_encoder import CrossEncoderReranker
from baize.ports import Reranker
from baize.testing.overlap_reranker import OverlapReranker
from tests.servers.tiny_cross_encoder import save_tiny_cross_encoder

pytestmark = pytest.mark.anyio

QUESTIONS = ("学习率过大，会怎样？", "What if the learning rate is too large?")
PASSAGES = (
    "学习率过大，损失会来回震荡。",
    "A learning rate that is too large makes the loss oscillate.",
    "颜真卿的楷书端庄雄伟，气势开张。",
    "Tomatoes want warm soil and a lot of sun.",
    "番茄喜欢温暖的土壤和充足的阳光，" * 12,
)


@pytest.fixture(scope="module")
def cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> CrossEncoderReranker:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save_tiny_cross_encoder(
        folder,
        right=[(question, PASSAGES[n]) for n, question in enumerate(QUESTIONS)],
        wrong=[(question, passage) for question in QUESTIONS for passage in PASSAGES[2:]],
    )
    return CrossEncoderReranker(str(folder), max_tokens=128, batch_size=2)


@pytest.fixture(params=["double", pytest.param("cross_encoder", marks=pytest.mark.slow)])
def reranker(request: pytest.FixtureRequest) -> Reranker:
    made: Reranker = (
        OverlapReranker() if request.param == "double" else request.getfixturevalue(request.param)
    )
    return made


async def test_one_score_a_passage(reranker: Reranker) -> None:
    """Finite numbers, as many as passages; none for none."""
    scores = await reranker.rerank(QUESTIONS[0], PASSAGES)
    assert len(scores) == len(PASSAGES)
    assert np.isfinite(scores).all()
    assert list(await reranker.rerank(QUESTIONS[0], [])) == []


async def test_a_score_depends_on_its_pair_only(reranker: Reranker) -> None:
    """Order is kept, and neighbours in the batch leave no trace."""
    together = await reranker.rerank(QUESTIONS[0], PASSAGES)
    alone = [(await reranker.rerank(QUESTIONS[0], [passage]))[0] for passage in PASSAGES]
    backwards = await reranker.rerank(QUESTIONS[0], PASSAGES[::-1])
    np.testing.assert_allclose(together, alone, atol=1e-4)
    np.testing.assert_allclose(together, backwards[::-1], atol=1e-4)


@pytest.mark.parametrize("answer", [0, 1], ids=["zh", "en"])
async def test_the_answering_passage_is_higher(reranker: Reranker, answer: int) -> None:
    """Higher is better: the passage that answers stands above those on other subjects."""
    scores = await reranker.rerank(QUESTIONS[answer], PASSAGES)
    assert scores[answer] > max(scores[2:])


@pytest.mark.parametrize("text", ["", " ", "\0", "a\0b", "\ud800", "👍🏽", "率" * 5000], ids=ascii)
async def test_odd_text_is_scored(reranker: Reranker, text: str) -> None:
    """Extracted text may be empty, broken or long, and so may a question; it gives a score, not a crash."""
    scores = [*await reranker.rerank(QUESTIONS[0], [text]), *await reranker.rerank(text, PASSAGES[:1])]
    assert np.isfinite(scores).all()


async def test_it_has_a_name(reranker: Reranker, tmp_path: Path) -> None:
    """For records and messages; not the path of this machine."""
    assert reranker.name
    assert str(tmp_path.parent) not in reranker.name
