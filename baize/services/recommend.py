"""What a learner could do next: record → candidates → rules → reasons. Reads top to bottom."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
from anyio import to_thread

from baize.domain.archive import Completion
from baize.domain.artefact import Prepared
from baize.domain.course import Course, Lesson
from baize.domain.learner import Begun, Progress, Reason, Recommendation, RecommendationKind, Sign
from baize.domain.locator import TimeSpan
from baize.domain.search import Scope
from baize.errors import InvalidInput
from baize.ports import Archive, Artefacts, Cards, Catalog, Clock, LearnerProgress
from baize.recommend import learned as learning
from baize.recommend.candidates import Record, course_scores
from baize.recommend.learned import Learned
from baize.recommend.reasons import course_reasons, sentence
from baize.recommend.rules import RuleOptions, choose
from baize.recommend.shelf import Shelf, stand
from baize.services.search import Result

MAX_K = 50
_SHELF_S = 300.0
"""How long a platform's courses are kept: a new one is recommended after at most this."""
_MOST_COURSES = 50
"""Courses of a learner that are looked at, the latest."""
_MOST_TERMS = 4
_MOST_LESSONS = 2
_RESUME_AFTER_S = 10.0

FindMoments = Callable[[str, Scope, int], Awaitable[list[Result]]]
"""(words, scope, k) → moments, best first."""
FindSigns = Callable[[str, str], Awaitable[Sequence[Sign]]]
"""(platform, learner) → signs, the latest first."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for.

    Attributes:
        course_ids: the only courses that may be told of; empty for all.
    """

    platform_id: str
    learner_id: str
    kind: RecommendationKind = "courses"
    k: int = 10
    language: str = "zh"
    course_ids: tuple[str, ...] = ()

    def sees(self, course_id: str) -> bool:
        return not self.course_ids or course_id in self.course_ids


@dataclass(frozen=True, slots=True)
class Known:
    """A learner's record with the lessons of the courses in it.

    Attributes:
        touched: progress by lesson.
        lessons: by course, the one that was touched last first.
    """

    record: Record
    touched: dict[str, Progress]
    lessons: dict[str, list[Lesson]]


class Recommending:
    """The use case.

    Args:
        folder: where trained tastes are kept, a file a platform.
        find: searches moments.
        signs: what a learner did beside watching.
    """

    def __init__(
        self,
        *,
        progress: LearnerProgress,
        archive: Archive,
        catalog: Catalog,
        cards: Cards,
        artefacts: Artefacts,
        clock: Clock,
        folder: Path,
        find: FindMoments,
        signs: FindSigns,
        options: RuleOptions | None = None,
    ) -> None:
        self._progress = progress
        self._archive = archive
        self._catalog = catalog
        self._cards = cards
        self._artefacts = artefacts
        self._clock = clock
        self._folder = folder
        self._find = find
        self._signs = signs
        self._options = options or RuleOptions()
        self._shelves: dict[str, tuple[float, Shelf]] = {}
        self._lock = anyio.Lock()

    async def recommend(self, asked: Asked) -> list[Recommendation]:
        """At most `k`, best first; each with at least one reason.

        Raises:
            InvalidInput: `k` is out of range.
        """
        if not 1 <= asked.k <= MAX_K:
            raise InvalidInput(f"k is {asked.k}.", remedy=f"Ask for 1 to {MAX_K} recommendations.")
        known = await self._known(asked)
        shelf = await self.shelf(asked.platform_id)
        match asked.kind:
            case "courses":
                found = self._courses(asked, shelf, known)
            case "lessons":
                found = await self._lessons(asked, shelf, known)
            case "moments":
                found = await self._moments(asked, shelf, known)
        return [await self._worded(asked, shelf, one) for one in found[: asked.k]]

    async def related(self, asked: Asked, lesson: Lesson) -> list[Recommendation]:
        """Moments in other courses that speak of the terms of this lesson."""
        shelf = await self.shelf(asked.platform_id)
        found = await self._explained(asked, shelf, lesson, asked.k)
        return [await self._worded(asked, shelf, one) for one in found]

    async def train(self, platform_id: str) -> Learned | None:
        """Learn from the platform's record, and keep what was learned. None where there is nothing yet."""
        begun = _joined(await self._progress.begun(platform_id), await self._archive.begun(platform_id))
        offered = {course.id for course in await self._to_begin(platform_id)}
        learned = await to_thread.run_sync(learning.train, begun, offered)
        if learned is not None:
            path = self._path(platform_id)
            path.parent.mkdir(parents=True, exist_ok=True)
            await to_thread.run_sync(learning.save, learned, path)
        self._shelves.pop(platform_id, None)
        return learned

    async def shelf(self, platform_id: str) -> Shelf:
        """The platform's courses and what was learned of them."""
        now = self._clock.now()
        kept = self._shelves.get(platform_id)
        if kept and now - kept[0] < _SHELF_S:
            return kept[1]
        async with self._lock:
            kept = self._shelves.get(platform_id)
            if kept and now - kept[0] < _SHELF_S:
                return kept[1]
            courses = await self._to_begin(platform_id)
            path = self._path(platform_id)
            shelf = await to_thread.run_sync(_made, courses, path)
            self._shelves[platform_id] = now, shelf
            return shelf

    async def _to_begin(self, platform_id: str) -> list[Course]:
        """Courses without those that only help: a FAQ, neither lessons nor a card."""
        helping = await self._catalog.faq_only(platform_id)
        described = {card.course.id for card in await self._cards.of_courses(platform_id, helping)}
        left_out = set(helping) - described
        return [one for one in await self._catalog.courses(platform_id) if one.id not in left_out]

    def _path(self, platform_id: str) -> Path:
        return self._folder / f"{platform_id}.npz"

    async def _known(self, asked: Asked) -> Known:
        rows = await self._progress.of_learner(asked.platform_id, asked.learner_id)
        interests = await self._progress.interests(asked.platform_id, asked.learner_id)
        archived = _latest(await self._archive.of_learner(asked.platform_id, asked.learner_id))
        latest: dict[str, float] = {}
        for row in rows:
            latest[row.course_id] = max(latest.get(row.course_id, 0.0), row.updated_at)
        here = sorted(latest, key=lambda course_id: (latest[course_id], course_id))
        for course_id, one in archived.items():
            latest[course_id] = max(latest.get(course_id, 0.0), one.completed_at)
        begun = sorted(latest, key=lambda course_id: (latest[course_id], course_id))
        touched = {row.lesson_id: row for row in rows}
        lessons: dict[str, list[Lesson]] = {}
        for course_id in reversed(here[-_MOST_COURSES:]):
            lessons[course_id] = await self._to_take(asked.platform_id, course_id)
        completed = {c: at for c, ls in lessons.items() if (at := _completed_at(ls, touched)) is not None}
        completed = {course_id: one.completed_at for course_id, one in archived.items()} | completed
        signs = await self._signs(asked.platform_id, asked.learner_id)
        record = Record(begun, completed, interests, archived, signs, self._clock.now())
        return Known(record, touched, lessons)

    async def _to_take(self, platform_id: str, course_id: str) -> list[Lesson]:
        """Lessons that are taken one after the other, and which all make a completed course."""
        return [one for one in await self._catalog.lessons(platform_id, course_id) if not one.is_faq]

    def _courses(self, asked: Asked, shelf: Shelf, known: Known) -> list[Recommendation]:
        scores = course_scores(shelf, known.record)
        numbers = choose(
            shelf,
            known.record,
            scores,
            asked.k,
            options=self._options,
            open_courses=asked.course_ids,
        )
        found: list[Recommendation] = []
        for number in numbers:
            course = shelf.courses[number]
            reasons = course_reasons(shelf, known.record, number)
            # What nothing speaks for is not recommended.
            if reasons:
                score = float(scores[number])
                found.append(Recommendation("courses", course.id, course.title, course.title, score, reasons))
        return found

    async def _lessons(self, asked: Asked, shelf: Shelf, known: Known) -> list[Recommendation]:
        """Of courses under way, then the first ones of courses that could come next."""
        found: list[Recommendation] = []
        for course_id, lessons in known.lessons.items():
            under_way = asked.sees(course_id) and not _is_done(known, course_id)
            following = _next_lesson(lessons, known.touched) if under_way else None
            if following:
                lesson, reason = following
                found.append(_lesson(shelf, lesson, 1.0 / (1 + len(found)), (reason,)))
        for course in self._courses(asked, shelf, known) if len(found) < asked.k else ():
            lessons = await self._to_take(asked.platform_id, course.course_id)
            if lessons and len(found) < asked.k:
                found.append(_lesson(shelf, lessons[0], 1.0 / (1 + len(found)), course.reasons))
        return found

    async def _moments(self, asked: Asked, shelf: Shelf, known: Known) -> list[Recommendation]:
        """Where the learner stopped, then what other courses say of the terms of the latest lessons."""
        latest = sorted(known.touched.values(), key=lambda row: -row.updated_at)
        lessons = {lesson.id: lesson for own in known.lessons.values() for lesson in own}
        seen = [row for row in latest if row.lesson_id in lessons and asked.sees(row.course_id)]
        found = [
            _resume(shelf, lessons[row.lesson_id], row)
            for row in seen
            if _may_resume(row) and not _is_done(known, row.course_id)
        ]
        for row in seen[:_MOST_LESSONS]:
            if len(found) < asked.k:
                lesson = lessons[row.lesson_id]
                found += await self._explained(asked, shelf, lesson, asked.k - len(found))
        return found

    async def _explained(self, asked: Asked, shelf: Shelf, lesson: Lesson, k: int) -> list[Recommendation]:
        prepared = await self._artefacts.prepared(asked.platform_id, lesson.id)
        found: list[Recommendation] = []
        places: set[str] = set()
        for term in _terms(prepared):
            results = await self._find(term, Scope(asked.platform_id, asked.course_ids), 10)
            for result in results:
                chunk, focus = result.moment.hit.chunk, result.moment.focus
                elsewhere = chunk.course_id != lesson.course_id and chunk.lesson_id
                # A moment that does not say the term explains it to nobody.
                if not elsewhere or term not in focus.text or chunk.id in places:
                    continue
                places.add(chunk.id)
                other = await self._catalog.lesson(asked.platform_id, chunk.lesson_id)
                if other is None:
                    continue
                reason = Reason("explains", lesson_id=lesson.id, term=term)
                one = _lesson(shelf, other, result.moment.hit.score, (reason,))
                found.append(replace(one, kind="moments", locator=focus.locator, text=focus.text))
                break
            if len(found) >= k:
                break
        return found

    async def _worded(self, asked: Asked, shelf: Shelf, one: Recommendation) -> Recommendation:
        reason = one.reasons[0]
        title = ""
        if reason.lesson_id:
            lesson = await self._catalog.lesson(asked.platform_id, reason.lesson_id)
            title = lesson.title if lesson else reason.lesson_id
        elif reason.course_id in shelf.numbers:
            title = shelf.courses[shelf.numbers[reason.course_id]].title
        return replace(one, sentence=sentence(reason, title, asked.language))


def _made(courses: Sequence[Course], path: Path) -> Shelf:
    return stand(courses, learning.load(path) if path.is_file() else None)


def _latest(completions: Sequence[Completion]) -> dict[str, Completion]:
    """Of each course; they come the latest first."""
    latest: dict[str, Completion] = {}
    for one in completions:
        latest.setdefault(one.course_id, one)
    return latest


def _joined(begun: list[Begun], archived: list[Begun]) -> list[Begun]:
    """By learner and time; who was there before an archive came keeps the earlier instant."""
    if not archived:
        return begun
    first: dict[tuple[str, str], float] = {}
    for one in (*begun, *archived):
        key = one.learner_id, one.course_id
        first[key] = min(first.get(key, one.at), one.at)
    joined = [Begun(learner_id, course_id, at) for (learner_id, course_id), at in first.items()]
    return sorted(joined, key=lambda one: (one.learner_id, one.at, one.course_id))


def _is_done(known: Known, course_id: str) -> bool:
    """An archive reports it as completed, and the learner has not come back to it since."""
    record = known.record.archived.get(course_id)
    touched = [
        known.touched[one.id].updated_at for one in known.lessons[course_id] if one.id in known.touched
    ]
    return record is not None and max(touched, default=0.0) <= record.completed_at


def _completed_at(lessons: Sequence[Lesson], touched: dict[str, Progress]) -> float | None:
    """When the last lesson of a course was completed; None while one is not."""
    instants = [row.completed_at if (row := touched.get(one.id)) else None for one in lessons]
    known = [at for at in instants if at is not None]
    return max(known) if lessons and len(known) == len(instants) else None


def _next_lesson(lessons: Sequence[Lesson], touched: dict[str, Progress]) -> tuple[Lesson, Reason] | None:
    """The lesson to go on with: the one left off, else the first open one after the last completed."""
    own = [touched[one.id] for one in lessons if one.id in touched]
    if not own:
        return None
    last = max(own, key=lambda row: row.updated_at)
    at = next(n for n, one in enumerate(lessons) if one.id == last.lesson_id)
    if last.completed_at is None:
        reason = Reason("unfinished", lesson_id=last.lesson_id, at=last.updated_at, until_s=last.until_s)
        return lessons[at], reason
    for lesson in [*lessons[at + 1 :], *lessons[:at]]:
        row = touched.get(lesson.id)
        if row is None or row.completed_at is None:
            return lesson, Reason("completed", lesson_id=last.lesson_id, at=last.completed_at)
    return None


def _may_resume(row: Progress) -> bool:
    return row.completed_at is None and row.until_s > _RESUME_AFTER_S


def _resume(shelf: Shelf, lesson: Lesson, row: Progress) -> Recommendation:
    reason = Reason("unfinished", lesson_id=lesson.id, at=row.updated_at, until_s=row.until_s)
    one = _lesson(shelf, lesson, 1.0, (reason,))
    return replace(one, kind="moments", locator=TimeSpan(row.until_s, row.until_s))


def _lesson(shelf: Shelf, lesson: Lesson, score: float, reasons: tuple[Reason, ...]) -> Recommendation:
    number = shelf.numbers.get(lesson.course_id)
    course_title = shelf.courses[number].title if number is not None else lesson.course_id
    return Recommendation("lessons", lesson.course_id, course_title, lesson.title, score, reasons, lesson.id)


def _terms(prepared: Prepared | None) -> list[str]:
    """Terms of the lesson, those that it explains first."""
    glossary = prepared.glossary if prepared else ()
    ordered = sorted(glossary, key=lambda term: not term.explained)
    return list(dict.fromkeys(term.term for term in ordered))[:_MOST_TERMS]
