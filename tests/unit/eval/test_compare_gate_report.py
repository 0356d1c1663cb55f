"""What is done with records: comparing, gating, reporting, keeping."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from baize.errors import InvalidInput
from eval.compare import compare_records, pair_records
from eval.gate import gate
from eval.record import ItemView, Latency, Measure, lower_is_better, make_record, read_records, write_records
from eval.report import render, render_site

N = 40


def record(
    good: int, *, suite: str = "s", dense: int = 0, unscored: int = 0, digest: str = "d"
) -> dict[str, Any]:
    """`good` of 40 items hit; the start error of every item is 60 s less one for each that hits."""
    items = [
        ItemView(
            f"q{n}", f"why <{n}>?", "InvalidInput: empty" if n < unscored else "", 5.0,
            {"video": "v/1", "start": 61.0, "end": 70.0},
            [{"video": "v/1", "t": 75.5, "text": "a & b", "hit": n < good}],
            failed=n >= good,
        )
        for n in range(N)
    ]  # fmt: skip
    measures = [
        Measure("hit@1", "mean", tuple((float(n < good),) for n in range(N))),
        Measure("unsupported_rate", "mean", tuple((float(n >= good),) for n in range(N))),
        Measure("dense/hit@1", "mean", tuple((float(n < dense),) for n in range(N))),
    ]
    return make_record(suite, "moments", items, measures, Latency((5.0,), (1.0,)), {"suite_digest": digest})


def test_identical_runs() -> None:
    """Two runs with the same results differ in nothing, with p = 1."""
    for found in compare_records(record(20), record(20)):
        assert (found.change.value, found.p, found.verdict) == (0.0, 1.0, "same")


def test_better_and_worse_know_the_direction() -> None:
    """More hits and fewer unsupported sentences are both better."""
    assert {d.verdict for d in compare_records(record(10), record(30)) if "/" not in d.metric} == {"better"}
    assert {d.verdict for d in compare_records(record(30), record(10)) if "/" not in d.metric} == {"worse"}


def test_legs_of_one_run() -> None:
    """A leg is compared with the product of the same run, on the metrics that both have."""
    run = record(30, dense=10)
    (found,) = compare_records(run, run, first_leg="dense")
    assert (found.metric, found.first, found.second, found.verdict) == ("hit@1", 0.25, 0.75, "better")
    with pytest.raises(InvalidInput, match="These are there: dense"):
        compare_records(run, run, first_leg="sparse")


def test_other_suites_are_refused() -> None:
    """Runs of different suites have nothing to say about each other."""
    with pytest.raises(InvalidInput, match="different suites"):
        compare_records(record(1), record(1, suite="t"))
    with pytest.raises(InvalidInput, match="no suite in common"):
        pair_records([record(1)], [record(1, suite="t")])


def test_gate_passes_what_is_not_worse() -> None:
    """The same and the better run pass."""
    assert gate([record(20)], [record(20)]) == []
    assert gate([record(30)], [record(20)]) == []


def test_gate_names_what_is_worse() -> None:
    """A worse metric, a lost item and a lost suite are each named."""
    assert any("s hit@1: 0.250 after 0.750" in fault for fault in gate([record(10)], [record(30)]))
    assert any("1 unscored" in fault for fault in gate([record(20, unscored=1)], [record(20)]))
    faults = gate([record(20)], [record(20), record(20, suite="t")])
    assert faults == ["t (moments): the baseline has it and the run has not."]


def test_gate_on_small_losses() -> None:
    """A loss that chance may explain fails only beyond the limit."""
    assert gate([record(18)], [record(20)], max_drop=0.1) == []
    assert any("hit@1" in fault for fault in gate([record(18)], [record(20)], max_drop=0.04))


def test_gate_believes_the_values_of_the_records() -> None:
    """A value that fell is told even where the items of the two do not show why."""
    lowered = deepcopy(record(20))
    lowered["metrics"]["hit@1"]["value"] = 0.25
    assert gate([lowered], [record(20)]) == ["s hit@1: 0.250 after 0.500 in the records."]


def test_gate_refuses_another_version_of_the_suite() -> None:
    """A baseline of other data says nothing."""
    with pytest.raises(InvalidInput, match="changed since the baseline"):
        gate([record(20, digest="e")], [record(20)])


def test_records_survive_the_file(tmp_path: Path) -> None:
    """One record is an object, several are a list, and both read back the same."""
    one, two = record(10), record(20)
    for records in ([one], [one, two]):
        write_records(tmp_path / "r.json", records)
        assert read_records(tmp_path / "r.json") == records


@pytest.mark.parametrize("content", ["not json", "{}", "[]", '{"per_item": [], "format": 99}'])
def test_no_record(tmp_path: Path, content: str) -> None:
    """Anything else is refused by name."""
    path = tmp_path / "r.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"r\.json"):
        read_records(path)


def test_direction_by_name() -> None:
    """Lower is better for errors and waits, in any leg and percentile."""
    assert lower_is_better("dense/start_error_s_p95")
    assert lower_is_better("<10min/pk")
    assert not lower_is_better("hit@1")
    assert not lower_is_better("start@15")


def test_report() -> None:
    """The page holds tables, plots, escaped failures with links, and what changed; and loads nothing."""
    page = render(
        [record(20, dense=5, unscored=1)], [record(30)], player_url="https://p.example/{lesson_id}?t={start}"
    )
    assert "<svg" in page
    assert "why &lt;39&gt;?" in page
    assert 'href="https://p.example/v%2F1?t=75.5"' in page
    assert "Since the baseline" in page
    assert "10 lost" in page
    assert "InvalidInput: empty" in page
    assert "n 40" in page
    for outside in ("<script", "<link", "src=", "@import", "url("):
        assert outside not in page


def test_report_as_a_site() -> None:
    """An index that leads to a page for each run; names are safe whatever a suite is called."""
    runs = [record(20), record(25), record(30, suite="../血压 <b>")]
    site = render_site(runs, [record(30)])
    assert list(site) == ["index.html", "s-moments.html", "s-moments-2.html", "b-moments.html"]
    for name in list(site)[1:]:
        assert f"href='{name}'" in site["index.html"]
        assert 'href="index.html"' in site[name]
    assert "10 lost" in site["s-moments.html"]
    assert "5 lost" in site["s-moments-2.html"]
    assert "Failures" not in site["index.html"]


def test_report_without_player() -> None:
    """Without a player the moment is shown and not linked."""
    page = render([record(20)])
    assert "<code>v/1 1:15</code>" in page
    assert "<a href='#s-moments'>" in page
    assert "Since the baseline" not in page
