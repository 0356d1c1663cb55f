"""What ingestion publishes and what the catalogue remembers about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from baize.domain.artefact import Prepared
from baize.domain.course import Lesson
from baize.domain.speech import SpeechReport
from baize.domain.text import Cue

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from baize.domain.light import dataclass


@dataclass(frozen=True, slots=True)
class Transcript:
    """The speech of one lesson. `source` names the subtitle file or the speech engine.

    Attributes:
        report: how well it was heard; None for subtitles.
    """

    lesson_id: str
    language: str
    source: str
    cues: tuple[Cue, ...]
    report: SpeechReport | None = None


@dataclass(frozen=True, slots=True)
class BuiltLesson:
    """A finished build of one lesson, ready to become the live one."""

    lesson: Lesson
    languages: tuple[str, ...]
    n_chunks: int
    transcript: Transcript | None
    prepared: Prepared | None = None


@dataclass(frozen=True, slots=True)
class LiveLesson:
    """What a reader may see of a lesson. `languages` are those of its passages."""

    course_id: str
    lesson_id: str
    build_id: str
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Holding:
    """What the library has of one published lesson: how many of each.

    Attributes:
        media: file name of its recording; empty for a lesson of documents.
        spoken: whether it has a transcript.
    """

    course_id: str
    lesson_id: str
    media: str
    spoken: bool
    n_chapters: int
    n_summary: int
    n_quiz: int


State = Literal["running", "done", "failed"]


@dataclass(frozen=True, slots=True)
class ItemState:
    """How far one item (a lesson, or a file that could not be read) came.

    Attributes:
        item: lesson id, or the file's path inside the course folder.
        stage: the stage it is in or failed in.
        error: what happened and what to do; empty unless failed.
        at: seconds since the epoch.
    """

    platform_id: str
    course_id: str
    item: str
    state: State
    stage: str
    n_chunks: int = 0
    duration_s: float = 0.0
    error: str = ""
    at: float = 0.0
