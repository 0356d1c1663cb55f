"""A lesson's record as the platform sets it → the live library: a build of its own, of the same passages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from baize.bootstrap import House
from baize.domain.course import Lesson
from baize.domain.library import BuiltLesson
from baize.domain.search import Scope
from baize.domain.text import Chunk, focused_id, indexed_text, passage_name
from baize.errors import Conflict, NotFound
from baize.services.erase import lesson_lock
from ingest.embed import embed
from ingest.load import load
from ingest.stages import digest

_BATCH = 256


async def put_lesson_record(house: House, record: Lesson) -> None:
    """Title, place and language of `record`; passages stand under the new title, embedded as before.

    The build is none that ingestion makes, so that the next one of the lesson says what its folder says.

    Raises:
        NotFound: there is no such course.
        Conflict: another course has the lesson.
        IndexUnavailable: the vector store does not answer.
    """
    platform_id = record.platform_id
    if await house.catalog.course(platform_id, record.course_id) is None:
        raise NotFound(
            f"There is no course {record.course_id!r}.", remedy="PUT /v1/courses/{id} makes one first."
        )
    async with house.locks.hold(lesson_lock(platform_id, record.id)):
        before = await house.catalog.lesson(platform_id, record.id)
        if before is not None and before.course_id != record.course_id:
            raise Conflict(
                f"The lesson {record.id!r} belongs to the course {before.course_id!r}.",
                remedy="Name that course, or erase the lesson first.",
            )
        said = (record.title, record.position, record.language)
        if before is not None and said == (before.title, before.position, before.language):
            return
        build_id = digest("record", before.build_id if before else "", *map(str, said))
        # Whatever was published since the record was written stays.
        title, position, language = said
        lesson = replace(
            before or record, title=title, position=position, language=language, build_id=build_id
        )
        chunks = await _passages(house, before, title) if before else []
        embedder = house.course_embedder(house.model_embedder, platform_id, record.course_id)
        points = await embed(chunks, build_id, embedder, _quiet)
        languages = tuple(sorted({chunk.language for chunk in chunks}))
        transcript = await house.artefacts.transcript(platform_id, record.id)
        prepared = await house.artefacts.prepared(platform_id, record.id)
        built = BuiltLesson(lesson, languages, len(chunks), transcript, prepared)
        await load(points, built, index=house.index, publisher=house.publisher)


async def _passages(house: House, lesson: Lesson, title: str) -> list[Chunk]:
    """Those of the live build, in order, under another title of the lesson."""
    scope = Scope(lesson.platform_id, lesson_ids=(lesson.id,), build_ids=(lesson.build_id,))
    ids = await house.index.ids(scope)
    found: list[Chunk] = []
    for start in range(0, len(ids), _BATCH):
        stored = await house.index.chunks(lesson.platform_id, ids[start : start + _BATCH])
        found += [_retitled(one.chunk, title) for one in stored.values()]
    return sorted(found, key=lambda chunk: chunk.position)


def _retitled(chunk: Chunk, title: str) -> Chunk:
    if chunk.lesson_title == title:
        return chunk
    headings = _renamed(chunk.headings, chunk.lesson_title, title)
    source = (chunk.platform_id, chunk.course_id, chunk.lesson_id, chunk.source_file)
    identity = passage_name(*source, chunk.locator, indexed_text(headings, chunk.text))
    if chunk.distrusted:
        identity += f"|{chunk.distrusted}"
    return replace(
        chunk, id=focused_id(identity, chunk.focus), lesson_title=title, headings=headings, n_tokens=0
    )


def _renamed(headings: Sequence[str], old: str, new: str) -> tuple[str, ...]:
    return tuple(new if heading == old else heading for heading in headings)


def _quiet(_done: float, _total: float) -> None:
    """A record takes no time that is worth telling."""
