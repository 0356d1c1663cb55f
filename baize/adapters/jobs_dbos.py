"""The queue of ingestions on DBOS, as it is seen from outside: the port `Jobs`, which enqueues by name.

The workflows themselves are in `ingest/worker.py`; both sides share the names and the shapes of this file.
DBOS is imported at the first call: a process that never submits a job does not pay for it.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import anyio
from anyio import to_thread
from sqlalchemy import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from baize.domain.job import Job, JobRequest, JobState, LessonJob, Priority
from baize.errors import Conflict, DependencyUnavailable

if TYPE_CHECKING:
    from dbos import DBOSClient, WorkflowStatus

APPLICATION = "baize"
VERSION = "1"
"""Raise it when a workflow's steps change shape: workers of another version leave its jobs alone."""
COURSE_WORKFLOW = "ingest_course"
LESSON_WORKFLOW = "ingest_lesson"

PRIORITIES: dict[Priority, int] = {"edit": 1, "course": 10, "bulk": 100}
"""DBOS starts the lowest number first."""
COURSES, LESSONS, SPEECH = "courses", "lessons", "speech"
JOBS_FILE = "jobs.db"
"""In the data folder, where the library is in a file."""
URGENT_COURSES, URGENT_LESSONS = "urgent-courses", "urgent-lessons"
"""Edits have queues of their own: in a shared one they would wait for whatever runs already."""

_KEYS = uuid.UUID("0b6a2a5e-3f0c-5d0e-8e0a-5b1c9a7d4e11")
_STATES: dict[str, JobState] = {"ENQUEUED": "queued", "DELAYED": "queued", "PENDING": "running"}
_LIST_PAGE = 500


def course_queue(priority: Priority) -> str:
    """Where the workflow of a course waits."""
    return URGENT_COURSES if priority == "edit" else COURSES


def system_database(url: URL | str, data_dir: Path) -> str:
    """DBOS's own tables: in the same PostgreSQL, else in a file beside the library."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return f"sqlite:///{data_dir / JOBS_FILE}"
    return parsed.set(drivername="postgresql").render_as_string(hide_password=False)


class DbosJobs:
    """The port `Jobs`.

    Args:
        url: of DBOS's system database; its tables are made at the first call.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: DBOSClient | None = None
        self._opening = anyio.Lock()

    async def submit(self, request: JobRequest) -> str:
        """As the port says."""
        key = f"{request.platform_id}|{request.key}"
        job_id = str(uuid.uuid5(_KEYS, key) if request.key else uuid.uuid4())
        # Ids and paths only: what stands here is kept for as long as the job is.
        args = [request.platform_id, request.folder, request.course_id, list(request.lesson_ids)]
        options = {
            "workflow_name": COURSE_WORKFLOW,
            "queue_name": course_queue(request.priority),
            "workflow_id": job_id,
            "app_version": VERSION,
            "priority": PRIORITIES[request.priority],
            "authenticated_user": request.platform_id,
            "application_name": APPLICATION,
        }
        async with self._opened() as client:
            await to_thread.run_sync(lambda: client.enqueue(cast(Any, options), *args, request.priority))
            if request.key:
                (stored,) = await to_thread.run_sync(lambda: client.list_workflows(workflow_ids=[job_id]))
                if _args(stored)[: len(args)] != args:
                    raise Conflict(
                        "A job of this idempotency key asked for something else.",
                        remedy="Use a new key for a new request.",
                    )
        return job_id

    async def status(self, platform_id: str, job_id: str) -> Job | None:
        """As the port says."""
        async with self._opened() as client:
            found = await to_thread.run_sync(
                lambda: client.list_workflows(
                    workflow_ids=[job_id], user=platform_id, name=COURSE_WORKFLOW, has_parent=False
                )
            )
            if not found:
                return None
            children = await self._children(client, job_id)
        return job_of(found[0], children)

    async def cancel(self, platform_id: str, job_id: str) -> bool:
        """As the port says; a lesson that runs stops within about a second."""
        if await self.status(platform_id, job_id) is None:
            return False
        async with self._opened() as client:
            await to_thread.run_sync(lambda: client.cancel_workflows([job_id], cancel_children=True))
        return True

    async def list(self, platform_id: str, *, limit: int = 50, offset: int = 0) -> list[Job]:
        """As the port says."""
        async with self._opened() as client:
            found = await to_thread.run_sync(
                lambda: client.list_workflows(
                    user=platform_id, name=COURSE_WORKFLOW, sort_desc=True, limit=limit, offset=offset
                )
            )
        return [job_of(workflow, ()) for workflow in found]

    async def unfinished(self) -> bool:
        """Whether any job, of whichever platform, waits or runs.

        Raises:
            DependencyUnavailable: the database does not answer.
        """
        async with self._opened() as client:
            found = await to_thread.run_sync(
                lambda: client.list_workflows(
                    status=list(_STATES), limit=1, load_input=False, load_output=False
                )
            )
        return bool(found)

    async def forget(self, platform_id: str, course_id: str, folder: str = "") -> int:
        """As the port says."""
        async with self._opened() as client:
            ids = [
                workflow.workflow_id
                async for workflow in self._all(client, platform_id)
                if course_id in (_course_id(workflow), _args(workflow)[2])
                or (folder and _args(workflow)[1] == folder)
            ]
            if ids:
                await to_thread.run_sync(lambda: client.cancel_workflows(ids, cancel_children=True))
                await to_thread.run_sync(lambda: client.delete_workflows(ids, delete_children=True))
                await to_thread.run_sync(_scrub, self._url)
        return len(ids)

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await to_thread.run_sync(self._client.destroy)
            self._client = None

    async def _all(self, client: DBOSClient, platform_id: str) -> AsyncGenerator[WorkflowStatus]:
        offset = 0
        while True:

            def page(offset: int = offset) -> list[WorkflowStatus]:
                return client.list_workflows(
                    user=platform_id,
                    name=COURSE_WORKFLOW,
                    load_output=False,
                    limit=_LIST_PAGE,
                    offset=offset,
                )

            found = await to_thread.run_sync(page)
            for workflow in found:
                yield workflow
            if len(found) < _LIST_PAGE:
                return
            offset += len(found)

    async def _children(self, client: DBOSClient, job_id: str) -> Sequence[WorkflowStatus]:
        return await to_thread.run_sync(
            lambda: client.list_workflows(parent_workflow_id=job_id, name=LESSON_WORKFLOW)
        )

    @asynccontextmanager
    async def _opened(self) -> AsyncGenerator[DBOSClient]:
        try:
            async with self._opening:
                if self._client is None:
                    self._client = await to_thread.run_sync(_open, self._url)
            yield self._client
        except (SQLAlchemyError, OSError) as cause:
            raise DependencyUnavailable(
                "The job queue's database does not answer.",
                remedy="Check database_url, and that data_dir can be written.",
            ) from cause


def _open(url: str) -> DBOSClient:
    from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer

    DBOS.migrate(url)
    # JSON, not pickles: whoever may write to the database must not be able to run code in a worker.
    return DBOSClient(
        system_database_url=url,
        serializer=DBOSPortableJSONSerializer(),
        application_name=APPLICATION,
        retry_connection_errors=False,
    )


def _scrub(url: str) -> None:
    """Rewrites a SQLite file without what was deleted in it."""
    path = make_url(url).database
    if url.startswith("sqlite") and path:
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            connection.execute("VACUUM")


def job_of(workflow: WorkflowStatus, lessons: Sequence[WorkflowStatus]) -> Job:
    """A workflow of DBOS, with those of its lessons, as a job."""
    platform_id, folder, course_id, _, priority = _args(workflow)
    output: dict[str, Any] = workflow.output or {}
    attributes = workflow.attributes or {}
    ended = workflow.completed_at
    problems = [*output.get("problems", ()), *([_cause(workflow)] if _cause(workflow) else [])]
    state = _state(workflow, failed=bool(output.get("n_failed") or problems))
    return Job(
        id=workflow.workflow_id,
        platform_id=platform_id,
        course_id=attributes.get("course_id") or course_id,
        folder=folder,
        priority=priority,
        state=state,
        submitted_at=_seconds(workflow.created_at) or 0.0,
        started_at=_seconds(workflow.dequeued_at),
        ended_at=_seconds(ended),
        planned="n_lessons" in attributes,
        n_lessons=int(attributes.get("n_lessons", 0)),
        lessons=tuple(_lesson_of(lesson) for lesson in lessons),
        removed=tuple(output.get("removed", ())),
        problems=tuple(problems),
    )


def _lesson_of(workflow: WorkflowStatus) -> LessonJob:
    output: dict[str, Any] = workflow.output or {}
    outcome = output.get("outcome", "")
    causes = [*output.get("causes", ()), *([_cause(workflow)] if _cause(workflow) else [])]
    return LessonJob(
        lesson_id=_args(workflow)[3],
        state=_state(workflow, failed=outcome == "failed"),
        outcome=outcome,
        attempts=int(output.get("attempts", 0)),
        stage_s=tuple(sorted(output.get("stage_s", {}).items())),
        causes=tuple(causes),
        started_at=_seconds(workflow.dequeued_at),
        ended_at=_seconds(workflow.completed_at),
    )


def _state(workflow: WorkflowStatus, *, failed: bool) -> JobState:
    if workflow.status == "SUCCESS":
        return "failed" if failed else "done"
    if workflow.status == "CANCELLED":
        return "cancelled"
    return _STATES.get(workflow.status, "failed")


def _cause(workflow: WorkflowStatus) -> str:
    """Why DBOS itself gave up; the workflows of Bai Ze end with an outcome, not with an error."""
    if workflow.status == "MAX_RECOVERY_ATTEMPTS_EXCEEDED":
        return "Its worker died each time. Look for memory and for a damaged file, then retry."
    return f"{type(workflow.error).__name__}: {workflow.error}" if workflow.status == "ERROR" else ""


def _args(workflow: WorkflowStatus) -> list[Any]:
    return list(workflow.input["args"]) if workflow.input else ["", "", "", [], "course"]


def _course_id(workflow: WorkflowStatus) -> str:
    return str((workflow.attributes or {}).get("course_id", ""))


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
