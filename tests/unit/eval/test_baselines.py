"""The stock pipelines: what they cut, where a chunk points, and how BM25 scores."""

from __future__ import annotations

import math

import numpy as np
import pytest

from baize.domain.text import Cue
from baize.testing.hash_embedder import HashEmbedder
from eval.baselines import Stock, StockChunk, build_stock, words
from eval.dataset import Document, Video

pytestmark = pytest.mark.anyio


def test_bm25_by_hand() -> None:
    """Two chunks of two words; `cat` stands in one: idf ln(1 + 1.5/1.5), tf part 2.5 / 2.5."""
    stock = Stock(
        [StockChunk("a", 0.0, "cat dog"), StockChunk("b", 0.0, "dog cow")], np.zeros((2, 2), np.float32)
    )
    assert [c.place for c in stock.rank("bm25", "cat", np.zeros(2, np.float32), k=5)] == ["a"]
    assert stock._words.scores(["cat"])[0] == pytest.approx(math.log(2))


def test_words_are_rjiebas() -> None:
    """Chinese words as segmented, others lower-case, punctuation left out."""
    assert words("高血压，怎么办？Use SUM") == ["高血压", "怎么办", "use", "sum"]


async def test_chunks_point_to_their_first_cue() -> None:
    """Each chunk starts where the cue of its first character starts, and no text is lost."""
    cues = tuple(
        Cue(10.0 * n, 10.0 * n + 9, f"Sentence number {n} says something of its own.") for n in range(40)
    )
    made = await build_stock([Video("v", "t", "en", cues)], HashEmbedder(), "test")
    for size, stock in made.items():
        chunks = stock.rank("langchain", "anything", await HashEmbedder().embed_query("x"), k=100)
        assert max(len(chunk.text) for chunk in chunks) <= size
        for chunk in chunks:
            number = int(chunk.text.split("number ")[1].split()[0])
            assert chunk.t == 10.0 * number
        assert sum(chunk.text.count("Sentence number") for chunk in chunks) == 40


async def test_within_one_place() -> None:
    """A look within one video finds nothing of another."""
    documents = [Document("a", "", "cats purr"), Document("b", "", "cats meow")]
    stock = (await build_stock(documents, HashEmbedder(), "test"))[400]
    vector = await HashEmbedder().embed_query("cats meow")
    assert [c.place for c in stock.rank("langchain", "cats meow", vector, k=5, place="a")] == ["a"]
    assert [c.place for c in stock.rank("langchain", "cats meow", vector, k=1)] == ["b"]
