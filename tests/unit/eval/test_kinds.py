"""Scores of each kind from results written by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

from baize.domain.text import Cue
from eval.dataset import Question, Video
from eval.kinds import answers, beir, chapters, moments, refusal
from eval.kinds.answers import Cited, Place, Waits
from eval.kinds.bench import Scored, Spot, Timed, unjudgeable
from eval.kinds.chapters import Boundary
from eval.kinds.registry import KINDS
from eval.record import make_record


def metrics(scored: Scored) -> dict[str, Any]:
    record = make_record("s", "k", scored.items, scored.measures, scored.latency, {})
    return {name: found["value"] for name, found in record["metrics"].items()}


def asked(name: str, *spots: Spot, within: float | None = None, **more: Any) -> moments.Observed:
    inside = {} if within is None else {"": Spot("v", within)}
    return moments.Observed(name, "?", "v", 100.0, 120.0, {"": spots}, inside, **more)


def test_moments() -> None:
    """A hit is the right video from ten seconds before the answer's start up to its end."""
    found = metrics(
        moments.score([
            asked("early", Spot("v", 90.0), within=85.0),
            asked("late", Spot("w", 100.0), Spot("v", 119.9), within=131.0),
            asked("over", Spot("v", 120.0), within=69.0),
            asked("none"),
        ])
    )  # fmt: skip
    assert found["hit@1"] == 0.25
    assert found["hit@5"] == 0.5
    assert found["mrr@10"] == pytest.approx((1 + 0.5) / 4)
    assert found["start_error_s_p50"] == pytest.approx((10 + 19.9) / 2)
    assert found["start@15"] == 0.25
    assert found["start@30"] == 0.25


def test_moments_legs_baselines_and_unscored() -> None:
    """Legs have their prefix, of a stock pipeline the better size stays, an unscored item counts nowhere."""
    hit, miss = (Spot("v", 100.0),), (Spot("w", 0.0),)
    item = moments.Observed(
        "a",
        "?",
        "v",
        100.0,
        120.0,
        {"": hit, "dense": miss, "bm25-400": miss, "bm25-1000": hit},
        {},
        Timed(9.0, 4.0),
    )
    scored = moments.score([item, moments.Observed("b", "", "v", 0.0, 1.0, error="InvalidInput: empty")])
    found = metrics(scored)
    assert (found["hit@1"], found["dense/hit@1"], found["bm25/hit@1"]) == (1.0, 0.0, 1.0)
    record = make_record("s", "moments", scored.items, scored.measures, scored.latency, {})
    assert (record["n"], record["unscored"], record["metrics"]["hit@1"]["n"]) == (2, 1, 1)
    assert record["latency_ms"]["p50"] == 9.0
    assert record["latency_ms"]["without_query_embedding_p50"] == 5.0
    assert "1000 characters" in record["metrics"]["bm25/hit@1"]["note"]
    assert record["undefined"] == ["dense/start_error_s_p50", "dense/start_error_s_p95"]


def test_beir() -> None:
    """A query without judgement is unscored; the others are ranked by document."""
    scored = beir.score([
        beir.Observed("a", "?", {"x": 1}, {"": ("y", "x"), "dense": ("x",)}),
        beir.Observed("b", "?", {}, error="NotJudged"),
    ])  # fmt: skip
    found = metrics(scored)
    assert (found["hit@1"], found["mrr@10"], found["dense/hit@1"], found["recall@100"]) == (
        0.0,
        0.5,
        1.0,
        1.0,
    )
    assert scored.items[0].failed
    assert scored.items[1].error


def test_courses() -> None:
    """As beir; by hand for grade 1 at rank 2 and grade 2 at rank 3, gain 2^relevance − 1."""
    judged = {"a": 2, "b": 1}
    found = metrics(
        KINDS["courses"].score([
            beir.Observed("q", "?", judged, {"": ("x", "b", "a"), "lexical": ("a", "b"), "bm25-400": ()}),
            beir.Observed("r", "?", {"c": 1}, {"": ("c",), "lexical": (), "bm25-400": ("c",)}),
        ])
    )  # fmt: skip
    dcg, ideal = 1 / math.log2(3) + 3 / math.log2(4), 3 + 1 / math.log2(3)
    assert found["ndcg@10"] == pytest.approx((dcg / ideal + 1) / 2)
    assert (found["hit@1"], found["hit@5"], found["mrr@10"]) == (0.5, 1.0, 0.75)
    assert (found["lexical/hit@1"], found["lexical/recall@100"], found["bm25/recall@100"]) == (0.5, 0.5, 0.5)


def test_refusal() -> None:
    """Both rates over their own questions, and the AUROC of the score and of a feature."""
    scored = refusal.score([
        refusal.Observed("a", "why?", True, False, 0.9, {"dense": 0.5}),
        refusal.Observed("b", "why?", True, True, 0.4, {"dense": 0.6}),
        refusal.Observed("a", "为什么？", False, True, 0.3, {"dense": 0.55}),
        refusal.Observed("d", "why?", False, False, 0.5, {}),
    ])  # fmt: skip
    found = metrics(scored)
    assert (found["refused_out_of_scope"], found["refused_in_scope"]) == (0.5, 0.5)
    assert found["auroc"] == 0.75
    assert found["dense/auroc"] == 0.75
    assert found["en/refused_out_of_scope"] == 0.0
    assert [item.failed for item in scored.items] == [False, True, False, True]
    assert len({item.id for item in scored.items}) == 4


def cited(sentence: str, quote: str, start: float, onset: float) -> Cited:
    return Cited(sentence, quote, Place("v", start, start + 5), onset, in_media=True)


def test_answers() -> None:
    """Support by the quote, precision and recall by overlap with the gold span, waits in milliseconds."""
    gold = Place("v", 100.0, 120.0)
    good = answers.Observed(
        "a", "?", gold, "Cats purr [1]. Dogs bark [2].", citations=(
            cited("Cats purr.", "Cats purr.", 104.0, 103.0),
            cited("Dogs bark.", "Cows moo.", 10.0, 10.0),
        ), evidence=(Place("v", 90.0, 101.0),), waits=Waits(1.0, 2.0, 3.0), timing=Timed(3.0, 1.0),
    )  # fmt: skip
    refused = answers.Observed(
        "b", "?", gold, "Not covered.", refused=True, evidence=(Place("w", 100.0, 110.0),)
    )
    found = metrics(answers.score([good, refused, answers.Observed("c", "?", gold, error="NotFound")]))
    assert found["citation_support"] == 0.5
    assert found["citation_precision"] == 0.5
    assert found["citation_recall"] == 0.5
    assert found["retrieval_ceiling"] == 0.5
    assert found["unsupported_rate"] == 0.5
    assert found["refused_rate"] == 0.5
    assert found["invented_times"] == 0.0
    assert found["start_error_s_p50"] == 4.0
    assert found["quote_start_error_s_p50"] == 1.0
    assert (found["first_event_ms_p50"], found["first_token_ms_p50"], found["answer_ms_p50"]) == (
        1.0,
        2.0,
        3.0,
    )


def test_invented_times_and_false_quotes() -> None:
    """A time that no quote has, a span outside the recording and a quote never spoken are all counted."""
    gold = Place("v", 0.0, 9.0)
    item = answers.Observed(
        "a", "?", gold, "At 3:07 cats purr at 10:30 [1].", citations=(
            Cited("Cats purr.", "Cats purr at 10:30.", Place("v", 500.0, 505.0), None, False),
        ), uncited=("Dogs bark.",),
    )  # fmt: skip
    found = metrics(answers.score([item]))
    assert found["invented_times"] == 2.0
    assert found["citation_support"] == 0.0
    assert found["unsupported_rate"] == 1.0


def test_chapters() -> None:
    """F1 is micro-averaged over recordings without the boundary at 0 s; bands hold their own recordings."""
    short = chapters.Observed(
        "a", "t", 300.0,
        (Boundary(0.0, "start"), Boundary(100.0, "cats purr")),
        (Boundary(0.0, "start"), Boundary(110.0, "cats purr"), Boundary(200.0, "x")),
    )  # fmt: skip
    long = chapters.Observed(
        "b", "t", 4000.0, (Boundary(0.0, "q"), Boundary(1000.0, "w")), (Boundary(0.0, "z"),)
    )
    found = metrics(chapters.score([short, long]))
    assert found["f1@15"] == pytest.approx(2 * 1 / (2 + 2))
    assert found["f1@30"] == pytest.approx(2 * 1 / (2 + 2))
    assert found["<10min/f1@15"] == pytest.approx(2 * 1 / (2 + 1))
    assert found["<10min/title_similarity"] == 1.0
    assert found[">=60min/f1@15"] == 0.0
    assert found["title_similarity"] == 0.5
    assert "10-30min/pk" not in found


def test_a_gold_span_beyond_the_lesson_is_no_miss() -> None:
    """The suite is wrong there, not the product: the item is unscored, and says why."""
    video = Video("v", "V", "zh", (Cue(0.0, 4.0, "一。"), Cue(4.0, 9.5, "二。")))
    assert unjudgeable(Question("in", "?", "v", 9.0, 12.0), [video]) == ""
    assert "starts at 9.5 s" in unjudgeable(Question("out", "?", "v", 9.5, 12.0), [video])
    assert "no video 'w'" in unjudgeable(Question("other", "?", "w", 0.0, 1.0), [video])
