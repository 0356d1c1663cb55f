"""Prepared artefacts: what cannot be made at all."""

from __future__ import annotations

import pytest

from baize.domain.artefact import QuizItem
from baize.domain.locator import TimeSpan


@pytest.mark.parametrize("answer", [-1, 2])
def test_a_quiz_item_has_its_answer_among_its_options(answer: int) -> None:
    """An item that nobody can get right is a fault of ours, found when it is made."""
    with pytest.raises(ValueError, match="none has place"):
        QuizItem("q", "cloze", "____", ("a", "b"), answer, "l", (TimeSpan(0, 1),), "a")
