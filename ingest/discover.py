"""Lessons from file names, for a folder or a file that no course.yaml describes."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from baize.errors import InvalidInput, InvalidManifest
from ingest.extract.languages import split_tag
from ingest.plan import DOCUMENTS, MEDIA, SUBTITLES, CoursePlan, LessonPlan, Source, lesson_id_of

FAQ = "faq.jsonl"


def with_discovered_lessons(plan: CoursePlan) -> CoursePlan:
    """The plan with the lessons and the FAQ that the files of its folder make, in natural order.

    Media, subtitles and documents of one stem, in one folder and language aside, are one lesson. Hidden
    files and folders do not count; a link that leaves the folder is a problem.
    """
    files, problems = [], []
    for path in sorted(_visible_files(plan.folder), key=_natural_key):
        if _stays_within(path, plan.folder):
            files.append(path)
        else:
            problems.append(
                InvalidManifest(
                    "This link leads out of the course folder.", remedy="Copy the file here.", path=str(path)
                )
            )
    lessons, clashes = lessons_of(plan.course.id, plan.folder, files, plan.course.language)
    faq = next((_source(path, plan.folder) for path in files if path == plan.folder / FAQ), None)
    return replace(plan, lessons=lessons, faq=faq, problems=(*plan.problems, *problems, *clashes))


def lessons_of(
    course_id: str, folder: Path, files: Iterable[Path], language: str = ""
) -> tuple[tuple[LessonPlan, ...], list[InvalidInput]]:
    """Lessons of these files in the order of their first file, and a problem for each id given twice."""
    groups: dict[str, list[Source]] = {}
    sources = [_source(path, folder) for path in files]
    media_stems = {_stem(source) for source in sources if _kind(source) is MEDIA}
    for source in sources:
        if _kind(source):
            base, _ = split_tag(_stem(source))
            key = _stem(source) if _stem(source) in media_stems else base
            groups.setdefault(key, []).append(source)
    lessons: dict[str, LessonPlan] = {}
    problems: list[InvalidInput] = []
    for stem, members in groups.items():
        lesson = _lesson(course_id, stem, members, len(lessons) + 1, language)
        if lesson.id in lessons:
            problems.append(
                InvalidManifest(
                    f"The file name gives the lesson id {lesson.id}, which another lesson has.",
                    remedy="Rename it, or write a course.yaml with ids.",
                    path=str(members[0].path),
                )
            )
        else:
            lessons[lesson.id] = lesson
    return tuple(lessons.values()), problems


def _lesson(course_id: str, stem: str, members: list[Source], position: int, language: str) -> LessonPlan:
    media = [source for source in members if _kind(source) is MEDIA]
    return LessonPlan(
        id=lesson_id_of(course_id, stem),
        title=stem.rpartition("/")[2],
        position=position,
        language=language,
        media=media[0] if media else None,
        subtitles=tuple(source for source in members if _kind(source) is SUBTITLES),
        documents=tuple(source for source in members if _kind(source) is DOCUMENTS),
    )


def _stays_within(path: Path, folder: Path) -> bool:
    """Whether the file, wherever its links lead, lies in the folder; a link to itself leads nowhere."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (RuntimeError, OSError):
        return False


def _source(path: Path, folder: Path) -> Source:
    name = path.relative_to(folder).as_posix()
    return Source(path.absolute(), name, split_tag(path.stem)[1])


def _stem(source: Source) -> str:
    name = unicodedata.normalize("NFC", source.name)
    return name[: -len(source.path.suffix)] if source.path.suffix else name


def _kind(source: Source) -> frozenset[str] | None:
    suffix = source.path.suffix.lower()
    return next((kind for kind in (MEDIA, SUBTITLES, DOCUMENTS) if suffix in kind), None)


def _visible_files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(parent, name) for name in names if not name.startswith("."))


def _natural_key(path: Path) -> list[list[tuple[int, int, str]]]:
    """`2-x` before `10-x`."""
    return [
        [
            (0, int(run), "") if run.isdecimal() else (1, 0, run.lower())
            for run in re.findall(r"\d+|\D+", part)
        ]
        for part in path.parts
    ]
