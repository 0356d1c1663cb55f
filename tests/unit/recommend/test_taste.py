"""A taste learns what follows what, is saved and loaded whole, and knows nothing of a stranger."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from baize.recommend.taste import Recipe, judge, load, train, tune
from baize.recommend.trails import bags, number

pytest.importorskip("scipy")
PATHS = [(("a", "b"), "c"), (("a", "x"), "c"), (("d", "e"), "f"), (("d",), "f"), (("x", "e"), "f")] * 12


def test_what_follows_is_first() -> None:
    """After a comes c, after d comes f; an unknown history scores nothing."""
    trails, words = number(PATHS)
    taste = train(trails, Recipe())
    items = {item: n for n, item in enumerate(words.items)}
    for history, following in ((("a",), "c"), (("d", "e"), "f"), (("b", "a"), "c")):
        scores = taste.scores([items[item] for item in history])
        assert words.nexts[int(np.argmax(scores))] == following
    assert not taste.scores([]).any()


def test_the_last_item_weighs_most() -> None:
    """Rows hold decayed weights, and `of` keeps them in place."""
    trails, words = number([(("a", "b", "c"), "d"), (("c",), "a")])
    dense = bags(trails, 0.5).toarray()
    assert dense[0].tolist() == [0.25, 0.5, 1.0]
    assert bags(trails.of(np.array([1])), 0.5).toarray().tolist() == [[0.0, 0.0, 1.0]]
    assert words.nexts == ("d", "a")


def test_saved_and_loaded_it_scores_the_same(tmp_path: Path) -> None:
    """The file is the taste."""
    trails, _ = number(PATHS)
    taste = train(trails, Recipe(neighbours=1, fairness=0.1))
    taste.save(tmp_path / "t" / "taste.npz")
    again = load(tmp_path / "t" / "taste.npz")
    assert again.recipe == taste.recipe
    for history in ([0], [1, 2], [3, 0, 1]):
        assert np.array_equal(again.scores(history), taste.scores(history))


def test_recipes_above_the_cap_come_last() -> None:
    """The best first, but none that recommends what is popular more than allowed."""
    trails, _ = number(PATHS)
    free = tune(trails, most=10)
    cap = sorted(trial.popularity for trial in free)[len(free) // 2]
    capped = tune(trails, most=10, cap=cap)
    assert capped[0].popularity <= cap
    over = [trial.popularity > cap for trial in capped]
    assert over == sorted(over)
    assert max(trial.hit for trial in free) == 1.0


def test_a_recipe_is_judged_over_all_nexts() -> None:
    """Only nexts with a score are blended; the hits are those of ranking all of them."""
    rng = np.random.default_rng(3)
    steps = rng.integers(1, 12, (200, 4)) * 7 % 60
    trails, _ = number([([str(one) for one in row[:3]], str(60 + row.sum() % 40)) for row in steps])
    held, rest = trails.of(np.arange(60)), trails.of(np.arange(60, 200))
    recipe = Recipe(ridge=0.5, last=0.3, fairness=0.1, neighbours=8)
    taste = train(rest, recipe)
    hits = 0
    for row, wanted in enumerate(held.nexts.tolist()):
        scores = taste.scores(held.items[held.starts[row] : held.starts[row + 1]].tolist())
        hits += int(np.count_nonzero(scores >= scores[wanted]) <= 10)
    (trial,) = judge(taste, held, [recipe])
    assert 0 < hits < 60
    assert trial.hit == pytest.approx(hits / 60)
