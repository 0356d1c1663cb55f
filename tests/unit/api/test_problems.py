"""Errors → problems: one table, nothing internal, nothing of the learner."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from baize import errors
from baize.api.encoding import encode
from baize.api.problems import KINDS, kind_of, problem_of


def _subclasses(cls: type[errors.BaizeError]) -> Iterator[type[errors.BaizeError]]:
    yield cls
    for below in cls.__subclasses__():
        yield from _subclasses(below)


# Subclasses that other tests define are no part of the tree.
TREE = sorted({cls for cls in _subclasses(errors.BaizeError) if cls.__module__ == "baize.errors"}, key=str)


@pytest.mark.parametrize("cls", TREE)
def test_every_error_has_a_row_of_its_own(cls: type[errors.BaizeError]) -> None:
    """A new class in the tree needs a decision about its status."""
    assert cls in KINDS
    assert 400 <= KINDS[cls].status < 600


def test_rows_are_told_apart_by_their_type() -> None:
    """`type` is what a program switches on, so no two classes share one."""
    types = [kind.type for kind in KINDS.values()]

    assert len(set(types)) == len(types)


@pytest.mark.parametrize("cls", TREE)
def test_a_problem_says_what_happened_or_hides_it(cls: type[errors.BaizeError]) -> None:
    """The caller's own faults are told; the operator's only by their instance."""
    problem = problem_of(cls("The thing broke.", remedy="Mend it."))

    if problem.status == 500:
        assert "broke" not in problem.detail
        assert problem.instance is not None
    else:
        assert (problem.detail, problem.remedy, problem.instance) == ("The thing broke.", "Mend it.", None)


def test_a_subclass_without_a_row_takes_the_row_above() -> None:
    """Errors that a module derives for itself still have a status."""

    class Vanished(errors.NotFound): ...

    assert kind_of(Vanished("gone")) == KINDS[errors.NotFound]


def test_what_is_absent_is_left_out() -> None:
    """RFC 9457 members are absent rather than null."""
    assert json.loads(encode(problem_of(errors.NotFound("There is no lesson.")))) == {
        "type": "urn:problem-type:baize:not-found",
        "title": "Not found",
        "status": 404,
        "detail": "There is no lesson.",
    }


def test_an_unexpected_error_is_logged_without_its_message(caplog: pytest.LogCaptureFixture) -> None:
    """The message may quote a learner; the place of the fault and the instance are enough."""
    asked = "我妈妈的血压是一百八"
    with caplog.at_level(logging.ERROR):
        try:
            raise ValueError(asked)
        except ValueError as error:
            problem = problem_of(error)

    assert "血压" not in caplog.text
    assert "ValueError" in caplog.text
    assert "test_problems.py" in caplog.text
    assert problem.instance is not None
    assert problem.instance in caplog.text
    assert "ValueError" not in encode(problem).decode()
