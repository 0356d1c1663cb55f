"""A learner's record: everything that is kept of one learner, to be shown, taken along and erased."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]
"""One row as plain JSON values; times are seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class LearnerExport:
    """What a learner takes along.

    Attributes:
        exported_at: seconds since the epoch.
        records: the learner's rows by table.
        statements: xAPI 1.0.3 statements of what the learner did.
    """

    platform_id: str
    learner_id: str
    exported_at: float
    records: Mapping[str, Sequence[Row]]
    statements: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Erasure:
    """What went, and the proof: what a search for the learner finds afterwards.

    Attributes:
        erased: how many things went, by store.
        left: how many are still found, by store; all zero unless somebody writes meanwhile.
        at: seconds since the epoch.
    """

    erased: Mapping[str, int]
    left: Mapping[str, int]
    at: float

    @property
    def complete(self) -> bool:
        return not any(self.left.values())
