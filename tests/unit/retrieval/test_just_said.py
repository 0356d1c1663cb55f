"""A question that points at the player is told from others, and gets the last minute and no more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from baize.domain.locator import TimeSpan
from baize.domain.search import Moment, Position, Scope, UpTo
from baize.domain.text import Chunk
from baize.retrieval.just_said import just_said, points_at
from tests.unit.services.world import MEDICINE, PRESSURE, World, make_chunk, make_world

pytestmark = pytest.mark.anyio

PLATFORM = "p1"
ALL = Scope(PLATFORM)
WHAT = "他刚才说的是什么意思？"
AT_THE_VIDEO = (
    WHAT,
    "老师刚才讲的我没听懂",
    "他剛才說的是什麼意思？",
    "刚刚那句话是什么意思？",
    "刚才说的袖带要多紧？",
    "他在讲什么？",
    "没听清，能再说一遍吗？",
    "上一句是什么意思？",
    "What did he just say?",
    "what was she talking about?",
    "I didn't catch the last sentence.",
    "What does the teacher mean?",
    "Can you explain what was just said?",
)
AT_THIS = (
    "这是什么意思？",
    "这句话怎么理解？",
    "这里讲的是什么？",
    "再讲一遍",
    "What does that mean?",
    "What is this about?",
    "What was that about?",
    "explain that again",
)
ELSEWHERE = (
    "量血压前要休息多久？",
    "他汀是什么药？",
    "刚开始吃降压药要注意什么？",
    "刚刚做完运动能量血压吗？",
    "高血压是什么意思？",
    "这种药能和柚子一起吃吗？",
    "那漏吃了怎么办？",
    "How long should I rest before measuring?",
    "What is just culture?",
    "What does hypertension mean?",
    "What did the study of 2011 find?",
)


@pytest.mark.parametrize("question", AT_THE_VIDEO)
def test_what_points_at_the_video(question: str) -> None:
    """In Chinese and in English, whatever was asked before."""
    assert points_at(question, in_conversation=False)
    assert points_at(question, in_conversation=True)


@pytest.mark.parametrize("question", AT_THIS)
def test_this_is_the_answer_before_where_there_is_one(question: str) -> None:
    """Within a conversation “that” is what was answered."""
    assert points_at(question, in_conversation=False)
    assert not points_at(question, in_conversation=True)


@pytest.mark.parametrize("question", ELSEWHERE)
def test_what_does_not_point_is_left_alone(question: str) -> None:
    """Words that look alike point at nothing."""
    assert not points_at(question, in_conversation=False)


def spoken(n: int, *, lesson: str = "long.01", language: str = "zh", file: str = "v.vtt") -> list[Chunk]:
    """A passage of `n` sentences of ten seconds, stored once for each, as speech is."""
    words = "第{}句话讲安静休息。" if language == "zh" else "Sentence {} is about rest."
    passage = make_chunk([words.format(i) for i in range(n)], lesson=lesson, language=language)
    passage = replace(
        passage,
        source_file=file,
        n_tokens=999,
        sentences=tuple(
            replace(s, locator=TimeSpan(10.0 * i, 10.0 * i + 9)) for i, s in enumerate(passage.sentences)
        ),
    )
    return [replace(passage, id=f"{passage.id}-{file}-{i}", focus=i, position=i) for i in range(n)]


async def told(
    world: World, t: float, question: str = WHAT, *, lesson: str = "long.01", scope: Scope = ALL
) -> list[Moment]:
    return await just_said(question, Position(lesson, t), scope, index=world.index, catalog=world.catalog)


def texts(moments: list[Moment]) -> list[str]:
    return [s.text for moment in moments for s in moment.hit.chunk.sentences]


@pytest.fixture
async def world() -> World:
    return await make_world([*spoken(30), make_chunk(MEDICINE, lesson="health.02")])


async def test_the_last_minute_and_nothing_after(world: World) -> None:
    """Six sentences of ten seconds; what has not been said yet is not told."""
    (moment,) = await told(world, 125.0)
    assert texts([moment]) == [f"第{n}句话讲安静休息。" for n in range(7, 13)]
    assert moment.hit.chunk.text == "".join(texts([moment]))
    assert moment.hit.chunk.locator == TimeSpan(70.0, 129.0)
    assert moment.hit.chunk.n_tokens == 0, "of the whole passage, not of what is left"
    assert moment.focus.text == "第12句话讲安静休息。"
    assert await told(world, 0.0) == []
    assert await told(world, 9000.0) == []


async def test_a_sentence_that_two_passages_share_is_told_once() -> None:
    """Passages overlap, so that nothing is cut off from what it belongs to."""
    whole = spoken(9)
    parts = [whole[0].sentences[:5], whole[0].sentences[4:]]
    chunks = [
        replace(
            chunk,
            text="".join(s.text for s in part),
            sentences=part,
            locator=TimeSpan(part[0].locator.start, part[-1].locator.end),  # type: ignore[union-attr]
            focus=n - first,
            id=f"{chunk.id}-{first}",
        )
        for first, part in zip((0, 4), parts, strict=True)
        for n, chunk in enumerate(whole)
        if first <= n < first + 5
    ]
    moments = await told(await make_world(chunks), 75.0)
    assert texts(moments) == [f"第{n}句话讲安静休息。" for n in range(2, 8)]
    assert len(moments) == 2


async def test_the_scope_holds(world: World) -> None:
    """Course, lesson, platform and `up_to`: the player's place opens nothing."""
    assert await told(world, 125.0, scope=Scope("p2")) == []
    assert await told(world, 125.0, scope=Scope(PLATFORM, ("sheets",))) == []
    assert await told(world, 125.0, scope=Scope(PLATFORM, lesson_ids=("health.02",))) == []
    assert await told(world, 125.0, lesson="nope") == []
    early = await told(world, 125.0, scope=Scope(PLATFORM, up_to=UpTo("long.01", 100.0)))
    assert texts(early) == ["第7句话讲安静休息。", "第8句话讲安静休息。", "第9句话讲安静休息。"]


async def test_a_build_that_is_not_live_is_not_heard(world: World) -> None:
    """As in every search."""
    lesson = await world.catalog.lesson(PLATFORM, "long.01")
    assert lesson is not None
    await world.catalog.forget(PLATFORM, lesson.course_id, ["long.01"])
    assert await told(world, 125.0) == []


async def test_words_of_its_own_must_have_been_said(world: World) -> None:
    """“刚才说的安静休息” was said; “刚才说的袖带” was not, and the whole course may know it."""
    (moment,) = await told(world, 125.0, "刚才说的第9句话，讲的安静是什么？")
    assert moment.focus.text == "第9句话讲安静休息。"
    assert not await told(world, 125.0, "刚才说的袖带要多紧？")


async def test_subtitles_in_the_language_of_the_question() -> None:
    """Two tracks say the same: one is enough."""
    world = await make_world([*spoken(30), *spoken(30, language="en", file="v.en.vtt")])
    assert texts(await told(world, 25.0)) == [f"第{n}句话讲安静休息。" for n in range(3)]
    assert texts(await told(world, 25.0, "What did he just say?"))[0] == "Sentence 0 is about rest."


async def test_a_document_has_no_minute() -> None:
    """Nothing was said there."""
    world = await make_world([make_chunk(PRESSURE)])
    assert len(await told(world, 3.0, lesson="health.01")) == 1
    assert await told(world, 3.0, lesson="health.02") == []
