"""A learner's lifelong-learning archive on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, Field

from baize.api.encoding import OmitIfNone
from baize.api.instants import instant
from baize.domain.archive import Completion, ImportReport


class CompletionBody(BaseModel):
    """A completed course, as it was reported."""

    record_id: str
    course_id: str
    title: str
    completed_at: datetime
    credits: OmitIfNone[float] = Field(None, description="Left out where none were reported.")
    certificate: str = Field(description="Its number; empty where none was reported.")
    issuer: str
    imported_at: datetime


class RecordBody(BaseModel):
    """Completed courses, the latest first. Nothing here is issued or counted by Bai Ze."""

    items: list[CompletionBody]
    next_cursor: str | None = Field(description="Pass it as `cursor` for what follows; null at the end.")


class UnusableBody(BaseModel):
    """A line that could not be taken."""

    line: int = Field(description="From 1; in a JSON array, the place of the item.")
    problem: str
    remedy: str


class ImportBody(BaseModel):
    """What became of the lines; all but those in `unusable` were taken."""

    read: int
    changed: int = Field(description="Records that are new, or say something else than before.")
    same: int = Field(description="Records that were known already.")
    other: int = Field(description="Statements that tell of no completed course.")
    unusable: list[UnusableBody]


def record_body(completions: Sequence[Completion], following: str | None) -> RecordBody:
    return RecordBody(
        items=[
            CompletionBody(
                record_id=one.id,
                course_id=one.course_id,
                title=one.title,
                completed_at=instant(one.completed_at),
                credits=one.credits,
                certificate=one.certificate,
                issuer=one.issuer,
                imported_at=instant(one.imported_at),
            )
            for one in completions
        ],
        next_cursor=following,
    )


def import_body(report: ImportReport) -> ImportBody:
    return ImportBody(
        read=report.n_read,
        changed=report.n_changed,
        same=report.n_same,
        other=report.n_other,
        unusable=[
            UnusableBody(line=one.line, problem=one.problem, remedy=one.remedy) for one in report.unusable
        ],
    )
