"""A small library over doubles, and an application on it: what the tests of the API stand on."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from baize.adapters.cache_memory import MemoryCache
from baize.api.app import OpenHouse, create_app
from baize.api.serve import listen
from baize.bootstrap import House
from baize.domain.artefact import (
    GlossaryTerm,
    Highlight,
    KeyPoint,
    Prepared,
    QuizItem,
    SummaryLine,
)
from baize.domain.course import Chapter, Course, Lesson
from baize.domain.library import BuiltLesson, Transcript
from baize.domain.locator import TimeSpan
from baize.domain.search import IndexedChunk
from baize.domain.text import Chunk, Cue, Segment, chunk_id
from baize.ports import ChatModel
from baize.retrieval.terms import passage_vector, terms
from baize.settings import Server, Settings
from baize.testing.hash_embedder import HashEmbedder
from baize.testing.memory_answers import MemoryAnswers
from baize.testing.memory_archive import MemoryArchive
from baize.testing.memory_audit import MemoryAuditLog
from baize.testing.memory_cards import MemoryCards
from baize.testing.memory_catalog import MemoryCatalog
from baize.testing.memory_doors import MemoryIdentities, MemoryRevocations
from baize.testing.memory_index import MemoryIndex
from baize.testing.memory_learner_rows import MemoryLearnerRows
from baize.testing.memory_lti import MemoryLtiRegistrations
from baize.testing.memory_memory_edits import MemoryMemoryEdits
from baize.testing.memory_outbox import MemoryOutbox
from baize.testing.memory_platforms import MemoryApiKeys, MemoryPlatforms
from baize.testing.memory_practice import MemoryAttempts, MemoryExercises
from baize.testing.memory_preferences import MemoryFeedbackBox, MemoryLearnerPreferences
from baize.testing.memory_progress import MemoryLearnerProgress
from baize.testing.memory_review_cards import MemoryReviewCards
from baize.testing.memory_statements import MemoryStatements
from baize.testing.memory_tickets import MemoryTickets
from baize.testing.simple_token_counter import SimpleTokenCounter

PLATFORM = "default"
HOSTILE_TITLE = "<script>alert(1)</script> & 量血压"

SOLUTION = "五分钟"

LESSONS = {
    "health-01": (
        "health",
        "在家量血压",
        ["量血压之前，先安静坐五分钟。", "袖带要和心脏一样高。", "一次量两遍。"],
    ),
    "health-02": (
        "health",
        HOSTILE_TITLE,
        ["血压过高请就医。", "<img src=x onerror=alert(2)>降压药要天天吃。"],
    ),
    "sheets-01": ("sheets", "Your first sum", ["A formula starts with an equals sign.", "Press enter."]),
}


def settings(**changes: Any) -> Settings:
    """Settings whose thresholds let the hashing embedder's weak evidence pass."""
    answers = {"min_evidence": 0.0} | changes.pop("answers", {})
    return Settings(answers=answers, embedder={"kind": "fake"}, chat={"kind": "none"}, **changes)


class _NoDatabase:
    """Where a part has no double yet: the real one would be made in the working directory."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"This house is of doubles: add one for the part that asked for {name}.")


def opens(*, chat: ChatModel | None = None, prepare: Callable[[House], None] = lambda _: None) -> OpenHouse:
    """Opens a house of doubles that holds `LESSONS`; `prepare` may exchange parts of it."""

    @asynccontextmanager
    async def open_house(chosen: Settings) -> AsyncIterator[House]:
        house = House(chosen)
        library, index, embedder = MemoryCatalog(), MemoryIndex(), HashEmbedder()
        answers = MemoryAnswers(house.clock)
        # The parts of a house are cached properties: what is there already is never made.
        house.__dict__ |= {
            "catalog": library,
            "artefacts": library,
            "cards": MemoryCards(library),
            "database": _NoDatabase(),
            "answers": answers,
            "platforms": MemoryPlatforms(),
            "api_keys": MemoryApiKeys(),
            "revocations": MemoryRevocations(),
            "identities": MemoryIdentities(),
            "lti_registrations": MemoryLtiRegistrations(),
            "audit_log": MemoryAuditLog(),
            "outbox": MemoryOutbox(),
            "index": index,
            "embedder": embedder,
            "counter": SimpleTokenCounter(),
            "usage_book": answers.usage_book,
            "cache": MemoryCache(),
            "chat": chat,
            "preferences": MemoryLearnerPreferences(),
            "feedback": MemoryFeedbackBox(),
            "statements": MemoryStatements(),
            "progress": MemoryLearnerProgress(),
            "archive": MemoryArchive(),
            "learner_rows": MemoryLearnerRows(),
            "exercises": MemoryExercises(),
            "attempts": MemoryAttempts(),
            "review_cards": MemoryReviewCards(),
            "tickets": MemoryTickets(),
            "memory_edits": MemoryMemoryEdits(),
        }
        for course_id, title in (("health", "血压第一课"), ("sheets", "Spreadsheets")):
            await library.put_course(Course(PLATFORM, course_id, title, "zh", tags=("健康",)))
        for position, (lesson_id, (course_id, title, sentences)) in enumerate(LESSONS.items(), 1):
            lesson = _lesson(course_id, lesson_id, title, position)
            cues = tuple(Cue(10.0 * n, 10.0 * n + 8.5, text) for n, text in enumerate(sentences))
            chunks = [_chunk(lesson, cue, n) for n, cue in enumerate(cues)]
            vectors = await embedder.embed_passages([chunk.indexed_text for chunk in chunks])
            await index.upsert(
                [
                    IndexedChunk(chunk, lesson.build_id, vector, passage_vector(terms(chunk.text)))
                    for chunk, vector in zip(chunks, vectors, strict=True)
                ]
            )
            transcript = Transcript(lesson_id, lesson.language, "01.zh.vtt", cues)
            prepared = _prepared(lesson, cues)
            await library.publish(BuiltLesson(lesson, (lesson.language,), len(chunks), transcript, prepared))
        await library.publish(
            BuiltLesson(_lesson("sheets", "sheets-doc", "Notes", 9, media=""), ("en",), 0, None)
        )
        prepare(house)
        yield house
        for name in ("chat", "event_log", "slots"):
            if close := getattr(house.__dict__.get(name), "close", None):
                await close()

    return open_house


def _lesson(course_id: str, lesson_id: str, title: str, position: int, media: str = "01.mp4") -> Lesson:
    language = "zh" if course_id == "health" else "en"
    chapters = (Chapter(0.0, 15.0, "开场 <b>", "person"), Chapter(15.0, 60.0, "正文"))
    return Lesson(
        PLATFORM, course_id, lesson_id, title, position, language, 60.0, media, f"build-{lesson_id}", chapters
    )


def _prepared(lesson: Lesson, cues: tuple[Cue, ...]) -> Prepared:
    """A line of each kind from the first sentence; the quiz asks for its last word but one."""
    said, place = cues[0].text, (cues[0].span,)
    return Prepared(
        lesson.id,
        lesson.language,
        (SummaryLine(said, lesson.id, place),),
        (KeyPoint(said, lesson.id, place),),
        (GlossaryTerm("量血压", said, lesson.id, place),),
        (QuizItem(f"{lesson.id}~q1", "cloze", "先坐____。", ("一天", SOLUTION), 1, lesson.id, place, said),),
        (Highlight(cues[0].span, said),),
    )


def _chunk(lesson: Lesson, cue: Cue, position: int) -> Chunk:
    span = TimeSpan(cue.start, cue.end)
    return Chunk(
        chunk_id(PLATFORM, lesson.course_id, lesson.id, "01.zh.vtt", span, cue.text),
        PLATFORM,
        lesson.course_id,
        lesson.id,
        lesson.title,
        "01.zh.vtt",
        lesson.language,
        (),
        cue.text,
        (Segment(cue.text, span),),
        span,
        position,
    )


@asynccontextmanager
async def client_of(app: FastAPI, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the started application, in process, when its warm-up is over."""
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as client,
    ):
        await app.state.warmth.wait()
        yield client


def served(
    chosen: Settings | None = None, open_house: OpenHouse | None = None, **headers: str
) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    """A client of an application over the small library."""
    return client_of(create_app(chosen or settings(), open_house=open_house or opens()), **headers)


class LiveServer:
    """An application under uvicorn on a loopback port, in a thread of its own."""

    def __init__(self, app: FastAPI) -> None:
        self._door = listen(Server(port=0))
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        self._server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
        self._thread = threading.Thread(target=self._server.run, args=([self._door],), daemon=True)

    def __enter__(self) -> LiveServer:
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(0.005)
        assert self._server.started, "the application did not start"
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._door.close()
