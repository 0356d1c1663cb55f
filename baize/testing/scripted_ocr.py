"""A double of the port `Ocr`: says what it was told, by the brightness of the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from baize.domain.search import Picture


class ScriptedOcr:
    """Lines for each mean brightness (0..255, to the nearest known one)."""

    name = "scripted-ocr"

    def __init__(self, lines: Mapping[int, Sequence[str]]) -> None:
        self._lines = lines
        self.n_read = 0

    async def read(self, picture: Picture) -> Sequence[str]:
        self.n_read += 1
        brightness = float(picture.mean())
        nearest = min(self._lines, key=lambda known: abs(known - brightness), default=None)
        return [] if nearest is None else [line for line in self._lines[nearest] if line.strip()]
