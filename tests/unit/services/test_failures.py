"""Which failures wait for somebody, over jobs and over `baize ingest`."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from baize.domain.course import Course
from baize.domain.job import Job, LessonJob
from baize.domain.library import ItemState
from baize.services.erase import lesson_lock
from baize.services.failures import DeadLetter, dead_letters
from baize.testing.memory_catalog import MemoryCatalog
from baize.testing.memory_jobs import MemoryJobs
from baize.testing.memory_locks import MemoryLocks

pytestmark = pytest.mark.anyio

GIVEN_UP = LessonJob("c.1", "failed", attempts=5, causes=("embed: away", "embed: away"), ended_at=20.0)
JOB = Job("j1", "p", "c", "/c", "course", "failed", 1.0, planned=True, n_lessons=1, lessons=(GIVEN_UP,))


class World:
    def __init__(self) -> None:
        self.catalog, self.jobs, self.locks = MemoryCatalog(), MemoryJobs(), MemoryLocks()

    async def letters(self, course_id: str = "") -> list[DeadLetter]:
        return await dead_letters("p", course_id, jobs=self.jobs, publisher=self.catalog, locks=self.locks)

    async def record(self, state: str, at: float, error: str = "") -> None:
        known = ItemState("p", "c", "c.1", "running", "embed", error=error, at=at)
        await self.catalog.record(replace(known, state=state))  # type: ignore[arg-type]


async def test_every_cause_of_a_job_is_told() -> None:
    """A lesson whose worker died each time has no failed state of its own, and is told all the same."""
    world = World()
    world.jobs.jobs["j1"] = JOB
    await world.record("running", 10.0)
    (letter,) = await world.letters()
    assert (letter.item, letter.stage, letter.folder, letter.job_id) == ("c.1", "embed", "/c", "j1")
    assert letter.causes == ("embed: away", "embed: away")
    assert await world.letters("other") == []


async def test_what_was_done_since_is_no_failure() -> None:
    """By a newer job of the folder, or by `baize ingest`."""
    world = World()
    world.jobs.jobs["j1"] = JOB
    await world.record("done", 30.0)
    assert await world.letters() == []
    await world.record("failed", 30.0, "bad file")
    world.jobs.jobs["j2"] = replace(JOB, id="j2", state="running", lessons=())
    assert await world.letters() == []


async def test_a_course_that_could_not_be_read() -> None:
    """Until something of its folder was ingested."""
    world = World()
    world.jobs.jobs["j1"] = replace(
        JOB, course_id="", planned=False, lessons=(), problems=("course.yaml:3: no id",), ended_at=20.0
    )
    (letter,) = await world.letters()
    assert (letter.course_id, letter.item, letter.stage, letter.causes) == (
        *("", "", "plan"),
        ("course.yaml:3: no id",),
    )
    await world.catalog.put_course(Course("p", "c", "C"))
    await world.catalog.put_folder("p", "c", "/c")
    await world.record("done", 30.0)
    assert await world.letters() == []


async def test_a_process_that_was_cut_off() -> None:
    """`running`, and nobody holds its lock."""
    world = World()
    await world.record("running", 10.0)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(world.locks.hold(lesson_lock("p", "c.1")))
        assert await world.letters() == []
    (letter,) = await world.letters()
    assert "ended before it was done" in letter.causes[0]
