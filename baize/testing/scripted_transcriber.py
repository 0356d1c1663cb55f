"""A transcriber that says what a test tells it to."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path

from anyio.lowlevel import checkpoint

from baize.domain.sentences import detect_language
from baize.domain.speech import SpeechReport
from baize.domain.text import Cue
from baize.errors import UnreadableSource
from baize.ports import TellSpeech


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
        self,
        media: Path,
        *,
        language: str,
        hot_words: Sequence[str],
        title: str = "",  # noqa: ARG002 - the script is what is said
        report: TellSpeech | None = None,
    ) -> AsyncGenerator[Cue]:
        self.calls.append((media.name, language, tuple(hot_words)))
        if media.name in self._unreadable:
            raise UnreadableSource("The media file cannot be decoded.", remedy="Convert it.", path=str(media))
        try:
            cues = self._script.get(media.name, ())
            for cue in cues:
                await checkpoint()
                yield cue
            if report:
                heard = language or detect_language(" ".join(cue.text for cue in cues))
                spoken_s = sum(cue.end - cue.start for cue in cues)
                report(SpeechReport(heard, max((cue.end for cue in cues), default=0.0), spoken_s))
        finally:
            self.n_closed += 1

    async def ready(self) -> str:
        return self.name
