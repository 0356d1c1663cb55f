"""A learner's record on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from baize.api.instants import instant
from baize.api.requests import RequestBody, Words
from baize.domain.memory import MemoryItem
from baize.domain.record import Erasure, LearnerExport, Row


class ExportBody(BaseModel):
    """Everything that is kept of one learner."""

    platform_id: str
    learner_id: str
    exported_at: datetime
    records: dict[str, list[dict[str, Any]]] = Field(description="The learner's rows, by store.")
    statements: list[dict[str, Any]] = Field(description="What the learner did, as xAPI 1.0.3 statements.")


class ErasureBody(BaseModel):
    """What went, and what a search for the learner found afterwards."""

    erased: dict[str, int] = Field(description="How many things went, by store.")
    left: dict[str, int] = Field(description="How many were found afterwards, by store.")
    complete: bool = Field(description="Nothing was found afterwards.")
    erased_at: datetime


class MemoryItemBody(BaseModel):
    """A sentence that is remembered."""

    item_id: str
    text: str
    edited: bool = Field(description="The learner wrote it.")


class MemoryBody(BaseModel):
    """What is remembered of a learner: up to five sentences, and nothing else."""

    items: list[MemoryItemBody]


class MemoryRequest(RequestBody):
    """A sentence in the learner's own words."""

    text: Annotated[Words, Field(max_length=300)]


def memory_item_body(item: MemoryItem) -> MemoryItemBody:
    return MemoryItemBody(item_id=item.id, text=item.text, edited=item.edited)


def export_body(export: LearnerExport) -> ExportBody:
    return ExportBody(
        platform_id=export.platform_id,
        learner_id=export.learner_id,
        exported_at=instant(export.exported_at),
        records={table: [_told(row) for row in rows] for table, rows in export.records.items()},
        statements=[dict(statement) for statement in export.statements],
    )


def erasure_body(erasure: Erasure) -> ErasureBody:
    return ErasureBody(
        erased=dict(erasure.erased),
        left=dict(erasure.left),
        complete=erasure.complete,
        erased_at=instant(erasure.at),
    )


def is_instant(column: str) -> bool:
    """Whether a column of a learner's rows holds seconds since the epoch; a test asks this of all of them."""
    return column == "due" or column.endswith("_at")


def _told(row: Row) -> dict[str, Any]:
    """A row with its instants as everywhere on the wire."""
    return {
        name: instant(value) if is_instant(name) and isinstance(value, int | float) else value
        for name, value in row.items()
    }
