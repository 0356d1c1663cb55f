"""The command line on a scratch library: what is printed, and with which exit code."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from typer.testing import CliRunner, Result

from baize.__main__ import main
from baize.cli import build
from baize.edge.launch import stop
from baize.settings import Settings
from eval.dataset import Suite, read_suite
from eval.raw import Raw
from eval.run import run_suite

MANIFEST = """id: health
title: 居家健康
language: zh
lessons:
  - id: measure
    title: 量血压
    subtitles: [measure.zh.vtt]
    chapters: [{start: 0, title: 准备}, {start: 60, title: 测量}]
  - id: pills
    title: 吃药
    documents: [pills.md]
"""
VTT = """WEBVTT

00:00:00.000 --> 00:00:04.000
量血压之前，先安静坐五分钟。

00:00:04.500 --> 00:00:08.000
袖带要和心脏一样高。

00:01:10.000 --> 00:01:14.000
一次量两遍，取平均。
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a course, and a library of it; variables as an operator would set them."""
    folder = tmp_path_factory.mktemp("cli")
    course = folder / "health"
    course.mkdir()
    (course / "course.yaml").write_text(MANIFEST, encoding="utf-8")
    (course / "measure.zh.vtt").write_text(VTT, encoding="utf-8")
    (course / "pills.md").write_text("# 吃药\n\n降压药要每天按时吃。\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("XDG_CONFIG_HOME", str(folder / "home"))
        for name, value in {
            "BAIZE_DATA_DIR": str(folder / "data"),
            "BAIZE_EMBEDDER__KIND": "fake",
            "BAIZE_CHAT__KIND": "none",
            "BAIZE_RETRIEVAL__DENSE_MIDPOINT": "0.2",
        }.items():
            patch.setenv(name, value)
        ingested = baize("ingest", str(course))
        assert ingested.exit_code == 0, ingested.output
        yield folder
        anyio.run(stop, folder / "data")


def baize(*arguments: str) -> Result:
    """One command, in this process."""
    return CliRunner().invoke(build(), list(arguments))


def as_json(*arguments: str) -> object:
    result = baize(*arguments)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_second_ingest_is_told_to_have_done_nothing(library: Path) -> None:
    """In words and as JSON."""
    result = baize("ingest", str(library / "health"))
    assert result.exit_code == 0
    assert result.stdout.startswith("0 lessons done, 2 unchanged, 0 failed;")
    report = as_json("ingest", str(library / "health"), "--json")
    assert isinstance(report, dict)
    assert (report["ok"], report["counts"]) == (True, {"unchanged": 2})


def test_a_bad_path_is_exit_code_2_and_the_rest_is_read(library: Path) -> None:
    """The problem is named on stderr with what to do."""
    result = baize("ingest", str(library / "health"), str(library / "nowhere"))
    assert result.exit_code == 2
    assert "2 unchanged" in result.stdout
    assert "nowhere: There is no such file or folder. Check" in result.stderr


def test_a_broken_file_is_exit_code_2_with_its_line(library: Path) -> None:
    """As the manifest's own errors."""
    course = library / "broken"
    course.mkdir()
    (course / "one.srt").write_text("1\n00:00:01,000 --> 00:00:0x,000\n先坐好\n", encoding="utf-8")
    (course / "two.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\n先坐好。\n", encoding="utf-8")
    result = baize("ingest", str(course))
    assert result.exit_code == 2
    assert "1 lessons done" in result.stdout
    assert "one.srt:2: " in result.stderr
    assert baize("forget", "broken").exit_code == 0


def test_ask_prints_the_answer_with_its_places(library: Path) -> None:
    """The course's own sentence, then marker, lesson, second and quote."""
    result = baize("ask", "袖带要多高？")
    assert result.exit_code == 0
    assert "袖带要和心脏一样高。[1]" in result.stdout
    assert "[1] 量血压 0:04  “袖带要和心脏一样高。”" in result.stdout


def test_ask_as_json_is_the_whole_answer(library: Path) -> None:
    """Locators in their wire form, nothing else on stdout."""
    answer = as_json("ask", "袖带要多高？", "--course", "health", "--lesson", "measure", "--json")
    assert isinstance(answer, dict)
    citation = answer["citations"][0]
    assert citation["locator"] == {"kind": "time", "start": 4.5, "end": 8.0}
    assert (citation["lesson_id"], citation["quote"]) == ("measure", "袖带要和心脏一样高。")
    assert (answer["refusal"], answer["degraded"], answer["model"]) == (None, None, "extractive")


def test_ask_at_a_second_of_a_lesson(library: Path) -> None:
    """What was said before it, in order."""
    answer = as_json("ask", "他刚才说的是什么意思？", "--lesson", "measure", "--at", "9999", "--json")
    assert "刚才讲的是" not in answer["text"]
    answer = as_json("ask", "他刚才说的是什么意思？", "--lesson", "measure", "--at", "12", "--json")
    assert answer["text"].startswith("刚才讲的是：")
    assert all(c["locator"]["start"] < 12 for c in answer["citations"])


def test_a_draft_of_questions_on_a_course_is_a_suite(library: Path) -> None:
    """Each question stands within its lesson; it reads as a suite; a corrected draft is never lost."""
    drafted = baize("eval", "draft", "health", "--out", "drafted")
    assert drafted.exit_code == 0, drafted.output
    suite = read_suite(library / "drafted")
    assert suite.kind == "moments"
    assert [(q.text, q.video_id, q.start) for q in suite.questions][-2:] == [
        ("准备", "measure", 0.0),
        ("测量", "measure", 60.0),
    ]
    again = baize("eval", "draft", "health", "--out", "drafted")
    assert again.exit_code == 2
    assert "--out" in again.stderr
    assert baize("eval", "draft", "nowhere").exit_code == 2


def test_a_lesson_without_terms_to_learn_is_told(library: Path) -> None:
    """No cards without a word would look like a fault."""
    told = baize("review", "lin", "--add", "pills")
    assert (told.exit_code, "0 cards added. pills explains no term" in told.stderr) == (0, True), told.output


def test_what_cannot_be_written_is_told_before_the_work(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A place that is no file, or below one, is named; a suite is not run in vain, nor lost by the next."""
    (library / "file").touch()
    assert baize("eval", "draft", "health", "--out", "of-mine").exit_code == 0
    for refused in (
        baize("storyboard", "measure", "--html", "data"),
        baize("eval", "draft", "health", "--out", "file/draft"),
        baize("eval", "noise", "of-mine", "file/noisy", "--share", "0.25"),
        baize("eval", "run", "of-mine", "--json", "data"),
        baize("eval", "run", "of-mine", "--json", "file/run.json"),
        baize("eval", "run", "of-mine", "--raw", "file"),
    ):
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert "cannot be written" in refused.stderr
    monkeypatch.setenv("BAIZE_CACHE", str(library / "cache"))
    runs: list[Suite] = []

    async def first_only(suite: Suite, settings: Settings, **options: Any) -> Raw:
        runs.append(suite)
        if len(runs) == 2:
            raise RuntimeError("the second one fails")
        return await run_suite(suite, settings, **options)

    monkeypatch.setattr("eval.run.run_suite", first_only)
    ran = baize("eval", "run", "of-mine", "of-mine", "--json", "run.json", "--limit", "1")
    assert isinstance(ran.exception, RuntimeError), ran.output
    assert json.loads((library / "run.json").read_text())["suite"] == "health-draft"
    assert baize("eval", "report", "run.json", "--html", "file/x.html").exit_code == 2


def test_search_finds_moments_lessons_and_courses(library: Path) -> None:
    """Rows as JSON and as lines."""
    rows = as_json("search", "降压药怎么吃", "--json")
    assert isinstance(rows, list)
    assert rows[0]["lesson_id"] == "pills"
    assert rows[0]["locator"]["file"] == "pills.md"
    assert rows[0]["course_title"] == "居家健康"
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    assert len(as_json("search", "血压", "--kind", "courses", "--json") or []) == 1  # type: ignore[arg-type]
    assert " 1. 居家健康  " in baize("search", "血压", "--kind", "courses").stdout
    assert " 1. 吃药 pills.md § 吃药  “降压药要每天按时吃。”" in baize("search", "降压药怎么吃").stdout
    spoken = as_json("search", "袖带要和心脏一样高", "--lesson", "measure", "-k", "1", "--json")
    assert isinstance(spoken, list)
    assert (spoken[0]["start"], spoken[0]["end"]) == (4.5, 8.0)
    line = baize("search", "袖带要和心脏一样高", "--lesson", "measure", "-k", "1").stdout
    assert f"0:04–0:08  “袖带要和心脏一样高。”  {spoken[0]['score']:.2f}" in line


def test_chapters_and_transcript_are_exported(library: Path) -> None:
    """As text, WebVTT, SubRip and JSON."""
    assert baize("chapters", "measure").stdout == "    0:00  准备\n    1:00  测量\n"
    assert baize("chapters", "measure", "--vtt").stdout == (
        "WEBVTT\n\n00:00:00.000 --> 00:01:00.000\n准备\n\n00:01:00.000 --> 00:01:14.000\n测量\n"
    )
    assert as_json("chapters", "measure", "--json")
    assert baize("transcript", "measure", "--vtt").stdout == VTT
    assert baize("transcript", "measure", "--srt").stdout.startswith(
        "1\n00:00:00,000 --> 00:00:04,000\n量血压"
    )
    assert "    1:10  一次量两遍，取平均。" in baize("transcript", "measure").stdout
    found = as_json("transcript", "measure", "--json")
    assert isinstance(found, dict)
    assert len(found["cues"]) == 3
    both = baize("transcript", "measure", "--vtt", "--srt")
    assert (both.exit_code, both.stdout) == (2, "")
    assert "Give one of --vtt" in both.stderr


def test_status_lists_every_lesson(library: Path) -> None:
    """With its state and chunks."""
    assert "health  measure  done  3 chunks" in baize("status").stdout
    states = as_json("status", "health", "--json")
    assert isinstance(states, list)
    assert {state["item"]: state["state"] for state in states} == {"measure": "done", "pills": "done"}


def test_coverage_says_what_is_there_and_why_not(library: Path) -> None:
    """Of two lessons one is spoken; the other has no recording."""
    shown = baize("status", "health", "--coverage").stdout
    assert "transcript      1 of 2   50.0%" in shown
    assert "1 not: no recording" in shown
    found = as_json("status", "health", "--coverage", "--json")
    assert isinstance(found, dict)
    assert set(found) == {"transcript", "chapters", "summary", "quiz", "unplanned"}
    assert found["unplanned"] == []
    assert found["chapters"]["missing"] == [
        {"course_id": "health", "lesson_id": "pills", "why": "no recording"}
    ]


def test_what_cannot_be_planned_is_no_lesson(library: Path) -> None:
    """A link that leads out of the folder, and two lines of course.yaml: by name, with every remedy."""
    linked, listed = library / "linked", library / "listed"
    linked.mkdir()
    (linked / "good.md").write_text("# 睡眠\n\n每天按时睡觉。\n", encoding="utf-8")
    (linked / "away.md").symlink_to(library / "health" / "pills.md")
    listed.mkdir()
    (listed / "good.md").write_text("# 早餐\n\n早餐要吃好。\n", encoding="utf-8")
    (listed / "course.yaml").write_text(
        "id: listed\ntitle: 三餐\nlessons:\n  - {id: good, title: 早餐, documents: [good.md]}\n"
        "  - {id: lunch, title: 午餐, documents: [lunch.md]}\n  - {id: dinner, title: 晚餐}\n",
        encoding="utf-8",
    )
    assert baize("ingest", str(linked), str(listed)).exit_code == 2

    found = as_json("status", "linked", "--coverage", "--json")
    assert isinstance(found, dict)
    assert (found["summary"]["n"], found["summary"]["of"]) == (1, 1)
    (told,) = found["unplanned"]
    assert (told["course_id"], told["item"]) == ("linked", "away.md")
    shown = baize("status", "linked", "--coverage").stdout
    assert "linked  away.md  not counted: no lesson could be made of it" in shown
    assert "leads out of the course folder. Copy the file here." in shown
    assert "failed in plan" not in shown
    shown = baize("status", "listed", "--coverage").stdout
    assert "summary         1 of 1  100.0%" in shown
    assert "There is no file lunch.md" in shown
    assert "Lesson dinner has no file." in shown
    assert baize("forget", "linked").exit_code == 0
    assert baize("forget", "listed").exit_code == 0


def test_what_failed_is_listed_and_tried_again(library: Path) -> None:
    """With its cause; when the file is mended, `--retry` finds it without being told where."""
    assert "Nothing has failed." in baize("status", "--failed").stderr
    course = library / "weak"
    course.mkdir()
    (course / "notes.pdf").write_bytes(b"%PDF-1.4 no more")
    (course / "good.md").write_text("# 睡眠\n\n每天按时睡觉。\n", encoding="utf-8")
    assert baize("ingest", str(course)).exit_code == 2
    letters = as_json("status", "--failed", "--json")
    assert isinstance(letters, list)
    assert [(x["course_id"], x["item"], x["stage"], x["folder"]) for x in letters] == [
        ("weak", "weak.notes", "extract", str(course))
    ]
    assert "notes.pdf" in letters[0]["causes"][0]
    found = as_json("status", "weak", "--coverage", "--json")
    assert isinstance(found, dict)
    assert any(gap["why"].startswith("failed in extract: ") for gap in found["summary"]["missing"])
    (course / "notes.pdf").unlink()
    (course / "notes.md").write_text("# 早餐\n\n早餐要吃好。\n", encoding="utf-8")
    again = baize("ingest", "--retry")
    assert again.exit_code == 0, again.output
    assert "1 lessons done, 1 unchanged, 0 failed" in again.stdout
    assert as_json("status", "--failed", "--json") == []
    assert baize("forget", "weak").exit_code == 0


def test_a_course_of_one_file_is_tried_again_alone(library: Path) -> None:
    """Its neighbours in the folder are no part of it."""
    (library / "lone").mkdir()
    (library / "lone" / "one.md").write_bytes(b"")
    (library / "lone" / "two.md").write_text("# 二\n\n别的。\n", encoding="utf-8")
    assert baize("ingest", str(library / "lone" / "one.md")).exit_code == 2
    (library / "lone" / "one.md").write_text("# 一\n\n有字了。\n", encoding="utf-8")
    again = baize("ingest", "--retry")
    assert (again.exit_code, again.stdout[:14]) == (0, "1 lessons done"), again.output
    assert baize("forget", "one").exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("ask", ""),
        ("ask", "x", "--thinking", "maybe"),
        ("ask", "x", "--at", "3"),
        ("ask", "x", "--course", "nope"),
        ("search", "x", "--kind", "people"),
        ("search", "x", "-k", "0"),
        ("search", "x", "--lesson", "nope"),
        ("chapters", "nope"),
        ("transcript", "nope"),
        ("transcript", "pills"),
        ("forget", "nope"),
        ("status", "--failed", "--coverage"),
        ("ingest",),
        ("ingest", "x", "--retry"),
        ("config", "show", "--config", "nope.yaml"),
        ("recommend", "lin", "--language", "fr"),
        ("review", "lin", "--anki", "data"),
        ("review", "lin", "--export", "data"),
        ("nonsense",),
        ("ask", "x", "--nonsense"),
    ],
)
def test_what_the_caller_can_mend_is_exit_code_2(library: Path, arguments: tuple[str, ...]) -> None:
    """One clear message on stderr, nothing on stdout, no traceback."""
    result = baize(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr
    assert "Traceback" not in result.stderr


def test_a_dependency_that_is_away_is_exit_code_3(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A vector store that does not answer, while asking and while ingesting."""
    monkeypatch.setenv("BAIZE_INDEX__KIND", "qdrant")
    monkeypatch.setenv("BAIZE_INDEX__URL", "http://127.0.0.1:9")
    asked = baize("ask", "袖带要多高？")
    assert (asked.exit_code, asked.stdout) == (3, "")
    assert asked.stderr.startswith("baize: ")
    assert baize("ingest", str(library / "health")).exit_code == 3
    checked = baize("doctor")
    assert (checked.exit_code, "index.url" in checked.stdout) == (3, True)
    assert "Run `baize doctor`" not in checked.stdout


def test_a_model_that_is_away_is_told_with_what_says_why(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below the course's own sentences."""
    for name, value in {
        "KIND": "openai",
        "BASE_URL": "http://127.0.0.1:1/v1",
        "MODEL": "m",
        "MAX_RETRIES": "0",
    }.items():
        monkeypatch.setenv(f"BAIZE_CHAT__{name}", value)
    asked = baize("ask", "袖带放在哪里？", "--course", "health")
    assert (asked.exit_code, "`baize doctor` says why" in asked.stderr) == (0, True), asked.output


@pytest.mark.parametrize(("option", "value"), [("--workers", "0"), ("--workers", "-1"), ("--port", "-1")])
def test_serve_refuses_numbers_that_it_cannot_use(library: Path, option: str, value: str) -> None:
    """Zero workers were taken for none given."""
    refused = baize("serve", option, value)
    assert refused.exit_code == 2
    assert refused.stderr.startswith(f"baize: {option} {value}: ")


def test_config_show_masks_secrets(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Value and origin of each key, in words and as JSON."""
    monkeypatch.setenv("BAIZE_SERVER__API_KEY", "geheim")
    shown = baize("config", "show").stdout
    assert "geheim" not in shown
    assert "fake  (BAIZE_EMBEDDER__KIND)" in shown
    rows = as_json("config", "show", "--json")
    assert isinstance(rows, dict)
    assert rows["server.api_key"] == {"value": "**********", "origin": "BAIZE_SERVER__API_KEY"}
    assert rows["server.port"] == {"value": 8420, "origin": "default"}


def test_a_misspelt_variable_stops_every_command(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named, before anything is done."""
    monkeypatch.setenv("BAIZE_CHATT__MODEL", "x")
    result = baize("status")
    assert result.exit_code == 2
    assert "BAIZE_CHATT__MODEL" in result.stderr


def test_doctor_says_how_each_part_is(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One finding a part, that of a Redis where none is, too; exit code 3 when one fails."""
    monkeypatch.setenv("BAIZE_REDIS_URL", "redis://127.0.0.1:1/0")
    result = baize("doctor", "--json")
    findings = {finding["part"]: finding for finding in json.loads(result.stdout)}
    assert all(findings[part]["ok"] for part in ("data folder", "database", "index", "tokens", "retrieval"))
    assert all(finding["says"] for finding in findings.values())
    assert not findings["redis"]["ok"]
    assert "redis_url" in findings["redis"]["says"]
    assert result.exit_code == 3


def test_doctor_says_that_the_data_folder_cannot_be_written(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its own finding; the tests may run as root, who may write anywhere."""
    monkeypatch.setattr("os.access", lambda *_, **__: False)
    findings = {finding["part"]: finding for finding in json.loads(baize("doctor", "--json").stdout)}
    assert not findings["data folder"]["ok"]
    assert "BAIZE_DATA_DIR" in findings["data folder"]["says"]
    assert findings["database"]["ok"]


def test_a_reader_that_closes_the_pipe_is_no_error(library: Path) -> None:
    """`baize … | head` says nothing on stderr."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        found = subprocess.run(
            [sys.executable, "-m", "baize", "config", "show"],
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert found.stderr == ""
    assert found.returncode == 0


def test_an_early_ctrl_c_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the commands are still being imported, too: exit code 130, as later."""

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("baize.cli.build", interrupted)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130


_BUSY = """
import signal, sys, time
# Where the tests run in the background of a shell, it is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
from anyio import to_thread
import baize.cli as cli
cli._GRACE_S = 0.2
async def waits(): await to_thread.run_sync(print, "working"); await to_thread.run_sync(time.sleep, 60)
async def computes():
    print("working")
    while True: pass
from baize import __main__
cli.build = lambda: lambda: cli.run_async({"waits": waits, "computes": computes}[sys.argv[1]])
__main__.main()
"""


@pytest.mark.parametrize("busy", ["waits", "computes"])
def test_ctrl_c_ends_what_is_busy(busy: str) -> None:
    """A thread cannot be cancelled, and what computes looks at nothing: both are left after a while."""
    with subprocess.Popen(
        [sys.executable, "-u", "-c", _BUSY, busy], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == b"working\n"
        started.send_signal(signal.SIGINT)
        try:
            assert started.wait(20) == 130
        finally:
            started.kill()


def test_forget_leaves_nothing_behind(library: Path) -> None:
    """Neither moments nor states; last, for the other tests need the course."""
    # How many answers there are depends on which of the other tests ran.
    said = baize("forget", "health").stdout
    assert re.fullmatch(r"health: 2 lessons, 4 chunks and [2-9] answers that quote it removed\.\n", said)
    assert baize("status").stdout == ""
    assert "Nothing has been ingested" in baize("status").stderr
    assert as_json("search", "血压", "--json") == []
    assert baize("ask", "袖带要多高？").stdout.startswith("课程中没有讲到这个问题。")
