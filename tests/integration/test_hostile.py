"""Hostile files through the whole of ingestion: each a named error, nothing indexed, memory bounded."""

from __future__ import annotations

import re
import resource
from pathlib import Path

import pytest

from baize.domain.search import Scope
from baize.errors import InvalidInput
from ingest.manifest import read_path
from tests.integration.test_pipeline import VTT, Workshop
from tests.servers.hostile import CASES, Hostile, write_hostile

pytestmark = pytest.mark.anyio

_MOST_MB = 600
"""Growth of the peak over all cases; a bomb would take gigabytes."""


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.fixture(scope="module")
def peak_before() -> float:
    return peak_mb()


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
async def test_a_named_error_and_nothing_indexed(case: Hostile, tmp_path: Path, peak_before: float) -> None:
    """The error names the file and what to do; the same pipeline reads a good course afterwards."""
    workshop = Workshop(tmp_path / "work")
    course = write_hostile(case, tmp_path)
    try:
        report = await workshop.run(read_path(course, "p1"))
        problems = [(str(problem), problem.path, problem.remedy) for problem in report.all_problems]
    except InvalidInput as error:
        problems = [(str(error), error.path, error.remedy)]
    assert len(problems) == 1
    told, path, remedy = problems[0]
    assert re.search(case.error, told), told
    assert path.startswith(str(tmp_path))
    assert remedy
    assert await workshop.index.count(Scope("p1")) == 0
    assert peak_mb() - peak_before < _MOST_MB

    good = tmp_path / "good"
    good.mkdir()
    (good / "a.zh.vtt").write_text(VTT, encoding="utf-8")
    assert (await workshop.run(read_path(good, "p1"))).ok
    assert await workshop.index.count(Scope("p1")) > 0


async def test_there_are_forty() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 40
