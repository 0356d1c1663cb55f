"""`python -m baize.edge --data-dir …`: the index server of one data folder.

Started by `baize/edge/launch.py`; nobody needs to run it by hand.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from filelock import Timeout

from baize.collector import relax
from baize.edge.server import serve


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m baize.edge", description="The embedded index server.")
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--idle-s", type=float, default=900.0, help="end when nobody asked for so long")
    parser.add_argument("--optimize-after", type=int, default=20_000, help="points outside the graph")
    parser.add_argument("--quiet-s", type=float, default=3.0, help="no write for so long before optimizing")
    parser.add_argument("--lock-wait-s", type=float, default=15.0, help="for a server that is just ending")
    options = parser.parse_args()
    relax()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        serve(
            options.data_dir,
            idle_s=options.idle_s,
            optimize_after=options.optimize_after,
            quiet_s=options.quiet_s,
            lock_wait_s=options.lock_wait_s,
        )
    except Timeout:
        logging.getLogger(__name__).error("another index server owns %s and does not end", options.data_dir)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
