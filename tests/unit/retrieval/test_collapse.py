"""The same place is kept once, at its best."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from baize.domain.locator import FaqEntry
from baize.domain.search import Hit
from baize.domain.text import Chunk
from baize.retrieval.collapse import collapse
from tests.unit.services.world import make_chunk


def spoken(lesson: str, start: int, n: int, focus: int) -> Chunk:
    """A passage of `n` sentences of five seconds each, from sentence `start` of the lesson on."""
    texts = [f"{lesson}的第{start + i}句。" for i in range(n)]
    return replace(make_chunk(texts, lesson=lesson, start=5.0 * start), focus=min(focus, n - 1))


def hits_of(*chunks: Chunk) -> list[Hit]:
    return [Hit(chunk, rank, 1 / rank, "fused") for rank, chunk in enumerate(chunks, 1)]


CHUNKS = st.lists(
    st.builds(spoken, st.sampled_from("ab"), st.integers(0, 12), st.integers(1, 6), st.integers(0, 5)),
    max_size=12,
)


@given(CHUNKS, st.integers(0, 8))
def test_the_best_of_each_place_is_kept_in_order(chunks: list[Chunk], n: int) -> None:
    """A shorter list heads a longer one; no passage stands twice; collapsing again changes nothing."""
    hits = hits_of(*chunks)
    kept = collapse(hits, n)
    assert kept == collapse(hits, len(hits))[:n]
    assert [hit.rank for hit in kept] == sorted(hit.rank for hit in kept)
    texts = [hit.chunk.text for hit in kept]
    assert len(texts) == len(set(texts))
    assert collapse(kept, n) == kept
    if hits and n:
        assert kept[0] is hits[0]


def test_neighbouring_sentences_are_one_place() -> None:
    """Also where they belong to two passages."""
    first, second = spoken("a", 0, 5, 3), spoken("a", 4, 5, 0)
    far = spoken("a", 4, 5, 3)
    assert [hit.chunk for hit in collapse(hits_of(first, second, far), 9)] == [first, far]


def test_the_other_track_of_the_same_minute_is_one_place() -> None:
    """Chinese and English subtitles of one lesson tell the same."""
    zh = spoken("a", 0, 4, 0)
    en = make_chunk(["Sit down.", "Wait five minutes.", "Then measure."], lesson="a", start=1.0)
    assert collapse(hits_of(zh, replace(en, focus=1)), 9) == hits_of(zh)


def test_a_text_that_two_courses_share_is_found_in_both() -> None:
    """Catalogues repeat descriptions; a course must not hide another."""
    chunks = [make_chunk(["欢迎参加本课程。"], course=course, lesson=f"{course}.01") for course in "ab"]
    assert len(collapse(hits_of(*chunks), 5)) == 2


def test_entries_of_an_faq_are_different_places() -> None:
    """They share no seconds, so only an equal text is a repetition."""
    chunks = [make_chunk([f"答案{n}。"], place=FaqEntry(str(n))) for n in (1, 2)]
    assert len(collapse(hits_of(*chunks), 5)) == 2
