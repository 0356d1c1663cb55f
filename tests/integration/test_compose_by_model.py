"""Artefacts over the wire: the real chat adapter against a scripted DeepSeek, through the whole pipeline."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from baize.cli import build
from baize.edge.launch import stop
from tests.servers.deepseek import Body, DeepSeekServer
from tests.servers.wire import Failure, Script, reply

MANIFEST = """id: health
title: 居家健康
language: zh
lessons:
  - id: measure
    title: 量血压
    subtitles: [measure.zh.vtt]
"""
SAID = ("量血压之前，先安静坐五分钟。", "袖带要和心脏一样高。", "一次量两遍，取平均值。")


def worded(body: Body) -> Script:
    """Repeats the first sentence, and cites it; no terms, no questions."""
    assert body["response_format"] == {"type": "json_object"}
    assert body["thinking"] == {"type": "disabled"}
    number, said = re.findall(r"^\[(\d+)\] (.+)$", body["messages"][1]["content"], re.MULTILINE)[0]
    lines = [{"text": f"先说要点：{said}", "ids": [int(number)]}]
    return reply(json.dumps({"lines": lines, "terms": [], "items": []}, ensure_ascii=False))


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DeepSeekServer]:
    course = tmp_path / "health"
    course.mkdir()
    (course / "course.yaml").write_text(MANIFEST, encoding="utf-8")
    cues = (f"00:00:{10 * n:02}.000 --> 00:00:{10 * n + 8:02}.000\n{text}\n" for n, text in enumerate(SAID))
    (course / "measure.zh.vtt").write_text("WEBVTT\n\n" + "\n".join(cues), encoding="utf-8")
    with DeepSeekServer() as scripted:
        scripted.responder = worded
        monkeypatch.chdir(tmp_path)
        for name, value in {
            "BAIZE_DATA_DIR": str(tmp_path / "data"),
            "BAIZE_EMBEDDER__KIND": "fake",
            "BAIZE_CHAT__BASE_URL": scripted.base_url,
            "BAIZE_CHAT__API_KEY": "sk-test",
            "BAIZE_COMPOSE__BY_MODEL": "always",
            # The same price at every hour that the test runs at.
            "BAIZE_PRICES__PEAK_HOURS": "[]",
        }.items():
            monkeypatch.setenv(name, value)
        yield scripted
        import anyio

        anyio.run(stop, tmp_path / "data")


def baize(*arguments: str) -> str:
    result = CliRunner().invoke(build(), list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


def test_written_once_counted_and_not_asked_for_again(server: DeepSeekServer) -> None:
    """Four calls, the cost printed; the second ingestion makes none."""
    told = baize("ingest", "health")
    assert re.search(r"1 lessons in 4 calls, 480 tokens in \(256 from its cache\), 120 out, ¥0\.0007", told)
    assert "for 1,000 such lessons" in told
    body = json.loads(baize("summary", "measure", "--json"))
    assert (body["model"], body["label"]) == ("deepseek-flash", "内容由AI生成，请以课程原文为准")
    assert body["lines"][0]["origin"] == "model"
    assert body["lines"][0]["locators"] == [{"kind": "time", "start": 0.0, "end": 8.0}]
    baize("ingest", "health")
    assert len(server.chats) == 4


def test_a_course_of_two_lessons_is_summed_up_from_their_lines(server: DeepSeekServer) -> None:
    """One more call, for the course; its lines lead to lessons; nothing changed, nothing asked."""
    course = Path("health")
    vtt = "WEBVTT\n\n00:00:01.000 --> 00:00:07.000\n降压药要天天吃，不能停。\n"
    (course / "drugs.zh.vtt").write_text(vtt, encoding="utf-8")
    more = "  - id: drugs\n    title: 降压药\n    subtitles: [drugs.zh.vtt]\n"
    (course / "course.yaml").write_text(MANIFEST + more, encoding="utf-8")
    baize("ingest", "health")
    assert len(server.chats) == 9
    assert "<lessons>\n[1] 先说要点：" in server.chats[-1].body["messages"][1]["content"]
    body = json.loads(baize("summary", "health", "--json"))
    assert body["model"] == "deepseek-flash"
    assert [(line["lesson_id"], line["origin"]) for line in body["lines"]] == [
        ("measure", "model"),
        ("drugs", "model"),
    ]
    assert body["lines"][0]["text"].startswith("先说要点：先说要点：")
    assert body["lines"][1]["locators"] == [{"kind": "time", "start": 1.0, "end": 7.0}]
    baize("ingest", "health")
    assert len(server.chats) == 9
    (course / "drugs.zh.vtt").unlink()
    (course / "course.yaml").write_text(MANIFEST, encoding="utf-8")
    baize("ingest", "health")
    body = json.loads(baize("summary", "health", "--json"))
    assert {line["lesson_id"] for line in body["lines"]} == {"measure"}


def test_a_model_that_comes_back_is_asked_by_the_next_ingestion(server: DeepSeekServer) -> None:
    """While it fails, the lesson has its own sentences; then the model's words replace them."""
    server.responder = lambda _: Failure(401)
    told = baize("ingest", "health")
    assert "1 lessons have their own sentences for now" in told
    assert json.loads(baize("summary", "measure", "--json"))["model"] == "extractive"
    server.responder = worded
    report = json.loads(baize("ingest", "health", "--json"))
    assert (report["counts"], report["writing"]["n_written"]) == ({"done": 1}, 1)
    assert json.loads(baize("summary", "measure", "--json"))["model"] == "deepseek-flash"
