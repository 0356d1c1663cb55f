"""`baize forget` as its user runs it: what is left of the course in the database files."""

from __future__ import annotations

from pathlib import Path

import pytest

from baize.bootstrap import opened
from baize.cli import build
from baize.domain.chat import Answer, Citation
from baize.domain.edit import Edit
from baize.domain.job import JobRequest
from baize.domain.locator import TimeSpan
from baize.edge.launch import stop
from baize.settings import Settings
from benchmarks.crash import write_subtitles
from ingest.run import ingest_paths

pytestmark = pytest.mark.anyio

SECRET = "独一无二的袖带"


def answer(answer_id: str, course_id: str, quote: str) -> Answer:
    citation = Citation(1, quote, "c", course_id, "l", "t", TimeSpan(0, 1), quote, 1.0)
    return Answer(answer_id, "default", answer_id, "q", "zh", "m", "", quote, citations=(citation,))


async def test_forget_leaves_nothing_in_the_databases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catalogue, jobs, edits and quoting answers go, byte for byte; another course keeps what it has."""
    for name, line in (("gone", SECRET), ("kept", "别的课")):
        (tmp_path / name).mkdir()
        write_subtitles(tmp_path / name / "1.zh.vtt", [f"{line}，第{n}句。" for n in range(5)])
    data = tmp_path / "data"
    settings = Settings.model_validate(
        {"data_dir": data, "embedder": {"kind": "fake"}, "chat": {"kind": "none"}}
    )
    async with opened(settings) as house:
        assert (await ingest_paths(house, [tmp_path / "gone", tmp_path / "kept"])).ok
        await house.jobs.submit(JobRequest("default", str(tmp_path / "gone"), "gone"))
        edit = Edit("default", "gone", "gone.1", "e", "cue", TimeSpan(0, 2), SECRET, SECRET, "", 1.0)
        await house.edits.put([edit])
        await house.answers.put(answer("a1", "gone", SECRET))
        await house.answers.put(answer("a2", "kept", "别的课"))
    for name, value in (
        ("DATA_DIR", str(data)),
        ("EMBEDDER__KIND", "fake"),
        ("CHAT__KIND", "none"),
    ):
        monkeypatch.setenv(f"BAIZE_{name}", value)
    files = [data / "baize.db", data / "jobs.db"]
    assert SECRET.encode() in b"".join(path.read_bytes() for path in data.glob("baize.db*"))
    from anyio import to_thread
    from typer.testing import CliRunner

    result = await to_thread.run_sync(lambda: CliRunner().invoke(build(), ["forget", "gone"]))
    assert result.exit_code == 0, result.output
    assert "1 answers" in result.output
    for path in [*files, *data.glob("*.db-wal")]:
        stored = path.read_bytes()
        assert SECRET.encode() not in stored, path
        assert str(tmp_path / "gone").encode() not in stored, path
    async with opened(settings) as house:
        assert await house.answers.get("default", "a2") is not None
        assert [course.id for course in await house.catalog.courses("default")] == ["kept"]
        assert await house.jobs.list("default") == []
    await stop(data)
