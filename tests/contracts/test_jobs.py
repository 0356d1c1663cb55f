"""What every `Jobs` and every `Locks` promises: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import pytest
from sqlalchemy import text

from baize.adapters.db.engine import Database
from baize.adapters.db.locks import PostgresLocks
from baize.adapters.jobs_dbos import DbosJobs, system_database
from baize.adapters.locks_file import FileLocks
from baize.bootstrap import House
from baize.domain.job import JobRequest
from baize.errors import Conflict, DependencyUnavailable
from baize.ports import Jobs, Locks
from baize.settings import Settings
from baize.testing.memory_jobs import MemoryJobs
from baize.testing.memory_locks import MemoryLocks
from ingest.worker import until_asked

pytestmark = pytest.mark.anyio
pytest_plugins = ["tests.servers.postgres"]

STORES = ["memory", "sqlite", "postgres"]
COURSE = JobRequest("p1", "/courses/health", "health")


@pytest.fixture(params=STORES)
async def jobs(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Jobs]:
    if request.param == "memory":
        yield MemoryJobs()
        return
    url = f"sqlite:///{tmp_path}/x.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    queue = DbosJobs(system_database(url, tmp_path))
    yield queue
    await queue.close()


@pytest.fixture(params=STORES)
async def locks(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Locks]:
    match request.param:
        case "memory":
            yield MemoryLocks()
        case "sqlite":
            yield FileLocks(tmp_path / "locks")
        case _:
            database = Database(request.getfixturevalue("postgres_url"))
            yield PostgresLocks(database)
            await database.close()


async def test_a_job_waits_as_it_was_asked_for(jobs: Jobs) -> None:
    """Everything of the request that is told comes back; no lesson is known before the folder is read."""
    job = await jobs.status("p1", await jobs.submit(COURSE))
    assert job is not None
    assert (job.platform_id, job.course_id, job.folder, job.priority) == (
        "p1",
        "health",
        "/courses/health",
        "course",
    )
    assert (job.state, job.planned, job.lessons, job.started_at) == ("queued", False, (), None)


async def test_a_key_makes_one_job(jobs: Jobs) -> None:
    """The same request is the same job, on its platform; another request under the key is refused."""
    keyed = JobRequest("p1", "/courses/health", key="k")
    job_id = await jobs.submit(keyed)
    assert await jobs.submit(keyed) == job_id
    assert await jobs.submit(JobRequest("p2", "/courses/health", key="k")) != job_id
    with pytest.raises(Conflict):
        await jobs.submit(JobRequest("p1", "/courses/other", key="k"))
    assert len(await jobs.list("p1")) == 1


async def test_without_a_key_each_is_a_job(jobs: Jobs) -> None:
    """Newest first, a page at a time."""
    ids = [await jobs.submit(COURSE) for _ in range(3)]
    assert len(set(ids)) == 3
    listed = [job.id for job in await jobs.list("p1")]
    assert sorted(listed) == sorted(ids)
    pages = [job.id for n in range(3) for job in await jobs.list("p1", limit=1, offset=n)]
    assert pages == listed


async def test_platforms_see_their_own(jobs: Jobs) -> None:
    """A job of another platform is not there: to read, to list, to cancel or to forget."""
    job_id = await jobs.submit(COURSE)
    assert await jobs.status("p2", job_id) is None
    assert await jobs.list("p2") == []
    assert not await jobs.cancel("p2", job_id)
    assert await jobs.forget("p2", "health") == 0
    job = await jobs.status("p1", job_id)
    assert job is not None
    assert job.state == "queued"


async def test_cancel(jobs: Jobs) -> None:
    """A job that waits is cancelled; one that is not there is not."""
    job_id = await jobs.submit(COURSE)
    assert await jobs.cancel("p1", job_id)
    job = await jobs.status("p1", job_id)
    assert job is not None
    assert job.state == "cancelled"
    assert not await jobs.cancel("p1", "00000000-0000-0000-0000-000000000000")


async def test_forget(jobs: Jobs) -> None:
    """Every job of the course goes, others stay."""
    gone = [await jobs.submit(COURSE) for _ in range(2)]
    kept = await jobs.submit(JobRequest("p1", "/courses/other", "other"))
    assert await jobs.forget("p1", "health") == 2
    assert [await jobs.status("p1", job_id) for job_id in gone] == [None, None]
    assert await jobs.status("p1", kept) is not None


async def test_a_lock_has_one_holder_at_a_time(locks: Locks) -> None:
    """Who comes second waits for the first; another name is free."""
    order: list[str] = []

    async def second() -> None:
        async with locks.hold("lesson:1"):
            order.append("second")

    async with anyio.create_task_group() as tasks, locks.hold("lesson:1"):
        assert await locks.held("lesson:1")
        assert not await locks.held("lesson:2")
        tasks.start_soon(second)
        async with locks.hold("lesson:2"):
            await anyio.sleep(0.3)
        order.append("first")
    assert order == ["first", "second"]
    assert not await locks.held("lesson:1")


async def test_a_lock_is_free_after_an_error(locks: Locks) -> None:
    """An error within the block, or its cancellation, frees it."""
    with pytest.raises(ValueError, match="x"):
        async with locks.hold("name"):
            raise ValueError("x")
    with anyio.move_on_after(0.05):
        async with locks.hold("name"):
            await anyio.sleep(10)
    with anyio.fail_after(60):
        async with locks.hold("name"):
            pass


async def test_many_locks_take_one_connection(postgres_url: str) -> None:
    """Of a process: a server has few, and a worker holds a lock for every lesson that it is at."""
    database = Database(postgres_url)
    locks, others = PostgresLocks(database), PostgresLocks(database)
    async with AsyncExitStack() as stack:
        for n in range(30):
            await stack.enter_async_context(locks.hold(f"lesson:{n}"))
        assert await others.held("lesson:29")
        assert await _lock_sessions(database) == 1
    assert not await others.held("lesson:29")
    assert await _lock_sessions(database) == 0
    await database.close()


async def test_locks_are_taken_again_after_the_connection_was_lost(postgres_url: str) -> None:
    """The next question for it finds out; whoever else asks is told that it is held."""
    database = Database(postgres_url)
    locks, others = PostgresLocks(database), PostgresLocks(database)
    async with locks.hold("worker"), locks.hold("lesson"):
        async with database.connection() as connection:
            await connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
            )
        with pytest.raises(DependencyUnavailable):
            await locks.held("worker")
        assert await locks.held("worker")
        assert await others.held("worker")
        assert await others.held("lesson")
    assert not await others.held("worker")
    await database.close()


async def _lock_sessions(database: Database) -> int:
    async with database.connection() as connection:
        found = text("SELECT count(DISTINCT pid) FROM pg_locks WHERE locktype = 'advisory'")
        return int(await connection.scalar(found) or 0)


async def test_whether_a_job_is_left(tmp_path: Path) -> None:
    """What a worker beside the server asks before it polls."""
    queue = DbosJobs(system_database(f"sqlite:///{tmp_path}/x.db", tmp_path))
    try:
        assert not await queue.unfinished()
        job_id = await queue.submit(COURSE)
        assert await queue.unfinished()
        assert await queue.cancel("p1", job_id)
        assert not await queue.unfinished()
    finally:
        await queue.close()


async def test_a_worker_beside_the_server_waits_for_a_job(tmp_path: Path) -> None:
    house = House(Settings.model_validate({"data_dir": tmp_path}))
    stop, asked = threading.Event(), list[bool]()

    async def wait() -> None:
        asked.append(await until_asked(house, stop))

    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await house.jobs.unfinished()
            assert asked == []
            await house.jobs.submit(COURSE)
        assert asked == [True]
        stop.set()
        assert not await until_asked(house, stop)
    finally:
        await house.close()
