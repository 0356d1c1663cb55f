"""`baize` and `python -m baize`."""

from __future__ import annotations

import os
import sys

EXIT_INTERRUPTED = 130
"""128 and SIGINT, as shells count it."""


def main() -> None:
    """Run the command line; `baize … | head` is no error, and Ctrl-C no traceback, however early it comes."""
    try:
        try:
            # Half a second of a slow start is spent here.
            from baize.cli import build

            build()()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered has nowhere to go; the interpreter must not stumble over it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)


if __name__ == "__main__":
    main()
