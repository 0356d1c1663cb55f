"""`python -m baize.edge.build_graph SHARD`: optimize a shard that nobody else has open.

A program of its own because the engine holds the GIL all the while; see `baize/edge/optimize.py`.
"""

from __future__ import annotations

import os
import sys

import qdrant_edge as qe


def build(path: str) -> None:
    """Optimize the shard at `path` until there is nothing left to do, and sync it to disk."""
    shard = qe.EdgeShard.load(path)
    shard.optimize()
    shard.flush()
    shard.close()


if __name__ == "__main__":
    os.nice(10)
    build(sys.argv[1])
