"""How many matches are fetched at once follows what questions needed, platform by platform."""

from __future__ import annotations

from baize.retrieval.reach import Reach


def test_it_shrinks_slowly_and_grows_at_once() -> None:
    """Documents, of which nothing repeats; then speech, of which most does; then one thing over and over."""
    reach = Reach()
    first = reach.of("p", 20)
    for _ in range(50):
        reach.learn("p", 20, 20)
    assert 20 <= reach.of("p", 20) < 26 < first
    reach.learn("p", 70, 20)
    assert reach.of("p", 20) >= 70
    reach.learn("p", 20, 20)
    assert reach.of("p", 20) > 60
    reach.learn("p", 2000, 20)
    assert reach.of("p", 20) < 100, "at most a few times as many as are wanting"
    assert reach.of("another", 20) == first


def test_the_last_few_are_not_fetched_one_by_one() -> None:
    """A fetch costs more than some passages too many."""
    assert Reach().of("p", 1) == 10
