"""Which of the course's sentences answer where no model does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from baize.answering.extract import ExtractiveAnswerer
from baize.domain.chat import DrawnFrom, Heading, TextDelta, Turn
from baize.domain.locator import TextSpan, TimeSpan
from baize.domain.search import Evidence, Hit, Moment, Query
from baize.domain.text import Chunk, Segment
from tests.unit.services.world import make_chunk

pytestmark = pytest.mark.anyio


def spoken(*lines: str) -> Chunk:
    return make_chunk(list(lines))


def written(*lines: str, at: int = 0) -> Chunk:
    """A passage of a document that begins there."""
    chunk = make_chunk(list(lines))
    sentences = tuple(
        Segment(line, TextSpan("handout.pdf", at + n, at + n + 1, 1)) for n, line in enumerate(lines)
    )
    return replace(chunk, sentences=sentences)


async def quoted(
    *found: tuple[Chunk, int, float], drawn_from: DrawnFrom = "search", most: int = 4
) -> list[str]:
    """The lines of the answer, without its heading and markers.

    Args:
        found: passages in their order, the number of the located sentence and the fused score.
    """
    evidence = [
        Evidence(marker, Moment(Hit(chunk, marker, score, "fused"), chunk.sentences[focus]))
        for marker, (chunk, focus, score) in enumerate(found, 1)
    ]
    query = Query("怎么量？", "怎么量？", "zh", ("量",), ())
    turn = Turn(query, tuple(evidence), drawn_from=drawn_from)
    events = [event async for event in ExtractiveAnswerer(max_sentences=most).stream(turn)]
    assert isinstance(events[0], Heading)
    lines = [event.text for event in events[1:] if isinstance(event, TextDelta)]
    return [line.removeprefix("- ").split("[")[0].strip() for line in lines]


BEST = spoken("先坐五分钟。", "再量血压。", "早晚都量。")


async def test_the_best_passage_goes_on_and_near_ones_say_one_sentence_each() -> None:
    """Two sentences from the located one on; one of each passage whose score is close; no more than that."""
    near, far = spoken("袖带要平。", "松一点。"), spoken("别喝咖啡。")
    assert await quoted((BEST, 1, 0.9), (near, 0, 0.8), (far, 0, 0.7)) == [
        "再量血压。",
        "早晚都量。",
        "袖带要平。",
    ]


async def test_no_more_sentences_than_are_asked_for() -> None:
    """The best ones, of passages that are equally near."""
    others = [(spoken(f"第{n}句话。"), 0, 0.9) for n in range(5)]
    assert await quoted((BEST, 0, 0.9), *others, most=3) == ["先坐五分钟。", "再量血压。", "第0句话。"]


async def test_a_question_is_no_answer_and_the_next_passage_begins() -> None:
    """A teacher's question is passed over; a passage of nothing else is as if it had not been found."""
    asked = spoken("什么时候量呢？")
    assert await quoted((asked, 0, 1.0), (BEST, 1, 0.5)) == ["再量血压。", "早晚都量。"]


@pytest.mark.parametrize(
    ("lines", "focus", "expected"),
    [
        (["要做的 | 按键", "保存 | Ctrl + S", "撤销 | Ctrl + Z"], 1, ["保存 | Ctrl + S"]),
        (["要做的 | 按键", "保存 | Ctrl + S"], 0, []),
        (["坏果率 | 5% 以内", "超过了先停发。"], 0, ["坏果率 | 5% 以内"]),
        (["要带三样：", "秤", "胶带"], 0, ["要带三样：", "秤"]),
        (["先道歉。", "再看照片。"], 0, ["先道歉。", "再看照片。"]),
        (["一张好单子", "第一课讲义", "先算成本。", "项目", "再定价。"], 0, ["先算成本。", "再定价。"]),
        (["一张好单子", "先算成本。", "项目", "再定价。"], 2, ["项目"]),
        (["只有几行", "没有句号"], 0, ["只有几行"]),
    ],
)
async def test_in_a_document_only_sentences_go_on(lines: list[str], focus: int, expected: list[str]) -> None:
    """A row or a line stands alone, a colon announces; a document's title is passed over for its text."""
    assert await quoted((written(*lines), focus, 0.9)) == expected


async def test_lines_further_down_are_no_title() -> None:
    """A passage from the middle of a document may begin with a list."""
    assert await quoted((written("秤和胶带", "写清楚地址。", at=300), 0, 0.9)) == ["秤和胶带"]


async def test_of_what_was_just_said_the_sentence_and_the_next() -> None:
    """None of its passages was searched for, so none is nearer than the other."""
    other = spoken("药要按时吃。")
    assert await quoted((BEST, 0, 0.0), (other, 0, 0.0), drawn_from="minute") == [
        "先坐五分钟。",
        "再量血压。",
    ]


async def test_speech_goes_on_without_full_stops() -> None:
    """What a recogniser wrote may have none."""
    assert isinstance(BEST.sentences[0].locator, TimeSpan)
    assert await quoted((spoken("先坐五分钟", "再量血压"), 0, 0.9)) == ["先坐五分钟", "再量血压"]
