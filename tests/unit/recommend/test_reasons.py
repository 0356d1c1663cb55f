"""Ten thousand generated recommendations: each has a reason, and each reason is true of the record.

The checker below shares nothing with what makes the reasons: it counts in the record itself.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from baize.domain.archive import Completion
from baize.domain.artefact import GlossaryTerm, Prepared
from baize.domain.course import Course, Lesson
from baize.domain.learner import Begun, Progress, Reason, Recommendation, Sign, SignKind
from baize.domain.library import BuiltLesson
from baize.domain.locator import TimeSpan
from baize.domain.search import Hit, Moment, Scope
from baize.domain.text import Chunk, Segment
from baize.recommend.learned import paths_of
from baize.recommend.rules import RuleOptions
from baize.services.recommend import Asked, Recommending
from baize.services.search import Result
from baize.testing.memory_archive import MemoryArchive
from baize.testing.memory_cards import MemoryCards
from baize.testing.memory_catalog import MemoryCatalog
from baize.testing.memory_progress import MemoryLearnerProgress

pytestmark = pytest.mark.anyio
pytest.importorskip("scipy")

P = "p"
N_COURSES, N_LEARNERS, N_WANTED = 200, 700, 10_000
CHANNELS = ["乡村", "老年", "社区", "美育", "women"]


class Clock:
    def now(self) -> float:
        return 1e9


class World:
    """A platform whose learners follow a few planted ways through its courses."""

    def __init__(self) -> None:
        self.catalog, self.progress = MemoryCatalog(), MemoryLearnerProgress()
        self.archive, self.reported = MemoryArchive(), defaultdict[str, dict[str, Completion]](dict)
        self.courses: dict[str, Course] = {}
        self.lessons: dict[str, list[str]] = defaultdict(list)
        self.rows: dict[str, list[Progress]] = defaultdict(list)
        self.interests: dict[str, tuple[str, ...]] = {}
        self.signs: dict[str, list[Sign]] = defaultdict(list)
        self.terms: dict[str, tuple[str, ...]] = {}
        self.said: dict[str, list[Chunk]] = defaultdict(list)
        self.rng = np.random.default_rng(3)

    async def fill(self) -> None:
        for n in range(N_COURSES):
            tags = (CHANNELS[n % 5], f"tag{n % 17}")
            needs = (f"c{n - 1}",) if n % 10 == 9 else ()
            course = Course(P, f"c{n}", f"课程{n}", "zh", tags=tags, prerequisites=needs)
            self.courses[course.id] = course
            await self.catalog.put_course(course)
            for place in (1, 2):
                lesson = Lesson(P, course.id, f"c{n}.{place}", f"第{place}讲", place, "zh", 60.0, "", "b")
                await self.catalog.publish(BuiltLesson(lesson, ("zh",), 0, None, self._prepared(lesson, n)))
                self.lessons[course.id].append(lesson.id)
        for n in range(N_LEARNERS):
            await self._learner(f"l{n}")

    async def _learner(self, learner: str) -> None:
        rng = self.rng
        at = int(rng.integers(N_COURSES))
        clock = float(rng.integers(1, 10**6))
        for _ in range(int(rng.integers(0, 12))):
            for lesson_id in self.lessons[f"c{at}"][: int(rng.integers(1, 3))]:
                clock += 10
                done = clock + 5 if rng.random() < 0.7 else None
                spans = (TimeSpan(0.0, float(rng.integers(5, 50))),)
                row = Progress(P, learner, f"c{at}", lesson_id, spans, done, clock, clock + 5)
                self.rows[learner] = [r for r in self.rows[learner] if r.lesson_id != lesson_id] + [row]
                await self.progress.change(P, learner, lesson_id, lambda _, row=row: row)
            at = (at + int(rng.integers(1, 4))) % N_COURSES
        for number in rng.integers(N_COURSES, size=max(0, int(rng.integers(-4, 4)))):
            clock += 7
            one = Completion(P, learner, f"r{clock:.0f}", f"c{number}", clock)
            self.reported[learner][one.course_id] = one
            await self.archive.put([one])
        if rng.random() < 0.5:
            self.interests[learner] = (f"tag{int(rng.integers(17))}",)
            await self.progress.put_interests(P, learner, self.interests[learner])
        kinds: list[SignKind] = ["asked", "practised", "enrolled"]
        for number in rng.integers(N_COURSES, size=max(0, int(rng.integers(-2, 4)))):
            clock += 3
            kind = kinds[int(rng.integers(3))]
            lesson_id = "" if kind == "enrolled" else f"c{number}.1"
            self.signs[learner].insert(0, Sign(kind, f"c{number}", clock, lesson_id))

    def _prepared(self, lesson: Lesson, n: int) -> Prepared:
        """Two terms a lesson, each of which three other courses have too; a chunk that says each."""
        terms = tuple(f"{name}{n % 50:02}" for name in ("甲术", "乙法"))
        self.terms[lesson.id] = terms
        for term in terms:
            place = TimeSpan(3.0, 8.0)
            said = Segment(f"这里讲{term}是什么。", place)
            rest = (lesson.title, "v.vtt", "zh", (), said.text, (said,), place, 0)
            self.said[term].append(Chunk(f"{lesson.id}-{term}", P, lesson.course_id, lesson.id, *rest))
        glossary = tuple(GlossaryTerm(term, "。", lesson.id, ()) for term in terms)
        return Prepared(lesson.id, "zh", glossary=glossary)

    async def find(self, words: str, scope: Scope, k: int) -> list[Result]:
        """What says something else first, then what says the words, of the same course too."""
        others = self.said[f"甲术{(int(words[-2:]) + 1) % 50:02}"][:1]
        chunks = [*others, *self.said[words]][:k]
        return [
            Result(n, 1.0 / n, chunk.course_id, Moment(Hit(chunk, n, 1.0 / n, "dense"), chunk.sentences[0]))
            for n, chunk in enumerate(chunks, 1)
        ]

    async def signs_of(self, platform_id: str, learner_id: str) -> list[Sign]:
        return self.signs[learner_id]


class Checker:
    """Counts in the rows."""

    def __init__(self, world: World) -> None:
        self.world = world
        begun: list[Begun] = []
        for learner in {*world.rows, *world.reported}:
            rows = world.rows[learner]
            first: dict[str, float] = {}
            for row in rows:
                first[row.course_id] = min(first.get(row.course_id, 1e18), row.first_at)
            for one in world.reported[learner].values():
                first[one.course_id] = min(first.get(one.course_id, 1e18), one.completed_at)
            begun += [Begun(learner, course, at) for course, at in first.items()]
        begun.sort(key=lambda one: (one.learner_id, one.at, one.course_id))
        self.n_begun = Counter(one.course_id for one in begun)
        self.n_after: Counter[tuple[str, str]] = Counter()
        for path in paths_of(begun):
            self.n_after.update((one, later) for at, later in enumerate(path) for one in path[:at])

    def holds(self, learner: str, one: Recommendation, reason: Reason) -> bool:
        world, rows = self.world, self.world.rows[learner]
        course = world.courses[one.course_id]
        reported = world.reported[learner]
        mine = {row.course_id for row in rows} | set(reported)
        match reason.kind:
            case "followed":
                return reason.course_id in mine and self.n_after[reason.course_id, course.id] == reason.n >= 3
            case "interest":
                return reason.tag in world.interests.get(learner, ()) and reason.tag in course.tags
            case "tag":
                named = world.courses[reason.course_id]
                return reason.course_id in mine and reason.tag in course.tags and reason.tag in named.tags
            case "prerequisite":
                return (
                    reason.course_id in course.prerequisites and self._done_at(learner, reason) == reason.at
                )
            case "asked" | "practised" | "enrolled":
                sign = Sign(reason.kind, reason.course_id, reason.at or 0.0, reason.lesson_id)
                named = world.courses[reason.course_id]
                shared = reason.tag in course.tags and reason.tag in named.tags
                return sign in world.signs[learner] and (shared if reason.tag else named is course)
            case "popular":
                return self.n_begun[course.id] == reason.n >= 3
            case "channel":
                return course.tags[0] == reason.tag
            case "explains":
                elsewhere = reason.lesson_id not in world.lessons[one.course_id]
                return elsewhere and reason.term in world.terms[reason.lesson_id] and reason.term in one.text
            case "completed" if reason.record_id:
                record = reported[reason.course_id]
                return (record.id, record.completed_at) == (reason.record_id, reason.at)
            case "completed":
                return any(r.lesson_id == reason.lesson_id and r.completed_at == reason.at for r in rows)
            case "unfinished":
                return any(
                    r.lesson_id == reason.lesson_id
                    and r.completed_at is None
                    and (r.updated_at, r.until_s) == (reason.at, reason.until_s)
                    for r in rows
                )
            case _:
                return False

    def _done_at(self, learner: str, reason: Reason) -> float | None:
        """When the last lesson of the course was completed, else what the archive reports."""
        done = {row.lesson_id: row.completed_at for row in self.world.rows[learner]}
        instants = [done.get(lesson) for lesson in self.world.lessons[reason.course_id]]
        known = [at for at in instants if at is not None]
        if len(known) == len(instants):
            return max(known)
        return self.world.reported[learner][reason.course_id].completed_at


async def test_every_reason_of_ten_thousand_holds(tmp_path: Path) -> None:
    """And no course was begun before, or lacks its prerequisite; every list keeps the floor of a channel."""
    world = World()
    await world.fill()
    serving = Recommending(
        progress=world.progress,
        archive=world.archive,
        catalog=world.catalog,
        cards=MemoryCards(world.catalog),
        artefacts=world.catalog,
        clock=Clock(),
        folder=tmp_path,
        find=world.find,
        signs=world.signs_of,
        options=RuleOptions(floors={"women": 1}),
    )
    assert await serving.train(P) is not None
    checker = Checker(world)
    kinds: Counter[str] = Counter()
    n = 0
    for learner in [f"l{i}" for i in range(N_LEARNERS)]:
        rows = world.rows[learner]
        done = {row.lesson_id for row in rows if row.completed_at is not None}
        complete = {c for c, own in world.lessons.items() if own and set(own) <= done}
        complete |= set(world.reported[learner])
        courses = await serving.recommend(Asked(P, learner))
        assert len(courses) == 10
        assert any(world.courses[one.course_id].tags[0] == "women" for one in courses)
        for one in courses:
            assert one.course_id not in {row.course_id for row in rows} | set(world.reported[learner])
            assert set(world.courses[one.course_id].prerequisites) <= complete
        lessons = await serving.recommend(Asked(P, learner, "lessons", 5, "en"))
        moments = await serving.recommend(Asked(P, learner, "moments", 5))
        assert all(one.locator is not None for one in moments)
        for one in [*courses, *lessons, *moments]:
            assert one.reasons
            assert one.sentence
            assert "{" not in one.sentence
            assert [reason for reason in one.reasons if not checker.holds(learner, one, reason)] == []
            kinds.update("record" if reason.record_id else reason.kind for reason in one.reasons)
            n += 1
    assert n >= N_WANTED
    for lesson in await world.catalog.lessons(P, "c7"):
        related = await serving.related(Asked(P, "", "moments", 5), lesson)
        assert len(related) == 2
        for one in related:
            assert [checker.holds("", one, reason) for reason in one.reasons] == [True]
            assert one.reasons[0].kind == "explains"
            assert one.reasons[0].lesson_id == lesson.id
    assert set(kinds) >= {"followed", "interest", "tag", "completed", "unfinished", "prerequisite", "record"}
    assert set(kinds) >= {"asked", "practised", "enrolled", "explains"}
