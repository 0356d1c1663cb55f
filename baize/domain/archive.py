"""A learner's lifelong-learning archive: courses that the platform reports as completed."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Completion:
    """A completed course, as it is reported. Bai Ze shows credits and certificates; it issues none.

    Attributes:
        id: of the record, unique for the learner; the course's where the archive gives none.
        course_id: need not be a course of this library.
        completed_at: seconds since the epoch.
        title: of the course, as the archive writes it; empty where it does not. So are `certificate`, its
            number, and `issuer`.
        credits: None where none are reported.
        imported_at: when it came in, or last changed.
    """

    platform_id: str
    learner_id: str
    id: str
    course_id: str
    completed_at: float
    title: str = ""
    credits: float | None = None
    certificate: str = ""
    issuer: str = ""
    imported_at: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class Unusable:
    """A line that could not be taken.

    Attributes:
        line: from 1; in a JSON array, the place of the item.
    """

    line: int
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file.

    Attributes:
        n_read: lines that were read.
        n_changed: records that are new, or say something else than before.
        n_same: records that were known already.
        n_other: statements that tell of no completed course.
        unusable: lines that could not be taken; all others were.
    """

    n_read: int
    n_changed: int
    n_same: int
    n_other: int
    unusable: tuple[Unusable, ...]
