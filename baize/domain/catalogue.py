"""Courses as a source's catalogue describes them: provenance, and what is searched before media is there."""

from __future__ import annotations

from dataclasses import dataclass, field

from baize.domain.course import Course


@dataclass(frozen=True, slots=True)
class CourseCard:
    """One entry of a docked catalogue (decisions 1).

    Attributes:
        source_id: the catalogue that it comes from: a province, a partner.
        external_id: the course's id in that catalogue, as it is written there: an alias of `course.id`.
        course: as this source describes it, under its canonical id.
        url: the course's page at the source; empty where none is given.
        id: names the card in the index, in place of a lesson.
        build_id: digest of what it says and of what indexed it.
        language: of its text.
        n_chunks: passages of it in the index.
        docked_at: when it first came in, seconds since the epoch; 0 before it is stored.
    """

    source_id: str
    external_id: str
    course: Course
    url: str
    id: str
    build_id: str
    language: str
    n_chunks: int
    docked_at: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where what is known of a course comes from.

    Attributes:
        harvested_at: when its source was last docked to the end, seconds since the epoch; None: never yet.
    """

    card: CourseCard
    harvested_at: float | None


@dataclass(frozen=True, slots=True)
class KnownCard:
    """What a delta needs to know of a card that is docked already."""

    course_id: str
    id: str
    build_id: str


@dataclass(frozen=True, slots=True)
class SourceState:
    """How far a catalogue was docked.

    Attributes:
        complete: the last run came to its end; False leaves points that the next run sweeps.
        until: the datestamp up to which an OAI-PMH source was harvested, as its server writes it.
        at: seconds since the epoch.
    """

    platform_id: str
    source_id: str
    complete: bool
    until: str = ""
    at: float = 0.0
