"""Backup and restore as docs/operations.md tells them: the restored library answers as the first one did."""

from __future__ import annotations

import sqlite3
import subprocess
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from baize.bootstrap import House, opened
from baize.domain.chat import Answer, Completed
from baize.domain.search import Scope
from baize.edge.launch import stop
from baize.services.answer import Question
from baize.settings import Settings
from benchmarks.crash import write_subtitles
from ingest.run import ingest_paths

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]

_KEPT = ("index", "courses", "storyboards")
_ASKED = "第七步要做什么？"


def settings_of(data_dir: Path) -> Settings:
    return Settings.model_validate(
        {
            "data_dir": data_dir,
            "embedder": {"kind": "fake"},
            "chat": {"kind": "none"},
            "answers": {"min_evidence": 0.0},
        }
    )


async def asked(house: House) -> Answer:
    prepared = await house.answering.prepare(Question(_ASKED, Scope("default"), learner_id="lin"))
    events = [event async for event in house.answering.stream(prepared)]
    [answer] = [event.answer for event in events if isinstance(event, Completed)]
    return answer


def backed_up(data_dir: Path, folder: Path) -> None:
    """The database by SQLite's own backup, the rest of the library in an archive."""
    folder.mkdir()
    with (
        closing(sqlite3.connect(data_dir / "baize.db")) as live,
        closing(sqlite3.connect(folder / "baize.db")) as copy,
    ):
        live.backup(copy)
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with tarfile.open(folder / "library.tgz", "w:gz") as archive:
        for name in _KEPT:
            if (data_dir / name).exists():
                archive.add(data_dir / name, name)


def restored(folder: Path, data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "baize.db").write_bytes((folder / "baize.db").read_bytes())
    subprocess.run(["tar", "-C", str(data_dir), "-xzf", str(folder / "library.tgz")], check=True)


async def test_a_restored_library_answers_as_it_did(tmp_path: Path) -> None:
    """The same moments, the stored answer, and nothing to ingest again."""
    course = tmp_path / "bp"
    course.mkdir()
    write_subtitles(course / "1.zh.vtt", [f"第{n}步要量血压，记下第{n}个数。" for n in "一二三四五六七八九"])
    first, second = settings_of(tmp_path / "data"), settings_of(tmp_path / "elsewhere")
    try:
        async with opened(first) as house:
            assert (await ingest_paths(house, [course])).ok
            before = await asked(house)
        assert before.citations
        # As the docs say: the index server first, for its files must not change underfoot.
        await stop(first.data_dir)
        backed_up(first.data_dir, tmp_path / "backup")
        restored(tmp_path / "backup", second.data_dir)

        async with opened(second) as house:
            after = await asked(house)
            assert (after.text, after.citations) == (before.text, before.citations)
            kept = await house.answers.get("default", before.id)
            assert kept is not None
            assert (kept.text, kept.learner_id) == (before.text, "lin")
            assert (await ingest_paths(house, [course])).counts() == {"unchanged": 1}
    finally:
        for settings in (first, second):
            await stop(settings.data_dir)
