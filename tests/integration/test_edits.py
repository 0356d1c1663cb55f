"""What a course team changes, through the API and the pipeline: pinned over re-ingest, never dropped."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from baize.api.app import create_app
from baize.bootstrap import House, opened
from baize.domain.edit import Edit, apply_cue_edits
from baize.domain.locator import TimeSpan
from baize.domain.search import Scope
from baize.domain.text import Cue
from baize.edge.launch import stop
from baize.settings import Settings
from benchmarks.crash import write_subtitles
from ingest.run import ingest_paths

pytestmark = pytest.mark.anyio

LINES = ["量血压之前先安静坐五分钟。", "袖袋要和心脏一样高。", "一次量两遍，取平均。"]


@dataclass
class Team:
    http: httpx.AsyncClient
    house: House
    folder: Path

    async def build(self) -> None:
        """What a worker does with the job of an edit: the lesson is read from its folder again."""
        report = await ingest_paths(self.house, [self.folder])
        assert report.ok, report.all_problems

    async def lines(self) -> list[dict[str, Any]]:
        body: list[dict[str, Any]] = (await self.http.get("/lessons/bp.1/transcript")).json()["cues"]
        return body

    async def edits(self) -> list[tuple[str, str, str]]:
        found = (await self.http.get("/lessons/bp.1/edits")).json()["edits"]
        return [(edit["kind"], edit["state"], edit["text"]) for edit in found]

    async def change(self, line: dict[str, Any], text: str) -> httpx.Response:
        edit = {"cue_id": line["id"], "base_hash": line["hash"], "text": text}
        return await self.http.patch("/lessons/bp.1/transcript", json={"edits": [edit]})


@pytest.fixture
async def team(tmp_path: Path) -> AsyncIterator[Team]:
    folder = tmp_path / "bp"
    folder.mkdir()
    write_subtitles(folder / "1.zh.vtt", LINES)
    settings = Settings.model_validate(
        {"data_dir": tmp_path / "data", "embedder": {"kind": "fake"}, "chat": {"kind": "none"}}
    )
    app = create_app(settings, open_house=opened)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost/v1") as http:
            team = Team(http, app.state.house, folder)
            await team.build()
            yield team
    await stop(settings.data_dir)


async def test_a_corrected_line_reaches_transcript_and_index(team: Team) -> None:
    """The job has top priority and names ids only; after it the line is a person's, everywhere."""
    response = await team.change((await team.lines())[1], "袖带要和心脏一样高。")
    assert response.status_code == 202
    job = await team.house.jobs.status("default", response.json()["ingestion_id"])
    assert job is not None
    assert (job.priority, job.course_id) == ("edit", "bp")
    assert await team.edits() == [("cue", "pending", "袖带要和心脏一样高。")]
    await team.build()
    lines = await team.lines()
    assert [(line["text"], line["origin"]) for line in lines] == [
        (LINES[0], "source"),
        ("袖带要和心脏一样高。", "person"),
        (LINES[2], "source"),
    ]
    results = (await team.http.post("/search", json={"query": "袖带 心脏"})).json()["results"]
    texts = {result["text"] for result in results}
    assert "袖带要和心脏一样高。" in texts
    assert LINES[1] not in texts
    assert await team.edits() == [("cue", "applied", "袖带要和心脏一样高。")]


async def test_an_edit_survives_a_new_version_of_the_source(team: Team) -> None:
    """Other lines change, this one moves a little: the correction stays with it."""
    await team.change((await team.lines())[1], "袖带要和心脏一样高。")
    vtt = (team.folder / "1.zh.vtt").read_text("utf-8")
    shifted = vtt.replace("00:00:02.000 -->", "00:00:02.300 -->").replace(LINES[2], "一次量三遍。")
    (team.folder / "1.zh.vtt").write_text(shifted, "utf-8")
    await team.build()
    assert [line["text"] for line in await team.lines()] == [LINES[0], "袖带要和心脏一样高。", "一次量三遍。"]


async def test_a_changed_source_makes_a_conflict(team: Team) -> None:
    """The new source is shown, and the edit is told, kept, and applied again where the source comes back."""
    await team.change((await team.lines())[1], "袖带要和心脏一样高。")
    await team.build()
    write_subtitles(team.folder / "1.zh.vtt", [LINES[0], "下面讲怎样吃早饭。", LINES[2]])
    await team.build()
    assert (await team.lines())[1]["text"] == "下面讲怎样吃早饭。"
    assert await team.edits() == [("cue", "conflict", "袖带要和心脏一样高。")]
    write_subtitles(team.folder / "1.zh.vtt", LINES)
    await team.build()
    assert (await team.lines())[1]["text"] == "袖带要和心脏一样高。"
    assert await team.edits() == [("cue", "applied", "袖带要和心脏一样高。")]


async def test_who_has_seen_another_text_changes_nothing(team: Team) -> None:
    """409 for a stale hash, also while the first edit waits; all or none; unknown lines are 404."""
    lines = await team.lines()
    stale = {"cue_id": lines[0]["id"], "base_hash": "0" * 16, "text": "x"}
    good = {"cue_id": lines[1]["id"], "base_hash": lines[1]["hash"], "text": "y"}
    both = await team.http.patch("/lessons/bp.1/transcript", json={"edits": [good, stale]})
    assert both.status_code == 409
    assert await team.edits() == []
    assert (await team.change(lines[1], "y")).status_code == 202
    assert (await team.change(lines[1], "z")).status_code == 409
    assert (await team.change({"id": "c9-9", "hash": "0" * 16}, "z")).status_code == 404
    assert (await team.change(lines[1], "")).status_code == 422


async def test_a_persons_chapters_win(team: Team) -> None:
    """They are shown as a person's, cut the passages, and stay over the next version."""
    body = {"chapters": [{"start": 0, "title": "准备"}, {"start": 4, "title": "测量"}]}
    assert (await team.http.put("/lessons/bp.1/chapters", json=body)).status_code == 202
    await team.build()
    write_subtitles(team.folder / "1.zh.vtt", [*LINES, "最后把数字写下来。"])
    await team.build()
    chapters = (await team.http.get("/lessons/bp.1/chapters")).json()["chapters"]
    assert [(c["title"], c["origin"], c["locator"]["start"]) for c in chapters] == [
        ("准备", "person", 0.0),
        ("测量", "person", 4.0),
    ]
    wrong = {"chapters": body["chapters"][::-1]}
    assert (await team.http.put("/lessons/bp.1/chapters", json=wrong)).status_code == 422
    # In milliseconds: they were taken, and no chapter was left.
    beyond = {"chapters": [{"start": 4000, "title": "测量"}]}
    refused = await team.http.put("/lessons/bp.1/chapters", json=beyond)
    assert refused.status_code == 422
    assert "'测量' starts at 4000 s" in refused.json()["detail"]


async def test_a_persons_summary_and_key_points_are_pinned(team: Team) -> None:
    """Shown as a person's over a re-ingest; a conflict where the source says something else there."""
    line = {"text": "先静坐，再量。", "locators": [{"kind": "time", "start": 0, "end": 2}]}
    put = await team.http.put("/lessons/bp.1/summary", json={"lines": [line]})
    assert put.status_code == 202, put.text
    assert (await team.http.put("/lessons/bp.1/key-points", json={"key_points": [line]})).status_code == 202
    await team.build()
    write_subtitles(team.folder / "1.zh.vtt", [*LINES, "最后把数字写下来。"])
    await team.build()
    shown = {**line, "lesson_id": "bp.1", "origin": "person"}
    summary = (await team.http.get("/lessons/bp.1/summary")).json()
    assert summary["lines"] == [shown]
    assert (await team.http.get("/lessons/bp.1/key-points")).json()["key_points"] == [shown]
    # What GET gives may be sent back.
    assert (await team.http.put("/lessons/bp.1/summary", json={"lines": [shown]})).status_code == 202
    write_subtitles(team.folder / "1.zh.vtt", ["下面讲怎样吃早饭。", *LINES[1:]])
    await team.build()
    assert {(kind, state) for kind, state, _ in await team.edits()} == {
        ("summary", "conflict"),
        ("key_points", "conflict"),
    }
    summary = (await team.http.get("/lessons/bp.1/summary")).json()
    assert {said["origin"] for said in summary["lines"]} == {"extractive"}
    write_subtitles(team.folder / "1.zh.vtt", LINES)
    await team.build()
    assert (await team.http.get("/lessons/bp.1/summary")).json()["lines"] == [shown]
    for wrong in (
        {"lines": []},
        {"lines": [{"text": "x", "locators": []}]},
        {"lines": [{"text": "x", "locators": [{"kind": "time", "start": 900, "end": 901}]}]},
        {"lines": [{"text": "x", "locators": [{"kind": "time", "start": 2, "end": 1}]}]},
        {"lines": [{"text": "x", "locators": [{"kind": "time", "start": 0, "end": 9999}]}]},
    ):
        refused = await team.http.put("/lessons/bp.1/summary", json=wrong)
        assert refused.status_code == 422, wrong


async def test_forgetting_a_course_forgets_its_edits(team: Team) -> None:
    """They are the course's words."""
    await team.change((await team.lines())[1], "袖带要和心脏一样高。")
    await team.house.publisher.forget("default", "bp")
    assert await team.house.edits.of("default", "bp.1") == []
    assert await team.house.catalog.live(Scope("default")) == []


def test_where_an_edit_holds() -> None:
    """The place decides: half of the joint time, and much the same words."""
    cues = [Cue(0, 2, "甲乙丙丁"), Cue(2, 4, "戊己庚辛")]
    edit = Edit("p", "c", "l", "e", "cue", TimeSpan(0, 2), "甲乙丙丁", "甲乙丙", "", 0.0)
    for span, base, state in (
        (TimeSpan(0, 2), "甲乙丙丁", "applied"),
        (TimeSpan(0.5, 2), "甲乙丙子", "applied"),
        (TimeSpan(0, 2), "完全不同", "conflict"),
        (TimeSpan(5, 7), "甲乙丙丁", "conflict"),
    ):
        changed, (settled,) = apply_cue_edits(cues, [replace(edit, span=span, base=base)])
        assert settled.state == state
        assert changed[0].text == ("甲乙丙" if state == "applied" else "甲乙丙丁")
