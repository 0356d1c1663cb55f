"""Evidence: numbered from 1, within the budget."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from baize.domain.search import Hit, Moment
from baize.retrieval.pack import pack
from baize.testing.simple_token_counter import SimpleTokenCounter
from tests.unit.services.world import make_chunk

COUNTER = SimpleTokenCounter()
MOMENTS = st.lists(
    st.builds(
        lambda lesson, start, n: make_chunk(
            [f"{lesson}的第{start + i}句。" for i in range(n)], lesson=lesson, start=5.0 * start
        ),
        st.sampled_from(["a", "b"]),
        st.integers(0, 12),
        st.integers(1, 4),
    ),
    max_size=10,
).map(lambda chunks: [Moment(Hit(c, r, 1 / r, "fused"), c.sentences[0]) for r, c in enumerate(chunks, 1)])


@given(MOMENTS, st.integers(0, 120), st.integers(0, 8))
def test_what_is_packed_fits_and_is_numbered(moments: list[Moment], max_tokens: int, max_items: int) -> None:
    """Markers from 1 in the order of the moments, tokens within the budget, nobody's moment changed."""
    evidence = pack(moments, COUNTER, max_tokens=max_tokens, max_items=max_items)
    assert [item.marker for item in evidence] == list(range(1, len(evidence) + 1))
    assert len(evidence) <= max_items
    assert sum(COUNTER.count(item.chunk.indexed_text) for item in evidence) <= max_tokens
    ranks = [item.moment.hit.rank for item in evidence]
    assert ranks == sorted(ranks)
    assert all(moments[rank - 1] is item.moment for rank, item in zip(ranks, evidence, strict=True))


def test_a_long_passage_is_passed_over_for_a_short_one_behind_it() -> None:
    """The budget is used, not given up at the first that does not fit."""
    long, short = make_chunk(["很长的句子" * 30]), make_chunk(["短句。"], lesson="b")
    moments = [Moment(Hit(c, r, 1.0, "fused"), c.sentences[0]) for r, c in enumerate([long, short], 1)]
    assert [item.chunk.id for item in pack(moments, COUNTER, max_tokens=40, max_items=5)] == [short.id]


def test_what_was_counted_when_it_was_taken_in_is_not_counted_again() -> None:
    """The budget goes by the number that the passage brings along; one without is counted."""
    known = replace(make_chunk(["很长的句子" * 30]), n_tokens=10)
    unknown = make_chunk(["短句。"], lesson="b")
    moments = [Moment(Hit(c, r, 1.0, "fused"), c.sentences[0]) for r, c in enumerate([known, unknown], 1)]
    n_unknown = COUNTER.count(unknown.indexed_text)
    assert len(pack(moments, COUNTER, max_tokens=10 + n_unknown, max_items=5)) == 2
    assert len(pack(moments, COUNTER, max_tokens=9 + n_unknown, max_items=5)) == 1
