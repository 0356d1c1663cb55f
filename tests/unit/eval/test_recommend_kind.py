"""The kind `recommend`: a planted rule is found, histories are no candidates, six baselines stand beside."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from baize.errors import InvalidInput
from baize.settings import Settings
from eval.dataset import read_suite
from eval.kinds.recommend import trails_of
from eval.run import run_suite
from eval.score import score_raw

pytest.importorskip("implicit")
BASELINES = ("als", "bpr", "ease", "item-knn", "item-knn-decay", "popularity")


def write(folder: Path, *, with_next: bool) -> Path:
    """Learners go round a circle of 24 courses: after n comes n + 1."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "suite.yaml").write_text("kind: recommend\nname: circle\n", encoding="utf-8")
    train, history, test = [], [], ["user\titem"]
    for learner in range(240):
        items = [(learner + step) % 24 for step in range(4 + learner % 3)]
        following = (items[-1] + 1) % 24
        if learner < 200:
            row = {"user": learner, "items": items}
            train.append(row | {"next": following} if with_next else row | {"items": [*items, following]})
        else:
            history.append({"user": learner, "items": items})
            test.append(f"{learner}\t{following}")
    for name, rows in (("train", train), ("history", history)):
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    (folder / "test.tsv").write_text("\n".join(test) + "\n", encoding="utf-8")
    return folder


def test_a_circle_is_learned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the next course is certain it is found."""
    monkeypatch.setenv("BAIZE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    suite = read_suite(write(tmp_path / "s", with_next=True))
    raw = anyio.run(run_suite, suite, Settings())
    record = score_raw(raw)
    metrics = {name: metric["value"] for name, metric in record["metrics"].items()}

    assert record["n"] == 40
    assert metrics["hit@10"] == 1.0
    assert metrics["ndcg@10"] > 0.9 > metrics["popularity/ndcg@10"]
    assert 0.5 < metrics["coverage@10"] <= 1.0
    for system in BASELINES:
        assert {f"{system}/{name}" for name in ("hit@10", "ndcg@10", "mrr@10", "popularity_bias")} <= set(
            metrics
        )
    histories = {path.learner: set(path.items) for path in suite.histories}
    for item in raw.items:
        assert all(not histories[item.id] & set(row) for row in item.found.values())


def test_without_next_the_last_steps_are_learned(tmp_path: Path) -> None:
    """Each of a learner's last items is one that came next, after those before it."""
    suite = read_suite(write(tmp_path, with_next=False))
    trails, words = trails_of(suite.paths[:1])
    assert suite.paths[0].items == ("0", "1", "2", "3", "4")
    assert [words.nexts[n] for n in trails.nexts] == ["1", "2", "3", "4"]
    assert [len(trails.history(row)) for row in range(4)] == [1, 2, 3, 4]


def test_a_next_of_the_same_ids_is_a_step_like_those_before(tmp_path: Path) -> None:
    """With other ids it is the only one: no item of a history can be told to be a next."""
    paths = read_suite(write(tmp_path, with_next=True)).paths
    trails, words = trails_of(paths[:24])
    assert [words.nexts[n] for n in trails.nexts[:4]] == ["1", "2", "3", "4"]
    others = [replace(path, following=f"course-{path.following}") for path in paths[:24]]
    trails, words = trails_of(others)
    assert [words.nexts[n] for n in trails.nexts[:2]] == ["course-4", "course-6"]
    assert len(trails) == 24


def test_a_list_that_is_none_is_named(tmp_path: Path) -> None:
    """With its file and line."""
    folder = write(tmp_path, with_next=True)
    (folder / "train.jsonl").write_text('{"user": 1, "items": "a"}\n', encoding="utf-8")
    with pytest.raises(InvalidInput, match="'items' must be a list"):
        read_suite(folder)
