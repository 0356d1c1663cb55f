"""Platforms, courses and lessons, as the platform knows them."""

from __future__ import annotations

import re
from dataclasses import dataclass

DEFAULT_PLATFORM = "default"
"""The one platform that exists until keys and tenants are configured."""

LANGUAGES = ("zh", "en")
"""Languages with their own lexical analysis; others pass through the dense and the bigram leg."""

FAQ_SUFFIX = "~faq"
"""A course's FAQ is kept as a lesson of the course's id and this. Ids of files have a dot there."""

ID_PATTERN = re.compile(r"[\w.:+~-]{1,128}")
"""What an id looks like (decisions 2); docking maps other ids and keeps the original as an alias."""


@dataclass(frozen=True, slots=True)
class Course:
    """One course. `glossary` biases transcription and feeds the lexicon.

    Attributes:
        published_at: the day, `2026-05-31`; empty where nobody says it.
    """

    platform_id: str
    id: str
    title: str
    language: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    level: str = ""
    prerequisites: tuple[str, ...] = ()
    glossary: tuple[str, ...] = ()
    published_at: str = ""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of a lesson, in seconds; `origin` is `person` (manifest, edit) or `model` (computed)."""

    start: float
    end: float
    title: str
    origin: str = "model"


@dataclass(frozen=True, slots=True)
class Lesson:
    """One lesson as it is published.

    Attributes:
        position: place in the course, from 1.
        language: of its speech, or of its documents where there is no speech.
        duration_s: of the media; None for a lesson of documents only.
        media: path of the video or audio inside the course folder; empty when there is none.
        build_id: the digest of everything that this version was made from (decisions 4).
    """

    platform_id: str
    course_id: str
    id: str
    title: str
    position: int
    language: str
    duration_s: float | None
    media: str
    build_id: str
    chapters: tuple[Chapter, ...] = ()

    @property
    def is_faq(self) -> bool:
        """A FAQ is found and quoted, but nobody takes it as a lesson."""
        return self.id == f"{self.course_id}{FAQ_SUFFIX}"
