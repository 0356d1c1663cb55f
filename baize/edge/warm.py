"""Reads a shard's passages once when it is opened, so that questions find them in memory.

The engine maps these files and forbids the system to read ahead: each of a question's forty passages that is
not in memory yet waits for the disk by itself, 3 to 4 ms in all on an SSD (100,000 chunks). Vectors and graph
are read by the engine as it opens them.
"""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path

_BLOCK_BYTES = 1 << 20
_SHARE = 4
"""Of the machine's memory no more than one part in so many is read: the rest is for others."""
_log = logging.getLogger(__name__)


def warm_soon(shard: Path) -> None:
    """`warm` beside the requests: reading leaves the engine's lock alone."""
    threading.Thread(target=warm, args=(shard,), name="warm-passages", daemon=True).start()


def warm(shard: Path) -> int:
    """Read what the shard's passages are stored in; the bytes read. A file that vanishes is no loss."""
    left = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // _SHARE
    n_read = 0
    try:
        for path in sorted(shard.glob("segments/*/payload_storage/**/*")):
            if path.is_file() and n_read < left:
                n_read += _read(path, left - n_read)
    except OSError as error:
        _log.info("%s was not read to its end: %s", shard.name, error)
    return n_read


def _read(path: Path, most: int) -> int:
    n_read = 0
    block = bytearray(_BLOCK_BYTES)
    with path.open("rb", buffering=0) as file:
        while n_read < most and (n := file.readinto(block)):
            n_read += n
    return n_read
