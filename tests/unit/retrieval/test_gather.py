"""A subject is looked for where several good hits stand; a question is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baize.domain.locator import FaqEntry
from baize.domain.search import Hit, Query
from baize.domain.text import Chunk
from baize.retrieval.gather import gather, names_subject
from baize.retrieval.rewrite import rewrite
from tests.unit.services.world import make_chunk

SUBJECT = rewrite("血压的测量", [])
QUESTION = rewrite("血压怎么测量？", [])


def spoken(lesson: str, start: float, language: str = "zh") -> Chunk:
    return make_chunk([f"{lesson} {start}"], lesson=lesson, start=start, language=language)


def hits_of(*scored: tuple[Chunk, float]) -> list[Hit]:
    return [Hit(chunk, rank, score, "fused") for rank, (chunk, score) in enumerate(scored, 1)]


def order(query: Query, hits: list[Hit]) -> list[int]:
    """The ranks that the hits had before."""
    places = {hit.chunk.id: hit.rank for hit in hits}
    return [places[hit.chunk.id] for hit in gather(query, hits)]


SCORED = st.lists(
    st.tuples(
        st.builds(spoken, st.sampled_from("abc"), st.integers(0, 90).map(lambda n: 10.0 * n)),
        st.floats(-1, 2),
    ),
    max_size=20,
    unique_by=lambda pair: pair[0].id,
).map(lambda pairs: hits_of(*sorted(pairs, key=lambda pair: -pair[1])))


@given(SCORED)
def test_hits_change_in_rank_only(hits: list[Hit]) -> None:
    """Ranks run from 1; the fused score stays with the hit."""
    found = gather(SUBJECT, hits)
    assert [hit.rank for hit in found] == list(range(1, len(hits) + 1))
    assert {(hit.chunk.id, hit.score) for hit in found} == {(hit.chunk.id, hit.score) for hit in hits}


@given(SCORED)
def test_a_question_keeps_the_order(hits: list[Hit]) -> None:
    assert gather(QUESTION, hits) == hits


def test_a_stretch_of_good_hits_stands_before_a_better_one_alone() -> None:
    hits = hits_of(
        (spoken("a", 0), 1.0),
        (spoken("b", 100), 0.9),
        (spoken("b", 200), 0.8),
        (spoken("b", 1000), 0.7),
        (spoken("c", 0), 0.0),
    )
    # 0.9 + .25 · .8 + .1 · .7 = 1.17; 0.8 + .25 · .9 + .1 · .7 = 1.095; 0.7 + .1 · 1.7 = 0.87
    assert order(SUBJECT, hits) == [2, 3, 1, 4, 5]


def test_three_minutes_are_a_stretch() -> None:
    """From the end of one to the start of the other; further off it counts as the lesson only."""
    alone, first, last = (spoken("a", 0), 1.14), (spoken("b", 0), 1.0), (spoken("c", 0), 0.0)
    near, far = (spoken("b", 185), 0.9), (spoken("b", 186), 0.9)
    assert order(SUBJECT, hits_of(alone, first, near, last)) == [2, 3, 1, 4]
    assert order(SUBJECT, hits_of(alone, first, far, last)) == [1, 2, 3, 4]


def test_other_languages_and_documents_lift_nothing() -> None:
    """The measurements are of speech in the language of the query."""
    faq = [make_chunk([f"{n}"], place=FaqEntry(f"f{n}"), lesson="d") for n in range(3)]
    foreign = [spoken("e", 10.0 * n, "en") for n in range(3)]
    hits = hits_of(
        (spoken("a", 0), 1.0), *((chunk, 0.9) for chunk in (*faq, *foreign)), (spoken("c", 0), 0.0)
    )
    assert order(SUBJECT, hits) == list(range(1, 9))


@pytest.mark.parametrize(
    "text",
    [
        "Epsilon delta definition",
        "Manual backpropagation example #1: a neuron",
        "学习率",
        "几何与向量",
        "L'Hôpital's rule",
    ],
)
def test_a_few_words_name_a_subject(text: str) -> None:
    assert names_subject(text)


@pytest.mark.parametrize(
    "text",
    [
        "Why slowing implies bending",
        "crop an image?",
        "The learning rate is too large.",
        "I want to crop an image",
        "血压怎么量",
        "学习率太大了。",
        "有几种血压计",
        "请讲讲血压",
        "the learning rate " * 9,
        "早上起床以后一小时之内坐着量出来的血压最为准确可靠",
    ],
)
def test_questions_and_statements_do_not(text: str) -> None:
    assert not names_subject(text)
