"""Raw results → run record. Pure: the same results give the same record, without running anything."""

from __future__ import annotations

from typing import Any

from eval.kinds.registry import KINDS
from eval.raw import Raw
from eval.record import make_record


def score_raw(raw: Raw) -> dict[str, Any]:
    """The run record of these results."""
    scored = KINDS[raw.kind].score(raw.items)
    return make_record(raw.suite, raw.kind, scored.items, scored.measures, scored.latency, raw.provenance)
