"""A transcriber that says what a test tells it to."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path

from anyio.lowlevel import checkpoint

from baize.domain.text import Cue
from baize.errors import UnreadableSource


class ScriptedTranscriber:
    """Implements the port `Transcriber`.

    Args:
        script: the cues of each media file, by file name; a file that is not in it has no speech.
        unreadable: file names that cannot be decoded.

    Attributes:
        calls: (file name, language, hot words) of each transcription that was begun.
        n_closed: how many were ended, finished or not.
    """

    name = "scripted"

    def __init__(self, script: Mapping[str, Sequence[Cue]], *, unreadable: Sequence[str] = ()) -> None:
        self._script = script
        self._unreadable = frozenset(unreadable)
        self.calls: list[tuple[str, str, tuple[str, ...]]] = []
        self.n_closed = 0

    async def transcribe(
        self, media: Path, *, language: str, hot_words: Sequence[str]
    ) -> AsyncGenerator[Cue]:
        self.calls.append((media.name, language, tuple(hot_words)))
        if media.name in self._unreadable:
            raise UnreadableSource("The media file cannot be decoded.", remedy="Convert it.", path=str(media))
        try:
            for cue in self._script.get(media.name, ()):
                await checkpoint()
                yield cue
        finally:
            self.n_closed += 1

    async def ready(self) -> str:
        return self.name
