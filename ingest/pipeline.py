"""A course folder into the library. Reading `Pipeline.run_lesson` is reading the algorithm.

extract → segment → chapter → chunk → embed → compose → load, in that order, each in the file of its name.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import anyio
from anyio import to_thread

from baize.domain.course import FAQ_SUFFIX, Chapter, Course, Lesson
from baize.domain.edit import Edit
from baize.domain.faq import FAQ_FILE, FaqLine, faq_lines
from baize.domain.library import BuiltLesson, ItemState, State, Transcript
from baize.domain.search import Scope
from baize.domain.sentences import detect_language
from baize.domain.text import Chunk, Segment
from baize.errors import (
    BaizeError,
    DependencyUnavailable,
    EmptySource,
    InvalidInput,
    UnreadableSource,
    UpstreamFailed,
)
from baize.ports import (
    Artefacts,
    Catalog,
    ChunkIndex,
    Clock,
    Edits,
    Embedder,
    Locks,
    Publisher,
    Splitter,
    TokenCounter,
    Transcriber,
)
from baize.retrieval.adrift import strays
from baize.retrieval.orders import OrderReader
from baize.retrieval.terms import TERMS_VERSION
from baize.services.erase import lesson_lock
from baize.services.storyboard import Storyboards
from baize.services.summarize import course_source
from ingest.chapter import chapters_of, computed_chapters, late_chapters
from ingest.chunk import ChunkOptions, Place, chunk
from ingest.compose import COMPOSE_VERSION, compose
from ingest.edited import edited, pinned
from ingest.embed import embed, embed_texts
from ingest.extract.faq import read_faq
from ingest.extract.read import ReadLesson, ReadSource, read_lesson, sources_digest
from ingest.extract.slides import SlideReader, stills_of
from ingest.load import load
from ingest.memory import StageMemory
from ingest.plan import CoursePlan, LessonPlan
from ingest.prepare.course import write_course
from ingest.prepare.written import Writer
from ingest.report import IngestReport, LessonReport, Outcome, Problem
from ingest.segment import segment_cues, segment_faq, segment_pages, segment_slides
from ingest.stages import Desk, digest, file_digest
from ingest.watch import Watch

log = logging.getLogger("baize.ingest")

PIPELINE_VERSION = "6"
"""Raise it when the same sources must give other chunks."""

_ENTRY_TOKENS = 600
"""An entry of a FAQ up to so long is one passage."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the pipeline works with.

    Attributes:
        taught: the embedder again, remembering what the readings of all courses were trained with.
    """

    transcriber: Transcriber
    embedder: Embedder
    index: ChunkIndex
    catalog: Catalog
    publisher: Publisher
    counter: TokenCounter
    splitter: Splitter
    clock: Clock
    locks: Locks
    edits: Edits
    chunking: ChunkOptions
    artefacts: Artefacts | None = None
    writer: Writer | None = None
    slides: SlideReader | None = None
    storyboards: Storyboards | None = None
    taught: Embedder | None = None


@dataclass(slots=True)
class _Run:
    """Bookkeeping of one lesson's run: where it is, and how long each stage took."""

    course: Course
    item: str
    desk: Desk
    stage: str = "plan"
    stage_s: dict[str, float] = field(default_factory=dict)


class Pipeline:
    """The one orchestrator of ingestion.

    Args:
        desks: what is remembered of the work on a course between runs.
        limits_s: seconds after which a stage is given up, by stage; a stage that is not in it has no limit.
        memory: what a stage may allocate.
    """

    def __init__(
        self,
        parts: Parts,
        desks: Callable[[Course], Desk],
        watch: Watch,
        *,
        limits_s: Mapping[str, float] | None = None,
        memory: StageMemory | None = None,
    ) -> None:
        self._parts = parts
        self._desks = desks
        self._watch = watch
        self._limits_s = limits_s or {}
        self._memory = memory or StageMemory({})
        self._orders = OrderReader(parts.taught or parts.embedder)

    async def run_course(self, plan: CoursePlan) -> IngestReport:
        """Every lesson of a course; what fails is reported and the rest goes on.

        Lessons that are no longer in the folder are removed. One that is there and fails keeps the build
        that learners see.
        """
        await self.open_course(plan)
        reports = []
        for lesson in plan.lessons:
            reports.append(await self.run_lesson(plan.course, lesson))
            self._watch.finished(reports[-1])
        if await has_faq(plan, self._parts.edits):
            reports.append(await self.run_faq(plan))
            self._watch.finished(reports[-1])
        removed = await self.close_course(plan, {report.lesson_id for report in reports})
        return IngestReport(tuple(reports), tuple(removed), tuple(Problem.of(p) for p in plan.problems))

    async def open_course(self, plan: CoursePlan) -> None:
        """Before its lessons: the course exists, and it is known where to read it again."""
        course = plan.course
        if plan.recorded:
            return
        await self._parts.publisher.put_course(course)
        await self._parts.publisher.put_folder(course.platform_id, course.id, str(plan.single or plan.folder))

    async def close_course(self, plan: CoursePlan, present: Collection[str]) -> list[str]:
        """After its lessons: what left the folder leaves the library. Returns the lessons that went."""
        if plan.recorded:
            return []
        removed = await self._remove_missing(plan, set(present))
        await self._word_course(plan.course)
        told: dict[str, list[str]] = {}
        for problem in plan.problems:
            told.setdefault(_inside(plan, problem.path), []).append(str(problem))
        for item, errors in told.items():
            await self._record(plan.course, item, "failed", "plan", error="; ".join(errors))
        return removed

    async def _word_course(self, course: Course) -> None:
        """Its summary in the model's words, where there is a model and the lessons say something else now."""
        writer, artefacts = self._parts.writer, self._parts.artefacts
        if writer is None or artefacts is None or not writer.may_write():
            return
        lessons = await artefacts.prepared_of_course(course.platform_id, course.id)
        kept = await artefacts.course_summary(course.platform_id, course.id)
        same = kept is not None and (kept.source, kept.model) == (course_source(lessons), writer.model)
        # One lesson says it all itself.
        if same or sum(bool(lesson.summary) for lesson in lessons) < 2:
            return
        try:
            written = await write_course(writer, course, lessons, self._desks(course).steps)
        except UpstreamFailed as failure:
            log.warning("%s: its summary is that of its lessons. %s", course.id, failure)
            return
        await self._parts.publisher.put_course_summary(course.platform_id, written)

    async def run_lesson(self, course: Course, plan: LessonPlan) -> LessonReport:
        """One lesson from its files to the live library. Two runs of one lesson wait for each other."""
        async with self._parts.locks.hold(_lock_name(course, plan.id)):
            return await self._lesson(course, plan)

    async def _lesson(self, course: Course, plan: LessonPlan) -> LessonReport:
        run = _Run(course, plan.id, self._desks(course))
        try:
            async with self._at(run, "plan"):
                edits = await self._parts.edits.of(course.platform_id, plan.id)
                build_id = self._build_id(course, plan, edits)
                unchanged = await self._unchanged(course, plan.id, build_id)
            if unchanged is not None:
                return unchanged
            async with self._at(run, "extract"):
                read = await read_lesson(
                    plan,
                    course,
                    self._parts.transcriber,
                    run.desk.steps,
                    self._watch.advance,
                    self._slides(run),
                )
            problems = tuple(Problem.of(problem) for problem in read.problems)
            if not read.sources:
                return await self._report(run, "failed", 0, 0.0, problems)
            plan, read, settled = edited(plan, read, edits)
            duration_s = read.media.duration_s if read.media else None
            length_s = duration_s or _last_second(read)
            problems += tuple(Problem.of(late) for late in late_chapters(plan, length_s))
            async with self._at(run, "chapter"):
                segments = [_segments(source) for source in read.sources]
                orders = await self._read_for_orders(run, plan, read, segments)
                by_person = chapters_of(plan.chapters, length_s)
                chapters = by_person or await self._computed_chapters(run, read, segments, length_s, orders)
            async with self._at(run, "chunk"):
                # Computed chapters guide the learner; what is found must not hang on a guess.
                chunks = self._chunks(course, plan, read, segments, by_person, orders)
            lesson = Lesson(
                course.platform_id,
                course.id,
                plan.id,
                plan.title,
                plan.position,
                read.sources[0].language,
                duration_s,
                plan.media.name if plan.media else "",
                build_id,
                chapters,
            )
            await self._publish(run, lesson, chunks, _transcript(plan.id, read), settled)
            await self._parts.edits.settle(settled)
            await self._picture(run, lesson, plan, read)
            report = await self._report(run, "done", len(chunks), duration_s or 0.0, problems)
            return replace(report, speech=next((s.report for s in read.sources if s.report), None))
        except (BaizeError, OSError) as error:
            return await self._report(run, "failed", 0, 0.0, (Problem.of(_named(error)),))

    async def run_faq(self, plan: CoursePlan) -> LessonReport:
        """The FAQ of a course as one lesson of its own: an entry, a chunk."""
        async with self._parts.locks.hold(_lock_name(plan.course, faq_id(plan.course))):
            return await self._faq(plan)

    async def _faq(self, plan: CoursePlan) -> LessonReport:
        course = plan.course
        run = _Run(course, faq_id(course), self._desks(course))
        try:
            async with self._at(run, "plan"):
                uploaded = await _uploaded(course, self._parts.edits)
                build_id = digest(
                    self._options_digest(), course.language, _faq_digest(plan, uploaded), str(_ENTRY_TOKENS)
                )
                unchanged = await self._unchanged(course, run.item, build_id)
            if unchanged is not None:
                return unchanged
            async with self._at(run, "extract"):
                items = _faq_items(plan, uploaded)
            language = course.language or detect_language(" ".join(item.answer for item in items))
            title = "常见问题" if language == "zh" else "Frequently asked questions"
            async with self._at(run, "chunk"):
                place = Place(
                    course.platform_id,
                    course.id,
                    run.item,
                    title,
                    plan.faq.name if plan.faq else FAQ_FILE,
                    language,
                    (),
                )
                chunks = self._faq_chunks(place, items)
            position = len(plan.lessons) + 1
            lesson = Lesson(
                course.platform_id, course.id, run.item, title, position, language, None, "", build_id
            )
            await self._publish(run, lesson, chunks, None)
            if uploaded is not None:
                await self._parts.edits.settle([replace(uploaded, state="applied")])
            return await self._report(run, "done", len(chunks), 0.0, ())
        except (BaizeError, OSError) as error:
            return await self._report(run, "failed", 0, 0.0, (Problem.of(_named(error)),))

    @asynccontextmanager
    async def _at(self, run: _Run, stage: str) -> AsyncGenerator[None]:
        """Notes the stage where operators look, and its seconds; gives it up after its limit."""
        run.stage = stage
        self._watch.stage(run.item, stage)
        if stage != "plan":
            await self._record(run.course, run.item, "running", stage)
        begin = time.perf_counter()
        limit_s = self._limits_s.get(stage)
        try:
            with anyio.move_on_after(limit_s) as scope, self._memory.within(stage):
                yield
        except MemoryError as error:
            raise InvalidInput(
                f"The stage {stage} wanted more memory than it may have.",
                remedy=f"Raise jobs.stage_memory_gb.{stage} or jobs.memory_gb, or divide the lesson.",
            ) from error
        finally:
            run.stage_s[stage] = run.stage_s.get(stage, 0.0) + time.perf_counter() - begin
        if scope.cancelled_caught:
            raise DependencyUnavailable(
                f"The stage {stage} took longer than {limit_s:.0f} s.",
                remedy=f"Raise jobs.limits_s.{stage}, or give it a faster machine.",
            )

    async def _publish(
        self,
        run: _Run,
        lesson: Lesson,
        chunks: list[Chunk],
        transcript: Transcript | None,
        edits: Sequence[Edit] = (),
    ) -> None:
        async with self._at(run, "embed"):
            points = await embed(chunks, lesson.build_id, run.desk.embedder, self._watch.advance)
        async with self._at(run, "compose"):
            prepared = await compose(
                run.course,
                lesson,
                chunks,
                run.desk.embedder,
                writer=self._parts.writer,
                steps=run.desk.steps,
                cues=transcript.cues if transcript else (),
            )
            prepared = pinned(prepared, lesson, edits)
        async with self._at(run, "load"):
            languages = tuple(sorted({c.language for c in chunks}))
            built = BuiltLesson(lesson, languages, len(chunks), transcript, prepared)
            await load(points, built, index=self._parts.index, publisher=self._parts.publisher)

    async def _picture(self, run: _Run, lesson: Lesson, plan: LessonPlan, read: ReadLesson) -> None:
        """The pictures of its storyboard. A comfort: where it fails, the lesson is live all the same."""
        boards = self._parts.storyboards
        if boards is None or plan.media is None or read.media is None or not read.media.has_video:
            return
        begin = time.perf_counter()
        slides = [slide for source in read.sources for slide in source.slides]
        try:
            stills = (
                await to_thread.run_sync(stills_of, plan.media.path, slides, run.desk.frames)
                if self._parts.slides is not None and slides
                else ()
            )
            await boards.of(lesson, stills)
        except (BaizeError, OSError) as error:
            log.warning("%s: no storyboard for now. %s", lesson.id, error)
        run.stage_s["pictures"] = time.perf_counter() - begin

    def _slides(self, run: _Run) -> SlideReader | None:
        return replace(self._parts.slides, frames=run.desk.frames) if self._parts.slides else None

    async def _read_for_orders(
        self, run: _Run, plan: LessonPlan, read: ReadLesson, segmented: Sequence[list[Segment]]
    ) -> frozenset[str]:
        """Sentences that speak to a model, those that stand in a cue which does as a whole, and strays."""
        said = [segment.text for segments in segmented for segment in segments]
        lines = [cue.text for source in read.sources for cue in source.cues]
        whole = set(lines).difference(said)
        orders = await self._orders.orders([*said, *whole], run.desk.embedder)
        steering = orders & whole
        about = [run.course.title, plan.title, *run.course.glossary]
        # Of a cue without a full stop the sentence goes on in the next one.
        return orders.union(
            (text for text in said if any(text in line or line in text for line in steering)),
            await to_thread.run_sync(partial(strays, said, about, unasked=True)),
        )

    async def _computed_chapters(
        self,
        run: _Run,
        read: ReadLesson,
        segmented: Sequence[list[Segment]],
        length_s: float | None,
        orders: Collection[str],
    ) -> tuple[Chapter, ...]:
        """Of the first track; its sentences' vectors come from the cache when `embed` wants them again."""
        tracks = zip(read.sources, segmented, strict=True)
        spoken, segments = next(((source, its) for source, its in tracks if source.cues), (None, []))
        if spoken is None or length_s is None:
            return ()
        texts = [segment.text for segment in segments]
        vectors = await embed_texts(texts, run.desk.embedder, self._watch.advance)
        changes = [slide.start for source in read.sources for slide in source.slides]
        return computed_chapters(
            segments, spoken.cues, vectors, length_s, slide_starts=changes, orders=orders
        )

    def _chunks(
        self,
        course: Course,
        plan: LessonPlan,
        read: ReadLesson,
        segmented: Sequence[list[Segment]],
        chapters: tuple[Chapter, ...],
        orders: Collection[str],
    ) -> list[Chunk]:
        chunks: list[Chunk] = []
        for source, segments in zip(read.sources, segmented, strict=True):
            chunks.extend(
                chunk(
                    segments,
                    chapters if source.cues or source.slides else (),
                    _place(course, plan.id, plan.title, source),
                    self._parts.chunking,
                    self._parts.counter,
                    self._parts.splitter,
                    first_position=len(chunks),
                    orders=orders,
                )
            )
        return chunks

    def _faq_chunks(self, place: Place, items: list[FaqLine]) -> list[Chunk]:
        # An entry is quoted whole, so it is kept whole.
        options = replace(
            self._parts.chunking, max_tokens=max(self._parts.chunking.max_tokens, _ENTRY_TOKENS)
        )
        chunks: list[Chunk] = []
        for item in items:
            chunks.extend(
                chunk(
                    [segment_faq(item)],
                    (),
                    place,
                    options,
                    self._parts.counter,
                    self._parts.splitter,
                    first_position=len(chunks),
                )
            )
        return chunks

    def _build_id(self, course: Course, plan: LessonPlan, edits: Sequence[Edit]) -> str:
        """Digest of all that a build depends on (decisions 4); speech only where it is listened to."""
        chapters = [f"{chapter.start}|{chapter.title}" for chapter in plan.chapters]
        heard = [] if plan.subtitles else [self._parts.transcriber.name, *course.glossary]
        # Not their states: what became of an edit follows from it and from the sources.
        changed = [part for e in edits for part in ("edit", e.kind, repr(e.span), e.base, e.text)]
        facts = (plan.id, plan.title, str(plan.position), plan.language, course.id, course.language)
        seen = [self._parts.slides.name] if self._parts.slides and plan.media else []
        beyond = [*heard, *seen, *changed]
        return digest(self._options_digest(), sources_digest(plan), *facts, *chapters, "·", *beyond)

    def _options_digest(self) -> str:
        parts = self._parts
        return digest(
            *(PIPELINE_VERSION, TERMS_VERSION, COMPOSE_VERSION),
            *(parts.embedder.name, parts.counter.name, repr(parts.chunking)),
            parts.writer.digest if parts.writer else "",
        )

    async def _unchanged(self, course: Course, lesson_id: str, build_id: str) -> LessonReport | None:
        """A report when this very build is live and its points are all in the index."""
        lesson = await self._parts.catalog.lesson(course.platform_id, lesson_id)
        if lesson is None or lesson.build_id != build_id:
            return None
        states = await self._parts.publisher.states(course.platform_id, course.id)
        state = next((s for s in states if s.item == lesson_id), None)
        if state is None or state.state != "done" or state.error:
            return None
        scope = Scope(course.platform_id, lesson_ids=(lesson_id,), build_ids=(build_id,))
        if await self._parts.index.count(scope) != state.n_chunks or await self._may_be_written(lesson):
            return None
        return LessonReport(course.id, lesson_id, "unchanged", state.n_chunks, state.duration_s)

    async def _may_be_written(self, lesson: Lesson) -> bool:
        """Whether its artefacts wait for a model, and now is the time."""
        writer, artefacts = self._parts.writer, self._parts.artefacts
        if writer is None or artefacts is None or not writer.may_write():
            return False
        prepared = await artefacts.prepared(lesson.platform_id, lesson.id)
        return prepared is not None and prepared.waiting

    async def _remove_missing(self, plan: CoursePlan, present: set[str]) -> list[str]:
        """Drop lessons and failed files that the folder no longer has; one with a problem is not lost."""
        platform_id, course_id = plan.course.platform_id, plan.course.id
        published = {lesson.id for lesson in await self._parts.catalog.lessons(platform_id, course_id)}
        states = await self._parts.publisher.states(platform_id, course_id)
        gone = sorted((published | {state.item for state in states}) - present)
        if plan.problems or not gone:
            return []
        # Points first: after a crash in between, the next run still knows what is to go.
        await self._parts.index.delete(platform_id, gone, keep_builds=[])
        await self._parts.publisher.forget(platform_id, course_id, gone)
        return [item for item in gone if item in published]

    async def _report(
        self, run: _Run, outcome: Outcome, n_chunks: int, media_s: float, problems: tuple[Problem, ...]
    ) -> LessonReport:
        error = "; ".join(str(problem) for problem in problems)
        state: State = "failed" if outcome == "failed" else "done"
        await self._record(
            run.course, run.item, state, run.stage, n_chunks=n_chunks, duration_s=media_s, error=error
        )
        return LessonReport(
            run.course.id, run.item, outcome, n_chunks, media_s, run.stage_s, problems, stage=run.stage
        )

    async def _record(
        self,
        course: Course,
        item: str,
        state: State,
        stage: str,
        *,
        n_chunks: int = 0,
        duration_s: float = 0.0,
        error: str = "",
    ) -> None:
        now = self._parts.clock.now()
        await self._parts.publisher.record(
            ItemState(course.platform_id, course.id, item, state, stage, n_chunks, duration_s, error, now)
        )


def faq_id(course: Course) -> str:
    """The lesson that a FAQ is. Ids of files have a dot there, so a document faq.md keeps its own."""
    return f"{course.id}{FAQ_SUFFIX}"


async def has_faq(plan: CoursePlan, edits: Edits) -> bool:
    """Whether the course has one: in its folder, or uploaded."""
    return plan.faq is not None or await _uploaded(plan.course, edits) is not None


async def _uploaded(course: Course, edits: Edits) -> Edit | None:
    """The FAQ that its team uploaded, which wins over the folder's."""
    of_faq = await edits.of(course.platform_id, faq_id(course))
    return next((edit for edit in of_faq if edit.kind == "faq"), None)


def _faq_digest(plan: CoursePlan, uploaded: Edit | None) -> str:
    if uploaded is not None:
        return digest(uploaded.text)
    assert plan.faq is not None  # noqa: S101 - the caller checked
    return file_digest(plan.faq.path)


def _faq_items(plan: CoursePlan, uploaded: Edit | None) -> list[FaqLine]:
    """
    Raises:
        InvalidManifest: a line is no entry.
        EmptySource: there is none.
        UnreadableSource: the file cannot be decoded.
    """
    if uploaded is not None:
        return faq_lines(uploaded.text, FAQ_FILE)
    assert plan.faq is not None  # noqa: S101 - the caller checked
    items = read_faq(plan.faq.path)
    if not items:
        raise EmptySource(
            "There is no entry in this FAQ.",
            remedy="Write one entry a line, or remove the file.",
            path=str(plan.faq.path),
        )
    return items


def _lock_name(course: Course, lesson_id: str) -> str:
    return lesson_lock(course.platform_id, lesson_id)


def _inside(plan: CoursePlan, path: str) -> str:
    """A path as it is known inside the course folder."""
    place = Path(path)
    return place.relative_to(plan.folder).as_posix() if place.is_relative_to(plan.folder) else path


def _segments(source: ReadSource) -> list[Segment]:
    if source.slides:
        return segment_slides(source.slides)
    return segment_cues(source.cues) if source.cues else segment_pages(source.pages)


def _place(course: Course, lesson_id: str, title: str, source: ReadSource) -> Place:
    return Place(course.platform_id, course.id, lesson_id, title, source.name, source.language, (title,))


def _named(error: BaizeError | OSError) -> BaizeError:
    """A file that cannot be opened, or a disk that is full, is told like any other problem."""
    if isinstance(error, BaizeError):
        return error
    return UnreadableSource(
        f"The system says: {error.strerror or error}.",
        remedy="Check that the file can be read and that the disk is not full.",
        path=str(error.filename or ""),
    )


def _last_second(read: ReadLesson) -> float | None:
    """Where the last cue ends: how long a lesson is whose media is not there."""
    return max((cue.end for source in read.sources for cue in source.cues), default=None)


def _transcript(lesson_id: str, read: ReadLesson) -> Transcript | None:
    spoken = next((source for source in read.sources if source.cues), None)
    if spoken is None:
        return None
    return Transcript(lesson_id, spoken.language, spoken.origin, spoken.cues, spoken.report)
