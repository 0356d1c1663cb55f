"""Erase a course: whoever works on it stops, and every trace goes, from whichever store.

What ingestion keeps of a course (stages, vectors, pictures, copies) lies in one folder of its own, so that
nobody has to know what is in there.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread

from baize.domain.live import AnswerKey
from baize.errors import DependencyUnavailable
from baize.ports import Answers, Cache, Cards, Catalog, ChunkIndex, Jobs, Locks, Publisher
from baize.services.answer import turn_key
from baize.services.forget import forget_course
from baize.services.live import Live
from baize.services.read import no_course, no_lesson
from baize.services.reuse import Reuse
from baize.services.storyboard import Storyboards

_FORMER = ("stages", "frames", "remote")
"""Where older versions kept the work on all courses together; nothing reads it any more."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What went."""

    course_id: str
    n_lessons: int
    n_points: int
    n_answers: int


@dataclass(frozen=True, slots=True)
class CourseErasure:
    """The use case behind `baize forget` and `DELETE` of `/v1/courses/{id}` and `/v1/lessons/{id}`.

    Attributes:
        others: of stores whose rows do not all carry the course's id.
        scrub: after an erasure, nothing stays in the files that the database writes beside its tables.
    """

    data_dir: Path
    jobs: Jobs
    locks: Locks
    catalog: Catalog
    publisher: Publisher
    index: ChunkIndex
    cards: Cards
    card_index: ChunkIndex
    storyboards: Storyboards
    answers: Answers
    live: Live
    reuse: Reuse
    cache: Cache
    others: Sequence[Callable[[str, str], Awaitable[int]]]
    scrub: Callable[[], Awaitable[None]]

    async def erase(self, platform_id: str, course_id: str) -> Erased:
        """Everything of the course. The catalogue goes last: what was cut off is finished by a second call.

        Raises:
            NotFound: there is no such course on this platform.
            DependencyUnavailable: a store does not answer; what went is gone, the rest is still there.
        """
        if await self.catalog.course(platform_id, course_id) is None:
            raise no_course(course_id)
        await self._stop_work(platform_id, course_id)
        await to_thread.run_sync(_remove, self.data_dir, platform_id, course_id)
        await self.storyboards.forget(platform_id, course_id)
        n_answers = await self._forget_answers(platform_id, course_id)
        for forget in self.others:
            await forget(platform_id, course_id)
        n_lessons, n_points = await forget_course(
            platform_id,
            course_id,
            publisher=self.publisher,
            catalog=self.catalog,
            index=self.index,
            cards=self.cards,
            card_index=self.card_index,
        )
        await self.scrub()
        return Erased(course_id, n_lessons, n_points, n_answers)

    async def erase_lesson(self, platform_id: str, lesson_id: str) -> Erased:
        """Everything of one lesson; its course and the other lessons stay.

        What ingestion keeps of a course, and its jobs, do not tell lessons apart: they go, and the next
        ingestion of the course makes them again. The catalogue goes last, as in `erase`.

        Raises:
            NotFound: there is no such lesson on this platform.
            DependencyUnavailable: a store does not answer; what went is gone, the rest is still there.
        """
        lesson = await self.catalog.lesson(platform_id, lesson_id)
        if lesson is None:
            raise no_lesson(lesson_id)
        course_id = lesson.course_id
        await self._stop_work(platform_id, course_id)
        await to_thread.run_sync(_remove, self.data_dir, platform_id, course_id)
        await self.storyboards.forget(platform_id, course_id)
        n_answers = await self._forget_answers(platform_id, course_id, lesson_id)
        n_points = await self.index.erase(platform_id, [lesson_id])
        await self.publisher.erase_lesson(platform_id, course_id, lesson_id)
        await self.scrub()
        return Erased(course_id, 1, n_points, n_answers)

    async def _stop_work(self, platform_id: str, course_id: str) -> None:
        """Jobs are cancelled and dropped, and lessons come to rest.

        One that is being built would otherwise write what was just removed.
        """
        folder = await self.publisher.folder(platform_id, course_id)
        await self.jobs.forget(platform_id, course_id, folder)
        lessons = {lesson.id for lesson in await self.catalog.lessons(platform_id, course_id)}
        items = {state.item for state in await self.publisher.states(platform_id, course_id)}
        for lesson_id in sorted(lessons | items):
            async with self.locks.hold(lesson_lock(platform_id, lesson_id)):
                pass

    async def _forget_answers(self, platform_id: str, course_id: str, lesson_id: str = "") -> int:
        """Answers that quote the course, whole, wherever they are: a quote is the course's text."""
        ids = await self.answers.forget_course(platform_id, course_id, lesson_id)
        for answer_id in ids:
            await self.live.forget(AnswerKey(platform_id, answer_id))
        await self.reuse.forget(platform_id, ids)
        await self.cache.forget([turn_key(platform_id, answer_id) for answer_id in ids])
        return len(ids)


def kept_folder(data_dir: Path, platform_id: str, course_id: str) -> Path:
    """Where ingestion keeps what it made of a course. The name tells nothing of the course."""
    name = hashlib.sha256(f"{platform_id}\0{course_id}".encode()).hexdigest()[:32]
    return data_dir / "courses" / name


def lesson_lock(platform_id: str, lesson_id: str) -> str:
    """The name under which a lesson is built or erased, by one at a time."""
    return f"lesson:{platform_id}:{lesson_id}"


def _remove(data_dir: Path, platform_id: str, course_id: str) -> None:
    folders = [kept_folder(data_dir, platform_id, course_id), *(data_dir / name for name in _FORMER)]
    for folder in folders:
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            continue
        except OSError as cause:
            raise DependencyUnavailable(
                f"{folder} cannot be removed: {cause.strerror}.",
                remedy="Remove it yourself, then run this again.",
            ) from cause
