"""Which questions ask about a lesson or course as a whole, and the passages of its summary."""

from __future__ import annotations

from dataclasses import replace

import pytest

from baize.domain.locator import TextSpan, TimeSpan
from baize.domain.search import Scope, UpTo
from baize.retrieval.overview import Whole, asks_for_whole, told_at
from tests.unit.services.world import ALL, PLATFORM, make_chunk, make_world

COURSE, LESSON, ANY = Whole("course"), Whole("lesson"), Whole("any")


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("这门课讲了什么？", COURSE),
        ("這門課程主要講些什麼", COURSE),
        ("本课程的主要内容是什么", COURSE),
        ("这套课程包括哪些内容？", COURSE),
        ("能不能简单介绍一下这门课", COURSE),
        ("What is this course about?", COURSE),
        ("What will I learn in this course?", COURSE),
        ("这节课的重点是什么？", LESSON),
        ("这节课有哪些知识点", LESSON),
        ("这个视频讲了什么内容", LESSON),
        ("请帮我总结一下这节课", LESSON),
        ("你能概括一下本课的要点吗？", LESSON),
        ("把这节课总结一下", LESSON),
        ("what’s this video about", LESSON),
        ("What does this lesson cover?", LESSON),
        ("Please give me a short summary of this lecture.", LESSON),
        ("What are the main ideas of this lesson?", LESSON),
        ("总结一下第二课", Whole("lesson", 2)),
        ("第3课讲了什么", Whole("lesson", 3)),
        ("第十二讲主要讲了些什么", Whole("lesson", 12)),
        ("第二十课的内容", Whole("lesson", 20)),
        ("第二十三课的内容", Whole("lesson", 23)),
        ("那第三课呢？", Whole("lesson", 3)),
        ("and lesson 3?", Whole("lesson", 3)),
        ("What about the second lesson?", Whole("lesson", 2)),
        ("Summarize lesson 2", Whole("lesson", 2)),
        ("Summarise lecture three, please", Whole("lesson", 3)),
        ("Can you summarize the second lesson?", Whole("lesson", 2)),
        ("总结一下", ANY),
        ("重点有哪些？", ANY),
        ("Summarize", ANY),
        ("What are the key points?", ANY),
    ],
)
def test_what_asks_for_the_whole(question: str, expected: Whole) -> None:
    """Politely or not, in both scripts; and what is named is asked about in a conversation, too."""
    assert asks_for_whole(question, in_conversation=False) == expected
    assert asks_for_whole(question, in_conversation=True) == (None if expected == ANY else expected)


@pytest.mark.parametrize(
    "question",
    [
        "他刚才讲了什么",
        "视频刚才讲了什么",
        "这段视频讲了什么",
        "这节课怎么量血压",
        "这门课有证书吗",
        "这门课多少钱",
        "这节课的作业是什么",
        "这门课有什么要求",
        "总结一下降压药的注意事项",
        "第二课里的保本价怎么算",
        "第二步是什么",
        "重点",
        "复习",
        "Summarize the steps to sort a table",
        "What are the key points of absolute references?",
        "What is the main difference between SUM and SUBTOTAL?",
        "What does this formula do?",
        "review",
        "总结一下" * 30,
    ],
)
def test_something_in_particular_is_searched_for(question: str) -> None:
    """A part of a lesson, its price, a subject of its own."""
    assert asks_for_whole(question, in_conversation=False) is None


SPEECH = make_chunk(["先坐五分钟。", "再量血压。", "早晚都量。"])
SPOKEN = [replace(SPEECH, id=f"speech-{n}", focus=n) for n in range(3)]
PAGES = replace(
    make_chunk(["要准备纸箱。", "再写地址。"], lesson="pages.01"),
    sentences=tuple(
        replace(sentence, locator=TextSpan("handout.pdf", n, n + 1, 1))
        for n, sentence in enumerate(make_chunk(["要准备纸箱。", "再写地址。"]).sentences)
    ),
    locator=TextSpan("handout.pdf", 0, 2, 1),
)


@pytest.mark.anyio
async def test_the_sentences_of_the_places_in_their_order() -> None:
    """Speech by its second, a document by its characters; each once, and none that is not there."""
    world = await make_world([*SPOKEN, PAGES])
    places = [
        ("pages.01", PAGES.sentences[1].locator),
        ("health.01", SPEECH.sentences[2].locator),
        ("health.01", SPEECH.sentences[0].locator),
        ("health.01", SPEECH.sentences[2].locator),
        ("health.01", TimeSpan(500.0, 505.0)),
        ("nowhere", TimeSpan(0.0, 5.0)),
    ]
    moments = await told_at(places, ALL, index=world.index, catalog=world.catalog)
    assert [moment.focus.text for moment in moments] == ["再写地址。", "早晚都量。", "先坐五分钟。"]


@pytest.mark.anyio
async def test_nothing_that_is_out_of_scope() -> None:
    """Neither what comes later than the learner is, nor another platform's."""
    world = await make_world(SPOKEN)
    places = [("health.01", sentence.locator) for sentence in SPEECH.sentences]

    async def told(scope: Scope) -> list[str]:
        moments = await told_at(places, scope, index=world.index, catalog=world.catalog)
        return [moment.focus.text for moment in moments]

    assert await told(Scope(PLATFORM, up_to=UpTo("health.01", 5.0))) == ["先坐五分钟。"]
    assert await told(Scope("another")) == []
