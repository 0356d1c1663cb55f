"""Vectors are remembered by text and embedding space."""

from __future__ import annotations

import gc
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import anyio
import numpy as np
import pytest

from baize.adapters.embed_cached import CachedEmbedder
from baize.domain.search import Vector
from baize.testing.hash_embedder import HashEmbedder

pytestmark = pytest.mark.anyio


class CountingEmbedder(HashEmbedder):
    def __init__(self, name: str = "counting") -> None:
        super().__init__(16)
        self.name = name
        self.asked: list[str] = []

    async def embed_passages(self, texts: Sequence[str]) -> Vector:
        self.asked.extend(texts)
        return await super().embed_passages(texts)


async def test_a_passage_is_embedded_once(tmp_path: Path) -> None:
    """Also when it comes twice in one call, or from another process on the same file; order is kept."""
    model = CountingEmbedder()
    texts = ["先坐好", "再量", "先坐好"]
    first = await CachedEmbedder(model, tmp_path / "deep" / "v.sqlite").embed_passages(texts)
    again = await CachedEmbedder(model, tmp_path / "deep" / "v.sqlite").embed_passages(["再量", "新的"])
    assert model.asked == ["先坐好", "再量", "新的"]
    np.testing.assert_array_equal(first, await HashEmbedder(16).embed_passages(texts))
    np.testing.assert_array_equal(again[0], first[1])
    assert first.dtype == np.float32
    assert first.shape == (3, 16)


async def test_embedding_spaces_do_not_mix(tmp_path: Path) -> None:
    """Another model has other vectors for the same text."""
    one, other = CountingEmbedder("one"), CountingEmbedder("other")
    for model in (one, other):
        await CachedEmbedder(model, tmp_path / "v.sqlite").embed_passages(["先坐好"])
    assert one.asked == other.asked == ["先坐好"]


async def test_nothing_is_an_empty_matrix_and_questions_are_not_kept(tmp_path: Path) -> None:
    """(0, dim) for no text; a learner's words are not written to disk."""
    embedder = CachedEmbedder(CountingEmbedder(), tmp_path / "v.sqlite")
    assert (await embedder.embed_passages([])).shape == (0, 16)
    size = (tmp_path / "v.sqlite").stat().st_size if (tmp_path / "v.sqlite").exists() else 0
    await embedder.embed_query("我的血压")
    assert size == ((tmp_path / "v.sqlite").stat().st_size if size else 0)
    assert (embedder.name, embedder.dim) == ("counting", 16)


async def test_a_broken_character_is_remembered_too(tmp_path: Path) -> None:
    """Extracted text may hold half a surrogate pair; the embedder decides what to make of it."""
    model = CountingEmbedder()
    cached = CachedEmbedder(model, tmp_path / "v.sqlite")
    assert (await cached.embed_passages(["坏\ud800字"])).shape == (1, 16)
    await cached.embed_passages(["坏\ud800字"])
    assert model.asked == ["坏\ud800字"]


async def test_a_file_of_an_earlier_version_is_read_on(tmp_path: Path) -> None:
    """Its table has no row ids; nothing is embedded anew for that."""
    model, file = CountingEmbedder(), tmp_path / "v.sqlite"
    made = await CachedEmbedder(model, tmp_path / "new.sqlite").embed_passages(["先坐好"])
    with closing(sqlite3.connect(tmp_path / "new.sqlite")) as new, closing(sqlite3.connect(file)) as old:
        old.execute("CREATE TABLE vectors (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID")
        old.executemany("INSERT INTO vectors VALUES (?, ?)", new.execute("SELECT * FROM vectors").fetchall())
        old.commit()
    found = await CachedEmbedder(model, file).embed_passages(["先坐好", "再量"])
    np.testing.assert_array_equal(found[0], made[0])
    assert model.asked == ["先坐好", "再量"]


async def test_the_file_is_closed_with_the_embedder(tmp_path: Path) -> None:
    """A worker makes one for each lesson. The last one leaves no log beside the file."""
    cached = CachedEmbedder(CountingEmbedder(), tmp_path / "v.sqlite")
    await cached.embed_passages(["先坐好"])
    assert (tmp_path / "v.sqlite-wal").exists()
    del cached
    # The thread that wrote lets go of it a moment after it has told of the end.
    with anyio.fail_after(60):
        while (tmp_path / "v.sqlite-wal").exists():
            gc.collect()
            await anyio.sleep(0.02)


async def test_a_new_file_that_another_lesson_writes_is_waited_for(tmp_path: Path) -> None:
    """The lessons of a course open it together; SQLite itself refuses the switch to WAL without waiting."""
    file = tmp_path / "v.sqlite"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with anyio.create_task_group() as lessons:
            lessons.start_soon(CachedEmbedder(CountingEmbedder(), file).embed_passages, ["先坐好"])
            await anyio.sleep(0.2)
            other.execute("COMMIT")
