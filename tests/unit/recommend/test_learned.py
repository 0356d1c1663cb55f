"""What a platform does not offer is learned from and never a next."""

from __future__ import annotations

import numpy as np
import pytest

from baize.domain.learner import Begun
from baize.recommend import taste as tastes
from baize.recommend.learned import train

pytest.importorskip("scipy")


def _begun(*paths: str) -> list[Begun]:
    return [Begun(f"l{n}", one, float(at)) for n, path in enumerate(paths) for at, one in enumerate(path)]


def test_a_course_that_is_not_offered_is_no_next() -> None:
    """It is heard in a history all the same."""
    begun = _begun(*["axb", "xb", "ab"] * 5)
    learned = train(begun, {"a", "b"})
    assert learned is not None
    scores = dict(zip(learned.words.nexts, learned.taste.scores(learned.history(["x"])), strict=True))
    assert scores["x"] == 0 < scores["b"]
    assert train(begun, {"a"}) is None
    assert train(begun, ()) is None


def test_what_stands_in_its_stead_is_weighed_where_learners_are_many() -> None:
    """Old runs that an archive names lead to one another; of each a new run is offered."""
    rng = np.random.default_rng(4)
    begun: list[Begun] = []
    for n, first in enumerate(rng.integers(0, 40, 600).tolist()):
        path = [*(f"old{(first + step) % 40}" for step in range(3)), f"new{(first + 3) % 40}"]
        begun += [Begun(f"l{n}", one, float(at)) for at, one in enumerate(path)]
    learned = train(begun, {f"new{n}" for n in range(40)})
    assert learned is not None
    top = [learned.words.nexts[n] for n in np.argsort(-learned.taste.scores(learned.history(["old7"])))[:5]]
    assert top[0].startswith("new")
    assert "new8" in top


@pytest.mark.parametrize(("n_gone", "weighed"), [(2, False), (60, True)])
def test_a_few_withdrawn_courses_cost_no_second_training(
    n_gone: int, weighed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands in their stead is learned where more than a twentieth of the steps lead to them."""
    told = []
    monkeypatch.setattr(tastes, "train", lambda trails, recipe, unoffered: told.append(unoffered))
    train(_begun(*["axb"] * n_gone, *["ab"] * 100), {"a", "b"})
    assert [unoffered is not None for unoffered in told] == [weighed]
