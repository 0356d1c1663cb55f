"""Caps on what a stage may allocate, each in a process of its own: a limit that stayed would harm others."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of other systems are not moved")

_MEASURED = """
from ingest.memory import StageMemory
import resource

def fits(megabytes):
    try:
        return bool(bytearray(megabytes << 20))
    except MemoryError:
        return False

def limit():
    return resource.getrlimit(resource.RLIMIT_DATA)[0]
"""


def _said(code: str) -> str:
    run = [sys.executable, "-c", _MEASURED + code]
    return subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip()


def test_a_stage_may_take_so_much_and_no_more() -> None:
    """What comes after it may again."""
    code = """
memory = StageMemory({"extract": 0.125, "embed": 0.0})
with memory.within("extract"):
    print(fits(64), fits(256))
print(fits(256))
"""
    assert _said(code).split() == ["True", "False", "True"]


def test_stages_beside_each_other_share_their_sum() -> None:
    """While one without a cap runs, there is none; the cap of the process holds all the time."""
    code = """
whole = 4 << 30
resource.setrlimit(resource.RLIMIT_DATA, (whole, resource.getrlimit(resource.RLIMIT_DATA)[1]))
memory = StageMemory({"extract": 0.125, "load": 0.25})
with memory.within("extract"):
    alone = limit()
    with memory.within("load"):
        print((384 << 20) > limit() - alone > (200 << 20))
    with memory.within("embed"):
        print(limit() == whole)
    print(limit() < whole)
print(limit() == whole)
"""
    assert _said(code).split() == ["True"] * 4


def test_without_caps_nothing_is_touched() -> None:
    code = """
before = limit()
with StageMemory({"extract": 0.0}).within("extract"):
    print(limit() == before)
"""
    assert _said(code) == "True"
