"""A taste learns what follows what, is saved and loaded whole, and knows nothing of a stranger."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from baize.recommend import taste as taste_module
from baize.recommend.taste import Recipe, cut, judge, load, train, tune
from baize.recommend.trails import Trails, along, bags, latest, near, number, taken, within

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


def test_a_path_has_a_trail_for_each_of_its_last_items() -> None:
    """Before lies its history; what came after the next weighs less, and only where it is asked for."""
    trails, words = along([("a", "b", "c", "d"), ("e",), ("c", "a")], 2)
    assert [trails.history(row) for row in range(3)] == [[0, 1], [0, 1, 2], [2]]
    assert [words.nexts[n] for n in trails.nexts] == ["c", "d", "a"]
    assert bags(trails, 0.5).toarray()[0].tolist() == [0.5, 1.0, 0.0, 0.0, 0.0]
    assert bags(trails, 0.5, 0.4).toarray()[0].tolist() == pytest.approx([0.5, 1.0, 0.0, 0.4, 0.0])
    assert taken(trails).tolist() == [2, 1, 2, 1, 0]


def test_what_came_after_tells_of_pairs_that_were_never_in_that_order() -> None:
    """Who took x then y says something of y then x, where a recipe hears it."""
    trails, words = along([("x", "y", "z"), ("z", "x", "y"), ("u", "v", "w"), ("w", "u", "v")] * 20, 9)
    y, x = words.items.index("y"), words.nexts.index("x")
    deaf, hearing = (train(trails, Recipe(after=after)).views([y])[0][x] for after in (0.0, 0.4))
    assert deaf == 0 < hearing


def test_the_latest_is_the_item_before_the_next() -> None:
    """One a trail, whatever came before and after it; none where nothing came before."""
    trails, _ = along([("a", "b", "c", "d")], 2)
    assert latest(trails).toarray().tolist() == [[0, 1, 0, 0], [0, 0, 1, 0]]
    bare, _ = number([(("a",), "b"), ((), "b")])
    assert latest(bare).toarray().tolist() == [[1], [0]]


def test_the_item_taken_last_has_weights_of_its_own() -> None:
    """What follows u where it was the last is not foretold once something came after u."""
    trails, words = number([(("u", "v"), "x"), (("v", "u"), "z"), (("w", "v"), "x")] * 30)
    taste, z = train(trails, Recipe(penalty=0.1)), words.nexts.index("z")
    u, v = words.items.index("u"), words.items.index("v")
    last, earlier = taste.views([v, u])[1][z], taste.views([u, v])[1][z]
    assert last == 1
    assert earlier < 0.3
    alike = replace(taste, latest=np.zeros_like(taste.latest))
    assert alike.views([u, v])[1][z] > earlier


def test_near_are_those_of_one_path_in_either_order() -> None:
    """Each path counts once, however many trails go along it; what is not asked about is stepped over."""
    trails, _ = along([("a", "b", "c", "d"), ("c", "a"), ("e",)], 9)
    assert near(trails, np.array([0, 2, 3]), 0.5, 3).tolist() == [[0, 1.5, 0.25], [1.5, 0, 1], [0.25, 1, 0]]
    assert near(trails, np.array([0, 2, 3]), 0.5, 1).tolist() == [[0, 1, 0], [1, 0, 1], [0, 1, 0]]


def test_a_rare_item_borrows_from_one_in_the_same_company() -> None:
    """r and s are beside a and b, never on one path; what follows s is expected of r, not what follows u."""
    paths = [(("a", "s", "b"), "x"), (("v", "u", "w"), "y")] * 30 + [(("a", "r", "b"), "z")] * 4
    paths += [(("a", "b"), "z"), (("v", "w"), "z")] * 30
    trails, words = number(paths)
    rare, x, y = words.items.index("r"), words.nexts.index("x"), words.nexts.index("y")
    alone, borrowing = (train(trails, Recipe(kinship=kinship)).views([rare])[1] for kinship in (0.0, 0.6))
    assert alone[x] == alone[y] == 0
    assert borrowing[x] > 0 == borrowing[y]


def test_a_learner_is_held_out_whole() -> None:
    """Judged are last trails; no trail of the same path is trained on."""
    trails, _ = along([("a", "b", "c", "d"), ("b", "c"), ("c", "d", "a")] * 10, 9)
    held, rest = cut(trails, 5, seed=1)
    assert len(held) == 5
    assert set(held) <= set(trails.lasts())
    assert not set(trails.starts[held]) & set(trails.starts[rest])
    assert len(rest) == len(trails) - int(np.isin(trails.starts, trails.starts[held]).sum())


def test_saved_and_loaded_it_scores_the_same(tmp_path: Path) -> None:
    """The file is the taste."""
    trails, _ = number(PATHS)
    taste = train(trails, Recipe(neighbours=1, fairness=0.1))
    taste.save(tmp_path / "t" / "taste.npz")
    again = load(tmp_path / "t" / "taste.npz")
    assert again.recipe == taste.recipe
    for history in ([0], [1, 2], [3, 0, 1]):
        assert np.array_equal(again.scores(history), taste.scores(history))


def test_a_file_without_the_newer_options_serves_on(tmp_path: Path) -> None:
    """A server is upgraded before its timer trains anew."""
    trails, _ = number(PATHS)
    taste = train(trails, Recipe())
    taste.save(tmp_path / "taste.npz")
    with np.load(tmp_path / "taste.npz") as kept:
        newer = ("recipe_after", "recipe_penalty", "latest")
        older = {name: kept[name] for name in kept if name not in newer}
    np.savez(tmp_path / "older.npz", allow_pickle=False, **older)
    before = replace(taste, latest=np.zeros_like(taste.weights))
    assert np.array_equal(load(tmp_path / "older.npz").scores([1, 2]), before.scores([1, 2]))


def test_steps_within_a_path_are_told_of_the_items_asked_about() -> None:
    """A next has its number as an item there; the next of the trails themselves is no item of the path."""
    trails, _ = number([(("a", "b", "c"), "X"), (("c",), "X"), (("b", "a"), "Y")])
    steps = within(trails, 9, np.array([True, True, False]))
    assert [steps.history(row) for row in range(len(steps))] == [[0], [1]]
    assert steps.nexts.tolist() == [1, 0]
    assert len(within(trails, 1, np.array([True, True, True]))) == 2


STEAD = [(("u", "v"), "o"), (("p", "v"), "o"), (("q", "w"), "o"), (("p",), "V"), (("q",), "W")] * 20


def test_what_is_taken_in_the_stead_of_an_item_that_is_not_offered(tmp_path: Path) -> None:
    """After u comes v, and where v was to be expected V was taken: nobody had both u and V."""
    trails, words = number(STEAD)
    unoffered = within(trails, 9, np.ones(trails.n_items, dtype=np.bool_))
    u, v, w = words.items.index("u"), words.nexts.index("V"), words.nexts.index("W")
    assert train(trails, Recipe(), unoffered).stead is None
    taste = train(trails, Recipe(stead=8), unoffered)
    pairs, _, _, stead = taste.views([u])
    assert pairs[v] == 0
    assert stead[v] == 1 > 10 * stead[w]
    assert int(np.argmax(taste.scores([u]))) == v
    assert not taste.scores([]).any()
    taste.save(tmp_path / "taste.npz")
    assert np.array_equal(load(tmp_path / "taste.npz").scores([u]), taste.scores([u]))


def test_in_whose_stead_is_settled_by_rounds() -> None:
    """Where two were as likely, what came belongs to the one in whose stead it came alone elsewhere."""
    both, one, other = ([0, 1], [0.5, 0.5]), ([0], [1.0]), ([1], [1.0])
    expected = [(np.array(items), np.array(weights)) for items, weights in (both, both, one, other) * 20]
    nexts = np.array([0, 1, 0, 1] * 20)
    rows = taste_module._into(expected, nexts, 2, 2)
    for item in (0, 1):
        shares = rows.sum([item], [1.0], 2)
        assert shares[item] > 10 * shares[1 - item]


def test_nothing_of_who_is_held_out_tells_what_stands_in_whose_stead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps within their paths are left out like their trails."""
    trails, _ = number(STEAD)
    unoffered = within(trails, 9, np.ones(trails.n_items, dtype=np.bool_))
    heard: list[set[int]] = []

    class Listening(taste_module.Training):
        def __init__(self, left: Trails, base: Recipe, unoffered: Trails | None = None) -> None:
            heard.extend((set(left.starts.tolist()), set(unoffered.starts.tolist() if unoffered else ())))
            super().__init__(left, base, unoffered)

    monkeypatch.setattr(taste_module, "Training", Listening)
    tune(trails, most=20, unoffered=unoffered)
    learned_from, steps = heard[:2]
    assert steps
    assert steps <= learned_from


def test_what_is_taken_instead_is_weighed_on_learners_who_are_held_out() -> None:
    """Items are foretold by the one before; the next is what stands in the stead of the one foretold."""
    rng = np.random.default_rng(4)
    walks = (rng.integers(0, 30, 600)[:, None] + np.arange(4)) % 30
    trails, _ = number([([f"i{n}" for n in walk[:3]], f"n{walk[3]}") for walk in walks])
    unoffered = within(trails, 9, np.ones(trails.n_items, dtype=np.bool_))
    without, having = (tune(trails, most=60, unoffered=one)[0] for one in (None, unoffered))
    assert without.recipe.stead == 0
    assert having.hit + having.ndcg >= without.hit + without.ndcg


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
        scores = taste.scores(held.history(row))
        hits += int(np.count_nonzero(scores >= scores[wanted]) <= 10)
    (trial,) = judge(taste, held, [recipe])
    assert 0 < hits < 60
    assert trial.hit == pytest.approx(hits / 60)
