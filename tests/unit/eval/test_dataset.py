"""Suites are read as they are specified, and what is wrong is named by file and line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from baize.errors import InvalidInput
from eval.dataset import read_suite

VIDEO = {
    "video_id": "v/1",
    "title": "One",
    "lang": "en",
    "segments": [{"start": 5, "end": 4, "text": "b"}, {"start": 1, "end": 3, "text": "a"}],
}
QUESTION = {"_id": 7, "text": "why?", "video_id": "v/1", "start": 1, "end": 3}


def write(folder: Path, head: str, **files: list[object]) -> Path:
    (folder / "suite.yaml").write_text(head, encoding="utf-8")
    for name, rows in files.items():
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    return folder


def test_moments_suite(tmp_path: Path) -> None:
    """Cues are sorted, an end before its start is mended, and a number may be an id."""
    suite = read_suite(write(tmp_path, "kind: moments\nname: m", videos=[VIDEO], questions=[QUESTION]))
    assert [(cue.start, cue.end) for cue in suite.videos[0].cues] == [(1.0, 3.0), (5.0, 5.0)]
    assert suite.questions[0].id == "7"
    assert (suite.kind, suite.name) == ("moments", "m")


def test_other_file_names_and_kind(tmp_path: Path) -> None:
    """suite.yaml may name other files, and a suite may be evaluated as another kind."""
    folder = write(tmp_path, "kind: moments\nvideos: library.jsonl", library=[VIDEO], questions=[QUESTION])
    assert read_suite(folder, "answers").kind == "answers"
    assert read_suite(folder).name == tmp_path.name


def test_digest_covers_the_data(tmp_path: Path) -> None:
    """A changed question changes the suite's digest and not its library's."""
    folder = write(tmp_path, "kind: moments", videos=[VIDEO], questions=[QUESTION])
    before = read_suite(folder)
    write(tmp_path, "kind: moments", videos=[VIDEO], questions=[QUESTION | {"text": "how?"}])
    after = read_suite(folder)
    assert before.digest != after.digest
    assert before.library_digest == after.library_digest


@pytest.mark.parametrize("kind", ["beir", "courses"])
def test_qrels(tmp_path: Path, kind: str) -> None:
    """Relevance is read by query and document or course record."""
    folder = write(
        tmp_path,
        f"kind: {kind}",
        corpus=[{"_id": "d", "text": "t"}],
        queries=[{"_id": "q", "text": "?"}],
    )
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq\td\t2\n", encoding="utf-8")
    assert read_suite(folder).qrels == {"q": {"d": 2}}


@pytest.mark.parametrize(
    ("questions", "said"),
    [
        ([QUESTION, QUESTION], "questions.jsonl:2: The id '7' stands in line 1 already"),
        ([QUESTION, QUESTION | {"_id": 8, "end": "soon"}], "questions.jsonl:2: 'end' must be a number"),
        ([QUESTION | {"end": 0}], "questions.jsonl:1: The answer ends (0.0) before it starts (1.0)"),
        (["no object"], "questions.jsonl:1: A line must hold one JSON object"),
        ([{k: v for k, v in QUESTION.items() if k != "text"}], "questions.jsonl:1: 'text' must be a text"),
    ],
)
def test_wrong_lines(tmp_path: Path, questions: list[object], said: str) -> None:
    """A line that cannot be used is named with its file, its number and its field."""
    folder = write(tmp_path, "kind: moments", videos=[VIDEO], questions=questions)
    with pytest.raises(InvalidInput) as error:
        read_suite(folder)
    assert said in str(error.value)


def test_qrels_without_header(tmp_path: Path) -> None:
    """Qrels without a header are refused: their first judgement would be lost."""
    folder = write(
        tmp_path, "kind: beir", corpus=[{"_id": "d", "text": "t"}], queries=[{"_id": "q", "text": "?"}]
    )
    (tmp_path / "qrels.tsv").write_text("q\td\t1\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"qrels\.tsv:1: The header lacks query-id"):
        read_suite(folder)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("kind: banana", "There is no suite kind 'banana'"),
        ("kind: [", "suite.yaml:1: Not YAML"),
        ("just text", "suite.yaml:1: The top level must be keys and values"),
        ("kind: moments", "This file of the suite is missing"),
    ],
)
def test_wrong_heads(tmp_path: Path, head: str, said: str) -> None:
    """A kind that is unknown or comes later, broken YAML and missing files are told apart."""
    with pytest.raises(InvalidInput) as error:
        read_suite(write(tmp_path, head))
    assert said in str(error.value)
