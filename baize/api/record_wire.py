"""A learner's record on the wire."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from baize.domain.record import Erasure, LearnerExport


class ExportBody(BaseModel):
    """Everything that is kept of one learner."""

    platform_id: str
    learner_id: str
    exported_at: float = Field(description="Seconds since the epoch, UTC.")
    records: dict[str, list[dict[str, Any]]] = Field(description="The learner's rows, by store.")
    statements: list[dict[str, Any]] = Field(description="What the learner did, as xAPI 1.0.3 statements.")


class ErasureBody(BaseModel):
    """What went, and what a search for the learner found afterwards."""

    erased: dict[str, int] = Field(description="How many things went, by store.")
    left: dict[str, int] = Field(description="How many were found afterwards, by store.")
    complete: bool = Field(description="Nothing was found afterwards.")
    erased_at: float = Field(description="Seconds since the epoch, UTC.")


def export_body(export: LearnerExport) -> ExportBody:
    return ExportBody(
        platform_id=export.platform_id,
        learner_id=export.learner_id,
        exported_at=export.exported_at,
        records={table: [dict(row) for row in rows] for table, rows in export.records.items()},
        statements=[dict(statement) for statement in export.statements],
    )


def erasure_body(erasure: Erasure) -> ErasureBody:
    return ErasureBody(
        erased=dict(erasure.erased), left=dict(erasure.left), complete=erasure.complete, erased_at=erasure.at
    )
