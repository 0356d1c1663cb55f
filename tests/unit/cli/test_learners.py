"""`baize learners import` on a scratch library."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from baize.cli import build

FILE = "learner_id,course_id,completed_at,credits\nlin,health,2026-05-31,1.5\nlin,sheets,soon,1\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    settings = {"DATA_DIR": str(tmp_path / "data"), "EMBEDDER__KIND": "fake", "CHAT__KIND": "none"}
    for name, value in settings.items():
        monkeypatch.setenv(f"BAIZE_{name}", value)
    return tmp_path


def take(*arguments: str) -> Result:
    return CliRunner().invoke(build(), ["learners", "import", *arguments])


def test_an_archive_comes_in_and_its_bad_line_is_named(folder: Path) -> None:
    """With its number and the remedy; the good one is kept, once."""
    (folder / "archive.csv").write_text(FILE, encoding="utf-8-sig")
    first = take("archive.csv")
    assert first.exit_code == 2
    assert "archive.csv:3: completed_at is no date or instant. Write 2026-05-31" in first.output
    assert "2 lines: 1 new or changed, 0 known already, 0 about other things, 1 not usable." in first.output
    (folder / "good.csv").write_text(FILE.rpartition("lin,")[0], encoding="utf-8")
    again = take("good.csv", "--json")
    assert again.exit_code == 0, again.output
    told = json.loads(again.output)
    assert told == {"read": 1, "changed": 0, "same": 1, "other": 0, "unusable": []}
    written = CliRunner().invoke(build(), ["audit"]).output
    assert written.count("learners import") == 2
    assert "file=good.csv" in written


def test_a_file_that_is_none_is_named(folder: Path) -> None:
    """Of no known kind, not there, not in UTF-8, without its columns."""
    (folder / "a.csv").write_bytes("学员编号".encode("gb18030"))
    (folder / "b.csv").write_text("a,b", encoding="utf-8")
    for name, said in (
        ("x.pdf", "x.pdf: The kind of file is not known."),
        ("none.csv", "none.csv: The file cannot be read: No such file"),
        ("a.csv", "a.csv: The file is no UTF-8"),
        ("b.csv", "b.csv:1: The first line names no column learner_id"),
    ):
        result = take(name)
        assert (result.exit_code, said in result.output) == (2, True), result.output
