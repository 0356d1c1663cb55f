"""Every metric against a case computed by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.metrics.ranking import ranking
from eval.metrics.segmentation import match, pk, windowdiff
from eval.metrics.titles import title_similarity

QRELS = {"a": {"x": 1, "y": 3}, "b": {"z": 1}, "c": {"w": 1}}
RUNS = {"a": ["n", "x", "y"], "b": ["n", "m"]}


def test_hit_and_reciprocal_rank() -> None:
    """The first relevant document is second for a, missing for b, and c has no list at all."""
    found = ranking(QRELS, RUNS, ("hit@1", "hit@5", "mrr@10"))
    assert found["hit@1"] == {"a": 0.0, "b": 0.0, "c": 0.0}
    assert found["hit@5"] == {"a": 1.0, "b": 0.0, "c": 0.0}
    assert found["mrr@10"] == {"a": 0.5, "b": 0.0, "c": 0.0}


def test_cut_off() -> None:
    """A relevant document behind the cut-off counts nothing."""
    found = ranking(
        {"a": {"x": 1}}, {"a": ["n"] * 0 + [f"n{i}" for i in range(10)] + ["x"]}, ("mrr@10", "hit@10")
    )
    assert found == {"mrr@10": {"a": 0.0}, "hit@10": {"a": 0.0}}


def test_ndcg_has_exponential_gain() -> None:
    """Gains 1 and 7 at ranks 2 and 3, ideally 7 and 1 at ranks 1 and 2."""
    expected = (1 / math.log2(3) + 7 / math.log2(4)) / (7 + 1 / math.log2(3))
    assert ranking(QRELS, RUNS, ("ndcg@10",))["ndcg@10"]["a"] == pytest.approx(expected)


def test_recall() -> None:
    """Two of two relevant documents for a, of which one within the first two."""
    found = ranking(QRELS, RUNS, ("recall@100", "recall@2"))
    assert found["recall@100"]["a"] == 1.0
    assert found["recall@2"]["a"] == 0.5


def test_order_of_the_list_decides() -> None:
    """Ranks are taken from the list as it is: equal scores and ids never reorder it."""
    documents = [f"d{n}" for n in range(9, -1, -1)]
    for rank, document in enumerate(documents, 1):
        assert ranking({"q": {document: 1}}, {"q": documents}, ("mrr@10",))["mrr@10"]["q"] == pytest.approx(
            1 / rank, rel=1e-6
        )


def test_pk_and_windowdiff() -> None:
    """Ten seconds, gold boundary at 5, predicted at 6: two of eight windows of two seconds differ."""
    # k = round(10 / 2 / 2) = 2; gold parts seconds (3,5) and (4,6), predicted (4,6) and (5,7).
    assert pk([5.0], [6.0], 10.0) == pytest.approx(2 / 8)
    assert windowdiff([5.0], [6.0], 10.0) == pytest.approx(2 / 8)


def test_windowdiff_sees_what_pk_does_not() -> None:
    """Two boundaries for one within a window: the ends are apart in both, the counts differ."""
    # k = 2; predicted boundaries at 5 and 6. Windows (3,5): 1 and 1, (4,6): 1 and 2, (5,7): 0 and 1.
    assert pk([5.0], [5.0, 6.0], 10.0) == pytest.approx(1 / 8)
    assert windowdiff([5.0], [5.0, 6.0], 10.0) == pytest.approx(2 / 8)


def test_perfect_and_empty_segmentations() -> None:
    """The same boundaries cost nothing, and a recording without length has no figure."""
    assert pk([0.0, 30.0, 70.0], [30.0, 70.0], 100.0) == 0.0
    assert windowdiff([30.0], [0.0, 30.0], 100.0) == 0.0
    assert pk([], [], 0.0) is None


@pytest.mark.parametrize(
    ("gold", "predicted", "tolerance_s", "pairs"),
    [
        ([0.0, 10.0], [0.0, 12.0], 5.0, [(10.0, 12.0)]),
        # Taken one to one: two predictions near one boundary match once.
        ([10.0], [9.0, 11.0], 5.0, [(10.0, 9.0)]),
        # As many pairs as possible: 10 goes with 5, so that 20 may have 14.
        ([10.0, 20.0], [5.0, 14.0], 6.0, [(10.0, 5.0), (20.0, 14.0)]),
        ([10.0], [30.0], 15.0, []),
    ],
)
def test_matching(
    gold: list[float], predicted: list[float], tolerance_s: float, pairs: list[tuple[float, float]]
) -> None:
    """Boundaries pair up one to one within the tolerance; the one at 0 s is left out."""
    assert match(gold, predicted, tolerance_s) == pairs


@given(st.sets(st.integers(1, 200), max_size=8), st.sets(st.integers(1, 200), max_size=8), st.integers(1, 40))
def test_matching_is_symmetric(gold: set[int], predicted: set[int], tolerance: int) -> None:
    """Swapping gold and predicted gives as many pairs."""
    a, b = [float(x) for x in gold], [float(x) for x in predicted]
    assert len(match(a, b, tolerance)) == len(match(b, a, tolerance))


def test_title_similarity() -> None:
    """Two of three terms on each side in common: 2 · 2 / 6; nothing in common: 0; equal: 1."""
    assert title_similarity("ledgers digital signatures", "digital signatures explained") == pytest.approx(
        2 / 3
    )
    assert title_similarity("ledgers", "proof") == 0.0
    assert title_similarity("分布式账本", "分布式账本") == 1.0
    assert title_similarity("?", "?") == 1.0
