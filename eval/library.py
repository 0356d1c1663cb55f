"""A suite's videos, documents or courses → a library of its own, built by the product's pipeline functions.

segment_cues → chunk → embed → load, or a catalogue file → dock, into a scratch data folder in the cache,
never into the operator's store. A folder is named by the digest of all that its contents depend on, so a
second run finds it built.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from filelock import FileLock, Timeout

from baize.bootstrap import House
from baize.domain.course import Course, Lesson
from baize.domain.library import BuiltLesson, Transcript
from baize.domain.search import Moment, Scope
from baize.domain.sentences import detect_language
from baize.domain.text import Chunk, Page
from baize.edge.launch import stop
from baize.errors import IndexUnavailable
from baize.ports import ChunkIndex
from baize.services.search import MAX_K, Searching
from baize.settings import EmbeddedIndex, Settings, cache_dir
from eval.dataset import Document, Suite, Video
from eval.embedding import RememberingEmbedder
from eval.progress import Advance, stage
from ingest.chunk import ChunkOptions, Place, chunk
from ingest.dock import dock_file
from ingest.embed import embed
from ingest.load import load
from ingest.segment import segment_cues, segment_pages

log = logging.getLogger("baize.eval")

PLATFORM = "eval"
COURSE = "library"
_MARKER = "library.json"
_BUILD = "eval"
_BEGINNING = 60
"""Characters."""
_BUILDING_SETTINGS = ("chunking", "embedder", "tokens")
_REPOSITORY = Path(__file__).resolve().parents[1]
_BUILDING_CODE = (
    "ingest/*.py",
    "ingest/extract/catalogue_file.py",
    "baize/domain/*.py",
    "baize/edge/*.py",
    "baize/adapters/*.py",
    "baize/adapters/db/*.py",
    "baize/retrieval/terms.py",
    "baize/bootstrap.py",
    "eval/library.py",
)
"""A change in these may change what is stored; vectors are kept apart, so building again costs little."""


@dataclass
class ScratchHouse(House):
    """The product's house over a scratch folder, with vectors shared by all evaluations."""

    vectors: Path

    @cached_property
    def embedder(self) -> RememberingEmbedder:
        return RememberingEmbedder(self.model_embedder, self.vectors)

    def searching_over(self, index: ChunkIndex, cards: ChunkIndex) -> Searching:
        """The search service over views of the lessons' passages and of what catalogues say."""
        return Searching(
            finder=self.finder_over(index),
            catalog=self.catalog,
            card_finder=self._finder(cards, self.cards, n_moments=MAX_K),
            cards=self.cards,
        )


@dataclass(frozen=True, slots=True)
class Library:
    """A built library.

    Attributes:
        deep: the same library with settings that return at least 100 hits a leg.
        n_chunks: points in the index, of lessons or of what the catalogue says.
    """

    house: ScratchHouse
    deep: ScratchHouse
    n_chunks: int

    @property
    def scope(self) -> Scope:
        return Scope(PLATFORM)

    def within(self, lesson_id: str) -> Scope:
        """Only this lesson."""
        return Scope(PLATFORM, lesson_ids=(lesson_id,))


def lesson_id(n: int) -> str:
    """The lesson of the n-th video; a video's own id may hold any character."""
    return f"{COURSE}-{n:05}"


def video_number(lesson: str) -> int:
    """The inverse of `lesson_id`."""
    return int(lesson.rpartition("-")[2])


def record_of(moment: Moment, suite: Suite) -> str:
    """The document or the course record that a moment stands in."""
    place = moment.hit.chunk
    if suite.kind == "courses":
        return suite.documents[video_number(place.course_id)].id
    return place.source_file


@asynccontextmanager
async def open_library(suite: Suite, settings: Settings) -> AsyncIterator[Library]:
    """The suite's library, built first where it is not there yet; its index server is stopped at the end.

    A second evaluation of the same library waits for the first.

    Raises:
        DependencyUnavailable: a model or the index server cannot be started.
    """
    root = cache_dir() / "eval"
    folder = root / "libraries" / library_digest(suite, settings)
    folder.parent.mkdir(parents=True, exist_ok=True)
    if not isinstance(settings.index, EmbeddedIndex):
        log.warning("The configured index is left alone: an evaluation has an embedded one of its own.")
    own = settings.model_copy(
        update={"data_dir": folder, "database_url": "", "platform_id": PLATFORM, "index": EmbeddedIndex()}
    )
    async with AsyncExitStack() as stack:
        stack.enter_context(_alone(folder.with_suffix(".lock")))
        stack.push_async_callback(stop, folder)
        if not (folder / _MARKER).is_file():
            await stop(folder)
            shutil.rmtree(folder, ignore_errors=True)
        house = ScratchHouse(own, root / "vectors.sqlite")
        stack.push_async_callback(house.close)
        await house.database.migrate()
        if not (folder / _MARKER).is_file():
            await _build(suite, house)
        deep = ScratchHouse(_deep(own), root / "vectors.sqlite")
        stack.push_async_callback(deep.close)
        await house.embedder.warm_up()
        n_points = sum([await index.count(Scope(PLATFORM)) for index in (house.index, house.card_index)])
        if n_points == 0:
            # Scored as it is, an empty library would look like a perfect refuser.
            raise IndexUnavailable(
                f"The library in {folder} is empty.", remedy="Remove that folder and run again."
            )
        yield Library(house, deep, n_points)


@asynccontextmanager
async def open_house(settings: Settings) -> AsyncIterator[ScratchHouse]:
    """The product's parts with remembered vectors and no library, for what is judged without one."""
    root = cache_dir() / "eval"
    house = ScratchHouse(settings.model_copy(update={"data_dir": root / "desk"}), root / "vectors.sqlite")
    try:
        yield house
    finally:
        await house.close()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the library's lock; say so when somebody else has it."""
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        log.info("Another evaluation uses this library: waiting for it.")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def library_digest(suite: Suite, settings: Settings) -> str:
    """Digest of the suite's files, of the settings and of the code that its library depends on."""
    chosen = {name: getattr(settings, name).model_dump(mode="json") for name in _BUILDING_SETTINGS}
    total = hashlib.sha256(suite.library_digest.encode())
    layout = suite.kind if suite.documents else "videos"
    total.update(json.dumps([layout, chosen], sort_keys=True).encode())
    for pattern in _BUILDING_CODE:
        for path in sorted(_REPOSITORY.glob(pattern)):
            total.update(path.read_bytes())
    return total.hexdigest()[:24]


def _deep(settings: Settings, k: int = 100) -> Settings:
    retrieval = settings.retrieval
    deeper = retrieval.model_copy(
        update={"leg_k": max(retrieval.leg_k, k), "n_moments": max(retrieval.n_moments, k)}
    )
    return settings.model_copy(update={"retrieval": deeper})


async def _build(suite: Suite, house: ScratchHouse) -> None:
    with stage(f"{suite.name}: building the library") as advance:
        if suite.kind == "courses":
            await _dock(suite.documents, house)
        else:
            await _load_one_course(suite, house, advance)
    (house.data_dir / _MARKER).write_text(json.dumps({"suite": suite.name}), encoding="utf-8")


async def _load_one_course(suite: Suite, house: ScratchHouse, advance: Advance) -> None:
    await house.publisher.put_course(Course(PLATFORM, COURSE, suite.name))
    if suite.documents:
        await _load_documents(suite.documents, house, advance)
    for n, video in enumerate(suite.videos):
        await _load_video(n, video, house)
        advance(n + 1, len(suite.videos))


async def _load_video(n: int, video: Video, house: ScratchHouse) -> None:
    title = video.title or video.id
    language = language_of(video)
    place = Place(PLATFORM, COURSE, lesson_id(n), title, video.id, language, (title,))
    chunks = chunk(
        segment_cues(video.cues), (), place, _chunking(house), house.counter, house.splitter, first_position=0
    )
    lesson = _lesson(n, title, language, video.duration_s)
    await _publish(lesson, chunks, house, Transcript(lesson.id, language, "suite", video.cues), _quiet)


async def _load_documents(documents: Sequence[Document], house: ScratchHouse, advance: Advance) -> None:
    """All documents as one lesson, a document a source, so that no chunk crosses from one to the next."""
    lesson = _lesson(0, COURSE, "", None)
    chunks: list[Chunk] = []
    for document in documents:
        chunks += _document_chunks(document, lesson, house, first_position=len(chunks))
    await _publish(lesson, chunks, house, None, advance)


async def _dock(records: Sequence[Document], house: ScratchHouse) -> None:
    """The records as a source's catalogue, through the door that an operator has for one."""
    path = house.data_dir / f"{COURSE}.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for n, record in enumerate(records):
            row = {"id": lesson_id(n), "title": _title(record), "description": record.text}
            file.write(json.dumps(row) + "\n")
    report = await dock_file(house, path, COURSE)
    for problem in report.problems:
        # A learner would not find it either.
        log.warning("A record cannot be docked and will not be found: %s %s", problem.message, problem.remedy)


def _title(record: Document) -> str:
    """A catalogue has a title for each course; a record without one is called by how it begins."""
    return record.title.strip() or record.text.strip()[:_BEGINNING] or record.id


def _document_chunks(
    document: Document, lesson: Lesson, house: ScratchHouse, *, first_position: int = 0
) -> list[Chunk]:
    """Its title is a heading; one that has nothing but a title says that."""
    has_text = bool(document.text.strip())
    text = document.text if has_text else document.title
    headings = (document.title,) if document.title and has_text else ()
    place = Place(PLATFORM, lesson.course_id, lesson.id, lesson.title, document.id, detect_language(text), ())
    return chunk(
        segment_pages([Page(document.id, text, 0, headings=headings)]),
        (),
        place,
        _chunking(house),
        house.counter,
        house.splitter,
        first_position=first_position,
    )


async def _publish(
    lesson: Lesson, chunks: list[Chunk], house: ScratchHouse, transcript: Transcript | None, advance: Advance
) -> None:
    points = await embed(chunks, _BUILD, house.embedder, advance)
    built = BuiltLesson(lesson, _languages(chunks), len(chunks), transcript)
    await load(points, built, index=house.index, publisher=house.publisher)


def _languages(chunks: Sequence[Chunk]) -> tuple[str, ...]:
    return tuple(sorted({piece.language for piece in chunks}))


def language_of(video: Video) -> str:
    """ISO 639-1: as the suite has it, else by script."""
    if video.language:
        return video.language.replace("_", "-").split("-")[0].lower()
    return detect_language(" ".join(cue.text for cue in video.cues))


def _lesson(n: int, title: str, language: str, duration_s: float | None) -> Lesson:
    return Lesson(PLATFORM, COURSE, lesson_id(n), title, n + 1, language, duration_s, "", _BUILD)


def _chunking(house: ScratchHouse) -> ChunkOptions:
    chosen = house.settings.chunking
    return ChunkOptions(chosen.max_tokens, chosen.overlap_sentences)


def _quiet(_done: float, _total: float) -> None:
    """One video takes too little time to be shown by itself."""
