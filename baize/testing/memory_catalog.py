"""A double of the ports `Catalog`, `Publisher` and `Artefacts`: one library in memory."""

from __future__ import annotations

from collections.abc import Sequence

from baize.domain.artefact import CourseSummary, Prepared
from baize.domain.course import Course, Lesson
from baize.domain.library import BuiltLesson, Holding, ItemState, LiveLesson, Transcript
from baize.domain.search import Scope
from baize.domain.speech import SpeechReport
from baize.errors import Conflict, NotFound


class MemoryCatalog:
    """All three ports, since what is published must be what is read."""

    def __init__(self) -> None:
        self._courses: dict[tuple[str, str], Course] = {}
        self._built: dict[tuple[str, str], BuiltLesson] = {}
        self._states: dict[tuple[str, str, str], ItemState] = {}
        self._folders: dict[tuple[str, str], str] = {}
        self._summaries: dict[tuple[str, str], CourseSummary] = {}

    async def courses(self, platform_id: str, course_ids: Sequence[str] | None = None) -> list[Course]:
        """As `Catalog.courses`."""
        return [
            course
            for (platform, course_id), course in sorted(self._courses.items())
            if platform == platform_id and (course_ids is None or course_id in course_ids)
        ]

    async def page(
        self, platform_id: str, *, after: str, limit: int, course_ids: Sequence[str] | None = None
    ) -> list[Course]:
        """As `Catalog.page`."""
        found = await self.courses(platform_id, course_ids)
        return [course for course in found if course.id > after][:limit]

    async def course(self, platform_id: str, course_id: str) -> Course | None:
        """As `Catalog.course`."""
        return self._courses.get((platform_id, course_id))

    async def lessons(self, platform_id: str, course_id: str) -> list[Lesson]:
        """As `Catalog.lessons`; lessons of one position by id."""
        scope = Scope(platform_id, course_ids=(course_id,))
        return [built.lesson for built in self._in_scope(scope)]

    async def lesson(self, platform_id: str, lesson_id: str) -> Lesson | None:
        """As `Catalog.lesson`."""
        built = self._built.get((platform_id, lesson_id))
        return built.lesson if built else None

    async def live(self, scope: Scope) -> list[LiveLesson]:
        """As `Catalog.live`, by course, position and id; only platform, courses and lessons count."""
        return [
            LiveLesson(built.lesson.course_id, built.lesson.id, built.lesson.build_id, built.languages)
            for built in self._in_scope(scope)
        ]

    async def faq_only(self, platform_id: str) -> list[str]:
        """As `Catalog.faq_only`."""
        with_faq, with_lessons = set[str](), set[str]()
        for built in self._in_scope(Scope(platform_id)):
            (with_faq if built.lesson.is_faq else with_lessons).add(built.lesson.course_id)
        return sorted(with_faq - with_lessons)

    async def languages(self, scope: Scope) -> list[str]:
        """As `Catalog.languages`; only platform, courses and lessons count."""
        return sorted({language for built in self._in_scope(scope) for language in built.languages})

    async def transcript(self, platform_id: str, lesson_id: str) -> Transcript | None:
        """As `Artefacts.transcript`."""
        built = self._built.get((platform_id, lesson_id))
        return built.transcript if built else None

    async def prepared(self, platform_id: str, lesson_id: str) -> Prepared | None:
        """As `Artefacts.prepared`."""
        built = self._built.get((platform_id, lesson_id))
        return built.prepared if built else None

    async def course_summary(self, platform_id: str, course_id: str) -> CourseSummary | None:
        """As `Artefacts.course_summary`."""
        return self._summaries.get((platform_id, course_id))

    async def put_course_summary(self, platform_id: str, summary: CourseSummary) -> None:
        """As `Publisher.put_course_summary`."""
        self._summaries[platform_id, summary.course_id] = summary

    async def prepared_of_course(self, platform_id: str, course_id: str) -> list[Prepared]:
        """As `Artefacts.prepared_of_course`."""
        built = self._in_scope(Scope(platform_id, course_ids=(course_id,)))
        return [lesson.prepared for lesson in built if lesson.prepared is not None]

    async def speech_reports(self, platform_id: str, course_id: str = "") -> dict[str, SpeechReport]:
        """As `Artefacts.speech_reports`."""
        scope = Scope(platform_id, course_ids=(course_id,) if course_id else ())
        return {
            built.lesson.id: built.transcript.report
            for built in self._in_scope(scope)
            if built.transcript and built.transcript.report
        }

    async def holdings(self, platform_id: str, course_id: str = "") -> list[Holding]:
        """As `Artefacts.holdings`."""
        scope = Scope(platform_id, course_ids=(course_id,) if course_id else ())
        return [
            Holding(
                built.lesson.course_id,
                built.lesson.id,
                built.lesson.media,
                built.transcript is not None,
                len(built.lesson.chapters),
                len(built.prepared.summary) if built.prepared else 0,
                len(built.prepared.quiz) if built.prepared else 0,
            )
            for built in self._in_scope(scope)
        ]

    async def put_course(self, course: Course) -> None:
        """Create the course or replace what is known of it; its lessons stay."""
        self._courses[course.platform_id, course.id] = course

    async def publish(self, built: BuiltLesson) -> None:
        """As `Publisher.publish`.

        Raises:
            NotFound: the course was not put first.
            Conflict: another course of the platform has a lesson of this id.
        """
        lesson = built.lesson
        if (lesson.platform_id, lesson.course_id) not in self._courses:
            raise NotFound(f"Course {lesson.course_id} does not exist.", remedy="Put the course first.")
        before = self._built.get((lesson.platform_id, lesson.id))
        if before is not None and before.lesson.course_id != lesson.course_id:
            raise Conflict(f"Lesson {lesson.id} belongs to another course.", remedy="Give it another id.")
        self._built[lesson.platform_id, lesson.id] = built

    async def record(self, state: ItemState) -> None:
        """As `Publisher.record`; the latest call wins, whatever its `at`."""
        self._states[state.platform_id, state.course_id, state.item] = state

    async def states(self, platform_id: str, course_id: str = "") -> list[ItemState]:
        """States of one course, or of all, by course and item."""
        return [
            state
            for (platform, course, _), state in sorted(self._states.items(), key=lambda entry: entry[0])
            if platform == platform_id and course_id in ("", course)
        ]

    async def put_folder(self, platform_id: str, course_id: str, folder: str) -> None:
        """As `Publisher.put_folder`."""
        self._folders[platform_id, course_id] = folder

    async def folder(self, platform_id: str, course_id: str) -> str:
        """As `Publisher.folder`."""
        return self._folders.get((platform_id, course_id), "")

    async def courses_in(self, platform_id: str, folder: str) -> list[str]:
        """As `Publisher.courses_in`."""
        return sorted(
            course_id
            for (platform, course_id), known in self._folders.items()
            if (platform, known) == (platform_id, folder)
        )

    async def forget(
        self, platform_id: str, course_id: str, lesson_ids: Sequence[str] | None = None
    ) -> list[str]:
        """As `Publisher.forget`, in course order.

        Args:
            lesson_ids: only these lessons (or other items that have a state), and the course stays;
                None means all of the course and the course itself.
        """
        lessons = await self.lessons(platform_id, course_id)
        gone = [lesson.id for lesson in lessons if lesson_ids is None or lesson.id in lesson_ids]
        for lesson_id in gone:
            del self._built[platform_id, lesson_id]
        for state in await self.states(platform_id, course_id):
            if lesson_ids is None or state.item in lesson_ids:
                self._states.pop((platform_id, course_id, state.item))
        if lesson_ids is None:
            self._courses.pop((platform_id, course_id), None)
            self._folders.pop((platform_id, course_id), None)
            self._summaries.pop((platform_id, course_id), None)
        return gone

    async def erase_lesson(self, platform_id: str, course_id: str, lesson_id: str) -> None:
        """As `Publisher.erase_lesson`."""
        await self.forget(platform_id, course_id, [lesson_id])
        self._summaries.pop((platform_id, course_id), None)

    def _in_scope(self, scope: Scope) -> list[BuiltLesson]:
        found = [
            built
            for (platform, lesson_id), built in self._built.items()
            if platform == scope.platform_id
            and (not scope.course_ids or built.lesson.course_id in scope.course_ids)
            and (not scope.lesson_ids or lesson_id in scope.lesson_ids)
        ]
        return sorted(found, key=lambda b: (b.lesson.course_id, b.lesson.position, b.lesson.id))
