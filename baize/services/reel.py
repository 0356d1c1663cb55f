"""The highlight reel: the prepared highlights of a lesson, cut from its video."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from baize.domain.locator import TimeSpan
from baize.errors import NotFound
from baize.ports import Artefacts, Catalog, Footage, Publisher
from baize.services.media import media_file
from baize.services.read import read_lesson
from baize.services.summarize import read_prepared


@dataclass(frozen=True, slots=True)
class Reel:
    """What was cut: whole sentences, in order. `share` is of the lesson's length, 0..1."""

    spans: tuple[TimeSpan, ...]
    seconds: float
    share: float


async def cut_reel(
    platform_id: str,
    lesson_id: str,
    out: Path,
    *,
    catalog: Catalog,
    artefacts: Artefacts,
    publisher: Publisher,
    footage: Footage,
) -> Reel:
    """Write the reel of a lesson to `out`.

    Raises:
        NotFound: no such lesson, nothing prepared, no highlights, or its media is not there.
        UnreadableSource: the media cannot be decoded.
        DependencyUnavailable: the encoder is missing.
    """
    lesson = await read_lesson(catalog, platform_id, lesson_id)
    prepared = await read_prepared(catalog, artefacts, platform_id, lesson_id)
    length_s = lesson.duration_s or 0.0
    spans = tuple(
        TimeSpan(max(0.0, highlight.span.start), min(highlight.span.end, length_s or highlight.span.end))
        for highlight in prepared.highlights
    )
    if not spans:
        raise NotFound(f"Lesson {lesson_id!r} has no highlights.", remedy="It has no speech, or too little.")
    media = await media_file(publisher, lesson)
    seconds = await footage.cut(media, spans, out)
    return Reel(spans, seconds, seconds / length_s if length_s else 0.0)
