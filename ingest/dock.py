"""Catalogue files and harvested sources → `catalogue.py`, one docking of a source at a time."""

from __future__ import annotations

import logging
import time
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from baize.bootstrap import House
from baize.domain.course import Course, Lesson
from baize.ports import Progress
from ingest.catalogue import DockingParts, dock
from ingest.chunk import ChunkOptions
from ingest.discover import FAQ
from ingest.extract.catalogue_file import SUFFIXES, CatalogueEntry, read_catalogue
from ingest.harvest import harvest_source
from ingest.lesson_record import put_lesson_record
from ingest.plan import course_id_of
from ingest.report import CatalogueReport, IngestReport

log = logging.getLogger("baize.ingest")
_EVERY_S = 10.0
API_SOURCE = "api"
"""The source that courses of `PUT /v1/courses/{id}` are from."""


def is_catalogue(path: Path) -> bool:
    """Whether a path given to `baize ingest` is a catalogue; the FAQ of a course is none."""
    return path.suffix.lower() in SUFFIXES and path.name != FAQ and not path.is_dir()


async def dock_file(house: House, path: Path, source_id: str = "") -> CatalogueReport:
    """Dock a catalogue file.

    Args:
        source_id: the source that it is the whole catalogue of; the file's name by default.

    Raises:
        InvalidInput: as `dock` and `read_catalogue`.
    """
    source_id = source_id or course_id_of(path.stem)
    async with docking(house, source_id):
        return await dock(
            house.settings.platform_id,
            source_id,
            read_catalogue(path),
            docking_parts(house),
            logged(source_id),
        )


async def dock_repository(
    house: House, url: str, source_id: str, *, prefix: str, set_spec: str, full: bool
) -> IngestReport:
    """Dock an OAI-PMH repository, as a report that is printed like any other.

    Raises:
        BaizeError: as `harvest_source`.
    """
    async with docking(house, source_id):
        docked = await harvest_source(
            house.settings.platform_id,
            source_id,
            url,
            house.fetcher,
            docking_parts(house),
            logged(source_id),
            prefix=prefix,
            set_spec=set_spec,
            full=full,
        )
    return IngestReport((), catalogues=(docked,))


class CourseDocking:
    """`Docking`: a catalogue of one entry that leaves the source's others as they are."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def put(self, course: Course, url: str = "") -> None:
        """As `Docking.put`."""
        house = self._house
        entry = CatalogueEntry(
            course.id,
            course.title,
            course.description,
            course.tags,
            course.level,
            course.language,
            url,
            course.prerequisites,
            # Whatever source has the course already: it is this one.
            same_as=course.id,
            place=course.id,
            published_at=course.published_at,
        )
        async with house.locks.hold(f"source:{course.platform_id}:{API_SOURCE}"):
            await house.publisher.put_course(course)
            parts = docking_parts(house)
            await dock(course.platform_id, API_SOURCE, [entry], parts, logged(API_SOURCE), delta=True)

    async def put_lesson(self, lesson: Lesson) -> None:
        """As `Docking.put_lesson`."""
        await put_lesson_record(self._house, lesson)


def docking(house: House, source_id: str) -> AbstractAsyncContextManager[None]:
    """Held while a source is docked: a second docking of it waits, on whichever machine."""
    return house.locks.hold(f"source:{house.settings.platform_id}:{source_id}")


def docking_parts(house: House) -> DockingParts:
    """What docking needs, from the house."""
    chunking = house.settings.chunking
    return DockingParts(
        cards=house.cards,
        index=house.card_index,
        embedder=house.embedder,
        counter=house.counter,
        splitter=house.splitter,
        clock=house.clock,
        chunking=ChunkOptions(chunking.max_tokens, chunking.overlap_sentences),
    )


def logged(source_id: str) -> Progress:
    """Progress as a line every ten seconds."""
    last = time.monotonic()

    def progress(done: float, _total: float) -> None:
        nonlocal last
        if time.monotonic() - last >= _EVERY_S:
            last = time.monotonic()
            log.info("%s: %.0f courses read", source_id, done)

    return progress
