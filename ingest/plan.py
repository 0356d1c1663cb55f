"""What is to be ingested: the nouns that `manifest.py` gives and the pipeline takes."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from baize.domain.course import Course
from baize.errors import InvalidInput

MEDIA = frozenset((
    ".mp4", ".mkv", ".webm", ".mov", ".m4v", ".avi", ".flv", ".wmv", ".mp3", ".m4a", ".wav",
    ".flac", ".aac", ".ogg", ".opus",
))  # fmt: skip
SUBTITLES = frozenset((
    ".vtt", ".srt", ".ass", ".ssa",
))  # fmt: skip
# Formats that cannot be read yet are planned all the same, so that their reader can say so by name.
DOCUMENTS = frozenset((
    ".pdf", ".md", ".markdown", ".txt", ".pptx", ".docx", ".epub", ".html", ".htm",
))  # fmt: skip

_MAX_COURSE_ID = 60
_MAX_ID = 128
_DIGEST_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Source:
    """One file.

    Attributes:
        path: absolute.
        name: relative to the course folder, with forward slashes.
        language: from the file's name, `zh-en` for bilingual subtitles; empty where it has none.
        url: where it is to be fetched from (`fetch.py`); its `path` is known only then.
    """

    path: Path
    name: str
    language: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class PlannedChapter:
    """A person's chapter; it ends where the next one starts. `start` in seconds."""

    start: float
    title: str


@dataclass(frozen=True, slots=True)
class LessonPlan:
    """What one lesson is made of. `position` is its place in the course, from 1."""

    id: str
    title: str
    position: int
    language: str = ""
    media: Source | None = None
    subtitles: tuple[Source, ...] = ()
    documents: tuple[Source, ...] = ()
    chapters: tuple[PlannedChapter, ...] = ()


@dataclass(frozen=True, slots=True)
class CoursePlan:
    """A course to ingest, and what of it cannot be used.

    Attributes:
        folder: absolute.
        single: the file that the course is, where it is one; absolute.
        problems: one for each lesson or file that is left out, with path, line and remedy.
        recorded: it has no folder, only its record in the catalogue, and perhaps an uploaded FAQ.
    """

    course: Course
    folder: Path
    lessons: tuple[LessonPlan, ...]
    faq: Source | None = None
    problems: tuple[InvalidInput, ...] = ()
    single: Path | None = None
    recorded: bool = False


def course_id_of(name: str) -> str:
    """The id of a course that has only a name (decisions 2)."""
    return _slug(name, _MAX_COURSE_ID)


def lesson_id_of(course_id: str, stem: str) -> str:
    """The id of a lesson that has only a file name: never its position (decisions 2)."""
    return f"{course_id}.{_slug(stem, _MAX_ID - len(course_id) - 1)}"


def _slug(name: str, limit: int) -> str:
    """Lower case with hyphens; letters of any script stay. Longer ones end in a digest of the whole."""
    name = unicodedata.normalize("NFC", name).lower()
    slug = re.sub(r"-{2,}", "-", re.sub(r"[^\w.:+~-]+", "-", name)).strip("-.") or _digest(name)
    if len(slug) <= limit:
        return slug
    return f"{slug[: limit - _DIGEST_LENGTH - 1]}-{_digest(name)}"


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:_DIGEST_LENGTH]
