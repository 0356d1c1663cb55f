"""`python -m baize.edge.build_graph SHARD [--vacuum]`: optimize a shard that nobody else has open.

A program of its own because the engine holds the GIL all the while; see `baize/edge/optimize.py`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import qdrant_edge as qe

from baize.edge.wire import to_config

_FILLER_BYTES = 8_000_000
"""Of one entry of the log, whose files hold 32 MB."""


def build(path: str) -> None:
    """Optimize the shard at `path` until there is nothing left to do, and sync it to disk."""
    shard = qe.EdgeShard.load(path, to_config(_described(Path(path))))
    shard.optimize()
    shard.flush()
    shard.close()


def vacuum(shard_folder: Path) -> None:
    """Optimize it without anything that was deleted.

    By itself the engine rewrites a segment when a fifth of it is deleted. How much is written into the shard,
    so what was there before is put back.
    """
    at_once = qe.EdgeOptimizersConfig(deleted_threshold=0.0, vacuum_min_vector_number=0)
    config = to_config(_described(shard_folder), at_once)
    own = shard_folder / "edge_config.json"
    before = own.read_bytes()
    shard = qe.EdgeShard.load(str(shard_folder), config)
    shard.optimize()
    shard.flush()
    _renew_log(shard, shard_folder / "wal")
    shard.close()
    own.write_bytes(before)


def _described(shard_folder: Path) -> Any:
    """The body of the collection's create request, with what was changed since."""
    return json.loads((shard_folder.parent / "collection.json").read_text("utf-8"))["spec"]


def _renew_log(shard: qe.EdgeShard, log: Path) -> None:
    """Push every old entry out of the log.

    The engine keeps a file of it until a later one is full. It cannot start from nothing: entries are
    numbered, and one of a lower number than a point has is left out.
    """
    old = {file.stat().st_ino for file in log.iterdir() if file.name.startswith(("open-", "closed-"))}
    while old & {file.stat().st_ino for file in log.iterdir()}:
        shard.update(qe.UpdateOperation.delete_payload([], ["x" * _FILLER_BYTES]))
        shard.flush()


if __name__ == "__main__":
    os.nice(10)
    if sys.argv[2:] == ["--vacuum"]:
        vacuum(Path(sys.argv[1]))
    else:
        build(sys.argv[1])
