"""`baize` and `python -m baize`."""

from __future__ import annotations

import os
import sys

from baize.cli import build


def main() -> None:
    """Run the command line; `baize … | head` is no error."""
    try:
        try:
            build()()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered has nowhere to go; the interpreter must not stumble over it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


if __name__ == "__main__":
    main()
