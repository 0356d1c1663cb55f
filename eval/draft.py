"""A course of the library → a suite of draft questions on it, for its team to correct and to run.

Every question has a place that is known beforehand: a term of the glossary is asked for where the course
explains it, a quiz question where it is answered, a chapter that a person titled by its title, a learner's
question where an answer that the learner found good quotes the course. Nothing is worded anew, so no model
is needed.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from baize.answering.follow_up import MEANING
from baize.bootstrap import House
from baize.domain.artefact import Prepared
from baize.domain.course import Course, Lesson
from baize.domain.locator import Locator, TimeSpan
from baize.errors import InvalidInput
from baize.services.read import read_course

_N_FEEDBACK = 1000


@dataclass(frozen=True, slots=True)
class Drafted:
    """One question and the stretch of a lesson, in seconds, that answers it.

    Attributes:
        origin: where the question is from: `glossary`, `quiz`, `chapter` or `feedback`.
    """

    text: str
    lesson_id: str
    start: float
    end: float
    origin: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A suite that is not written yet: lessons with speech as rows of `videos`, and questions on them."""

    course: Course
    videos: tuple[dict[str, Any], ...]
    questions: tuple[Drafted, ...]

    @property
    def without(self) -> list[str]:
        """Lessons that no question is about."""
        asked_of = {question.lesson_id for question in self.questions}
        return [video["video_id"] for video in self.videos if video["video_id"] not in asked_of]


async def draft(house: House, course_id: str) -> Draft:
    """What can be asked about a course.

    Raises:
        InvalidInput: the course has no speech to ask about.
        NotFound: there is no such course.
    """
    platform_id = house.settings.platform_id
    course = await read_course(house.catalog, platform_id, course_id)
    lessons = await house.catalog.lessons(platform_id, course_id)
    videos = tuple([video async for video in _videos(house, lessons)])
    spoken = {video["video_id"] for video in videos}
    prepared = await house.artefacts.prepared_of_course(platform_id, course_id)
    asked = [*_of_lessons(prepared), *_of_chapters(lessons), *await _of_learners(house, course_id)]
    questions = _distinct(item for item in asked if item.lesson_id in spoken)
    if not questions:
        raise InvalidInput(
            f"The course {course_id!r} has nothing spoken that a question could be drafted from.",
            remedy="`baize status --coverage` shows what lessons have; docs/eval.md, how suites are written.",
        )
    return Draft(course, videos, tuple(questions))


def check_new(out: Path) -> None:
    """
    Raises:
        InvalidInput: there is something in the folder, which might be a corrected draft.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InvalidInput(
            "There is something here already.", path=str(out), remedy="Name a new folder with --out."
        )


def write_draft(made: Draft, out: Path) -> None:
    """Write it as a suite of the kind `moments`; `eval run --kind answers` reads the same files.

    Raises:
        InvalidInput: the folder is in use.
    """
    check_new(out)
    out.mkdir(parents=True, exist_ok=True)
    head = {
        "kind": "moments",
        "name": f"{made.course.id}-draft",
        "description": f"draft questions on {made.course.title}; correct them before you trust a number",
    }
    text = yaml.safe_dump(head, allow_unicode=True, sort_keys=False)
    (out / "suite.yaml").write_text(text, encoding="utf-8")
    _write(out / "videos.jsonl", made.videos)
    _write(out / "questions.jsonl", [_row(n, question) for n, question in enumerate(made.questions, 1)])


def _row(n: int, question: Drafted) -> dict[str, Any]:
    place = {"video_id": question.lesson_id, "start": question.start, "end": question.end}
    return {"_id": f"q{n}", "text": question.text, **place, "origin": question.origin}


async def _videos(house: House, lessons: Sequence[Lesson]) -> AsyncIterator[dict[str, Any]]:
    """The lessons with speech, as rows of `videos`."""
    for lesson in lessons:
        found = await house.artefacts.transcript(lesson.platform_id, lesson.id)
        if found is None or not found.cues:
            continue
        segments = [{"start": cue.start, "end": cue.end, "text": cue.text} for cue in found.cues]
        yield {"video_id": lesson.id, "title": lesson.title, "lang": lesson.language, "segments": segments}


def _of_lessons(prepared: Iterable[Prepared]) -> Iterator[Drafted]:
    """Terms that a lesson explains, and what its quiz asks; a text with a gap is no question."""
    for lesson in prepared:
        for term in lesson.glossary:
            if term.explained and lesson.language in MEANING:
                asked = MEANING[lesson.language].format(term.term)
                yield from _placed(asked, term.lesson_id, term.locators, "glossary")
        for item in lesson.quiz:
            if item.kind == "choice":
                yield from _placed(item.question, lesson.lesson_id, item.locators, "quiz")


def _of_chapters(lessons: Iterable[Lesson]) -> Iterator[Drafted]:
    """Titles that a person wrote, as learners type them to find the place; computed ones would flatter."""
    for lesson in lessons:
        for chapter in lesson.chapters:
            if chapter.origin == "person":
                yield Drafted(chapter.title, lesson.id, chapter.start, chapter.end, "chapter")


async def _of_learners(house: House, course_id: str) -> list[Drafted]:
    """Questions whose answer a learner called good, at the first moment of this course that it quotes."""
    platform_id = house.settings.platform_id
    drafted: list[Drafted] = []
    for feedback in await house.feedback.latest(platform_id, _N_FEEDBACK):
        answer = await house.answers.get(platform_id, feedback.answer_id) if feedback.rating == "up" else None
        cited = [c for c in answer.citations if c.course_id == course_id] if answer else []
        if answer and cited:
            drafted += _placed(answer.question, cited[0].lesson_id, [cited[0].locator], "feedback")
    return drafted


def _placed(text: str, lesson_id: str, locators: Iterable[Locator], origin: str) -> Iterator[Drafted]:
    """The question at the first of these places that is a time; none where it stands in a document."""
    for span in locators:
        if isinstance(span, TimeSpan):
            yield Drafted(text, lesson_id, span.start, span.end, origin)
            return


def _distinct(drafted: Iterable[Drafted]) -> list[Drafted]:
    """One question of each wording: asked twice, it would have two right places."""
    return list({question.text: question for question in drafted}.values())


def _write(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
