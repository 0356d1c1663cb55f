"""Locators: the wire form, joining, overlap, and keys that chunk ids depend on."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baize.domain.locator import (
    FaqEntry,
    Locator,
    TextSpan,
    TimeSpan,
    format_timestamp,
    iou,
    join,
    locator_from_dict,
    locator_key,
    locator_to_dict,
    overlap,
)

MILLISECONDS = st.integers(0, 50_000_000)
TIMES = st.tuples(MILLISECONDS, MILLISECONDS).map(lambda p: TimeSpan(min(p) / 1000, max(p) / 1000))
TEXTS = st.builds(
    lambda file, a, b, page, section: TextSpan(file, min(a, b), max(a, b), page, section),
    st.text(min_size=1),
    st.integers(0, 10**7),
    st.integers(0, 10**7),
    st.none() | st.integers(1, 2000),
    st.text(),
)
LOCATORS = TIMES | TEXTS | st.builds(FaqEntry, st.text(min_size=1))


@given(LOCATORS)
def test_the_wire_form_loses_nothing(locator: Locator) -> None:
    """A locator that went over the wire as JSON is the same locator, to the millisecond."""
    assert locator_from_dict(json.loads(json.dumps(locator_to_dict(locator)))) == locator


@given(LOCATORS, LOCATORS)
def test_keys_tell_places_apart(a: Locator, b: Locator) -> None:
    """Equal places have equal keys; two time spans or FAQ entries that differ have different ones."""
    assert (locator_key(a) == locator_key(b)) >= (a == b)
    if isinstance(a, TimeSpan | FaqEntry) and type(a) is type(b):
        assert (locator_key(a) == locator_key(b)) is (a == b)


@given(TIMES, TIMES)
def test_overlap_and_iou_are_symmetric_and_bounded(a: TimeSpan, b: TimeSpan) -> None:
    """Neither depends on the order; a span covers itself wholly unless it is empty."""
    assert overlap(a, b) == overlap(b, a) >= 0
    assert 0 <= iou(a, b) == iou(b, a) <= 1
    assert iou(a, a) == (1.0 if a.end > a.start else 0.0)


@given(TIMES, TIMES)
def test_a_join_holds_both_spans(a: TimeSpan, b: TimeSpan) -> None:
    """From the earlier start to the later end."""
    joined = join(a, b)
    assert isinstance(joined, TimeSpan)
    assert joined.start <= min(a.start, b.start) <= max(a.end, b.end) <= joined.end


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (TimeSpan(0, 1), TextSpan("a", 0, 1)),
        (TextSpan("a", 0, 1), TextSpan("b", 1, 2)),
        (FaqEntry("x"), FaqEntry("y")),
    ],
)
def test_places_of_two_sources_do_not_join(a: Locator, b: Locator) -> None:
    """A chunk has one source."""
    with pytest.raises(ValueError, match="cannot join"):
        join(a, b)


@pytest.mark.parametrize("bounds", [(-1.0, 2.0), (3.0, 2.0), (float("nan"), 1.0)])
def test_impossible_spans_are_refused(bounds: tuple[float, float]) -> None:
    """Start and end are from 0 and in order."""
    with pytest.raises(ValueError, match="0 <= start <= end"):
        TimeSpan(*bounds)
    with pytest.raises(ValueError, match="0 <= start <= end"):
        TextSpan("a", 5, 4)


def test_an_unknown_kind_is_refused() -> None:
    """A locator of a kind that this version does not know is no locator."""
    with pytest.raises(ValueError, match="frame"):
        locator_from_dict({"kind": "frame"})


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00"), (187.9, "3:07"), (3599.99, "59:59"), (3727, "1:02:07"), (36000, "10:00:00")],
)
def test_timestamps_are_cut_as_players_do(seconds: float, shown: str) -> None:
    """Seconds are cut, not rounded; hours only where there are some."""
    assert format_timestamp(seconds) == shown
