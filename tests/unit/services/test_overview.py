"""A question about a lesson or course as a whole is answered from the places of its summary."""

from __future__ import annotations

from dataclasses import replace

import pytest

from baize.domain.artefact import Prepared, SummaryLine
from baize.domain.course import FAQ_SUFFIX, Course, Lesson
from baize.domain.library import BuiltLesson
from baize.domain.search import Position, Scope, UpTo
from baize.domain.text import Chunk
from baize.errors import DependencyUnavailable
from baize.services.answer import Question
from baize.testing.memory_catalog import MemoryCatalog
from baize.testing.scripted_chat_model import ScriptedChatModel
from tests.unit.services.world import PLATFORM, World, ask, completed, make_chunk, make_world

pytestmark = pytest.mark.anyio

LESSONS = {
    "course.01": ["先坐五分钟。", "再量血压。", "早晚都量。"],
    "course.02": ["药每天吃。", "不要自己停药。"],
    "course.03": ["少吃盐。", "多走路。"],
}
HERE = Scope(PLATFORM, ("course",))


def spoken(lesson: str) -> list[Chunk]:
    """A lesson's speech, stored once for each sentence."""
    whole = make_chunk(LESSONS[lesson], course="course", lesson=lesson, title=lesson)
    return [replace(whole, id=f"{lesson}-{n}", focus=n) for n in range(len(whole.sentences))]


async def publish(
    catalog: MemoryCatalog, lesson: str, position: int, summary: tuple[SummaryLine, ...]
) -> None:
    await catalog.put_course(Course(PLATFORM, "course", "血压"))
    built = Lesson(PLATFORM, "course", lesson, lesson, position, "zh", None, "", f"b-{lesson}")
    prepared = Prepared(lesson, "zh", summary) if summary else None
    await catalog.publish(BuiltLesson(built, ("zh",), 3, None, prepared))


@pytest.fixture
async def world() -> World:
    """A course of three lessons whose summaries are all of their sentences, and a FAQ between them."""
    world = await make_world([chunk for lesson in LESSONS for chunk in spoken(lesson)])
    await publish(world.catalog, f"course{FAQ_SUFFIX}", 1, ())
    for position, lesson in enumerate(LESSONS, 2):
        sentences = spoken(lesson)[0].sentences
        lines = tuple(SummaryLine(s.text, lesson, (s.locator,)) for s in sentences)
        await publish(world.catalog, lesson, position, lines)
    return world


async def told(world: World, text: str, scope: Scope, at: Position | None = None) -> list[str]:
    """What the answer quotes; nothing where it says that the course does not cover this."""
    world.min_evidence = 0.99
    answering = world.answering()
    prepared = await answering.prepare(Question(text, scope, position=at))
    answer = completed([event async for event in answering.stream(prepared)]).answer
    assert prepared.turn.drawn_from == ("search" if answer.refusal else "summary")
    return [] if answer.refusal else [citation.quote for citation in answer.citations]


@pytest.mark.parametrize(
    ("question", "at", "lessons"),
    [
        ("这门课讲了什么？", None, list(LESSONS)),
        ("这门课讲了什么？", Position("course.02", 3.0), list(LESSONS)),
        ("这节课讲了什么？", Position("course.02", 3.0), ["course.02"]),
        ("这节课讲了什么？", None, list(LESSONS)),
        ("总结一下", Position("course.03", 3.0), ["course.03"]),
        ("总结一下", None, list(LESSONS)),
        ("总结一下第二课", Position("course.03", 3.0), ["course.02"]),
        ("第九课讲了什么？", Position("course.03", 3.0), []),
    ],
)
async def test_the_lesson_or_course_that_is_meant(
    world: World, question: str, at: Position | None, lessons: list[str]
) -> None:
    """By its name, else by the player; lessons are counted as learners count them, without the FAQ."""
    assert await told(world, question, HERE, at) == [text for lesson in lessons for text in LESSONS[lesson]]


async def test_heading_and_order(world: World) -> None:
    """The answer says that it sums up, and a marker stands behind each line."""
    _, events = await ask(world, "第二课讲了什么？", scope=HERE)
    answer = completed(events).answer
    assert answer.text == "主要讲了这些：\n- 药每天吃。[1]\n- 不要自己停药。[2]"
    assert answer.degraded == ""


async def test_a_lesson_alone_is_at_hand(world: World) -> None:
    """Where the scope is one lesson, that is the one; the course is what of it is in scope."""
    one = Scope(PLATFORM, lesson_ids=("course.03",))
    assert await told(world, "总结一下", one) == LESSONS["course.03"]
    assert await told(world, "这门课讲了什么？", one) == LESSONS["course.03"]
    assert await told(world, "总结一下第二课", one) == []


async def test_nothing_that_comes_later(world: World) -> None:
    """A learner who must not be told what comes has what was said so far."""
    so_far = Scope(PLATFORM, ("course",), up_to=UpTo("course.02", 4.0))
    assert await told(world, "这门课讲了什么？", so_far) == [*LESSONS["course.01"], "药每天吃。"]
    assert await told(world, "总结一下第三课", so_far) == []


async def test_without_a_course_it_is_searched_for(world: World) -> None:
    """A platform has no summary; nor has a course of which none was prepared."""
    assert await told(world, "这门课讲了什么？", Scope(PLATFORM)) == []
    await world.catalog.put_course(Course(PLATFORM, "bare", "空"))
    assert await told(world, "这门课讲了什么？", Scope(PLATFORM, ("bare",))) == []


async def test_of_many_lines_some_from_the_first_lesson_to_the_last(world: World) -> None:
    """A line of each lesson before a second one of any; and no more than an answer may cite."""
    for n in range(4, 30):
        lesson = f"course.{n:02}"
        LESSONS[lesson] = [f"这是第{n}个话题。"]
        (chunk,) = spoken(lesson)
        del LESSONS[lesson]
        await world.add(chunk)
        line = SummaryLine(chunk.text, lesson, (chunk.sentences[0].locator,))
        await publish(world.catalog, lesson, n + 1, (line,))
    quotes = await told(world, "这门课讲了什么？", HERE)
    assert len(quotes) == 8
    assert quotes[0] == LESSONS["course.01"][0]
    assert quotes[-1] == "这是第29个话题。"
    so_far = replace(HERE, up_to=UpTo("course.03", 100.0))
    assert await told(world, "这门课讲了什么？", so_far) == [said[0] for said in LESSONS.values()]


async def test_a_database_that_is_away_costs_the_overview_only(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The question is searched for like any other."""

    async def away(*_: object) -> None:
        raise DependencyUnavailable("gone", remedy="")

    monkeypatch.setattr(world.catalog, "prepared", away)
    assert await told(world, "总结一下第二课", HERE) == []


async def test_a_model_is_told_what_its_passages_are(world: World) -> None:
    """It has the main places in order; and which lesson was meant is not in the question to be reused by."""
    world.reuse = "semantic"
    chat = ScriptedChatModel(["药每天吃。[1]"])
    answering = world.answering(chat)
    asked = Question("这节课讲了什么？", HERE, position=Position("course.02", 3.0))
    prepared = await answering.prepare(asked)
    answer = completed([event async for event in answering.stream(prepared)]).answer
    assert answer.text == "药每天吃。[1]"
    assert "its main places, in order" in chat.asked[-1].messages[-1].content
    assert not prepared.reusable
