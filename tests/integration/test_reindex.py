"""Another embedder: `baize doctor` tells, `baize ingest --reindex` embeds anew beside the live index."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from baize.bootstrap import House, opened
from baize.doctor import examine
from baize.domain.search import Scope
from baize.edge.launch import stop
from baize.errors import IndexUnavailable
from baize.settings import Settings
from baize.testing.hash_embedder import HashEmbedder
from benchmarks.crash import write_subtitles
from ingest.reindex import reindex
from ingest.run import ingest_paths

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]

SCOPE = Scope("default")


def renamed(house: House) -> House:
    """The house of a server that was started with another embedder."""
    house.__dict__["model_embedder"] = _two()
    return house


async def found(house: House, query: str) -> set[str]:
    hits = await house.searching.search(query, SCOPE, kind="moments", k=10)
    return {result.moment.hit.chunk.lesson_id for result in hits}


async def vectors(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What `baize doctor` says of the vectors, with the other embedder."""
    monkeypatch.setattr(House, "model_embedder", property(lambda _: _two()))
    try:
        [finding] = [one for one in await examine(settings) if one.part == "vectors"]
    finally:
        monkeypatch.undo()
    return finding


def _two() -> HashEmbedder:
    embedder = HashEmbedder()
    embedder.name = "hash-two"
    return embedder


async def test_a_change_of_the_embedder_is_a_migration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told by the doctor; done beside the live index, once; what came meanwhile is caught up with."""
    course = tmp_path / "bp"
    course.mkdir()
    write_subtitles(course / "1.zh.vtt", [f"第{n}步要量血压。" for n in range(20)])
    write_subtitles(course / "2.zh.vtt", [f"第{n}天按时吃药。" for n in range(20)])
    catalogue = tmp_path / "list.jsonl"
    entry = {"id": "x1", "title": "太极拳入门", "description": "慢动作，从站桩学起。"}
    catalogue.write_text(json.dumps(entry, ensure_ascii=False), "utf-8")
    settings = Settings.model_validate(
        {"data_dir": tmp_path / "data", "embedder": {"kind": "fake"}, "chat": {"kind": "none"}}
    )
    try:
        async with opened(settings) as one:
            assert (await ingest_paths(one, [course, catalogue])).ok
            told = await vectors(settings, monkeypatch)
            assert not told.ok
            assert "2 of 2 lessons" in told.says
            assert "--reindex" in told.says
            async with opened(settings) as other:
                two = renamed(other)
                with pytest.raises(IndexUnavailable, match="nothing of what the library has"):
                    await found(two, "量血压")
                first = await reindex(two)
                assert (first.n_lessons, first.n_there, first.lost) == (2, 0, ())
                assert sorted(first.old) == sorted([one.index.space, one.card_index.space])
                assert await two.index.ids(SCOPE) == await one.index.ids(SCOPE)
                assert await two.card_index.ids(SCOPE) == await one.card_index.ids(SCOPE) != []
                assert "bp.1" in await found(two, "量血压")
                assert "bp.1" in await found(one, "量血压"), "who has the old embedder goes on"

                write_subtitles(course / "2.zh.vtt", [f"第{n}天按时散步。" for n in range(20)])
                assert (await ingest_paths(one, [course])).ok
                second = await reindex(two)
                assert (second.n_lessons, second.n_there) == (1, 1)
                assert await two.index.ids(SCOPE) == await one.index.ids(SCOPE)
                third = await reindex(two)
                assert (third.n_lessons, third.n_points) == (0, 0)
            assert (await vectors(settings, monkeypatch)).ok
    finally:
        await stop(settings.data_dir)
