"""A double of the port `Jobs`: a queue that nobody works on."""

from __future__ import annotations

import uuid
from dataclasses import replace

from baize.domain.job import ENDED, Job, JobRequest
from baize.errors import Conflict


class MemoryJobs:
    """The port `Jobs`. Tests set the state of a job by hand in `jobs`, by its id."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.requests: dict[str, JobRequest] = {}

    async def submit(self, request: JobRequest) -> str:
        """As `Jobs.submit`."""
        key = f"{request.platform_id}|{request.key}"
        job_id = str(uuid.uuid5(uuid.NAMESPACE_URL, key) if request.key else uuid.uuid4())
        if job_id in self.requests:
            if replace(self.requests[job_id], priority=request.priority) != request:
                raise Conflict("A job of this key asked for something else.", remedy="Use a new key.")
            return job_id
        self.requests[job_id] = request
        self.jobs[job_id] = Job(
            job_id,
            request.platform_id,
            request.course_id,
            request.folder,
            request.priority,
            "queued",
            submitted_at=float(len(self.jobs)),
        )
        return job_id

    async def status(self, platform_id: str, job_id: str) -> Job | None:
        """As `Jobs.status`."""
        job = self.jobs.get(job_id)
        return job if job is not None and job.platform_id == platform_id else None

    async def cancel(self, platform_id: str, job_id: str) -> bool:
        """As `Jobs.cancel`."""
        job = await self.status(platform_id, job_id)
        if job is None:
            return False
        if job.state not in ENDED:
            self.jobs[job_id] = replace(job, state="cancelled")
        return True

    async def list(self, platform_id: str, *, limit: int = 50, offset: int = 0) -> list[Job]:
        """As `Jobs.list`."""
        mine = [replace(job, lessons=()) for job in self.jobs.values() if job.platform_id == platform_id]
        return mine[::-1][offset : offset + limit]

    async def forget(self, platform_id: str, course_id: str, folder: str = "") -> int:
        """As `Jobs.forget`."""
        gone = [
            job.id
            for job in self.jobs.values()
            if job.platform_id == platform_id
            and (job.course_id == course_id or (folder and job.folder == folder))
        ]
        for job_id in gone:
            del self.jobs[job_id], self.requests[job_id]
        return len(gone)
