"""Ingestion that survives its process: durable workflows (DBOS) around the pipeline.

A job is a course. Its workflow plans, queues a workflow for each lesson, waits for them and removes what
left the folder. Any number of workers share the queues; a lesson is run by one of them. What a stage made is
in the stage store, and DBOS remembers its digest only (decisions 18), so no course text is in a job's record.

A workflow that was cut off by a crash runs again from its start: stages whose outputs are kept cost nothing,
and what has an effect (points, the switch of the live build, the sweep) may be done twice without a trace.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import threading
import uuid
import weakref
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any, TypeVar, cast

import anyio
from anyio import to_thread
from dbos import DBOS, DBOSPortableJSONSerializer, SetEnqueueOptions, SetWorkflowID
from dbos import error as dbos_errors

from baize.adapters.jobs_dbos import (
    APPLICATION,
    COURSE_WORKFLOW,
    COURSES,
    JOBS_FILE,
    LESSON_WORKFLOW,
    LESSONS,
    PRIORITIES,
    SPEECH,
    URGENT_COURSES,
    URGENT_LESSONS,
    VERSION,
    system_database,
)
from baize.bootstrap import House, opened
from baize.domain.job import Priority
from baize.errors import BaizeError
from baize.settings import Settings
from ingest.limits import LimitedEmbedder
from ingest.memory import StageMemory
from ingest.pipeline import Pipeline, faq_id, has_faq
from ingest.plan import CoursePlan
from ingest.report import LessonReport, Problem
from ingest.run import desks, parts_of, planned
from ingest.stages import StageStore
from ingest.watch import LogWatch

log = logging.getLogger("baize.worker")
T = TypeVar("T")

_POLL_S = 0.5
"""How soon a free worker sees a new job."""
_POLL_LESSONS_S = 0.1
"""How soon it takes the next lesson without speech, which may take no longer than a few seconds."""
_LOOK_S = 1.0
"""How soon a cancelled lesson stops, and a dead worker's lessons go to another."""
_REST_S = 60.0
"""How long after the last job a worker beside the server still polls: an edit seldom comes alone."""
_GRACE_S = 10.0
"""What a stage gets to come to a point where it can be left."""
_LOOK_AGAIN_S = 30.0
_PLANS_KEPT = 16
_ACTIVE = ["ENQUEUED", "DELAYED", "PENDING"]


class Worker:
    """One worker: at most one in a process, because DBOS is one in a process.

    Args:
        drain: end when no job is left, in any worker.
        rest_s: with `drain`, only when for so long there was none.
        memory: what a stage may allocate, where the process is the worker's own.
    """

    def __init__(
        self,
        house: House,
        *,
        drain: bool = False,
        rest_s: float = 0.0,
        memory: StageMemory | None = None,
    ) -> None:
        self._house = house
        self._drain = drain
        self._rest_s = rest_s
        self._busy_at = anyio.current_time()
        self._ending = False
        self._id = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._running: dict[str, anyio.CancelScope] = {}
        # Weak, as those that ended are nobody's business.
        self._workflows: weakref.WeakSet[asyncio.Task[Any]] = weakref.WeakSet()
        self._plans: dict[tuple[str, str], CoursePlan] = {}
        limited = LimitedEmbedder(house.model_embedder, house.settings.jobs.embedding)
        self._pipeline = Pipeline(
            parts_of(house),
            desks(house, embedder=limited, durable=DbosSteps),
            LogWatch(0),
            limits_s=house.settings.jobs.limits_s.model_dump(),
            memory=memory,
        )

    async def run(self, stop: anyio.Event) -> None:
        """Work until `stop` is set; what runs then is left to the next worker."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._house.presence.hold(self._id))
            self._launch()
            try:
                await self._register_queues()
                log.info("Worker %s is ready.", self._id)
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._look_after, stop)
                    await stop.wait()
                    tasks.cancel_scope.cancel()
            finally:
                with anyio.CancelScope(shield=True):
                    await self._end()

    async def _end(self) -> None:
        """Leaves what runs as it is in the records, for the next worker: nothing of it is a failure."""
        self._ending = True
        logging.getLogger("dbos").setLevel(logging.CRITICAL)
        for scope in self._running.values():
            scope.cancel()
        with anyio.move_on_after(_GRACE_S):
            while self._running:  # noqa: ASYNC110 - they go one by one
                await anyio.sleep(0.05)
        # First DBOS, so that nothing can be recorded any more; in a thread: it waits for this very loop.
        await to_thread.run_sync(lambda: DBOS.destroy(destroy_registry=True))
        for task in self._workflows:
            task.cancel()
        await asyncio.gather(*self._workflows, return_exceptions=True)

    def _launch(self) -> None:
        jobs = self._house.settings.jobs
        DBOS(
            config={
                "name": APPLICATION,
                "system_database_url": system_database(self._house.database.url, self._house.data_dir),
                "application_version": VERSION,
                "executor_id": self._id,
                # Its default of 20 would take a whole PostgreSQL with a few workers.
                "sys_db_pool_size": 4,
                "log_level": "ERROR",
                "serializer": DBOSPortableJSONSerializer(),
            }
        )

        @DBOS.workflow(name=COURSE_WORKFLOW, max_recovery_attempts=None)
        async def ingest_course(
            platform_id: str, folder: str, course_id: str, lesson_ids: list[str], priority: Priority
        ) -> dict[str, Any]:
            del course_id
            self._workflows.add(cast("asyncio.Task[Any]", asyncio.current_task()))
            return await self._course(platform_id, folder, lesson_ids, priority)

        @DBOS.workflow(name=LESSON_WORKFLOW, max_recovery_attempts=jobs.max_recoveries)
        async def ingest_lesson(
            platform_id: str, folder: str, course_id: str, lesson_id: str
        ) -> dict[str, Any]:
            self._workflows.add(cast("asyncio.Task[Any]", asyncio.current_task()))
            return await self._lesson(platform_id, folder, course_id, lesson_id)

        self._ingest_lesson = ingest_lesson
        DBOS.launch()

    async def _register_queues(self) -> None:
        """Limits of this worker; every worker takes what it can."""
        jobs = self._house.settings.jobs
        limits = {
            COURSES: jobs.courses,
            LESSONS: jobs.lessons,
            SPEECH: jobs.speech,
            URGENT_COURSES: jobs.courses,
            URGENT_LESSONS: 1,
        }
        for name, limit in limits.items():
            poll_s = _POLL_LESSONS_S if name == LESSONS else _POLL_S
            await DBOS.register_queue_async(name, worker_concurrency=limit, polling_interval_sec=poll_s)

    # ------------------------------------------------------------------------------------- workflows

    async def _course(
        self, platform_id: str, folder: str, lesson_ids: list[str], priority: Priority
    ) -> dict[str, Any]:
        planned = await DBOS.run_step_async({"name": "plan"}, self._plan, platform_id, folder, lesson_ids)
        if planned["error"]:
            return {"n_failed": 0, "removed": [], "problems": [planned["error"]]}
        course_id, lessons = planned["course_id"], planned["lessons"]
        await DBOS.update_workflow_attributes_async(
            cast(str, DBOS.workflow_id), {"course_id": course_id, "n_lessons": len(lessons)}
        )
        handles = []
        for lesson in lessons:
            queue = URGENT_LESSONS if priority == "edit" else SPEECH if lesson["speech"] else LESSONS
            with (
                SetWorkflowID(f"{DBOS.workflow_id}.{lesson['id']}"),
                SetEnqueueOptions(priority=PRIORITIES[priority]),
            ):
                handles.append(
                    await DBOS.enqueue_workflow_async(
                        queue, self._ingest_lesson, platform_id, folder, course_id, lesson["id"]
                    )
                )
        outcomes = [await _outcome(handle.get_result) for handle in handles]
        removed: list[str] = []
        if not lesson_ids:
            removed = await DBOS.run_step_async({"name": "close"}, self._close, platform_id, folder)
        self._plans.pop((platform_id, folder), None)
        return {
            "n_failed": outcomes.count("failed"),
            "removed": removed,
            "problems": planned["problems"],
        }

    async def _plan(self, platform_id: str, folder: str, lesson_ids: list[str]) -> dict[str, Any]:
        """Reads the manifest and puts the course. Gives ids: what they mean is read again by each lesson."""
        self._plans.pop((platform_id, folder), None)
        try:
            plan = await self._planned(platform_id, folder)
        except BaizeError as error:
            return {"error": str(error)}
        await self._pipeline.open_course(plan)
        lessons = [
            {"id": lesson.id, "speech": lesson.media is not None and not lesson.subtitles}
            for lesson in plan.lessons
        ]
        if await has_faq(plan, self._house.edits):
            lessons.append({"id": faq_id(plan.course), "speech": False})
        return {
            "error": "",
            "course_id": plan.course.id,
            "lessons": [lesson for lesson in lessons if not lesson_ids or lesson["id"] in lesson_ids],
            "problems": [str(problem) for problem in plan.problems],
        }

    async def _close(self, platform_id: str, folder: str) -> list[str]:
        plan = await self._planned(platform_id, folder)
        present = {lesson.id for lesson in plan.lessons}
        if await has_faq(plan, self._house.edits):
            present.add(faq_id(plan.course))
        return await self._pipeline.close_course(plan, present)

    async def _lesson(self, platform_id: str, folder: str, course_id: str, lesson_id: str) -> dict[str, Any]:
        """Attempts until one succeeds, or fails over the lesson itself: a bad file is no better next time."""
        jobs = self._house.settings.jobs
        causes: list[str] = []
        for attempt in range(1, jobs.attempts + 1):
            report = await self._attempt(platform_id, folder, course_id, lesson_id)
            if report.outcome != "failed":
                break
            causes.extend(f"{report.stage}: {problem}" for problem in report.problems)
            if attempt == jobs.attempts or not any(problem.dependency for problem in report.problems):
                break
            await DBOS.sleep_async(jobs.retry_wait_s * 2 ** (attempt - 1))
        log.info("%s: %s, %d chunks", lesson_id, report.outcome, report.n_chunks)
        return {
            "outcome": report.outcome,
            "n_chunks": report.n_chunks,
            "stage_s": {stage: round(seconds, 4) for stage, seconds in report.stage_s.items()},
            "attempts": attempt,
            "causes": causes,
        }

    async def _attempt(self, platform_id: str, folder: str, course_id: str, lesson_id: str) -> LessonReport:
        workflow_id = cast(str, DBOS.workflow_id)
        with anyio.CancelScope() as scope:
            self._running[workflow_id] = scope
            try:
                return await self._run_lesson(platform_id, folder, course_id, lesson_id)
            finally:
                del self._running[workflow_id]
        # Cancelled by its job, or by the end of this worker: DBOS must record no outcome.
        raise dbos_errors.DBOSWorkflowCancelledError(f"{workflow_id} was stopped.")

    async def _run_lesson(
        self, platform_id: str, folder: str, course_id: str, lesson_id: str
    ) -> LessonReport:
        try:
            plan = await self._planned(platform_id, folder)
            if lesson_id == faq_id(plan.course) and await has_faq(plan, self._house.edits):
                return await self._pipeline.run_faq(plan)
            lesson = next((lesson for lesson in plan.lessons if lesson.id == lesson_id), None)
            if lesson is None:
                gone = Problem(folder, None, f"{lesson_id} is no longer in its course.", "Ingest it again.")
                return LessonReport(course_id, lesson_id, "failed", problems=(gone,))
            return await self._pipeline.run_lesson(plan.course, lesson)
        except BaizeError as error:
            return LessonReport(course_id, lesson_id, "failed", problems=(Problem.of(error),))
        except Exception as error:  # a lesson that hits a bug must not take the others along
            if self._ending:
                raise
            log.exception("%s: an error that nobody expected", lesson_id)
            told = Problem("", None, f"{type(error).__name__} in our own code.", "See the worker's log.")
            return LessonReport(course_id, lesson_id, "failed", problems=(told,))

    async def _planned(self, platform_id: str, folder: str) -> CoursePlan:
        key = (platform_id, folder)
        if key not in self._plans:
            while len(self._plans) >= _PLANS_KEPT:
                del self._plans[next(iter(self._plans))]
            self._plans[key] = await planned(self._house, Path(folder), platform_id)
        return self._plans[key]

    # ---------------------------------------------------------------------------------- looking after

    async def _look_after(self, stop: anyio.Event) -> None:
        """Stops lessons whose job was cancelled, and takes over from workers that died."""
        while True:
            await anyio.sleep(_LOOK_S)
            if self._running:
                cancelled = await DBOS.list_workflows_async(
                    workflow_ids=list(self._running), status="CANCELLED", load_input=False, load_output=False
                )
                for workflow in cancelled:
                    if scope := self._running.get(workflow.workflow_id):
                        scope.cancel()
            try:
                await self._take_over()
            except BaizeError as error:
                # The next look may succeed; a worker does not end because a database was away.
                log.warning("%s", error)
            if self._drain and await self._rested():
                stop.set()

    async def _rested(self) -> bool:
        """Whether no job has been left for long enough."""
        if await DBOS.list_workflows_async(status=_ACTIVE, limit=1, load_input=False, load_output=False):
            self._busy_at = anyio.current_time()
            return False
        return anyio.current_time() - self._busy_at >= self._rest_s

    async def _take_over(self) -> None:
        # First one's own name: with the connection it would be lost, and others take over what runs here.
        await self._house.presence.held(self._id)
        pending = await DBOS.list_workflows_async(status="PENDING", load_input=False, load_output=False)
        others = {workflow.executor_id for workflow in pending} - {self._id, None}
        dead = [other for other in others if not await self._house.presence.held(cast(str, other))]
        if dead:
            log.info("Taking over from %s.", ", ".join(map(str, dead)))
            # DBOS leaves the finding of dead workers to its paid service; its own recovery does the rest.
            await to_thread.run_sync(lambda: DBOS._recover_pending_workflows(cast("list[str]", dead)))


class DbosSteps:
    """A `StepRunner`: the output goes to the stage store, its key to DBOS."""

    def __init__(self, store: StageStore) -> None:
        self._store = store

    async def __call__(self, name: str, key: str, kind: type[T], make: Callable[[], Awaitable[T]]) -> T:
        async def stage() -> str:
            await self._store(name, key, kind, make)
            return key

        try:
            await DBOS.run_step_async({"name": name}, stage)
        except (dbos_errors.DBOSUnexpectedStepError, dbos_errors.DBOSStepNondeterminismError):
            # The course was changed between a crash and now, so other stages are due than were recorded.
            log.info("%s: its steps are other than before the crash.", name)
        # From the store; made again where another machine's store holds it, or the file was lost.
        return await self._store(name, key, kind, make)


async def _outcome(result: Callable[[], Awaitable[dict[str, Any]]]) -> str:
    """A lesson whose workflow itself was given up or cancelled counts as failed."""
    try:
        return str((await result())["outcome"])
    except Exception:  # noqa: BLE001 - whatever DBOS tells, it has recorded it with the lesson
        return "failed"


async def until_signalled(work: Callable[[anyio.Event], Awaitable[None]]) -> None:
    """Runs `work` and sets its event at SIGINT or SIGTERM."""
    stop = anyio.Event()

    async def listen() -> None:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for _ in signals:
                stop.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listen)
        await work(stop)
        tasks.cancel_scope.cancel()


def cap_memory(gigabytes: float) -> None:
    """Cap what this process may allocate, so that a lesson fails and not the machine; 0 is none."""
    if gigabytes:
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (int(gigabytes * 2**30), hard))


def run_beside(settings: Settings, stop: threading.Event) -> None:
    """A worker in a thread of the server's process (entry point `baize.workers`), until `stop` is set.

    Only while there are jobs, and some time more: DBOS polls each of its queues for ever, which would take a
    twentieth of the core that answers questions.
    """

    async def main() -> None:
        async with opened(settings) as house:
            while await until_asked(house, stop):
                async with anyio.create_task_group() as tasks:
                    over = anyio.Event()
                    tasks.start_soon(_pass_on, stop, over)
                    await Worker(house, drain=True, rest_s=_REST_S).run(over)
                    tasks.cancel_scope.cancel()

    anyio.run(main)


async def _pass_on(stop: threading.Event, over: anyio.Event) -> None:
    while not await to_thread.run_sync(stop.wait, _POLL_S):
        pass
    over.set()


async def until_asked(house: House, stop: threading.Event) -> bool:
    """Waits until there is a job; False where `stop` came first.

    No job comes without a write to the file of jobs, so that between writes nothing need be asked; now and
    then it is all the same, for two writes may bear one time.
    """
    file = house.data_dir / JOBS_FILE
    known: object = None
    while not stop.is_set():
        written = _written(file, file.with_name(f"{file.name}-wal"))
        now = (written, anyio.current_time() // _LOOK_AGAIN_S)
        if written and now != known:
            try:
                if await house.jobs.unfinished():
                    return True
                known = now
            except BaizeError as error:
                log.warning("%s", error)
        await to_thread.run_sync(stop.wait, _POLL_S)
    return False


def _written(*files: Path) -> list[tuple[int, int]]:
    """When those that are there were written last, and how long they are."""
    found: list[tuple[int, int]] = []
    for file in files:
        with suppress(FileNotFoundError):
            stat = file.stat()
            found.append((stat.st_mtime_ns, stat.st_size))
    return found
