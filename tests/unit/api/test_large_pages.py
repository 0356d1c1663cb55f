"""A server's memory is laid on large pages: which of it, where, and unchanged."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from baize import large_pages

_SMAPS = """\
55d0c0000000-55d0c0400000 rw-p 00000000 00:00 0                          [heap]
Size:               4096 kB
Rss:                4000 kB
VmFlags: rd wr mr mw me ac sd
7f10a0000000-7f10a0800000 rw-p 00000000 00:00 0
Rss:                  64 kB
7f10a0800000-7f10a0801000 ---p 00000000 00:00 0
Rss:                   0 kB
7f10b0000000-7f10b0200000 rw-p 00000000 fd:01 1234                       /usr/lib/a b.so
Rss:                2048 kB
7f10c0000000-7f10c0200000 rw-p 00000000 00:00 0
Rss:                2048 kB
7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0                          [stack]
Rss:                 132 kB
"""

_WALK = """
import re, sys
from pathlib import Path
from baize.large_pages import lay

def large_kb():
    return sum(map(int, re.findall(r"AnonHugePages:\\s+(\\d+)", Path("/proc/self/smaps").read_text())))

kept = [str(n) * 20 for n in range(400_000)]
before = large_kb()
laid = lay()
print(laid >> 10, large_kb() - before, all(text == str(n) * 20 for n, text in enumerate(kept)))
"""


def test_only_memory_of_its_own_that_is_written_to_is_looked_at() -> None:
    """Not a library's, not the main thread's stack, no guard page."""
    assert list(large_pages._mappings(_SMAPS.splitlines())) == [
        (0x55D0C0000000, 0x55D0C0400000, 4000 << 10),
        (0x7F10A0000000, 0x7F10A0800000, 64 << 10),
        (0x7F10C0000000, 0x7F10C0200000, 2 << 20),
    ]


def test_only_whole_pages_of_well_filled_memory_are_laid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread's stack is left as it is; of a range that is not aligned, what is."""
    maps = tmp_path / "smaps"
    maps.write_text(_SMAPS + "7f10d0001000-7f10d0500000 rw-p 0 00:00 0\nRss: 5000 kB\n")
    asked: list[tuple[int, int, int]] = []

    def advise(start: int, size: int, advice: int) -> bool:
        asked.append((start, size, advice))
        return (start, advice) != (0x7F10C0000000, 25)

    monkeypatch.setattr(large_pages, "_MAPS", maps)
    monkeypatch.setattr(large_pages, "_advise", advise)
    laid = large_pages.lay()
    assert asked == [
        (start, size << 20, advice)
        for start, size in ((0x55D0C0000000, 4), (0x7F10C0000000, 2), (0x7F10D0200000, 2))
        for advice in (14, 25)
    ]
    assert laid == 6 << 20, "what the kernel could not move is not counted"


def test_a_system_that_has_them_switched_off_is_left_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr(threading.Thread, "start", lambda self: started.append(self.name))
    monkeypatch.setattr(large_pages, "_MAPS", tmp_path / "smaps")
    (tmp_path / "smaps").touch()
    monkeypatch.setattr(large_pages, "_SWITCH", tmp_path / "enabled")
    monkeypatch.setattr(sys, "platform", "linux")
    large_pages.keep()
    for switch, n in (("always madvise [never]\n", 0), ("always [madvise] never\n", 1)):
        (tmp_path / "enabled").write_text(switch)
        large_pages.keep()
        assert started == ["large-pages"] * n
    monkeypatch.setattr(sys, "platform", "darwin")
    large_pages.keep()
    assert started == ["large-pages"]


def test_a_round_that_cannot_look_is_followed_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a free file handle nothing can be read; three rounds come soon, later ones seldom."""
    paused: list[float] = []
    done = threading.Event()

    def lay() -> int:
        raise OSError(24, "Too many open files")

    def sleep(pause_s: float) -> None:
        paused.append(pause_s)
        if len(paused) == 4:
            done.set()

    monkeypatch.setattr(large_pages, "_may", lambda: True)
    monkeypatch.setattr(large_pages, "lay", lay)
    monkeypatch.setattr(large_pages, "repeat", lambda pause_s: [pause_s] * 2)
    monkeypatch.setattr(time, "sleep", sleep)
    large_pages.keep()
    assert done.wait(30)
    assert paused == [3.0, 7.0, 30.0, 30.0]


@pytest.mark.skipif(not large_pages._may(), reason="no large pages on this system")
def test_memory_lies_on_them_and_says_what_it_said(repo_root: Path) -> None:
    """Against the kernel, in a process of its own."""
    told = subprocess.run(
        [sys.executable, "-c", _WALK], cwd=repo_root, capture_output=True, text=True, check=True
    )
    laid, more, same = told.stdout.split()
    assert same == "True"
    # A Linux before 6.1 moves nothing at once.
    assert int(more) >= int(laid) >= 0
    if int(laid):
        assert int(more) > 10_000
