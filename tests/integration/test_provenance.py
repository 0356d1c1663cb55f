"""Where a course comes from, as `GET /v1/courses` and `/v1/courses/{id}` tell it of docked catalogues."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from baize.api.app import create_app
from baize.bootstrap import House, opened
from baize.domain.catalogue import SourceState
from baize.edge.launch import stop
from baize.settings import Settings
from benchmarks.crash import write_subtitles
from ingest.dock import dock_file
from ingest.run import ingest_paths
from tests.unit.api.library import client_of

pytestmark = pytest.mark.anyio

DAY = "2026-11-28T"


class SetClock:
    """Stands still until it is set; 0 is 2026-11-28, 00:00 UTC."""

    hour = 0

    def now(self) -> float:
        return 1_795_824_000.0 + 3600 * self.hour


async def dock(house: House, folder: Path, source: str, hour: int, rows: Sequence[dict[str, Any]]) -> None:
    house.clock.hour = hour  # type: ignore[attr-defined]  # the clock of `docked`
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    await anyio.Path(folder / f"{source}.jsonl").write_text(lines, encoding="utf-8")
    assert (await dock_file(house, folder / f"{source}.jsonl")).problems == ()


@asynccontextmanager
async def docked(folder: Path) -> AsyncIterator[tuple[House, Settings]]:
    """Two sources that share one course, docked at one and two o'clock, beside a course of a folder."""
    settings = Settings.model_validate(
        {
            "data_dir": folder / "data",
            "embedder": {"kind": "fake"},
            "chat": {"kind": "none"},
            "jobs": {"with_server": False},
        }
    )
    (folder / "own").mkdir()
    write_subtitles(folder / "own" / "1.zh.vtt", [f"自己的课，第{n}句。" for n in range(3)])
    async with opened(settings) as house:
        house.__dict__["clock"] = SetClock()
        assert (await ingest_paths(house, [folder / "own"])).ok
        garden = {"id": "G/7", "title": "阳台种菜", "url": "https://zj.example/G/7"}
        await dock(house, folder, "zj", 1, [garden, {"id": "bread", "title": "烤面包"}])
        await dock(house, folder, "ah", 2, [{"id": "x 1", "title": "种菜", "same_as": "g-7"}])
        yield house, settings
    await stop(settings.data_dir)


async def told(settings: Settings) -> dict[str, list[dict[str, Any]]]:
    """Sources by course, which the list and each course's own page must tell alike."""
    async with client_of(create_app(settings)) as client:
        listed = {item["id"]: item["sources"] for item in (await client.get("/v1/courses")).json()["items"]}
        for course_id, sources in listed.items():
            assert (await client.get(f"/v1/courses/{course_id}")).json()["sources"] == sources
    return listed


async def test_sources_of_a_course(tmp_path: Path) -> None:
    """First the one that describes it; ids and pages as written there; nothing of other platforms."""
    async with docked(tmp_path) as (house, settings):
        cards = await house.cards.of_courses("default", ["g-7", "bread"])
        foreign = [
            replace(card, source_id="far", course=replace(card.course, platform_id="elsewhere"))
            for card in cards
        ]
        await house.cards.put("elsewhere", foreign, 5.0)
        assert await told(settings) == {
            "g-7": [
                {
                    "source_id": "zj",
                    "external_id": "G/7",
                    "url": "https://zj.example/G/7",
                    "docked_at": f"{DAY}01:00:00Z",
                    "harvested_at": f"{DAY}01:00:00Z",
                },
                {
                    "source_id": "ah",
                    "external_id": "x 1",
                    "url": "",
                    "docked_at": f"{DAY}02:00:00Z",
                    "harvested_at": f"{DAY}02:00:00Z",
                },
            ],
            "bread": [
                {
                    "source_id": "zj",
                    "external_id": "bread",
                    "url": "",
                    "docked_at": f"{DAY}01:00:00Z",
                    "harvested_at": f"{DAY}01:00:00Z",
                }
            ],
            "own": [],
        }


async def test_a_later_harvest(tmp_path: Path) -> None:
    """When a course came in stays; when its source was read moves on, and is null while that goes on."""
    async with docked(tmp_path) as (house, settings):
        changed = {"id": "G/7", "title": "阳台种菜", "url": "https://zj.example/new"}
        await dock(house, tmp_path, "zj", 9, [changed, {"id": "tea", "title": "泡茶"}])
        found = await told(settings)
        assert sorted(found) == ["g-7", "own", "tea"]
        [first, second] = found["g-7"]
        assert (first["docked_at"], first["harvested_at"]) == (f"{DAY}01:00:00Z", f"{DAY}09:00:00Z")
        assert (first["url"], second["harvested_at"]) == ("https://zj.example/new", f"{DAY}02:00:00Z")
        assert found["tea"][0]["docked_at"] == f"{DAY}09:00:00Z"

        await house.cards.note(SourceState("default", "zj", False, "", house.clock.now()))
        found = await told(settings)
        assert [source["harvested_at"] for source in found["g-7"]] == [None, f"{DAY}02:00:00Z"]

        await dock(house, tmp_path, "zj", 10, [{"id": "tea", "title": "泡茶"}])
        assert [source["source_id"] for source in (await told(settings))["g-7"]] == ["ah"]


async def test_a_record_that_the_platform_puts(tmp_path: Path) -> None:
    """A new course is found at once, a changed one by its new words only; lessons and other sources stay."""
    async with docked(tmp_path) as (_, settings), client_of(create_app(settings)) as client:

        async def found(query: str) -> list[str]:
            reply = await client.post("/v1/search", json={"query": query, "kind": "courses"})
            return [one["text"] for one in reply.json()["results"] if one["course_id"] == "knit"]

        record = {
            "title": "编织入门",
            "description": "学会用毛线织围巾。",
            "tags": ["手工"],
            "level": "beginner",
        }
        made = await client.put("/v1/courses/knit", json=record)
        assert (made.status_code, made.json()["language"], made.json()["lessons"]) == (201, "zh", [])
        assert await found("织围巾") == ["学会用毛线织围巾。"]
        again = await client.put("/v1/courses/knit", json=record | {"description": "学会用钩针钩帽子。"})
        assert again.status_code == 200
        assert await found("钩帽子") == ["学会用钩针钩帽子。"]
        assert "学会用毛线织围巾。" not in await found("织围巾")

        own = (await client.get("/v1/courses/own")).json()
        assert (await client.put("/v1/courses/own", json={"title": "自己的课"})).status_code == 200
        changed = (await client.get("/v1/courses/own")).json()
        assert (changed["title"], changed["lessons"]) == ("自己的课", own["lessons"])
        assert (
            await client.put("/v1/courses/g-7", json={"title": "种菜", "tags": ["园艺"]})
        ).status_code == 200
        assert [s["source_id"] for s in (await client.get("/v1/courses/g-7")).json()["sources"]] == [
            "zj",
            "ah",
            "api",
        ]

        no_day = {"title": "x", "published_at": "2026-02-31"}
        no_url = {"title": "x", "url": "ftp://x"}
        for bad in ({}, {"title": ""}, {"title": "x", "level": "expert"}, no_url, no_day):
            assert (await client.put("/v1/courses/knit", json=bad)).status_code == 422
        assert (await client.delete("/v1/courses/knit")).status_code == 200
        assert (await client.get("/v1/courses/knit")).status_code == 404
        assert await found("钩帽子") == []
