"""`serve` for real: processes that start, answer and stop."""

from __future__ import annotations

import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from baize import large_pages
from baize.adapters.db.migrate import VERSION_TABLE
from baize.api import serve as serving
from baize.settings import Settings

_SERVE = """
import sys
from baize.api.serve import serve
from baize.settings import Settings
if __name__ == "__main__":
    serve(Settings(
        data_dir=sys.argv[1], embedder={"kind": "fake"}, chat={"kind": "none"}, index={"idle_s": 2},
        server={"port": 0, "workers": int(sys.argv[2])},
    ))
"""
_LOST_AT_ONCE = """
import baize.api.serve
async def looked_at_before(settings): ...
baize.api.serve._open_once = looked_at_before
"""


@pytest.mark.parametrize("n_workers", [1, 2])
def test_it_answers_until_it_is_told_to_stop(tmp_path: Path, repo_root: Path, n_workers: int) -> None:
    """One process or several over one data folder; its log says where, and a signal ends it."""
    script = tmp_path / "run.py"
    script.write_text(_SERVE)
    with subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "data"), str(n_workers)],
        cwd=repo_root,
        env={"PYTHONPATH": str(repo_root), "BAIZE_TESTING": "1"},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stderr is not None
        log = ""
        while n_workers > log.count("Application startup complete"):
            line = process.stderr.readline()
            assert line, log
            log += line
        url = re.findall(r"Serving on (http://127\.0\.0\.1:\d+)", log)[0]
        alive = [httpx.get(f"{url}/livez", timeout=10).status_code for _ in range(8)]
        process.send_signal(signal.SIGTERM)
        log += process.stderr.read()

    assert log.count("without redis_url") == (n_workers > 1)
    assert alive == [200] * 8
    assert process.returncode in (0, -signal.SIGTERM)


def _a_folder(data: Path) -> None:
    (data / "baize.db").mkdir(parents=True)


def _of_a_newer_version(data: Path) -> None:
    data.mkdir()
    with closing(sqlite3.connect(data / "baize.db")) as database:
        database.execute(f"CREATE TABLE {VERSION_TABLE} (version_num TEXT)")
        database.execute(f"INSERT INTO {VERSION_TABLE} VALUES ('9999')")  # noqa: S608 - a name of our own
        database.commit()


@pytest.mark.parametrize("n_workers", [1, 3])
@pytest.mark.parametrize(
    ("spoil", "told"),
    [(_a_folder, "baize.db cannot be used"), (_of_a_newer_version, "of revision 9999, which this version")],
)
def test_why_it_cannot_start_is_told_in_a_sentence(
    tmp_path: Path, repo_root: Path, n_workers: int, spoil: Callable[[Path], None], told: str
) -> None:
    """A database that cannot be used: once and without a traceback, however many workers were asked for."""
    spoil(tmp_path / "data")
    ended = subprocess.run(
        [sys.executable, "-m", "baize", "serve", "--port", "0", "--workers", str(n_workers)],
        cwd=repo_root,
        env={"PYTHONPATH": str(repo_root), "BAIZE_DATA_DIR": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 3
    assert ended.stderr.count(told) == 1
    assert "Traceback" not in ended.stderr


def test_what_only_workers_meet_is_no_success(tmp_path: Path, repo_root: Path) -> None:
    """The database goes away after it was looked at: the supervisor itself would exit with 0."""
    script = tmp_path / "run.py"
    script.write_text(_LOST_AT_ONCE + _SERVE)
    _a_folder(tmp_path / "data")
    ended = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "data"), "2"],
        cwd=repo_root,
        env={"PYTHONPATH": str(repo_root), "BAIZE_TESTING": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 3
    assert "baize.db cannot be used" in ended.stderr


def test_a_server_that_is_warm_settles_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lasting objects are left alone by the collector from then on, and lie on large pages."""
    done: list[str] = []
    monkeypatch.setattr(serving, "relax", lambda: None)
    monkeypatch.setattr(serving, "settle", lambda: done.append("settled"))
    monkeypatch.setattr(large_pages, "keep", lambda: done.append("laid"))
    monkeypatch.setenv("BAIZE_TESTING", "1")
    settings = Settings.model_validate(
        {"data_dir": tmp_path, "embedder": {"kind": "fake"}, "chat": {"kind": "none"}, "index": {"idle_s": 2}}
    )
    with TestClient(serving._app(settings), base_url="http://127.0.0.1") as client:
        client.post("/v1/search", json={"query": "血压"})
        assert done == ["settled", "laid"]
