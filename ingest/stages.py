"""Stage outputs, kept by content: what was once heard, read or embedded is not done again (decisions 18)."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import anyio
from pydantic import TypeAdapter, ValidationError

from baize.ports import Embedder, StepRunner

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Desk:
    """What the work on one course is remembered with, all of it in the course's own folder.

    Attributes:
        frames: folder for the pictures of slides.
    """

    steps: StepRunner
    embedder: Embedder
    frames: Path


def digest(*parts: str) -> str:
    """sha256 over the parts, each with its length before it, so that no two lists give one digest."""
    sha = hashlib.sha256()
    for part in parts:
        data = part.encode()
        sha.update(len(data).to_bytes(8, "big") + data)
    return sha.hexdigest()


def file_digest(path: Path) -> str:
    """sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class StageStore:
    """A `StepRunner` over files: `<folder>/<step>/<key>.json`, written whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def __call__(self, name: str, key: str, kind: type[T], make: Callable[[], Awaitable[T]]) -> T:
        adapter: TypeAdapter[T] = TypeAdapter(kind)
        path = anyio.Path(self._folder / name / f"{key}.json")
        if await path.is_file():
            # A file that was cut by a power failure, or that another version wrote, is made again.
            with suppress(ValidationError):
                return adapter.validate_json(await path.read_bytes())
        made = await make()
        await anyio.to_thread.run_sync(_write_whole, Path(path), adapter.dump_json(made))
        return made


def _write_whole(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
