"""A course in a model's words: what is taken from it, and what stands in for what is not."""

from __future__ import annotations

import pytest

from baize.domain.artefact import CourseSummary, Prepared, SummaryLine
from baize.domain.cost import PriceList
from baize.domain.course import Course
from baize.domain.locator import TimeSpan
from baize.prompting import PromptLibrary
from baize.services.summarize import course_source
from baize.testing.hash_embedder import HashEmbedder
from baize.testing.scripted_chat_model import ScriptedChatModel
from baize.testing.simple_token_counter import SimpleTokenCounter
from ingest.prepare.course import write_course
from ingest.prepare.written import Writer, WriterOptions
from tests.unit.ingest_pipeline.test_written import Clock, Forgetful, scripts

pytestmark = pytest.mark.anyio

COURSE = Course("p", "c", "居家健康", "zh")
TOLD = {
    "measure": ("量血压之前，先安静坐五分钟。", "一次量两遍，取平均值。"),
    "drugs": ("降压药要每天在固定的时间吃。", "漏吃了一次，下一次不要加倍补。"),
    "food": ("每天的盐不超过五克。",),
}
LESSONS = [
    Prepared(
        lesson_id,
        "zh",
        tuple(
            SummaryLine(text, lesson_id, (TimeSpan(10.0 * n, 10.0 * n + 8.0), TimeSpan(50.0, 52.0)))
            for n, text in enumerate(lines)
        ),
    )
    for lesson_id, lines in TOLD.items()
]


async def written(*entries: tuple[str, list[int]]) -> CourseSummary:
    lines = {"lines": [{"text": text, "ids": ids} for text, ids in entries]}
    chat = ScriptedChatModel(*scripts(lines))
    parts = (chat, PromptLibrary(), HashEmbedder(), SimpleTokenCounter(), Clock())
    writer = Writer(*parts, prices=PriceList({}), options=WriterOptions(off_peak_only=False))
    return await write_course(writer, COURSE, LESSONS, Forgetful())


async def test_places_are_those_of_the_lessons_lines_and_lessons_left_out_have_their_own() -> None:
    """In course order, whatever order the model chose; the digest tells what it was made from."""
    made = await written(
        ("降压药每天在固定的时间吃，漏吃了一次不要加倍补。", [3, 4]), ("量血压之前先安静坐五分钟。", [1])
    )
    assert [(line.lesson_id, line.origin) for line in made.summary] == [
        ("measure", "model"),
        ("drugs", "model"),
        ("food", "extractive"),
    ]
    assert made.summary[1].locators == (TimeSpan(0.0, 8.0), TimeSpan(50.0, 52.0), TimeSpan(10.0, 18.0))
    assert made.source == course_source(LESSONS)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("每天要吃三种神药来治高血压。", [3]),
        ("量血压之前先安静坐五分钟。", [5]),
        ("先安静坐五分钟。", [9, 0]),
    ],
    ids=["not said", "said elsewhere", "no such line"],
)
async def test_a_line_without_proof_is_not_taken(text: str, ids: list[int]) -> None:
    """Then the course has the lessons' own lines, and says so."""
    made = await written((text, ids))
    assert made.model == "extractive"
    assert [line.text for line in made.summary] == [lines[0] for lines in TOLD.values()]


async def test_a_line_over_two_lessons_stands_on_the_one_that_bears_it() -> None:
    """Places of one lesson only: a line leads to one recording."""
    made = await written(("漏吃了一次，下一次不要加倍补。", [1, 4]))
    drugs = next(line for line in made.summary if line.origin == "model")
    assert (drugs.lesson_id, drugs.locators[0]) == ("drugs", TimeSpan(10.0, 18.0))
