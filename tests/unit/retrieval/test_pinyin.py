"""The pinyin leg: homophones meet where characters do not."""

from __future__ import annotations

import pytest

from baize.domain.locator import TimeSpan
from baize.domain.search import IndexedChunk, Scope
from baize.domain.text import Chunk, Segment
from baize.retrieval.rewrite import rewrite
from baize.retrieval.search import search
from baize.retrieval.terms import passage_vector, pinyin_terms, terms
from baize.testing.hash_embedder import HashEmbedder
from baize.testing.memory_index import MemoryIndex

pytestmark = pytest.mark.anyio


def test_homophones_give_the_same_syllables() -> None:
    """量血压 heard as 凉血压 shares every pair of syllables and no bigram with the first character."""
    assert pinyin_terms("量血压") == pinyin_terms("凉血压") == ["liang xue", "xue ya"]


def test_a_lone_character_and_other_scripts_give_none() -> None:
    """One syllable has too many homophones; English has no pinyin."""
    assert pinyin_terms("压 blood pressure 120") == []


def test_traditional_and_simplified_sound_alike() -> None:
    """Conversion comes before pronunciation."""
    assert pinyin_terms("機器學習") == pinyin_terms("机器学习")


async def test_a_misheard_passage_is_found_by_sound() -> None:
    """No lexical term is shared, so only the pinyin list holds the passage."""
    index, embedder = MemoryIndex(), HashEmbedder()
    heard, other = _chunk("a", "体度夏讲算法"), _chunk("b", "快递费怎么算")
    vectors = await embedder.embed_passages([heard.text, other.text])
    await index.upsert(
        [
            IndexedChunk(
                chunk,
                "build",
                vector,
                passage_vector(terms(chunk.text)),
                passage_vector(pinyin_terms(chunk.text)),
            )
            for chunk, vector in zip((heard, other), vectors, strict=True)
        ]
    )
    query = rewrite("梯度下降", [])
    runs = await search(
        query,
        await embedder.embed_query(query.text),
        Scope("p"),
        index=index,
        passage_languages=["zh"],
        k=5,
    )
    assert [(run.leg, run.chunk_ids) for run in runs if run.leg != "dense"] == [("pinyin", ("a",))]


def _chunk(chunk_id: str, text: str) -> Chunk:
    span = TimeSpan(0, 1)
    return Chunk(chunk_id, "p", "c", "l", "", "f", "zh", (), text, (Segment(text, span),), span, 0)
