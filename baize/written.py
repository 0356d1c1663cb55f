"""Files that a command writes where its caller says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from baize.errors import InvalidInput

_REMEDY = "Name a place that may be written to and has room."


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What is written within goes to this file or folder.

    Raises:
        InvalidInput: it cannot be written there.
    """
    try:
        yield
    except OSError as cause:
        raise _cannot(path, cause.strerror or str(cause)) from cause


def write_text(path: Path, text: str) -> None:
    """The text as UTF-8; folders above the file are made.

    Raises:
        InvalidInput: it cannot be written there.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def check_writable(path: Path) -> None:
    """Before long work whose result goes to this file: it could be written now; folders above it are made.

    Raises:
        InvalidInput: it could not.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise _cannot(path, "Is a directory")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise _cannot(path, "Permission denied")


def _cannot(path: Path, why: str) -> InvalidInput:
    return InvalidInput(f"It cannot be written ({why}).", path=str(path), remedy=_REMEDY)
