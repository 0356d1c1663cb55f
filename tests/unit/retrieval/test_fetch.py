"""Chunks that are kept between questions: none is asked for twice, and none is shown that is not live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import NAMESPACE_OID, uuid5

import pytest

from baize.domain.library import BuiltLesson, LiveLesson
from baize.domain.search import IndexedChunk, Match, Scope, StoredChunk
from baize.domain.text import Chunk
from baize.retrieval.fetch import KeptChunks, fetch
from baize.retrieval.terms import passage_vector
from baize.testing.memory_index import MemoryIndex
from tests.unit.services.world import PLATFORM, PRESSURE, World, make_chunk, make_world

pytestmark = pytest.mark.anyio

CHUNK = make_chunk(PRESSURE)


class CountingIndex(MemoryIndex):
    """Tells which chunks were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[list[str]] = []

    async def chunks(self, platform_id: str, chunk_ids: Sequence[str]) -> dict[str, StoredChunk]:
        self.asked.append(list(chunk_ids))
        return await super().chunks(platform_id, chunk_ids)


@pytest.fixture
async def world() -> World:
    return await make_world((CHUNK,))


@pytest.fixture
async def index(world: World) -> CountingIndex:
    index = CountingIndex()
    await put(index, world, "b-health.01")
    return index


async def put(index: MemoryIndex, world: World, build_id: str, chunk: Chunk = CHUNK) -> None:
    dense = (await world.embedder.embed_passages([chunk.indexed_text]))[0]
    await index.upsert([IndexedChunk(chunk, build_id, dense, passage_vector(["血压"]))])


async def shown(index: MemoryIndex, world: World, kept: KeptChunks, platform_id: str = PLATFORM) -> list[str]:
    matches = [Match(CHUNK.id, "zh", 1, 1.0, "fused")]
    fetched = await fetch(matches, platform_id, index=index, catalog=world.catalog, kept=kept)
    return [hit.chunk.id for hit in fetched.hits]


async def test_a_chunk_is_asked_for_once(index: CountingIndex, world: World) -> None:
    kept = KeptChunks()
    for _ in range(3):
        assert await shown(index, world, kept) == [CHUNK.id]
    assert index.asked == [[CHUNK.id]]


async def test_another_platform_is_shown_nothing_that_is_kept(index: CountingIndex, world: World) -> None:
    kept = KeptChunks()
    assert await shown(index, world, kept) == [CHUNK.id]
    assert await shown(index, world, kept, "p2") == []
    assert len(index.asked) == 2


async def test_a_new_build_is_looked_up(index: CountingIndex, world: World) -> None:
    """Shown again when the chunk belongs to the new build too; not shown when it does not."""
    kept = KeptChunks()
    await shown(index, world, kept)
    lesson = await world.catalog.lesson(PLATFORM, "health.01")
    assert lesson is not None
    await world.catalog.publish(BuiltLesson(replace(lesson, build_id="b2"), ("zh",), 1, None))
    assert await shown(index, world, kept) == []
    await put(index, world, "b2")
    assert await shown(index, world, kept) == [CHUNK.id]
    assert await shown(index, world, kept) == [CHUNK.id]
    assert len(index.asked) == 3


async def test_what_is_live_is_asked_once(
    index: CountingIndex, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For what is kept and what is new together: only a chunk of a changed lesson asks once more."""
    other = replace(CHUNK, id=str(uuid5(NAMESPACE_OID, "other")))
    await put(index, world, "b-health.01", other)
    kept, asked, live = KeptChunks(), list[Scope](), world.catalog.live
    await shown(index, world, kept)

    async def counted(scope: Scope) -> list[LiveLesson]:
        asked.append(scope)
        return await live(scope)

    monkeypatch.setattr(world.catalog, "live", counted)
    both = [Match(one.id, "zh", 1, 1.0, "fused") for one in (CHUNK, other)]
    fetched = await fetch(both, PLATFORM, index=index, catalog=world.catalog, kept=kept)
    assert [hit.chunk.id for hit in fetched.hits] == [CHUNK.id, other.id]
    assert len(asked) == 1


async def test_what_was_erased_is_not_shown(index: CountingIndex, world: World) -> None:
    kept = KeptChunks()
    await shown(index, world, kept)
    await world.catalog.forget(PLATFORM, "health")
    await index.erase(PLATFORM, ["health.01"])
    assert await shown(index, world, kept) == []


async def test_only_so_many_are_kept(index: CountingIndex, world: World) -> None:
    kept = KeptChunks(1)
    stored = await index.chunks(PLATFORM, [CHUNK.id])
    kept.keep(PLATFORM, stored)
    kept.keep(PLATFORM, {"other": next(iter(stored.values()))})
    assert list(kept.of(PLATFORM, [CHUNK.id, "other"])) == ["other"]
