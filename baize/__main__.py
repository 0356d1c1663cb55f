"""`baize` and `python -m baize`."""

from __future__ import annotations

from baize.cli import build


def main() -> None:
    """Run the command line."""
    build()()


if __name__ == "__main__":
    main()
