"""A small library over doubles, with two platforms: what the tests of the services stand on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from baize.adapters.cache_memory import MemoryCache
from baize.answering.extract import ExtractiveAnswerer
from baize.answering.generate import ModelAnswerer
from baize.answering.verify import VerifyOptions
from baize.domain.chat import AnswerEvent, Completed
from baize.domain.cost import Price, PriceList
from baize.domain.course import Course, Lesson
from baize.domain.library import BuiltLesson
from baize.domain.locator import FaqEntry, Locator, TextSpan, TimeSpan
from baize.domain.search import IndexedChunk, Scope
from baize.domain.text import Chunk, Segment, chunk_id
from baize.ports import ChatModel
from baize.prompting import PromptLibrary
from baize.retrieval.assess import AssessOptions
from baize.retrieval.cosine import CosineScale
from baize.retrieval.terms import passage_vector, terms
from baize.services.account import Ledger
from baize.services.answer import Answering, AnswerOptions, Memory, Prepared, Question
from baize.services.find import Finder, FindOptions
from baize.services.follow_up import FollowUps
from baize.services.overview import Overviews
from baize.services.reuse import Policy, Reuse, ReuseOptions
from baize.services.search import Searching
from baize.testing.hash_embedder import HashEmbedder
from baize.testing.held_clock import HeldClock
from baize.testing.memory_answers import MemoryAnswers
from baize.testing.memory_catalog import MemoryCatalog
from baize.testing.memory_index import MemoryIndex
from baize.testing.simple_token_counter import SimpleTokenCounter

PLATFORM = "p1"
ALL = Scope(PLATFORM)

PRESSURE = (
    "量血压之前，先安静坐五分钟。",
    "袖带要和心脏一样高。",
    "早上7:30量一次，晚上再量一次。",
    "家里量到135/85就算高血压。",
)
MEDICINE = ("降压药要每天按时吃。", "漏吃了一次，不要加倍补。")
SHEETS = ("A formula starts with an equals sign.", "A dollar sign locks the cell.", "Press Enter to finish.")
FAQ = "可以退课。开课七天之内全额退款。超过七天不退。"


def make_chunk(
    sentences: Sequence[str],
    *,
    platform: str = PLATFORM,
    course: str = "health",
    lesson: str = "health.01",
    title: str = "在家量血压",
    language: str = "zh",
    start: float = 0.0,
    place: Locator | None = None,
    position: int = 0,
) -> Chunk:
    """A chunk whose sentences last five seconds each from `start`, or all stand at `place`."""
    segments = tuple(
        Segment(text, place or TimeSpan(start + 5 * n, start + 5 * n + 5)) for n, text in enumerate(sentences)
    )
    locator = place or TimeSpan(start, start + 5 * len(segments))
    text = ("" if language == "zh" else " ").join(sentences)
    identity = chunk_id(platform, course, lesson, "v.vtt", locator, text)
    return Chunk(
        identity,
        platform,
        course,
        lesson,
        title,
        "v.vtt",
        language,
        (title,),
        text,
        segments,
        locator,
        position,
    )


CHUNKS = (
    make_chunk(PRESSURE),
    make_chunk(MEDICINE, lesson="health.02", title="按时吃药"),
    make_chunk(SHEETS, course="sheets", lesson="sheets.01", title="Your first sum", language="en"),
    make_chunk([FAQ], lesson="health.faq", title="常见问题", place=FaqEntry("refund")),
    make_chunk(
        ["发票在下单页面里开。"], lesson="health.03", title="开票", place=TextSpan("a.pdf", 10, 20, 2, "发票")
    ),
)


PRICES = PriceList({"scripted": Price(hit=1.0, miss=2.0, output=4.0)})


@dataclass
class World:
    """The services, and every double that they stand on."""

    index: MemoryIndex = field(default_factory=MemoryIndex)
    catalog: MemoryCatalog = field(default_factory=MemoryCatalog)
    answers: MemoryAnswers = field(default_factory=MemoryAnswers)
    embedder: HashEmbedder = field(default_factory=HashEmbedder)
    counter: SimpleTokenCounter = field(default_factory=SimpleTokenCounter)
    clock: HeldClock = field(default_factory=HeldClock)
    cache: MemoryCache = field(default_factory=MemoryCache)
    reuse: Policy = "off"
    memory: Memory | None = None
    min_evidence: float = 0.0

    @property
    def finder(self) -> Finder:
        assessing = AssessOptions(CosineScale(0.4, 0.4), 4.0)
        options = FindOptions(leg_k=20, n_moments=10, n_foreign=2, assess=assessing)
        return Finder(index=self.index, embedder=self.embedder, catalog=self.catalog, options=options)

    @property
    def searching(self) -> Searching:
        return Searching(finder=self.finder, catalog=self.catalog)

    def answering(self, chat: ChatModel | None = None) -> Answering:
        """The answer service, by this model or extractive."""
        return Answering(
            finder=self.finder,
            catalog=self.catalog,
            answers=self.answers,
            embedder=self.embedder,
            counter=self.counter,
            by_model=ModelAnswerer(chat, PromptLibrary().get("answer")) if chat else None,
            extractive=ExtractiveAnswerer(),
            ledger=Ledger(PRICES, self.clock),
            cache=self.cache,
            reuse=Reuse(
                cache=self.cache,
                answers=self.answers,
                catalog=self.catalog,
                embedder=self.embedder,
                options=ReuseOptions(self.reuse, 60.0),
            ),
            follow_ups=FollowUps(self.catalog),
            overviews=Overviews(catalog=self.catalog, artefacts=self.catalog, most=8),
            memory=self.memory,
            options=AnswerOptions(
                min_evidence=self.min_evidence,
                evidence_tokens=2000,
                max_evidence=8,
                history_turns=4,
                verify=VerifyOptions(similar=0.5),
            ),
        )

    async def add(self, chunk: Chunk) -> None:
        """Publish a chunk as a lesson of its own."""
        await self.catalog.put_course(Course(chunk.platform_id, chunk.course_id, f"Course {chunk.course_id}"))
        dense = (await self.embedder.embed_passages([chunk.indexed_text]))[0]
        lexical = passage_vector(terms(chunk.lexical_text))
        await self.index.upsert([IndexedChunk(chunk, f"b-{chunk.lesson_id}", dense, lexical)])
        lesson = Lesson(
            chunk.platform_id,
            chunk.course_id,
            chunk.lesson_id,
            chunk.lesson_title,
            1,
            chunk.language,
            None,
            "",
            f"b-{chunk.lesson_id}",
        )
        await self.catalog.publish(BuiltLesson(lesson, (chunk.language,), 1, None))


async def make_world(chunks: Sequence[Chunk] = CHUNKS, *, min_evidence: float = 0.0) -> World:
    """A world that holds these chunks."""
    world = World(min_evidence=min_evidence)
    for chunk in chunks:
        await world.add(chunk)
    return world


async def ask(
    world: World, text: str, chat: ChatModel | None = None, *, scope: Scope = ALL, conversation: str = ""
) -> tuple[Prepared, list[AnswerEvent]]:
    """What was prepared, and every event of the answer."""
    answering = world.answering(chat)
    prepared = await answering.prepare(Question(text, scope, conversation))
    return prepared, [event async for event in answering.stream(prepared)]


def completed(events: Sequence[AnswerEvent]) -> Completed:
    """The last event, which must be the only one of its kind."""
    assert [type(event) for event in events].count(Completed) == 1
    last = events[-1]
    assert isinstance(last, Completed)
    return last
