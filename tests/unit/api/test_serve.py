"""`serve` for real: processes that start, answer and stop."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

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


def test_why_it_cannot_start_is_told_in_a_sentence(tmp_path: Path, repo_root: Path) -> None:
    """A data folder that cannot be used: no traceback, as from every other command."""
    script = tmp_path / "run.py"
    script.write_text(_SERVE)
    (tmp_path / "data" / "baize.db").mkdir(parents=True)
    ended = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "data"), "1"],
        cwd=repo_root,
        env={"PYTHONPATH": str(repo_root), "BAIZE_TESTING": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 3
    assert "baize.db cannot be used" in ended.stderr
    assert "Traceback" not in ended.stderr
