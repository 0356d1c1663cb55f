"""A course team uploads a FAQ: read as a folder's is, built by a worker, quoted by the one box."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import anyio
import httpx
import pytest

from baize.api.app import create_app
from baize.bootstrap import House, opened
from baize.domain.platform import Platform
from baize.edge.launch import stop
from baize.services.who import create_key
from baize.settings import Settings
from benchmarks.crash import write_subtitles
from ingest.run import ingest_paths
from ingest.worker import Worker
from tests.integration.test_who_asks import SECRET, token

pytestmark = pytest.mark.anyio

REFUND = {"id": "refund", "question": "可以退费吗？", "answer": "付款后七天内可以退。"}
LATER = REFUND | {"answer": "现在是十四天内可以退。"}


def lines(*entries: dict[str, str]) -> bytes:
    return "\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries).encode()


@dataclass
class Desk:
    http: httpx.AsyncClient
    house: House
    folder: Path

    async def upload(self, course: str, body: bytes, **headers: str) -> httpx.Response:
        return await self.http.put(f"/v1/courses/{course}/faq", content=body, headers=headers)

    async def work(self) -> None:
        """What a worker does until no job is left."""
        await Worker(self.house, drain=True).run(anyio.Event())

    async def quoted(self) -> str:
        asked = {"question": REFUND["question"]}
        reply = (await self.http.post("/v1/support", json=asked)).json()
        return reply["text"] if reply["route"] == "faq" else reply["route"]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A server with a course from a folder that has a FAQ of its own, and one that has only its record."""
    folder = tmp_path / "bp"
    folder.mkdir()
    write_subtitles(folder / "1.zh.vtt", ["量血压之前先安静坐五分钟。", "一次量两遍，取平均。"])
    settings = Settings.model_validate(
        {
            "data_dir": tmp_path / "data",
            "embedder": {"kind": "fake"},
            "chat": {"kind": "none"},
            "server": {"require_key": True},
            "jobs": {"with_server": False},
            "support": {"faq_midpoint": 0.6, "faq_foreign_midpoint": 0.6},
        }
    )
    app = create_app(settings, open_house=opened)
    async with app.router.lifespan_context(app):
        house: House = app.state.house
        await house.platforms.put(Platform("default", secret=SECRET, token_role="admin"))
        _, key = await create_key(house.platforms, house.api_keys, "default", ("admin",), "", 1.0)
        headers = {"Authorization": f"Bearer {key}"}
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://localhost", headers=headers
        ) as http:
            assert (await ingest_paths(house, [folder])).ok
            assert (await http.put("/v1/courses/help", json={"title": "帮助", "language": "zh"})).is_success
            yield Desk(http, house, folder)
    await stop(settings.data_dir)


@pytest.mark.parametrize("course", ["bp", "help"])
async def test_an_upload_is_quoted_and_kept(desk: Desk, course: str) -> None:
    """By a course from a folder, whose own FAQ it replaces over every re-ingest, and by one without."""
    accepted = await desk.upload(course, lines(REFUND))
    assert accepted.status_code == 202
    assert accepted.json()["n_entries"] == 1
    await desk.work()
    job = (await desk.http.get(accepted.headers["location"])).json()
    assert job["state"] == "done", job
    assert await desk.quoted() == REFUND["answer"]
    assert (await desk.upload(course, lines(LATER))).status_code == 202
    await desk.work()
    assert await desk.quoted() == LATER["answer"]
    (edit,) = (await desk.http.get(f"/v1/lessons/{course}~faq/edits")).json()["edits"]
    assert (edit["kind"], edit["state"]) == ("faq", "applied")
    await anyio.Path(desk.folder / "faq.jsonl").write_bytes(lines(REFUND | {"answer": "文件里的回答。"}))
    assert (await ingest_paths(desk.house, [desk.folder])).ok
    if course == "bp":
        assert await desk.quoted() == LATER["answer"]
        # Without the upload, the folder's own is there again.
        assert (await desk.http.delete("/v1/lessons/bp~faq")).is_success
        assert (await ingest_paths(desk.house, [desk.folder])).ok
        assert await desk.quoted() == "文件里的回答。"


async def test_an_upload_is_one_of_the_items_that_are_counted(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """How far an ingest is says so, whether the folder has a FAQ of its own or not."""
    assert (await desk.upload("bp", lines(REFUND))).status_code == 202
    for _ in range(2):
        caplog.clear()
        with caplog.at_level(logging.INFO, "baize.ingest"):
            assert (await ingest_paths(desk.house, [desk.folder])).ok
        assert [told.message[:3] for told in caplog.records if told.name == "baize.ingest"] == ["1/2", "2/2"]
        await anyio.Path(desk.folder / "faq.jsonl").write_bytes(lines(LATER))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (lines(REFUND) + b"\n{", "Line 2: This line is no JSON."),
        (lines(REFUND, REFUND), "Line 2: The entry id refund is given twice."),
        (b"", "no entry"),
        (b"\xff", "UTF-8"),
        (b'{"question": "\\ud800", "answer": "x"}', "cannot be stored"),
        (b'{"question": "\\u0000", "answer": "x"}', "cannot be stored"),
    ],
)
async def test_a_bad_line_is_named(desk: Desk, body: bytes, said: str) -> None:
    """Nothing of it is kept."""
    refused = await desk.upload("bp", body)
    assert refused.status_code == 422
    assert said in refused.text
    assert await desk.house.edits.of("default", "bp~faq") == []


async def test_who_may_upload(desk: Desk) -> None:
    """Course teams and administrators, and the audit log tells; no learner, no course that is not there."""
    assert (await desk.upload("bp", lines(REFUND), **token("lin"))).status_code == 403
    assert (await desk.upload("nowhere", lines(REFUND))).status_code == 404
    other = token("team", role="teach", courses=["help"])
    assert (await desk.upload("bp", lines(REFUND), **other)).status_code == 404
    assert (await desk.upload("bp", lines(REFUND), **token("team", role="teach"))).status_code == 202
    assert (await desk.upload("bp", b" " * (3 * 1024 * 1024))).status_code == 413
    told = (await desk.http.get("/v1/audit")).json()["items"]
    assert "PUT /v1/courses/{course_id}/faq" in {line["action"] for line in told}
