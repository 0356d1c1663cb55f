"""A server that is warm: its lasting objects are left alone by the collector, before it answers anybody."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest

from baize.api.readiness import Warmth
from baize.bootstrap import House
from baize.settings import Settings

pytestmark = pytest.mark.anyio


class _Broken:
    """A house of which no part can be opened."""

    settings = Settings()


async def test_whoever_waits_comes_after_what_is_done_when_it_is_warm() -> None:
    """Once, and also where parts failed: the server then answers without them."""
    done: list[str] = []
    warmth = Warmth(cast(House, _Broken()), lambda: done.append("warmed"))
    await warmth.warm_up()
    await warmth.wait()
    assert done == ["warmed"]
    assert (await warmth.report()).status == "not ready"


def test_what_is_there_when_it_settles_is_never_looked_through_again(repo_root: Path) -> None:
    """In a process of its own, for it cannot be undone: cycles from before are gone, later ones are found."""
    code = """
import gc, weakref
from baize.collector import relax, settle

class Node: pass

def cycle():
    node = Node(); node.me = node
    return weakref.ref(node)

relax()
before = cycle()
settle()
after = cycle()
frozen = gc.get_freeze_count()
gc.collect()
print(before() is None, after() is None, frozen > 1_000)
"""
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=repo_root, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["True"] * 3
