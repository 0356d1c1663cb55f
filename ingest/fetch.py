"""A plan's remote files → the same plan with copies of them: before the pipeline, which reads files only.

Copies lie in the course's own folder, in `remote/<digest of the address>/`, with what the server calls their
version, so that an unchanged file is not sent again. A host that does not answer is no reason to lose a copy
that is there.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import anyio

from baize.errors import InvalidInput, UnreadableSource, UpstreamBusy
from baize.ports import Fetcher
from ingest.plan import CoursePlan, LessonPlan, Source

_VERSION = "version"


async def fetch_remote(plan: CoursePlan, fetcher: Fetcher, folder: Path) -> CoursePlan:
    """The plan with a file for each remote source; a lesson whose file cannot be had is a problem."""
    lessons: list[LessonPlan] = []
    problems: list[InvalidInput] = []
    for lesson in plan.lessons:
        try:
            lessons.append(await _with_files(lesson, fetcher, folder))
        except InvalidInput as problem:
            problems.append(problem)
        except UpstreamBusy as problem:
            problems.append(UnreadableSource(problem.message, remedy=problem.remedy, path=lesson.id))
    return replace(plan, lessons=tuple(lessons), problems=(*plan.problems, *problems))


async def _with_files(lesson: LessonPlan, fetcher: Fetcher, folder: Path) -> LessonPlan:
    media = await _file(lesson.media, fetcher, folder) if lesson.media else None
    subtitles = [await _file(source, fetcher, folder) for source in lesson.subtitles]
    documents = [await _file(source, fetcher, folder) for source in lesson.documents]
    return replace(lesson, media=media, subtitles=tuple(subtitles), documents=tuple(documents))


async def _file(source: Source, fetcher: Fetcher, folder: Path) -> Source:
    """The source with its file: a copy, where it is remote."""
    if not source.url:
        return source
    own = anyio.Path(folder / hashlib.sha256(source.url.encode()).hexdigest()[:32])
    copy = own / f"file{PurePosixPath(urlsplit(source.url).path).suffix.lower()}"
    version = own / _VERSION
    there = await copy.is_file()
    etag = await version.read_text() if there and await version.is_file() else ""
    try:
        # Asked even where a copy is there: the operator may have taken the host off the list.
        fetcher.check(source.url)
        found = await fetcher.download(source.url, Path(copy), etag=etag)
    except UpstreamBusy:
        if not there:
            raise
    else:
        if found.changed:
            await version.write_text(found.etag)
    return replace(source, path=Path(copy))
