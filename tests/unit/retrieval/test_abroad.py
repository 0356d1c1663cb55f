"""What questions of a language have in common is taken off where they look for passages of another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from baize.domain.search import DenseQuery, Query, Run, Scope, SparseQuery, Vector
from baize.retrieval.abroad import SHARE, Bearings, generic_questions
from baize.retrieval.search import search
from baize.testing.memory_index import MemoryIndex

pytestmark = pytest.mark.anyio


class AxesEmbedder:
    """Questions lie on the first axis, what they are about on the second; passages on the third."""

    name, dim = "axes", 3

    def __init__(self) -> None:
        self.n_asked = 0

    async def embed_query(self, text: str) -> Vector:
        self.n_asked += 1
        return np.array([0.8, 0.6, 0.0], dtype=np.float32)

    async def embed_passages(self, texts: Sequence[str]) -> Vector:
        return np.tile(np.array([0.5, 0.0, 0.5], dtype=np.float32), (len(texts), 1))


async def test_the_mean_question_is_taken_off_and_the_scale_kept(tmp_path: Path) -> None:
    """A passage that has as much of a question as most has the product that it had."""
    vector = np.array([0.8, 0.0, 0.6], dtype=np.float32)
    found = await Bearings(AxesEmbedder(), tmp_path).abroad(vector, "zh")
    mean = np.array([0.8, 0.6, 0.0])
    assert found.vector == pytest.approx(vector - SHARE * mean)
    typical = np.array([0.5, 0.0, 0.5])
    assert found.vector @ typical + found.lift == pytest.approx(vector @ typical)


async def test_it_is_made_once_and_kept(tmp_path: Path) -> None:
    """Once for all questions, and for all processes; other questions or another embedder make another."""
    embedder = AxesEmbedder()
    vector = np.ones(3, dtype=np.float32)
    bearings = Bearings(embedder, tmp_path)
    first = await bearings.abroad(vector, "zh")
    await bearings.abroad(vector, "zh")
    assert embedder.n_asked == len(generic_questions()["zh"])
    again = await Bearings(embedder, tmp_path).abroad(vector, "zh")
    assert embedder.n_asked == len(generic_questions()["zh"])
    assert (again.vector == first.vector).all()
    assert again.lift == first.lift
    await Bearings(embedder, tmp_path).abroad(vector, "en")
    assert embedder.n_asked == 2 * len(generic_questions()["zh"])


async def test_a_folder_that_cannot_be_written_is_no_matter(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    vector = np.ones(3, dtype=np.float32)
    found = await Bearings(AxesEmbedder(), tmp_path / "file" / "below").abroad(vector, "zh")
    assert found.lift > 0


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"no archive"])
async def test_a_broken_file_is_made_anew(tmp_path: Path, content: bytes) -> None:
    vector = np.ones(3, dtype=np.float32)
    first = await Bearings(AxesEmbedder(), tmp_path).abroad(vector, "zh")
    [file] = tmp_path.iterdir()  # noqa: ASYNC240 - quick
    file.write_bytes(content)
    again = await Bearings(AxesEmbedder(), tmp_path).abroad(vector, "zh")
    assert (again.vector == first.vector).all()
    assert file.stat().st_size > len(content)


async def test_a_language_without_questions_is_left_alone(tmp_path: Path) -> None:
    embedder = AxesEmbedder()
    vector = np.ones(3, dtype=np.float32)
    found = await Bearings(embedder, tmp_path).abroad(vector, "fr")
    assert (found.vector == vector).all()
    assert (found.lift, embedder.n_asked) == (0.0, 0)


class Heard(MemoryIndex):
    """Says what it is told to, and keeps what it was asked."""

    async def search(
        self, queries: Sequence[DenseQuery | SparseQuery], scope: Scope, limit: int
    ) -> list[Run]:
        self.asked = list(queries)
        return [Run(q.leg, q.language, (f"{q.leg}-{q.language}",), (0.25,)) for q in queries]


async def test_only_passages_of_another_language_are_looked_up_so(tmp_path: Path) -> None:
    """And only what the dense leg says of them is lifted."""
    query = Query("为什么？", "为什么？", "zh", ("血压",), ())
    vector = np.array([0.8, 0.0, 0.6], dtype=np.float32)
    abroad = await Bearings(AxesEmbedder(), tmp_path).abroad(vector, "zh")
    index = Heard()
    runs = await search(
        query, vector, Scope("p"), index=index, passage_languages=["zh", "en"], k=5, abroad=abroad
    )
    home, foreign, words = index.asked
    assert isinstance(home, DenseQuery)
    assert isinstance(foreign, DenseQuery)
    assert (home.vector == vector).all()
    assert (foreign.vector == abroad.vector).all()
    assert [run.scores[0] for run in runs] == [0.25, 0.25 + abroad.lift, 0.25]
    assert words.leg == "lexical"
