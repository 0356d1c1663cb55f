"""The port `Meter` by prometheus-client: one process's own numbers, or those of all workers of a server.

Several workers share files of counts in the folder that `PROMETHEUS_MULTIPROC_DIR` names; the variable must
be set before this module is imported (https://prometheus.github.io/client_python/multiprocess/).
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    multiprocess,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from baize.domain.chat import Answer
from baize.ports import Level, Stage

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_REFUSED = {"out_of_scope": "courtesy", "person": "person"}
"""Reasons that are outcomes of their own: no course had nothing to say."""
_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3.0, 6.0, 12.0, 30.0, 60.0, 120.0)


disable_created_metrics()  # type: ignore[no-untyped-call]


class PrometheusMeter:
    """Names start with `baize_`; no label tells platforms, courses or learners apart."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self, currency: str) -> None:
        self._currency = currency
        self._registry = own = CollectorRegistry()
        self._stages = Histogram(
            "baize_stage_seconds", "Time that a stage took.", ["stage"], buckets=_BUCKETS_S, registry=own
        )
        self._answers = Counter("baize_answers", "Answers by how they ended.", ["outcome"], registry=own)
        self._tokens = Counter(
            "baize_tokens", "Tokens of the chat model, as it bills them.", ["model", "kind"], registry=own
        )
        self._cost = Counter("baize_cost", "What answers cost.", ["model", "currency"], registry=own)
        self._reused = Counter("baize_reused", "Answers that an earlier one gave.", registry=own)
        self._withheld = Counter("baize_withheld", "Sentences that nothing supported.", registry=own)
        self._lost = Counter(
            "baize_statements_lost", "Statements that could not be stored.", ["verb"], registry=own
        )
        self._repairs = Counter(
            "baize_repairs", "Calls that were sent again for how earlier reasoning went.", registry=own
        )
        self._levels = Gauge(
            "baize_level",
            "Answers being written, and calls at the model or waiting for a slot.",
            ["of"],
            multiprocess_mode="livesum",
            registry=own,
        )
        self._requests = Histogram(
            "baize_http_seconds",
            "Time to the first byte of a response.",
            ["route", "method", "status"],
            buckets=_BUCKETS_S,
            registry=own,
        )

        # What every question counts. Looked up anew, labels cost more than the counting.
        self._of_stage = cache(self._stages.labels)
        self._of_level = cache(self._levels.labels)
        self._of_request = cache(self._requests.labels)

    def stage(self, stage: Stage, seconds: float) -> None:
        """As `Meter.stage`."""
        self._of_stage(stage).observe(seconds)

    def level(self, of: Level, change: int) -> None:
        """As `Meter.level`."""
        self._of_level(of).inc(change)

    def answered(self, answer: Answer) -> None:
        """As `Meter.answered`."""
        self._answers.labels(_outcome(answer)).inc()
        usage, model = answer.usage, answer.model
        for kind, n in (
            ("cache_hit", usage.cache_hit_tokens),
            ("cache_miss", usage.cache_miss_tokens),
            ("completion", usage.completion_tokens - usage.reasoning_tokens),
            ("reasoning", usage.reasoning_tokens),
        ):
            if n > 0:
                self._tokens.labels(model, kind).inc(n)
        if answer.cost:
            self._cost.labels(model, self._currency).inc(answer.cost)
        if answer.reused_from:
            self._reused.inc()
        if answer.withheld:
            self._withheld.inc(answer.withheld)

    def unanswered(self, why: str) -> None:
        """As `Meter.unanswered`."""
        self._answers.labels(why).inc()

    def lost(self, verb: str) -> None:
        """As `Meter.lost`."""
        self._lost.labels(verb).inc()

    def repaired(self) -> None:
        """As `Meter.repaired`."""
        self._repairs.inc()

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """As `Meter.request`."""
        self._of_request(route, method, status).observe(seconds)

    def exposition(self) -> bytes:
        """As `Meter.exposition`, of all workers where there are several."""
        folder = os.environ.get(FOLDER_VARIABLE)
        if not folder:
            return generate_latest(self._registry)
        _forget_the_dead(Path(folder))
        everybody = CollectorRegistry()
        multiprocess.MultiProcessCollector(everybody)  # type: ignore[no-untyped-call]
        return generate_latest(everybody)


def _outcome(answer: Answer) -> str:
    if answer.refusal is not None:
        return _REFUSED.get(answer.refusal.reason, "refused")
    if answer.stopped:
        return "stopped"
    return "degraded" if answer.degraded else "answered"


def _forget_the_dead(folder: Path) -> None:
    """A worker that was killed writes nothing any more, and holds no slot."""
    for file in folder.glob("gauge_live*.db"):
        pid = int(file.stem.rpartition("_")[2])
        if not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
            multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]
