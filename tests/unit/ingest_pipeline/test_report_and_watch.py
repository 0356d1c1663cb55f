"""What an ingestion tells, while it runs and afterwards."""

from __future__ import annotations

import io
import json
import logging

import pytest
from rich.console import Console

from baize.errors import IndexUnavailable, InvalidManifest, ModelUnavailable
from ingest.report import IngestReport, LessonReport, Problem, merge
from ingest.watch import BarWatch, LogWatch

PROBLEM = Problem.of(InvalidManifest("Bad [/line].", remedy="Mend it.", path="[课]/course.yaml", line=3))
DONE = LessonReport("c", "c.1", "done", 4, 60.0, {"extract": 1.0, "load": 0.5})
FAILED = LessonReport("c", "c.2", "failed", problems=(PROBLEM,), stage_s={"extract": 2.0})


def test_a_problem_says_where_what_and_what_to_do() -> None:
    """Path and line where there are some."""
    assert str(PROBLEM) == "[课]/course.yaml:3: Bad [/line]. Mend it."
    assert (
        str(Problem.of(ModelUnavailable("No weights.", remedy="Install them.")))
        == "No weights. Install them."
    )
    assert str(Problem("a.vtt", None, "Empty.", "")) == "a.vtt: Empty."


def test_a_dependencys_problem_is_told_apart() -> None:
    """The exit code depends on it."""
    assert Problem.of(IndexUnavailable("Away.")).dependency
    assert not PROBLEM.dependency


def test_reports_add_up() -> None:
    """Counts, stage times and problems of lessons and manifests; as JSON too."""
    whole = merge([IngestReport((DONE,), ("gone",)), IngestReport((FAILED,), (), (PROBLEM,))])
    assert whole.counts() == {"done": 1, "failed": 1}
    assert whole.stage_seconds() == {"extract": 3.0, "load": 0.5}
    assert whole.all_problems == (PROBLEM, PROBLEM)
    assert (whole.ok, IngestReport((DONE,)).ok, merge([]).ok) == (False, True, True)
    data = json.loads(json.dumps(whole.to_dict()))
    assert (data["n_chunks"], data["media_s"], data["ok"], data["removed"]) == (4, 60.0, False, ["gone"])


def test_a_terminal_shows_problems_to_the_letter() -> None:
    """Square brackets in paths and messages are no markup."""
    out = io.StringIO()
    with BarWatch(2, Console(file=out, force_terminal=True, width=120, color_system=None)) as bar:
        bar.stage("[c].1", "extract")
        bar.advance(3.0, 10.0)
        bar.advance(0.0, 0.0)
        bar.finished(DONE)
        bar.finished(FAILED)
    assert "[课]/course.yaml:3: Bad [/line]. Mend it." in out.getvalue()
    assert "[c].1 · extract" in out.getvalue()


def test_logs_get_one_line_per_lesson(caplog: pytest.LogCaptureFixture) -> None:
    """With how far the run is; progress within a stage at most every ten seconds."""
    watch = LogWatch(2)
    with caplog.at_level(logging.INFO, "baize.ingest"):
        watch.stage("c.1", "extract")
        for n in range(50):
            watch.advance(n, 50)
        watch.finished(DONE)
        watch.finished(FAILED)
    assert [record.message for record in caplog.records] == [
        "1/2 c.1: done, 4 chunks",
        "2/2 c.2: failed, 0 chunks",
    ]
