"""A server's memory on pages of 2 MB, where Linux can: a question walks through thousands of small ones.

Each question touches some 25 MB of objects that lie all over the heap, 6,000 pages of 4 kB, more than a CPU's
table of pages holds; in a virtual machine each miss costs several reads of memory, the more so after a pause.
"""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, repeat
from pathlib import Path
from typing import NamedTuple

_PAGE = 2 << 20
_MADV_HUGEPAGE = 14
_MADV_COLLAPSE = 25
"""Since Linux 6.1; `mmap` names neither in Python 3.11."""
_LEAST_FILLED = 0.5
"""A thread's stack takes megabytes of addresses and kilobytes of memory: to fill it up would be waste."""
_MAPS = Path("/proc/self/smaps")
_SWITCH = Path("/sys/kernel/mm/transparent_hugepage/enabled")
_PAUSES_S = (3.0, 7.0)
"""Between the first rounds: most of what a server adds, it adds with its first questions."""
_AGAIN_S = 30.0


class _Mapping(NamedTuple):
    """Addresses of anonymous, writable memory, in bytes; `filled`: how much of them is there."""

    start: int
    end: int
    filled: int


def keep() -> None:
    """From now on, in a thread of its own: lay what there is on large pages, and what is added later.

    Where the system has them switched off (`never`), or is no Linux, nothing is done. The first time takes
    about a second for 300 MB, in which other threads go on; later ones some 30 ms.
    """
    if not _may():
        return

    def rounds() -> None:
        for pause_s in chain(_PAUSES_S, repeat(_AGAIN_S)):
            # No file handle free just now: the next round tries again.
            with suppress(OSError):
                lay()
            time.sleep(pause_s)

    threading.Thread(target=rounds, name="large-pages", daemon=True).start()


def lay() -> int:
    """Lay this process's memory on large pages.

    Returns:
        Bytes that lie on them now. Where a range could not be moved (an older Linux, no whole page free), the
        kernel is told that it is wanted, and does it in its own time; it is not counted.
    """
    laid = 0
    for mapping in _mappings(_MAPS.read_text(encoding="utf-8", errors="replace").splitlines()):
        start, end = -(-mapping.start // _PAGE) * _PAGE, mapping.end // _PAGE * _PAGE
        if end <= start or mapping.filled < _LEAST_FILLED * (mapping.end - mapping.start):
            continue
        _advise(start, end - start, _MADV_HUGEPAGE)
        if _advise(start, end - start, _MADV_COLLAPSE):
            laid += end - start
    return laid


def _advise(start: int, size: int, advice: int) -> bool:
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    return bool(madvise(start, size, advice) == 0)


def _may() -> bool:
    if sys.platform != "linux" or not _MAPS.is_file():
        return False
    try:
        return "[never]" not in _SWITCH.read_text(encoding="ascii")
    except OSError:  # a kernel without them
        return False


def _mappings(lines: list[str]) -> Iterator[_Mapping]:
    """Of `smaps`: a line that names a mapping, then what is known of it."""
    start = end = 0
    wanted = False
    for line in lines:
        first, *rest = line.split()
        if not first.endswith(":"):
            # 7f0000000000-7f0000200000 rw-p 00000000 00:00 0 [heap]
            wanted = rest[0] == "rw-p" and rest[3] == "0" and rest[4:] in ([], ["[heap]"])
            start, end = (int(address, 16) for address in first.split("-"))
        elif wanted and first == "Rss:":
            yield _Mapping(start, end, int(rest[0]) << 10)
