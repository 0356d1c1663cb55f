"""What schemathesis makes of the OpenAPI document, valid and not, brings no 5xx out of a real server."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import schema_fuzz

pytestmark = pytest.mark.timeout(900)


def test_no_operation_answers_with_a_fault(tmp_path: Path) -> None:
    """A few calls of each, by a key and by a learner; `python -m benchmarks.schema_fuzz` makes more."""
    with schema_fuzz.target(tmp_path) as found:
        told = schema_fuzz.fuzz(found, n_examples=3, seed=1)
    assert told.bad == []
    assert told.n_operations == sum(len(methods) for methods in found.document["paths"].values())
    assert told.n_calls > 5 * told.n_operations
    # That calls are let in, and that bad ones are told from good ones.
    for who in ("key", "learner"):
        assert told.statuses[f"{who}: 2xx"] > 20
        assert told.statuses[f"{who}: 4xx"] > 50
