"""What answers add to the operator's counts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from baize.adapters.meter_prometheus import PrometheusMeter
from baize.domain.chat import Answer, Refusal, Usage

ANSWER = Answer(
    "a", "p", "c", "问", "zh", "flash", "v1", text="答", cost=0.25, usage=Usage(6000, 4500, 500, 120)
)


def told(meter: PrometheusMeter, name: str) -> dict[str, float]:
    """The samples of one metric that are not 0, by their labels' values."""
    return {
        " ".join(one.labels[label] for label in sorted(one.labels)): one.value
        for family in text_string_to_metric_families(meter.exposition().decode())
        for one in family.samples
        if one.name == name and one.value
    }


def test_tokens_are_those_of_the_bill_and_each_is_counted_once() -> None:
    """Hits and misses are the prompt, reasoning and the rest are the completion."""
    meter = PrometheusMeter("CNY")
    for _ in range(2):
        meter.answered(ANSWER)
    counts = {"cache_hit": 9000, "cache_miss": 3000, "completion": 760, "reasoning": 240}
    assert told(meter, "baize_tokens_total") == {f"{kind} flash": n for kind, n in counts.items()}
    assert told(meter, "baize_cost_total") == {"CNY flash": 0.5}


def test_what_has_no_price_or_cost_nothing_adds_none() -> None:
    """An earlier answer and the course itself cost nothing; a model without a price has no cost to add."""
    meter = PrometheusMeter("CNY")
    meter.answered(replace(ANSWER, cost=None))
    meter.answered(replace(ANSWER, cost=0.0, usage=Usage(), reused_from="b", withheld=2))
    assert told(meter, "baize_cost_total") == {}
    assert told(meter, "baize_reused_total") == {"": 1.0}
    assert told(meter, "baize_withheld_total") == {"": 2.0}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (ANSWER, "answered"),
        (replace(ANSWER, degraded="extractive"), "degraded"),
        (replace(ANSWER, stopped=True, degraded="extractive"), "stopped"),
        (replace(ANSWER, refusal=Refusal("not_covered")), "refused"),
        (replace(ANSWER, refusal=Refusal("not_covered"), degraded="extractive"), "refused"),
    ],
)
def test_an_answer_ends_in_one_way(answer: Answer, outcome: str) -> None:
    """The shares of the dashboard add up to one."""
    meter = PrometheusMeter("CNY")
    meter.answered(answer)
    assert told(meter, "baize_answers_total") == {outcome: 1.0}
