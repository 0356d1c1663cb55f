"""`baize forget` and its route: what a course leaves in every store, and that nothing of it is found after.

Texts and ids are planted that stand nowhere else; then every file of the data folder, byte for byte, and
every table are searched for them, and what belongs to another course is still there.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from anyio import to_thread
from sqlalchemy import text
from typer.testing import CliRunner

from baize.api.app import create_app
from baize.bootstrap import House, opened
from baize.cli import build
from baize.domain.chat import Answer, Citation
from baize.domain.cost import Used
from baize.domain.edit import Edit
from baize.domain.job import JobRequest
from baize.domain.live import AnswerKey
from baize.domain.locator import TimeSpan
from baize.domain.preferences import Feedback
from baize.domain.search import Scope
from baize.edge.launch import stop
from baize.settings import Settings
from benchmarks.crash import write_subtitles
from ingest.dock import dock_file
from ingest.embed import embed
from ingest.extract.slides import frame_path
from ingest.run import ingest_paths
from tests.integration.test_fetch import ScriptedFetcher

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]
pytest_plugins = ["tests.servers.postgres"]

TEXT = "独一无二的袖带"
"""Part of every text of the course, and of nothing else."""
ID = "zq7f3"
"""Part of every id and path of it."""
GONE, KEPT = f"gone-{ID}", "kept"
LINES = [f"{TEXT}，第{n}句要讲清楚。" for n in range(6)]


def answer(answer_id: str, course_id: str, quote: str) -> Answer:
    citation = Citation(1, quote, "c", course_id, f"{course_id}.1", "t", TimeSpan(0, 1), quote, 1.0)
    return Answer(answer_id, "default", answer_id, "q", "zh", "m", "", quote, citations=(citation,))


def write_courses(root: Path) -> None:
    """One with all kinds of sources; one beside it that must stay."""
    gone, kept = root / GONE, root / KEPT
    for folder in (gone, kept):
        folder.mkdir()
    write_subtitles(gone / "1.zh.vtt", LINES)
    (gone / "2.md").write_text(f"# {TEXT}\n\n{TEXT}的讲义。\n", encoding="utf-8")
    (gone / "faq.jsonl").write_text(
        f'{{"question": "{TEXT}多宽？", "answer": "{TEXT}十二厘米宽。"}}\n', encoding="utf-8"
    )
    (gone / "course.yaml").write_text(
        f"""id: {GONE}
title: {TEXT}课
language: zh
glossary: [{TEXT}]
faq: faq.jsonl
lessons:
  - {{id: {GONE}.1, title: {TEXT}一, subtitles: [1.zh.vtt]}}
  - {{id: {GONE}.2, title: 讲义, documents: [2.md]}}
  - {{id: {GONE}.3, title: 远程, subtitles: ["https://media.example/{ID}.zh.vtt"]}}
  - {{id: {GONE}.4, title: 坏的, documents: [{ID}.pdf]}}
""",
        encoding="utf-8",
    )
    (gone / f"{ID}.pdf").write_bytes(b"no PDF")
    write_subtitles(kept / "1.zh.vtt", [f"别的课，第{n}句要讲清楚。" for n in range(6)])


async def plant(house: House, root: Path) -> None:
    """Through every door that a course's text or id comes in by."""
    house.__dict__["fetcher"] = ScriptedFetcher(f"{TEXT}来自远方。")
    # Other jobs than the report's are queued by folder alone, before anybody knows the course.
    await house.jobs.submit(JobRequest("default", str(root / GONE)))
    report = await ingest_paths(house, [root / GONE, root / KEPT])
    assert {problem.path.rpartition("/")[2] for problem in report.all_problems} == {f"{ID}.pdf"}
    await house.jobs.submit(JobRequest("default", str(root / GONE), GONE))
    catalogue = root / "zj.jsonl"
    catalogue.write_text(
        f'{{"id": "{GONE}", "title": "{TEXT}", "description": "{TEXT}的课。"}}\n'
        '{"id": "other", "title": "另一门", "description": "说别的。"}\n',
        encoding="utf-8",
    )
    assert (await dock_file(house, catalogue)).n_new == 2
    edit = Edit("default", GONE, f"{GONE}.1", "e", "cue", TimeSpan(0, 2), TEXT, TEXT, "", 1.0)
    await house.edits.put([edit])
    for answer_id, course_id, quote in ((f"a-{ID}", GONE, TEXT), ("a2", KEPT, "别的课")):
        used = Used("default", "2026-11-28", course_id, "m", n_answers=1)
        await house.answers.put(answer(answer_id, course_id, quote), used)
        await house.feedback.put(
            Feedback("default", answer_id, "lin", "down", correction=quote, given_at=1.0)
        )
    key = AnswerKey("default", f"a-{ID}")
    await house.event_log.begin(key, "lin")
    await house.event_log.append(key, [TEXT.encode()])
    await house.event_log.finish(key)
    picture = frame_path(house.kept("default", GONE) / "frames", "0" * 64, 1.0)
    picture.parent.mkdir(parents=True)
    picture.write_bytes(TEXT.encode())
    await plant_in_older_spaces(house)


async def plant_in_older_spaces(house: House) -> None:
    """The collection of a layout that nobody asks any more, and the folders of an older version."""
    ids = await house.index.ids(Scope("default", (GONE,)))
    stored = await house.index.chunks("default", ids)
    points = await embed([one.chunk for one in stored.values()], "b", house.embedder, lambda *_: None)
    older = house.collection("older-v2")
    await older.upsert([replace(point, build_id="b") for point in points])
    await older.close()
    (house.data_dir / "stages" / "hear").mkdir(parents=True)
    (house.data_dir / "stages" / "hear" / "x.json").write_text(TEXT, encoding="utf-8")


def marks(content: bytes) -> list[str]:
    return [
        mark
        for mark in (TEXT, ID)
        for coded in (mark.encode(), mark.encode("unicode_escape"), mark.encode("utf-16-le"))
        if coded in content
    ]


def in_files(data: Path) -> set[str]:
    """The first part of each path in which something is found, by name or by content."""
    return {
        path.relative_to(data).parts[0]
        for path in data.rglob("*")
        if marks(str(path.relative_to(data)).encode()) or (path.is_file() and marks(path.read_bytes()))
    }


async def in_tables(house: House) -> set[str]:
    """Tables of PostgreSQL, those of the job queue too; SQLite's are files."""
    if not house.database.shared:
        return set()
    hits = set()
    async with house.database.connection() as connection:
        listed = text("SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'dbos')")
        tables = (await connection.execute(listed)).all()
        for schema, table in tables:
            rows = await connection.execute(text(f'SELECT t::text FROM "{schema}"."{table}" t'))  # noqa: S608
            if marks(repr(rows.all()).encode()):
                hits.add(f"{schema}.{table}")
    assert {schema for schema, _ in tables} == {"public", "dbos"}
    return hits


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    return Settings.model_validate(
        {
            "data_dir": tmp_path / "data",
            "database_url": url,
            "embedder": {"kind": "fake"},
            "chat": {"kind": "none"},
            "jobs": {"with_server": False},
        }
    )


def expected(settings: Settings) -> set[str]:
    """Where something must be found before, or the test proves nothing."""
    shared = {"index", "courses", "stages"}
    return shared if settings.database_url else shared | {"baize.db", "jobs.db"}


async def test_a_course_is_erased_from_everywhere(settings: Settings, tmp_path: Path) -> None:
    """By the command. Its neighbours keep their points, cards, answers and sums."""
    write_courses(tmp_path)
    async with opened(settings) as house:
        await plant(house, tmp_path)
        before = in_files(settings.data_dir)
        assert {place.removesuffix("-wal") for place in before} >= expected(settings), before
        assert bool(await in_tables(house)) == house.database.shared
        n_kept = await house.index.count(Scope("default", (KEPT,)))
        assert n_kept

        gone = await house.course_erasure.erase("default", GONE)

        assert (gone.n_lessons, gone.n_answers) == (4, 1)
        assert await house.event_log.head(AnswerKey("default", f"a-{ID}")) is None
        assert await in_tables(house) == set()
        assert in_files(settings.data_dir) == set()
        await stop(settings.data_dir)
        assert in_files(settings.data_dir) == set()
        assert await house.index.count(Scope("default", (KEPT,))) == n_kept
        assert await house.index.count(Scope("default", (GONE,))) == 0
        assert [one.id for one in await house.catalog.courses("default")] == [KEPT, "other"]
        assert [one.course.id for one in await house.cards.of_courses("default", ["other", GONE])] == [
            "other"
        ]
        assert await house.answers.get("default", "a2") is not None
        assert [said.answer_id for said in await house.feedback.latest("default", 9)] == ["a2"]
        used = await house.usage_book.between("default", "2026-11-28", "2026-11-28")
        assert {one.course_id: one.n_answers for one in used} == {KEPT: 1, "": 1}
        assert await house.jobs.list("default") == []
        assert (await ingest_paths(house, [tmp_path / KEPT])).lessons[0].outcome == "unchanged"
    await stop(settings.data_dir)


async def test_a_lesson_is_erased_from_everywhere(settings: Settings, tmp_path: Path) -> None:
    """By its route's use case: no byte of what it alone said is left; the lesson beside it is as it was."""
    course = tmp_path / "course"
    course.mkdir()
    write_subtitles(course / f"{ID}.zh.vtt", LINES)
    write_subtitles(course / "2.zh.vtt", [f"别的课，第{n}句要讲清楚。" for n in range(6)])
    async with opened(settings) as house:
        await house.jobs.submit(JobRequest("default", str(course), "course", (ID,)))
        assert (await ingest_paths(house, [course])).ok
        ids = [lesson.id for lesson in await house.catalog.lessons("default", "course")]
        gone_id = next(one for one in ids if ID in one)
        (kept_id,) = set(ids) - {gone_id}
        edit = Edit("default", "course", gone_id, "e", "cue", TimeSpan(0, 2), TEXT, TEXT, "", 1.0)
        await house.edits.put([edit])
        for answer_id, lesson_id, quote in ((f"a-{ID}", gone_id, TEXT), ("a2", kept_id, "别的课")):
            citation = Citation(1, quote, "c", "course", lesson_id, "t", TimeSpan(0, 1), quote, 1.0)
            said = Answer(answer_id, "default", answer_id, "q", "zh", "m", "", quote, citations=(citation,))
            await house.answers.put(said)
        heard = house.kept("default", "course") / "stages" / "hear" / "x.json"
        heard.parent.mkdir(parents=True)
        heard.write_text(TEXT, encoding="utf-8")
        before = in_files(settings.data_dir)
        assert {place.removesuffix("-wal") for place in before} >= expected(settings) - {"stages"}, before
        assert bool(await in_tables(house)) == house.database.shared
        kept = await house.catalog.lesson("default", kept_id)
        n_kept = await house.index.count(Scope("default", lesson_ids=(kept_id,)))

        gone = await house.course_erasure.erase_lesson("default", gone_id)

        assert (gone.course_id, gone.n_lessons, gone.n_points, gone.n_answers) == ("course", 1, 6, 1)
        assert await in_tables(house) == set()
        assert in_files(settings.data_dir) == set()
        assert await house.catalog.lessons("default", "course") == [kept]
        assert await house.index.count(Scope("default", lesson_ids=(kept_id,))) == n_kept == 6
        assert await house.answers.get("default", "a2") is not None
        (course / f"{ID}.zh.vtt").unlink()
        assert [one.outcome for one in (await ingest_paths(house, [course])).lessons] == ["unchanged"]
    await stop(settings.data_dir)


async def test_the_command_and_the_route(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both tell what went, and that there is nothing the second time."""
    for name, line in (("one", "一，"), ("two", "二，")):
        (tmp_path / name).mkdir()
        write_subtitles(tmp_path / name / "1.zh.vtt", [f"{line}第{n}句。" for n in range(5)])
    data = tmp_path / "data"
    settings = Settings.model_validate(
        {
            "data_dir": data,
            "embedder": {"kind": "fake"},
            "chat": {"kind": "none"},
            "jobs": {"with_server": False},
        }
    )
    async with opened(settings) as house:
        assert (await ingest_paths(house, [tmp_path / "one", tmp_path / "two"])).ok
    for name, value in (("DATA_DIR", str(data)), ("EMBEDDER__KIND", "fake"), ("CHAT__KIND", "none")):
        monkeypatch.setenv(f"BAIZE_{name}", value)
    assert await forget("one") == (0, "one: 1 lessons, 5 chunks and 0 answers that quote it removed.")
    written = await to_thread.run_sync(lambda: CliRunner().invoke(build(), ["audit"]))
    assert ("forget" in written.output, "course_id=one" in written.output) == (True, True)
    code, said = await forget("one")
    assert (code, "There is no course 'one'" in said) == (2, True)
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=120) as client:
            await a_lessons_record(client)
            erased = await client.delete("/v1/courses/two")
            assert erased.json() == {"course_id": "two", "lessons": 1, "chunks": 5, "answers": 0}
            assert (await client.delete("/v1/courses/two")).status_code == 404
    await stop(data)


async def a_lessons_record(client: httpx.AsyncClient) -> None:
    """Set, found under the new title, and erased; a new lesson has a record only."""
    (first,) = (await client.get("/v1/courses/two")).json()["lessons"]
    path, record = f"/v1/lessons/{first['id']}", {"course_id": "two", "title": "量血压"}

    async def titles(query: str) -> list[str]:
        reply = await client.post("/v1/search", json={"query": query, "scope": {"course_ids": ["two"]}})
        return [one["lesson_title"] for one in reply.json()["results"]]

    words = (await client.get(f"{path}/transcript")).json()["cues"]
    told = await client.put(path, json=record)
    expected = first | {"title": "量血压", "version": told.json()["version"]}
    assert (told.status_code, told.json()) == (200, expected)
    assert told.json()["version"] != first["version"]
    assert (await client.put(path, json=record)).json() == told.json()
    assert (await client.get(f"{path}/transcript")).json()["cues"] == words
    found = await titles("二，第3句。")
    assert (bool(found), set(found)) == (True, {"量血压"})

    fresh = {"course_id": "two", "title": "Breathing calmly", "language": "en"}
    made = await client.put("/v1/lessons/two-new", json=fresh)
    assert (made.status_code, made.json()["position"], made.json()["media"]) == (201, 2, None)
    listed = (await client.get("/v1/courses/two")).json()["lessons"]
    assert [one["title"] for one in listed] == ["量血压", "Breathing calmly"]

    for body, status in (
        (record | {"course_id": "nowhere"}, 404),
        ({"title": "x"}, 422),
        (record | {"title": ""}, 422),
        (record | {"position": 0}, 422),
    ):
        assert (await client.put(path, json=body)).status_code == status
    assert (await client.put("/v1/courses/third", json={"title": "三"})).status_code == 201
    moved = await client.put(path, json=record | {"course_id": "third"})
    assert (moved.status_code, moved.json()["remedy"] != "") == (409, True)
    erased = await client.delete("/v1/lessons/two-new")
    told_of = {"lesson_id": "two-new", "course_id": "two", "chunks": 0, "answers": 0}
    assert (erased.status_code, erased.json()) == (200, told_of)
    assert (await client.delete("/v1/lessons/two-new")).status_code == 404
    entries = (await client.get("/v1/audit")).json()["items"]
    assert any("lesson_id=two-new" in str(entry) and "DELETE" in str(entry) for entry in entries)


async def forget(course: str) -> tuple[int, str]:
    done = await to_thread.run_sync(lambda: CliRunner().invoke(build(), ["forget", course]))
    return done.exit_code, done.output.strip()
