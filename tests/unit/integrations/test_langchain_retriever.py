"""Bai Ze's search as LangChain sees it."""

from __future__ import annotations

import asyncio

import pytest

from baize.domain.locator import Locator, TextSpan, TimeSpan
from baize.domain.search import Hit, Moment
from baize.domain.text import Chunk, Segment
from baize.integrations.langchain_retriever import BaizeRetriever

pytestmark = pytest.mark.anyio


def moment(locator: Locator) -> Moment:
    focus = Segment("太大就会震荡。", locator)
    chunk = Chunk(
        id="c-1",
        platform_id="default",
        course_id="ml-101",
        lesson_id="ml-101-02",
        lesson_title="梯度下降",
        source_file="02.zh.vtt",
        language="zh",
        headings=("机器学习入门",),
        text="学习率决定步长。太大就会震荡。",
        sentences=(Segment("学习率决定步长。", locator), focus),
        locator=locator,
        position=3,
    )
    return Moment(Hit(chunk, rank=1, score=0.87, leg="fused"), focus)


VIDEO = moment(TimeSpan(187.2, 190.5))
PAGE = moment(TextSpan("notes.pdf", 10, 20, page=4))


async def search(question: str) -> list[Moment]:
    return [VIDEO, PAGE] if question == "学习率太大会怎样" else []


async def test_a_document_says_where_it_was_said() -> None:
    """Text is the chunk's; metadata leads to the second."""
    retriever = BaizeRetriever(search=search, link=lambda m: f"/player/{m.hit.chunk.lesson_id}?t=187")
    document = (await retriever.ainvoke("学习率太大会怎样"))[0]
    assert document.page_content == "学习率决定步长。太大就会震荡。"
    assert document.metadata == {
        "course_id": "ml-101",
        "lesson_id": "ml-101-02",
        "lesson_title": "梯度下降",
        "locator": {"kind": "time", "start": 187.2, "end": 190.5},
        "place": "3:07",
        "score": 0.87,
        "start": 187.2,
        "end": 190.5,
        "url": "/player/ml-101-02?t=187",
    }


async def test_a_page_has_no_seconds() -> None:
    """A place in a document is its file and page; without a link there is no url."""
    metadata = (await BaizeRetriever(search=search).ainvoke("学习率太大会怎样"))[1].metadata
    assert metadata["place"] == "notes.pdf, 4"
    assert not {"start", "end", "url"} & metadata.keys()


async def test_nothing_found_is_no_document() -> None:
    """An empty result stays empty."""
    assert await BaizeRetriever(search=search).ainvoke("别的") == []


def test_synchronous_calls_share_one_loop() -> None:
    """LangChain's sync door works, and connections that `search` pools outlive a call."""
    loops: list[asyncio.AbstractEventLoop] = []

    async def remembering(question: str) -> list[Moment]:
        loops.append(asyncio.get_running_loop())
        return await search(question)

    retriever = BaizeRetriever(search=remembering)
    assert retriever.invoke("学习率太大会怎样")[0].metadata["start"] == 187.2
    retriever.invoke("别的")
    assert loops[0] is loops[1]


async def test_a_tool_gives_text_with_its_place() -> None:
    """A model that calls the tool reads lesson and place beside each passage."""
    tool = BaizeRetriever(search=search).as_tool()
    said = await tool.ainvoke({"query": "学习率太大会怎样"})
    assert tool.name == "search_courses"
    assert said.startswith("梯度下降 (3:07): 学习率决定步长。")
    assert "梯度下降 (notes.pdf, 4): " in said
