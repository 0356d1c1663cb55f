"""Suites through the whole product: run, score again, compare, report, gate, as the command line does."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from baize.bootstrap import House
from baize.cli import build
from ingest.dock import dock_file
from ingest.report import CatalogueReport

MOMENTS = ("hit@1", "hit@5", "hit@10", "mrr@10", "start_error_s_p50", "start@15", "start@30")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of this module's own, so that the first run finds nothing built."""
    folder = tmp_path_factory.mktemp("cache")
    before = os.environ.get("BAIZE_CACHE")
    os.environ["BAIZE_CACHE"] = str(folder)
    yield folder
    if before is None:
        del os.environ["BAIZE_CACHE"]
    else:
        os.environ["BAIZE_CACHE"] = before


def baize(*arguments: object) -> Result:
    result = CliRunner().invoke(build(), ["eval", *(str(argument) for argument in arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def run(suite: Path, out: Path, *more: object) -> dict[str, Any]:
    result = baize("run", suite, "--json", out, "--set", "embedder.kind=fake", *more)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return found


def test_moments(cache: Path, repo_root: Path, tmp_path: Path) -> None:
    """A run has the product's, each leg's and both stock pipelines' metrics, and scores again to the same."""
    suite = repo_root / "eval/suites/moments-samples"
    record = run(suite, tmp_path / "a.json", "--baselines", "--raw", tmp_path)
    assert (record["kind"], record["n"], record["unscored"]) == ("moments", 60, 0)
    for system in ("", "dense/", "lexical/", "langchain/", "bm25/"):
        for name in MOMENTS:
            assert {"value", "ci_low", "ci_high", "n"} <= record["metrics"][f"{system}{name}"].keys()
    assert record["metrics"]["hit@10"]["value"] > 0.7
    assert record["latency_ms"]["p95"] >= record["latency_ms"]["p50"] > 0
    assert len(record["per_item"]) == 60
    assert record["provenance"]["index"]["n_chunks"] > 10
    assert record["provenance"]["prompts"]["answer"].startswith("answer@")
    again = baize("score", tmp_path / "moments-samples.moments.raw.json", "--json", tmp_path / "b.json")
    assert again.exit_code == 0
    assert json.loads((tmp_path / "b.json").read_text(encoding="utf-8")) == record


def test_compare_report_and_gate(cache: Path, repo_root: Path, tmp_path: Path) -> None:
    """A second run finds its library, is the same with p = 1, and passes; a worse one fails with exit 1."""
    suite = repo_root / "eval/suites/moments-samples"
    before, after, worse = (tmp_path / f"{name}.json" for name in ("before", "after", "worse"))
    first = run(suite, before)
    n_libraries = len(list((cache / "eval/libraries").glob("*/library.json")))
    second = run(suite, after)
    assert len(list((cache / "eval/libraries").glob("*/library.json"))) == n_libraries
    assert first["metrics"] == second["metrics"]
    compared = baize("compare", before, after, "--json", "-")
    assert {found["p"] for found in json.loads(compared.output)} == {1.0}
    assert baize("gate", after, "--baseline", before).exit_code == 0

    run(suite, worse, "--set", "retrieval.leg_k=1", "--set", "retrieval.n_moments=1")
    failed = baize("gate", worse, "--baseline", before)
    assert failed.exit_code == 1
    assert "hit@5" in failed.output
    page = tmp_path / "report.html"
    assert baize("report", worse, "--baseline", before, "--html", page).exit_code == 0
    assert "Since the baseline" in page.read_text(encoding="utf-8")


def test_beir(cache: Path, repo_root: Path, tmp_path: Path) -> None:
    """A document ranks by its best chunk, per leg and for the product."""
    record = run(repo_root / "eval/suites/beir-samples", tmp_path / "a.json", "--baselines")
    for system in ("", "dense/", "lexical/", "langchain/", "bm25/"):
        for name in ("hit@1", "hit@5", "hit@10", "mrr@10", "ndcg@10", "recall@100"):
            assert 0 <= record["metrics"][f"{system}{name}"]["value"] <= 1
    assert record["metrics"]["recall@100"]["value"] > 0.8


def test_courses(cache: Path, repo_root: Path, tmp_path: Path) -> None:
    """The metrics of beir over a catalogue, for the product, each leg and both stock pipelines."""
    record = run(repo_root / "eval/suites/courses-samples", tmp_path / "a.json", "--baselines")
    assert (record["kind"], record["n"], record["unscored"]) == ("courses", 40, 0)
    for system in ("", "dense/", "lexical/", "langchain/", "bm25/"):
        for name in ("hit@1", "hit@5", "hit@10", "mrr@10", "ndcg@10", "recall@100"):
            assert 0 <= record["metrics"][f"{system}{name}"]["value"] <= 1
    assert record["metrics"]["hit@10"]["value"] > 0.7
    assert record["metrics"]["recall@100"]["value"] == 1.0


def test_a_record_is_a_course(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A long record ranks once, by its best passage; a title alone is found; any text may be an id.

    What docking refuses is told and not found: the suite's records come in as an operator's catalogue does.
    """
    docked: list[Path] = []

    async def watched(house: House, path: Path, source_id: str) -> CatalogueReport:
        docked.append(path)
        return await dock_file(house, path, source_id)

    monkeypatch.setattr("eval.library.dock_file", watched)
    suite = tmp_path / "suite"
    suite.mkdir()
    about = "Knead the dough for ten minutes and let it rest in a warm place under a cloth. "
    corpus = [
        {"_id": "a/长 1", "title": "Baking", "text": about * 30 + "Sourdough needs a starter."},
        {"_id": "b", "title": "缝纫机修理", "text": ""},
        {"_id": "c", "title": "Tulips", "text": "Plant tulip bulbs in autumn."},
        {"_id": "d", "title": "", "text": "Keep bees on a roof."},
        {"_id": "e", "title": "sourdough " * 60, "text": "Sourdough starter."},
    ]
    queries = [{"_id": "q", "text": "sourdough starter"}, {"_id": "r", "text": "缝纫机修理"}]
    (suite / "suite.yaml").write_text("kind: courses\nname: few\n", encoding="utf-8")
    for name, rows in (("corpus", corpus), ("queries", queries)):
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (suite / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    qrels = "query-id\tcorpus-id\tscore\nq\ta/长 1\t1\nr\tb\t1\n"
    (suite / "qrels.tsv").write_text(qrels, encoding="utf-8")
    record = run(suite, tmp_path / "a.json", "--raw", tmp_path)
    assert record["provenance"]["index"]["n_chunks"] > len(corpus)
    raw = json.loads((tmp_path / "few.courses.raw.json").read_text(encoding="utf-8"))
    for item, first in zip(raw["items"], ("a/长 1", "b"), strict=True):
        assert sorted(item["found"][""]) == ["a/长 1", "b", "c", "d"]
        assert item["found"]["lexical"][0] == first
        shown = [spot["place"] for spot in item["shown"]]
        assert len(shown) == len(set(shown))
    assert len(docked) == 1
    assert "A record cannot be docked and will not be found: title has 599 characters." in caplog.text


def test_refusal(cache: Path, repo_root: Path, tmp_path: Path) -> None:
    """Both rates, the AUROC of the evidence score and of each leg, over covered and uncovered questions."""
    record = run(repo_root / "eval/suites/refusal-samples", tmp_path / "a.json")
    assert record["metrics"]["refused_out_of_scope"]["n"] == 25
    assert record["metrics"]["refused_in_scope"]["n"] == 60
    assert record["metrics"]["auroc"]["n"] == 85
    assert "dense/auroc" in record["metrics"]


def test_pedagogy(cache: Path, repo_root: Path, tmp_path: Path) -> None:
    """Whatever the learner and the model do: no solution is told, hints go up, concepts are explained."""
    settings = ("--set", "answers.min_evidence=0", "--limit", 7)
    record = run(repo_root / "eval/suites/pedagogy-samples", tmp_path / "a.json", *settings)
    assert record["metrics"]["answer_leak"]["n"] == 14
    assert record["metrics"]["answer_leak"]["value"] == 0.0
    assert record["metrics"]["hint_progress"]["value"] == 1.0
    assert record["metrics"]["direct_answer_rate"]["value"] == 1.0
    assert record["latency_ms"]["p95"] >= record["latency_ms"]["p50"] > 0


def test_answers(cache: Path, repo_root: Path, tmp_path: Path) -> None:
    """Extractive answers are borne by what they cite and name no time of their own."""
    settings = ("--set", "answers.min_evidence=0", "--limit", 20)
    record = run(repo_root / "eval/suites/answers-samples", tmp_path / "a.json", *settings)
    assert (record["kind"], record["n"]) == ("answers", 20)
    assert record["metrics"]["citation_support"]["value"] == 1.0
    assert record["metrics"]["invented_times"]["value"] == 0.0
    assert record["metrics"]["unsupported_rate"]["value"] == 0.0
    assert record["metrics"]["citation_recall"]["value"] <= record["metrics"]["retrieval_ceiling"]["value"]
    assert record["metrics"]["quote_start_error_s_p95"]["value"] < 2
    assert record["metrics"]["answer_ms_p50"]["value"] >= record["metrics"]["first_event_ms_p50"]["value"] > 0


def test_unscored_items_are_counted(cache: Path, repo_root: Path, tmp_path: Path) -> None:
    """A question about a video that is not there is unscored, and the others are still scored."""
    suite = tmp_path / "suite"
    suite.mkdir()
    videos = repo_root / "eval/suites/moments-samples/videos.jsonl"
    (suite / "suite.yaml").write_text(f"kind: moments\nname: odd\nvideos: {videos}\n", encoding="utf-8")
    rows = [
        {
            "_id": "a",
            "text": "什么时候量血压最准？",
            "video_id": "elder-health-01",
            "start": 22.81,
            "end": 27.16,
        },
        {"_id": "b", "text": "什么时候量血压最准？", "video_id": "nowhere", "start": 0, "end": 1},
        {"_id": "c", "text": "  ", "video_id": "elder-health-01", "start": 0, "end": 1},
    ]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (suite / "questions.jsonl").write_text(lines, encoding="utf-8")
    record = run(suite, tmp_path / "a.json")
    assert (record["n"], record["unscored"], record["metrics"]["hit@1"]["n"]) == (3, 2, 1)
    assert [item["id"] for item in record["per_item"] if "unscored" in item] == ["b", "c"]


def test_chapters(cache: Path, repo_root: Path, tmp_path: Path) -> None:
    """Outlines are computed without a library; four baselines stand beside them in the same record."""
    suite = repo_root / "eval/suites/chapters-samples"
    record = run(suite, tmp_path / "a.json", "--baselines")
    assert (record["kind"], record["n"], record["unscored"]) == ("chapters", 3, 0)
    for system in ("", "random/", "even/", "texttiling/", "tiling/"):
        for name in ("pk", "windowdiff", "f1@15", "f1@30"):
            assert {"value", "ci_low", "ci_high", "n"} <= record["metrics"][f"{system}{name}"].keys()
    assert record["metrics"]["on_start"]["value"] == 1.0
    assert record["metrics"]["pk"]["value"] < record["metrics"]["random/pk"]["value"]
    assert record["provenance"]["index"] == {}
    assert record["latency_ms"]["p95"] >= record["latency_ms"]["p50"] > 0


def test_summaries(cache: Path, repo_root: Path, tmp_path: Path) -> None:
    """Prepared summaries against notes, three baselines of equal length beside them."""
    suite = repo_root / "eval/suites/summaries-samples"
    record = run(suite, tmp_path / "a.json", "--baselines")
    assert (record["kind"], record["n"], record["unscored"]) == ("summaries", 3, 0)
    found = {name: metric["value"] for name, metric in record["metrics"].items()}
    for system in ("", "lead/", "random/", "textrank/"):
        for name in ("rouge-1", "rouge-l", "coverage"):
            assert 0 < found[f"{system}{name}"] < 1
    assert (found["link_validity"], found["decile_coverage"]) == (1.0, 1.0)
    assert found["coverage"] > found["random/coverage"]
    assert 0.1 < found["compression"] < 0.4
    assert record["latency_ms"]["p95"] >= record["latency_ms"]["p50"] > 0


def test_wrong_use(repo_root: Path, tmp_path: Path) -> None:
    """What cannot be run is named, with exit code 2."""
    suite = repo_root / "eval/suites/moments-samples"
    for arguments, said in (
        ((tmp_path,), "This is no suite"),
        ((suite, "--set", "retrieval.legk=1"), "Did you mean leg_k?"),
        ((suite, "--kind", "pedagogy"), "A pedagogy suite needs it"),
    ):
        result = baize("run", *arguments)
        assert result.exit_code == 2
        assert said in result.output


@pytest.mark.slow
def test_real_embedder(repo_root: Path, tmp_path: Path) -> None:
    """With the real model the sample questions find their moments, across languages too."""
    out = tmp_path / "a.json"
    result = baize("run", repo_root / "eval/suites/moments-samples", "--json", out, "--baselines")
    assert result.exit_code == 0, result.output
    record = json.loads(out.read_text(encoding="utf-8"))
    assert record["metrics"]["hit@1"]["value"] >= 0.6
    assert record["metrics"]["hit@10"]["value"] >= record["metrics"]["langchain/hit@10"]["value"]
