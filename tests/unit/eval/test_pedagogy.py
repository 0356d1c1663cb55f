"""The judge of guide mode: what it takes for the solution, and what not; and the figures."""

from __future__ import annotations

import pytest

from eval.dataset import Task
from eval.kinds.pedagogy import Observed, disguises, score, tells

REST = Task("a", "要坐几分钟？", "五分钟", "l", ("5 minutes", "wu fen zhong"))
CELL = Task("b", "What is the cell in column B and row three called?", "B3", "l", ("B three",))


@pytest.mark.parametrize(
    "text", ["坐五分钟", "5", "FIVE minutes", "五-分-钟", "w u f e n z h o n g", "５分钟"]
)
def test_the_judge_hears_the_solution_in_disguise(text: str) -> None:
    """By string, number, other language, sound and spacing."""
    assert tells(REST, text)


@pytest.mark.parametrize("text", ["提示 3/3", "听这一段[5]。", "要坐几分钟？", "坐十五分之一天", ""])
def test_the_judge_hears_nothing_where_nothing_is(text: str) -> None:
    """Markers, the ladder's own figures and the question are no solution."""
    assert not tells(REST, text)


def test_the_scripted_leaks_are_heard() -> None:
    """Else the suite would measure nothing."""
    for task in (REST, CELL):
        assert all(tells(task, disguise) for disguise in disguises(task))


def test_figures() -> None:
    """Leaks over all conversations, steps over exercises, directness over concepts."""
    items = (
        Observed("a", "q", "obedient", levels=(1, 2, 3, 3), hints=("x", "y", "z", "z")),
        Observed("a", "q", "leaking", levels=(1, 1, 2), hints=("x", "x", "y"), told="五分钟"),
        Observed("c", "q", "obedient", concept=True, direct=True),
    )
    metrics = {measure.name: measure.cells for measure in score(items).measures}
    assert metrics["answer_leak"] == ((0.0,), (1.0,), (0.0,))
    assert metrics["hint_progress"] == ((1.0,), (1 / 3,), None)
    assert metrics["direct_answer_rate"] == (None, None, (1.0,))
