"""A course folder, or one file, to a plan of its lessons: the first step of ingestion.

`course.yaml` says what the course consists of; without it, or without its `lessons`, file names do. A
lesson that cannot be used is left out and told in `CoursePlan.problems`; the rest goes on.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from baize.domain.course import ID_PATTERN, Course
from baize.errors import InvalidInput, InvalidManifest, UnreadableSource
from ingest.discover import lessons_of, with_discovered_lessons
from ingest.extract.languages import language_of_tag, split_tag
from ingest.plan import (
    DOCUMENTS,
    MEDIA,
    SUBTITLES,
    CoursePlan,
    LessonPlan,
    PlannedChapter,
    Source,
    course_id_of,
)
from ingest.yaml_nodes import YamlNode, load_yaml

__all__ = ["CoursePlan", "LessonPlan", "PlannedChapter", "Source", "read_course", "read_path"]

MANIFEST = "course.yaml"
LEVELS = ("beginner", "intermediate", "advanced")

_PROVENANCE = frozenset((
    "channels", "source", "teachers", "series", "duration_s", "published_at", "credits", "license",
))  # fmt: skip
_COURSE_KEYS = _PROVENANCE | frozenset((
    "id", "title", "language", "description", "tags", "level", "prerequisites", "glossary",
    "lessons", "faq",
))  # fmt: skip
_LESSON_KEYS = _PROVENANCE | frozenset((
    "id", "title", "language", "description", "video", "subtitles", "documents", "chapters",
))  # fmt: skip
_ANY_FILE = MEDIA | SUBTITLES | DOCUMENTS


def read_path(path: Path, platform_id: str) -> CoursePlan:
    """The plan of a course folder, of its course.yaml, or of a single file as a course of one lesson.

    Subtitles and documents beside a single video, of its stem, belong to it.

    Raises:
        InvalidManifest: as `read_course`.
        UnreadableSource: the path does not exist, or is of no kind that can be learnt from.
    """
    if path.is_dir():
        return read_course(path, platform_id)
    if not path.is_file():
        raise UnreadableSource(
            "There is no such file or folder.", remedy="Check the spelling of the path.", path=str(path)
        )
    if path.name == MANIFEST:
        return read_course(path.parent, platform_id)
    if path.suffix.lower() not in _ANY_FILE:
        raise UnreadableSource(
            f"{path.name} is neither a video, a recording, a subtitle file nor a document.",
            remedy="Give a course folder, or a file such as lesson.mp4, lesson.vtt or notes.pdf.",
            path=str(path),
        )
    return _read_single(path.absolute(), platform_id)


def read_course(folder: Path, platform_id: str) -> CoursePlan:
    """The plan of a course folder.

    Raises:
        InvalidManifest: course.yaml is no YAML or describes no course, or there is no lesson at all.
    """
    folder = folder.resolve()
    if (folder / MANIFEST).exists():
        return _read_manifest(folder, platform_id)
    title = unicodedata.normalize("NFC", folder.name)
    course = Course(platform_id, course_id_of(title), title)
    return _not_empty(with_discovered_lessons(CoursePlan(course, folder, ())), folder)


def _read_single(path: Path, platform_id: str) -> CoursePlan:
    title = unicodedata.normalize("NFC", split_tag(path.stem)[0])
    course = Course(platform_id, course_id_of(title), title)
    members = [path]
    if path.suffix.lower() in MEDIA:
        beside = sorted(
            other for other in path.parent.iterdir() if other.suffix.lower() in SUBTITLES | DOCUMENTS
        )
        members += [other for other in beside if path.stem in (other.stem, split_tag(other.stem)[0])]
    lessons, problems = lessons_of(course.id, path.parent, members)
    return CoursePlan(course, path.parent, lessons, problems=tuple(problems), single=path)


def _read_manifest(folder: Path, platform_id: str) -> CoursePlan:
    root = load_yaml(folder / MANIFEST)
    keys = root.mapping(_COURSE_KEYS)
    plan = CoursePlan(_course(root, keys, platform_id), folder, ())
    plan = _with_listed_lessons(plan, keys["lessons"]) if "lessons" in keys else with_discovered_lessons(plan)
    if "faq" in keys:
        plan = _with_faq(plan, keys["faq"])
    return _not_empty(plan, root.path)


def _course(root: YamlNode, keys: dict[str, YamlNode], platform_id: str) -> Course:
    for key in ("id", "title"):
        if key not in keys:
            raise root.error(f"The course has no {key}.", f"Add the line `{key}: …`.")
    level = keys["level"].text() if "level" in keys else ""
    if level and level not in LEVELS:
        raise keys["level"].error(f"There is no level {level}.", f"Use one of {', '.join(LEVELS)}.")
    return Course(
        platform_id,
        _id(keys["id"]),
        keys["title"].text(),
        language=_language(keys),
        description=keys["description"].text() if "description" in keys else "",
        tags=_texts(keys, "tags"),
        level=level,
        prerequisites=_texts(keys, "prerequisites"),
        glossary=_texts(keys, "glossary"),
        published_at=keys["published_at"].day() if "published_at" in keys else "",
    )


def _with_listed_lessons(plan: CoursePlan, listed: YamlNode) -> CoursePlan:
    lessons: list[LessonPlan] = []
    problems: list[InvalidInput] = []
    seen: set[str] = set()
    for position, node in enumerate(listed.items(), start=1):
        try:
            keys = node.mapping(_LESSON_KEYS)
            lesson = _lesson(plan, node, keys, position)
            if lesson.id in seen:
                raise keys["id"].error(
                    f"The lesson id {lesson.id} is given twice.", "Give each lesson its own."
                )
        except InvalidManifest as problem:
            problems.append(problem)
        else:
            seen.add(lesson.id)
            lessons.append(lesson)
    return replace(plan, lessons=tuple(lessons), problems=(*plan.problems, *problems))


def _lesson(plan: CoursePlan, node: YamlNode, keys: dict[str, YamlNode], position: int) -> LessonPlan:
    for key in ("id", "title"):
        if key not in keys:
            raise node.error(f"Lesson {position} has no {key}.", f"Add the line `{key}: …`.")
    lesson = LessonPlan(
        id=_id(keys["id"]),
        title=keys["title"].text(),
        position=position,
        language=_language(keys) or plan.course.language,
        media=_file(plan.folder, keys["video"], MEDIA) if "video" in keys else None,
        subtitles=_files(plan.folder, keys, "subtitles", SUBTITLES),
        documents=_files(plan.folder, keys, "documents", DOCUMENTS),
        chapters=_chapters(keys),
    )
    if not (lesson.media or lesson.subtitles or lesson.documents):
        raise node.error(f"Lesson {lesson.id} has no file.", "Give it a video, subtitles or documents.")
    return lesson


def _with_faq(plan: CoursePlan, node: YamlNode) -> CoursePlan:
    try:
        return replace(plan, faq=_file(plan.folder, node, frozenset({".jsonl"})))
    except InvalidManifest as problem:
        return replace(plan, problems=(*plan.problems, problem))


def _id(node: YamlNode) -> str:
    value = node.text()
    if not ID_PATTERN.fullmatch(value):
        raise node.error(
            f"{value} cannot be an id.",
            "Use up to 128 letters, digits and . : + ~ - _, without spaces or slashes.",
        )
    return value


def _language(keys: dict[str, YamlNode]) -> str:
    if "language" not in keys:
        return ""
    tag = keys["language"].text()
    language = language_of_tag(tag)
    if not language or "-" in language:
        raise keys["language"].error(f"{tag} is no language that Bai Ze knows.", "Write zh, en, ja …")
    return language


def _texts(keys: dict[str, YamlNode], key: str) -> tuple[str, ...]:
    return keys[key].texts() if key in keys else ()


def _files(folder: Path, keys: dict[str, YamlNode], key: str, kinds: frozenset[str]) -> tuple[Source, ...]:
    return tuple(_file(folder, item, kinds) for item in keys[key].items()) if key in keys else ()


def _file(folder: Path, node: YamlNode, kinds: frozenset[str]) -> Source:
    name = node.text()
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", name):
        return _remote(node, name, kinds)
    written = PurePosixPath(name.replace("\\", "/"))
    if written.is_absolute() or ".." in written.parts or re.match(r"[a-zA-Z]:", name):
        raise node.error(f"{name} does not lie in the course folder.", "Write a path inside the folder.")
    path = folder / written
    if not path.is_file():
        raise node.error(f"There is no file {name} in the course folder.", "Check the spelling, or add it.")
    if not path.resolve().is_relative_to(folder.resolve()):
        raise node.error(f"{name} is a link that leads out of the course folder.", "Copy the file here.")
    if path.suffix.lower() not in kinds:
        raise node.error(f"{name} cannot stand under {node.name}.", f"Use one of {', '.join(sorted(kinds))}.")
    return Source(path, written.as_posix(), split_tag(path.stem)[1])


def _remote(node: YamlNode, url: str, kinds: frozenset[str]) -> Source:
    """A file on another machine; whether that may be asked is the operator's word (`fetch.hosts`)."""
    parts = urlsplit(url)
    path = PurePosixPath(unquote(parts.path))
    if parts.scheme not in ("https", "http"):
        raise node.error(f"{url} is no web address.", "Write https://…, or a path inside the folder.")
    if path.suffix.lower() not in kinds:
        raise node.error(f"{url} cannot stand under {node.name}.", f"Use one of {', '.join(sorted(kinds))}.")
    # What stands behind a question mark may be a signature, and a name is shown.
    return Source(Path(), url.partition("?")[0], split_tag(path.stem)[1], url)


def _chapters(keys: dict[str, YamlNode]) -> tuple[PlannedChapter, ...]:
    chapters: list[PlannedChapter] = []
    for node in keys["chapters"].items() if "chapters" in keys else []:
        entry = node.mapping(("start", "title"))
        if len(entry) < 2:
            raise node.error("A chapter needs start and title.", "Write {start: 95.5, title: …}.")
        chapter = PlannedChapter(entry["start"].number(), entry["title"].text())
        if chapters and chapter.start <= chapters[-1].start:
            raise entry["start"].error(
                f"The chapter {chapter.title} does not start after the one above it.",
                "Sort the chapters by start, in seconds.",
            )
        chapters.append(chapter)
    return tuple(chapters)


def _not_empty(plan: CoursePlan, path: Path) -> CoursePlan:
    if plan.lessons or plan.faq or plan.problems:
        return plan
    raise InvalidManifest(
        "There is no lesson in this course.",
        remedy="Put videos, recordings, subtitles (.vtt, .srt, .ass) or documents into the folder.",
        path=str(path),
    )
