"""The media file of a lesson, where the library can still read it: from the course's folder alone."""

from __future__ import annotations

from pathlib import Path

from baize.domain.course import Lesson
from baize.errors import NotFound
from baize.ports import Publisher

TYPES = {
    ".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm",
    ".mkv": "video/x-matroska", ".avi": "video/x-msvideo", ".flv": "video/x-flv", ".wmv": "video/x-ms-wmv",
    ".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".aac": "audio/aac", ".wav": "audio/wav",
    ".flac": "audio/flac", ".ogg": "audio/ogg", ".opus": "audio/ogg",
}  # fmt: skip
"""Media type by suffix; a file of any other kind is never handed out."""


async def media_file(publisher: Publisher, lesson: Lesson) -> Path:
    """The file that the lesson was made from.

    Raises:
        NotFound: the lesson has none, or it is not where it was ingested from.
    """
    folder = await publisher.folder(lesson.platform_id, lesson.course_id)
    if lesson.media and folder:
        found = _inside(Path(folder), lesson.media)
        if found is not None:
            return found
    raise NotFound(
        f"The library does not hold the media of lesson {lesson.id!r}.",
        remedy="Ingest its course again from a folder that this machine can read."
        if lesson.media
        else "It is made of documents only.",
    )


def _inside(folder: Path, name: str) -> Path | None:
    """The file, if it is media and lies in the folder once every link is followed."""
    if "\0" in name:
        return None
    root = folder.resolve()
    path = (root / name).resolve()
    return path if path.is_relative_to(root) and path.suffix.lower() in TYPES and path.is_file() else None
