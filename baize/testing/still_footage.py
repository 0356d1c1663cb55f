"""Footage without a decoder: one grey picture for every second, and reels that only say how long they are."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path

import anyio

from baize.domain.locator import TimeSpan
from baize.errors import UnreadableSource

PICTURE = base64.b64decode(
    "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////"
    "////////////////wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAA//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AR//Z"
)
"""A JPEG of one pixel."""


class StillFootage:
    """Implements the port `Footage`.

    Args:
        unreadable: file names that cannot be decoded.

    Attributes:
        asked: the seconds of each call of `frames`.
    """

    def __init__(self, *, unreadable: Sequence[str] = ()) -> None:
        self._unreadable = frozenset(unreadable)
        self.asked: list[list[float]] = []

    async def frames(self, media: Path, seconds: Sequence[float]) -> list[bytes]:
        self._read(media)
        self.asked.append(list(seconds))
        return [PICTURE for _ in seconds]

    async def cut(self, media: Path, spans: Sequence[TimeSpan], out: Path) -> float:
        self._read(media)
        length_s = sum(span.end - span.start for span in spans)
        await anyio.Path(out).write_text(
            json.dumps({"of": media.name, "seconds": length_s}), encoding="utf-8"
        )
        return length_s

    def _read(self, media: Path) -> None:
        if media.name in self._unreadable:
            raise UnreadableSource("The media file cannot be decoded.", remedy="Convert it.", path=str(media))
