"""Paths → plans → the pipeline, with progress: what `baize ingest` and the demo do."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from anyio import to_thread
from rich.console import Console

from baize.answering.verify import VerifyOptions
from baize.bootstrap import House
from baize.domain.course import Course
from baize.domain.job import recorded_course
from baize.errors import InvalidInput
from baize.ports import Embedder, StepRunner
from baize.prompting import PromptLibrary
from baize.services.failures import dead_letters
from baize.services.trace import TracedSteps
from ingest.chunk import ChunkOptions
from ingest.dock import dock_file, is_catalogue
from ingest.extract.slides import SlideReader
from ingest.fetch import fetch_remote
from ingest.manifest import read_path
from ingest.pipeline import Parts, Pipeline, has_faq
from ingest.plan import CoursePlan
from ingest.prepare.written import Writer, WriterOptions
from ingest.report import CatalogueReport, IngestReport, Problem, merge
from ingest.stages import Desk, StageStore
from ingest.watch import BarWatch, LogWatch, Watch


async def ingest_paths(house: House, paths: Sequence[Path], source_id: str = "") -> IngestReport:
    """Ingest each path; one that cannot be planned is a problem of the report, the others go on.

    Args:
        source_id: which source a catalogue file is from; its name by default.
    """
    plans: list[CoursePlan] = []
    problems: list[Problem] = []
    docked: list[CatalogueReport] = []
    for path in filter(is_catalogue, paths):
        try:
            docked.append(await dock_file(house, path, source_id))
        except InvalidInput as error:
            problems.append(Problem.of(error))
    paths = [path for path in paths if not is_catalogue(path)]
    if not paths:
        return IngestReport((), (), tuple(problems), tuple(docked))
    for path in paths:
        try:
            plans.append(await planned(house, path))
        except InvalidInput as error:
            problems.append(Problem.of(error))
    n_items = sum([len(plan.lessons) + await has_faq(plan, house.edits) for plan in plans])
    if sys.stderr.isatty():
        with BarWatch(n_items, Console(stderr=True)) as bar:
            reports = await _run(house, plans, bar)
    else:
        logging.basicConfig(format="%(message)s", stream=sys.stderr)
        logging.getLogger("baize").setLevel(logging.INFO)
        reports = await _run(house, plans, LogWatch(n_items))
    return merge([*reports, IngestReport((), (), tuple(problems), tuple(docked))])


async def failed_paths(house: House) -> list[Path]:
    """The folders of all that failed: what is done in them is found unchanged, and costs nothing."""
    letters = await dead_letters(
        house.settings.platform_id, jobs=house.jobs, publisher=house.publisher, locks=house.locks
    )
    return sorted({Path(letter.folder) for letter in letters if letter.folder})


async def planned(house: House, path: Path, platform_id: str = "") -> CoursePlan:
    """The plan of a path, with copies of its remote files.

    Raises:
        InvalidInput: as `read_path`.
    """
    platform_id = platform_id or house.settings.platform_id
    if (course_id := recorded_course(str(path))) is not None:
        return await _of_record(house, platform_id, course_id)
    plan = await to_thread.run_sync(read_path, path, platform_id)
    kept = house.kept(plan.course.platform_id, plan.course.id)
    return await fetch_remote(plan, house.fetcher, kept / "remote")


async def _of_record(house: House, platform_id: str, course_id: str) -> CoursePlan:
    """The plan of a course that nothing is read of: what its team uploaded is all there is to do.

    Raises:
        InvalidInput: it is gone by now.
    """
    course = await house.catalog.course(platform_id, course_id)
    if course is None:
        raise InvalidInput(f"There is no course {course_id!r}.", remedy="It was erased meanwhile.")
    return CoursePlan(course, Path(), (), recorded=True)


async def _run(house: House, plans: Sequence[CoursePlan], watch: Watch) -> list[IngestReport]:
    parts = parts_of(house)
    pipeline = Pipeline(parts, desks(house), watch)
    reports = [await pipeline.run_course(plan) for plan in plans]
    return [*reports, IngestReport((), writing=parts.writer.report())] if parts.writer else reports


def desks(
    house: House,
    *,
    embedder: Embedder | None = None,
    durable: Callable[[StageStore], StepRunner] = lambda store: store,
) -> Callable[[Course], Desk]:
    """What is remembered of the work on each course.

    Args:
        embedder: in place of the house's own.
        durable: makes the steps of a stage store known elsewhere, too.
    """

    def of(course: Course) -> Desk:
        kept = house.kept(course.platform_id, course.id)
        embedding = house.course_embedder(embedder or house.model_embedder, course.platform_id, course.id)
        steps = durable(StageStore(kept / "stages"))
        if house.trace is not None:
            steps = TracedSteps(steps, house.trace)
        return Desk(steps, embedding, kept / "frames")

    return of


def writer_of(house: House) -> Writer | None:
    """Words artefacts with the configured chat model; None without one, or when it is not to be used."""
    chosen = house.settings.compose
    if house.chat is None or chosen.by_model == "never":
        return None
    answers = house.settings.answers
    return Writer(
        house.chat,
        PromptLibrary(),
        house.model_embedder,
        house.counter,
        house.clock,
        prices=house.prices,
        options=WriterOptions(
            chosen.part_tokens,
            # Only DeepSeek has dear hours; another endpoint is used at any.
            chosen.by_model == "off-peak" and house.settings.chat.kind == "deepseek",
            VerifyOptions(answers.verify_accept, answers.verify_reject, answers.verify_similar),
        ),
    )


def parts_of(house: House) -> Parts:
    """What the pipeline needs, from the house."""
    chunking = house.settings.chunking
    return Parts(
        transcriber=house.transcriber,
        embedder=house.embedder,
        index=house.index,
        catalog=house.catalog,
        publisher=house.publisher,
        counter=house.counter,
        splitter=house.splitter,
        clock=house.clock,
        locks=house.locks,
        edits=house.edits,
        chunking=ChunkOptions(chunking.max_tokens, chunking.overlap_sentences),
        artefacts=house.artefacts,
        writer=writer_of(house),
        slides=SlideReader(house.ocr, house.data_dir) if house.ocr else None,
        storyboards=house.storyboards,
        taught=house.taught_embedder,
    )
