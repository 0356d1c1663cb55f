"""A sentence is released only when the passages that it cites say it."""

from __future__ import annotations

import pytest

from baize.answering.cite import cite
from baize.answering.verify import Verdict, VerifyOptions, verify
from baize.domain.search import Evidence, Hit, Moment
from baize.testing.hash_embedder import HashEmbedder
from tests.unit.services.world import MEDICINE, PRESSURE, SHEETS, make_chunk

pytestmark = pytest.mark.anyio

EVIDENCE = [
    Evidence(marker, Moment(Hit(chunk, marker, 1.0, "fused"), chunk.sentences[0]))
    for marker, chunk in enumerate(
        [
            make_chunk(PRESSURE),
            make_chunk(MEDICINE, lesson="health.02", title="按时吃药"),
            make_chunk(SHEETS, lesson="sheets.01", title="Your first sum", language="en"),
        ],
        start=1,
    )
]


async def judge(piece: str, *, similar: float = 0.99) -> Verdict:
    return await verify(cite(piece, EVIDENCE), HashEmbedder(), VerifyOptions(similar=similar))


async def test_a_verbatim_sentence_passes_and_is_quoted_from_its_place() -> None:
    """The quote and the seconds are those of the course's sentence, not of the passage."""
    verdict = await judge("袖带要和心脏一样高。[1]")
    (citation,) = verdict.citations
    assert citation.quote == PRESSURE[1]
    assert citation.locator == EVIDENCE[0].chunk.sentences[1].locator
    assert citation.support == 1.0


@pytest.mark.parametrize(
    "piece",
    [
        "袖带要和心脏一样高。",
        "袖带要和心脏一样高。[7]",
        "天上的云彩很漂亮。[1]",
        "量血压之前，先安静坐八分钟。[1]",
        "家里量到130/85就算高血压。[1]",
        "量血压之前，先安静坐五分钟，见03:12。[1]",
        "家里第85页说高血压。[1]",
        "降压药要每天按时吃。[1]",
        "是的。[1]",
    ],
)
async def test_what_the_cited_passage_does_not_say_fails(piece: str) -> None:
    """No marker, an unknown one, the wrong one, other numbers, invented places, nothing said."""
    verdict = await judge(piece)
    assert not verdict.passed
    assert verdict.markers == ()


async def test_a_time_of_the_course_itself_passes() -> None:
    """`早上7:30` is what the course teaches."""
    assert (await judge("早上7:30量一次血压。[1]")).passed


async def test_a_marker_that_bears_nothing_is_left_out() -> None:
    """Of several markers only those stay whose passage holds a part of the sentence."""
    assert (await judge("袖带要和心脏一样高。[1][3]")).markers == (1,)
    both = await judge("量血压之前先安静坐五分钟，降压药要每天按时吃。[1][2]")
    assert both.markers == (1, 2)


async def test_across_languages_meaning_decides() -> None:
    """There are no shared words, so the embedder is asked, with its own threshold."""
    assert not (await judge("公式要用等号开头。[3]", similar=0.99)).passed
    assert (await judge("公式要用等号开头。[3]", similar=-1.0)).markers == (3,)


async def test_the_border_is_decided_by_meaning() -> None:
    """Half the words are there: the cosine lets it pass or not."""
    borderline = "袖带要保持水平，和心脏一样高才准。[1]"
    assert (await judge(borderline, similar=-1.0)).passed
    assert not (await judge(borderline, similar=0.99)).passed
