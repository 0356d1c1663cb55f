"""Erasure with proof: what a learner leaves through every door, and that nothing of it is found afterwards.

Each door plants the learner's id and texts of its own. After `DELETE /v1/learners/{id}` every file of the
data folder, every table, every key in Redis, the temporary folder, the log and the parts in memory are
searched for them.
"""

from __future__ import annotations

import logging
import logging.config
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import redis.asyncio as redis
from sqlalchemy import inspect, text

from baize.adapters.cache_memory import MemoryCache
from baize.adapters.event_log_memory import MemoryEventLog
from baize.api.access_log import log_config
from baize.api.app import create_app
from baize.bootstrap import House, opened
from baize.domain.chat import Message
from baize.domain.platform import Platform
from baize.domain.text import Cue
from baize.edge.launch import stop
from baize.services.dictate import Dictation
from baize.settings import Settings
from baize.testing.scripted_chat_model import Script, ScriptedChatModel
from baize.testing.scripted_transcriber import ScriptedTranscriber
from benchmarks.crash import write_subtitles
from ingest.run import ingest_paths
from tests.integration.test_who_asks import SECRET, token
from tests.unit.api.library import LiveServer

pytestmark = pytest.mark.anyio
pytest_plugins = ["tests.servers.postgres", "tests.servers.redis"]

LEARNER = "lin-7f3a9c-学员"
OTHER = "wang-5d1e"
MARK = "银杏叶书签"
"""Part of every text that the learner leaves, and of nothing else."""
LESSON = "course.1"
COURSE = [
    "量血压之前，先安静坐五分钟。",
    "袖带要和心脏一样高。",
    "一次量两遍，取平均值。",
    "收缩压是心脏收缩时的血压。",
    "舒张压是心脏放松时的血压。",
    "高血压是指收缩压达到一百四十。",
    "收缩压和舒张压都要记下来。",
]
"""Enough for a quiz item."""


@dataclass
class Planted:
    """A running server, its house, and the client of the learner."""

    client: httpx.AsyncClient
    house: House
    answer_ids: list[str] = field(default_factory=list)


async def ask(planted: Planted, learner_id: str, question: str, **headers: str) -> dict[str, Any]:
    body = {"question": question, "learner_id": learner_id, "conversation_id": f"c-{learner_id}"}
    response = await planted.client.post("/v1/answers", json=body, headers=headers)
    assert response.status_code == 200, response.text
    return {"id": response.json()["answer_id"]} if not headers else {"text": response.text}


async def plant_answers(planted: Planted) -> None:
    """Whole and streamed, so that answers, conversation, usage, event log and caches hold them."""
    # Alone in its conversation, so that it may be reused, and is remembered for that.
    body = {"question": f"{MARK}：量血压之前坐多久？", "learner_id": LEARNER}
    first = (await planted.client.post("/v1/answers", json=body)).json()
    planted.answer_ids.append(first["answer_id"])
    planted.answer_ids.append((await ask(planted, LEARNER, f"{MARK}，袖带放多高？"))["id"])
    streamed = await ask(planted, LEARNER, f"{MARK}，一次量几遍？", accept="text/event-stream")
    assert "event: done" in streamed["text"]


async def plant_by_token(planted: Planted) -> None:
    """A question that comes from the learner's own browser, and is counted."""
    body = {"question": f"{MARK}，袖带要放多高？"}
    response = await planted.client.post("/v1/answers", json=body, headers=token(LEARNER))
    assert response.status_code == 200, response.text


async def plant_likes(planted: Planted) -> None:
    """Preferences and feedback."""
    liked = await planted.client.put(f"/v1/learners/{LEARNER}/preferences", json={"elder": True})
    said = {"answer_id": planted.answer_ids[0], "rating": "down", "correction": f"应该是{MARK}"}
    heard = await planted.client.post("/v1/feedback", json=said | {"learner_id": LEARNER})
    assert (liked.status_code, heard.status_code) == (200, 204)


async def plant_speech(planted: Planted) -> None:
    """A spoken question."""
    response = await planted.client.post("/v1/transcriptions", content=MARK.encode())
    assert response.json() == {"text": MARK}


async def plant_service(planted: Planted) -> None:
    """A question in the one box, and a ticket with the conversation."""
    body = {"question": f"什么是{MARK}，量血压之前坐多久？", "learner_id": LEARNER}
    asked = await planted.client.post("/v1/support", json=body)
    ticket = {"message": f"{MARK}在哪里领", "consent": True, "contact": MARK, "learner_id": LEARNER}
    ticket["conversation_id"] = f"c-{LEARNER}"
    handed = await planted.client.post("/v1/support/tickets", json=ticket)
    assert (asked.status_code, handed.status_code) == (200, 201), (asked.text, handed.text)
    assert handed.json()["n_turns"] > 0


async def plant_memory(planted: Planted) -> None:
    """What is remembered, one sentence of it in the learner's own words, another deleted."""
    path = f"/v1/learners/{LEARNER}/memory"
    items = (await planted.client.get(path)).json()["items"]
    assert 3 <= len(items) <= 5
    own = await planted.client.put(f"{path}/{items[0]['item_id']}", json={"text": f"我喜欢{MARK}。"})
    gone = await planted.client.delete(f"{path}/{items[1]['item_id']}")
    assert (own.status_code, gone.status_code) == (200, 204)
    after = (await planted.client.get(path)).json()["items"]
    assert after[0] == {"item_id": items[0]["item_id"], "text": f"我喜欢{MARK}。", "edited": True}
    assert items[1]["item_id"] not in {item["item_id"] for item in after}
    assert (await planted.client.delete(f"{path}/{items[1]['item_id']}")).status_code == 404
    assert (await planted.client.get(f"/v1/learners/{OTHER}/memory")).json() == {"items": []}
    # What the model was told of it is in the cache, too.
    await ask(planted, LEARNER, f"{MARK}，量几遍？")


async def plant_progress(planted: Planted) -> None:
    """What was seen of a lesson, and what is interesting."""
    seen = {"spans": [{"start": 0, "end": 2}], "completed": True}
    saw = await planted.client.put(f"/v1/learners/{LEARNER}/progress/{LESSON}", json=seen)
    likes = await planted.client.put(f"/v1/learners/{LEARNER}/interests", json={"tags": [MARK]})
    assert (saw.status_code, likes.status_code) == (200, 200), (saw.text, likes.text)


async def plant_practice(planted: Planted) -> None:
    """An attempt in the learner's words, at an item that becomes a card, and a review of it."""
    item_id = (await planted.client.get(f"/v1/lessons/{LESSON}/quiz")).json()["items"][0]["id"]
    tried = {"text": f"{MARK}吧", "learner_id": LEARNER}
    attempt = await planted.client.post(f"/v1/quiz/{item_id}/attempts", json=tried)
    again = {"recall": "good", "learner_id": LEARNER}
    review = await planted.client.post(f"/v1/reviews/{item_id}/grade", json=again)
    assert (attempt.status_code, review.status_code) == (200, 200), (attempt.text, review.text)


async def plant_statements(planted: Planted) -> None:
    """What another program tells of the learner."""
    told = {
        "actor": {"account": {"homePage": "https://learn.example", "name": LEARNER}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/attended"},
        "object": {"id": "https://learn.example/club", "definition": {"name": {"zh-CN": MARK}}},
    }
    heard = await planted.client.post("/v1/statements", json=told)
    assert heard.status_code == 200, heard.text


async def plant_archive(planted: Planted) -> None:
    """A course that was completed elsewhere."""
    done = {"learner_id": LEARNER, "course_id": "old", "completed_at": "2026-05-31", "title": MARK}
    taken = await planted.client.post("/v1/learners/import", json=[done])
    assert taken.json()["changed"] == 1, taken.text


DOORS: list[Callable[[Planted], Awaitable[None]]] = [
    plant_answers,
    plant_by_token,
    plant_likes,
    plant_speech,
    plant_service,
    plant_memory,
    plant_progress,
    plant_practice,
    plant_statements,
    plant_archive,
]
"""Through which a learner's words come in. A new door is added here."""
VERBS = {"asked", "commented", "progressed", "completed", "answered", "reviewed", "attended"}
"""Of the statements that the learner takes along."""


def cited(messages: Any) -> Script:
    """Answers with the first passage's own words, which verify; the question's words come back too."""
    question: Message = messages[-1]
    del question
    return [f"先安静坐五分钟[1]。{MARK}的事课程没有讲。"]


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    """Everything that is logged, uvicorn's access log included, as `baize serve` logs it."""
    file = tmp_path / "log.txt"
    config = log_config()
    for handler in config["handlers"].values():
        handler.pop("stream")
        handler |= {"class": "logging.FileHandler", "filename": str(file)}
    config["disable_existing_loggers"] = False
    logging.config.dictConfig(config)
    whole = logging.FileHandler(file)
    logging.getLogger().addHandler(whole)
    yield file
    logging.getLogger().removeHandler(whole)
    whole.close()
    for name in ("uvicorn", "uvicorn.access"):
        for made in list(logging.getLogger(name).handlers):
            logging.getLogger(name).removeHandler(made)
            made.close()


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Planted]:
    """A server over TCP in this process, its library ingested, its model and its speech engine scripted."""
    houses: list[House] = []

    @asynccontextmanager
    async def open_house(chosen: Settings) -> AsyncIterator[House]:
        async with opened(chosen) as house:
            house.__dict__["chat"] = ScriptedChatModel(respond=cited)
            engine = ScriptedTranscriber({"recording": [Cue(0.0, 1.0, MARK)]})
            house.__dict__["dictation"] = Dictation(engine, lambda *_: False)
            await house.platforms.put(Platform("default", secret=SECRET))
            houses.append(house)
            yield house
            # It has no connections to close.
            del house.__dict__["chat"]

    with LiveServer(create_app(settings, open_house=open_house)) as server:
        async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
            yield Planted(client, houses[0])


@pytest.fixture(params=["sqlite", "sqlite and redis", "postgres"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    values: dict[str, Any] = {
        "data_dir": tmp_path / "data",
        "embedder": {"kind": "fake"},
        "chat": {"kind": "none"},
        "answers": {"min_evidence": 0.0, "verify_reject": 0.0, "verify_accept": 0.01},
        "jobs": {"with_server": False},
        "limits": {"learner_per_minute": 1000},
    }
    if "redis" in request.param:
        values["redis_url"] = request.getfixturevalue("redis_url")
    if request.param == "postgres":
        values["database_url"] = request.getfixturevalue("postgres_url")
    return Settings.model_validate(values)


async def test_a_learner_is_erased_from_everywhere(
    settings: Settings, tmp_path: Path, log_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, the marks are found where they should be; afterwards nowhere, and another learner keeps all."""
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    (tmp_path / "course").mkdir()
    write_subtitles(tmp_path / "course" / "1.zh.vtt", COURSE)
    async with opened(settings) as house:
        assert (await ingest_paths(house, [tmp_path / "course"])).ok

    async with running(settings) as planted:
        for plant in DOORS:
            await plant(planted)
        kept = await ask(planted, OTHER, "袖带要放多高才对？")
        export = await planted.client.get(f"/v1/learners/{LEARNER}/export")
        assert MARK in export.text
        assert OTHER not in export.text
        told = {one["verb"]["id"].rpartition("/")[2] for one in export.json()["statements"]}
        assert told == VERBS
        before = await found(settings, planted, tmp_path)
        places = {place.partition(" ")[0].removeprefix(str(tmp_path / "data")) for place in before}
        assert places >= expected(settings), before

        erased = await planted.client.delete(f"/v1/learners/{LEARNER}")
        assert erased.status_code == 200, erased.text
        assert erased.json()["complete"] is True
        assert erased.json()["erased"]["answers"] >= 3
        assert erased.json()["erased"]["events"] == 1

        assert await found(settings, planted, tmp_path) == []
        assert (await planted.client.get(f"/v1/answers/{kept['id']}")).status_code == 200
        after = (await planted.client.get(f"/v1/learners/{LEARNER}/export")).json()
        assert not any(after["records"].values())
        assert after["statements"] == []
    logged = await anyio.Path(log_file).read_bytes()
    assert marks_in(logged) == []
    assert b"/v1/learners/" in logged
    await stop(settings.data_dir)
    assert [path for path in files(tmp_path / "data", scratch) if marks_in(path.read_bytes())] == []


def expected(settings: Settings) -> set[str]:
    """Where the marks must be before the erasure, or the search would prove nothing."""
    held = {"table", "redis"} if settings.redis_url else {"table", "cache", "event"}
    return held if settings.database_url else held | {"/baize.db-wal"}


# ------------------------------------------------------------------------------------------------- the search


def marks_in(content: bytes) -> list[str]:
    """The marks that stand in some bytes, as UTF-8, as JSON writes them in ASCII, and as UTF-16."""
    return [
        mark
        for mark in (LEARNER, LEARNER.partition("-学")[0], MARK)
        for coded in (mark.encode(), mark.encode("unicode_escape"), mark.encode("utf-16-le"))
        if coded in content
    ]


def files(*folders: Path) -> list[Path]:
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


async def found(settings: Settings, planted: Planted, tmp_path: Path) -> list[str]:
    """Where marks are found."""
    hits = [str(path) for path in files(tmp_path / "data", tmp_path / "tmp") if marks_in(path.read_bytes())]
    hits += await in_tables(planted.house)
    if settings.redis_url:
        hits += await in_redis(settings.redis_url)
    hits += in_memory(planted.house)
    return hits


async def in_tables(house: House) -> list[str]:
    async with house.database.connection() as connection:
        tables = await connection.run_sync(lambda c: inspect(c).get_table_names())
        rows = {
            table: repr((await connection.execute(text(f'SELECT * FROM "{table}"'))).all())  # noqa: S608
            for table in tables
        }
    assert len(tables) > 10
    return [f"table {table}" for table, content in rows.items() if marks_in(content.encode())]


async def in_redis(url: str) -> list[str]:
    client = redis.Redis.from_url(url)
    hits = []
    async for name in client.scan_iter(count=1000):
        kind = await client.type(name)
        read = {b"string": client.get, b"stream": client.xrange, b"hash": client.hgetall}.get(kind)
        content = repr(await read(name)) if read else repr(await client.dump(name))
        if marks_in(name) or marks_in(_bytes_shown(content)):
            hits.append(f"redis {name.decode()}")
    await client.aclose()
    return hits


def _bytes_shown(shown: str) -> bytes:
    """What `repr` of bytes hides behind \\x escapes."""
    return shown.encode().decode("unicode_escape", "replace").encode("latin-1", "replace")


def in_memory(house: House) -> list[str]:
    """The stores of this process."""
    hits = []
    if isinstance(house.cache, MemoryCache):
        entries = house.cache._entries.items()
        if marks_in(b"\n".join(key.encode() + value for key, (_, value) in entries)):
            hits.append("cache")
    log = house.event_log
    own = log if isinstance(log, MemoryEventLog) else log._own  # type: ignore[attr-defined]
    if marks_in(_bytes_shown(repr(own._logs))):
        hits.append("event log")
    if not isinstance(log, MemoryEventLog) and marks_in(_bytes_shown(repr(log._copies))):  # type: ignore[attr-defined]
        hits.append("copies of the event log")
    if marks_in(repr(vars(house.rate_limits)).encode()):
        hits.append("rate limits")
    if marks_in(repr(house.late_writes._waiting).encode()):
        hits.append("late writes")
    return hits
