"""A spoken question → its text, by the speech model that also hears the videos."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import aclosing
from pathlib import Path

import anyio
import anyio.to_thread

from baize.domain.sentences import joined
from baize.errors import InvalidInput, Overloaded
from baize.ports import Transcriber

MAX_SECONDS = 60.0
MAX_BYTES = 4 * 1024 * 1024
"""A minute of Opus or AAC has well under one; of 16 kHz PCM, two."""
_TIMEOUT_S = 90.0
_MAX_WAITING = 8
_RETRY_AFTER_S = 10.0

LastsLonger = Callable[[Path, float], bool]
"""Whether a recording has more sound than so many seconds; blocking."""


class Dictation:
    """Writes down what somebody said, one recording at a time: speech models are heavy.

    Args:
        transcriber: any engine; it is loaded with the first recording.
        lasts_longer: a few megabytes can hold days of silence, and an engine does not stop within them.
    """

    def __init__(self, transcriber: Transcriber, lasts_longer: LastsLonger) -> None:
        self._transcriber = transcriber
        self._lasts_longer = lasts_longer
        self._turn = anyio.Lock()

    @property
    def n_waiting(self) -> int:
        """Recordings that wait while another is heard."""
        return self._turn.statistics().tasks_waiting

    async def write(self, recording: bytes, *, language: str = "", hot_words: Sequence[str] = ()) -> str:
        """The words; empty when nobody spoke. The recording is deleted, whatever happens.

        Args:
            recording: a whole media file, at most `MAX_BYTES`, of which `MAX_SECONDS` are heard.
            language: ISO 639-1, or empty to detect it.

        Raises:
            InvalidInput: it is empty, too large, too long, or hearing it takes too long.
            UnreadableSource: it is no recording.
            ModelUnavailable: there is no speech model.
            Overloaded: too many wait to be heard.
        """
        if not recording:
            raise InvalidInput("The recording is empty.", remedy="Send the audio file as the body.")
        if len(recording) > MAX_BYTES:
            raise InvalidInput(
                f"The recording is larger than {MAX_BYTES // 1024 // 1024} MB.", remedy="Speak more briefly."
            )
        if self.n_waiting >= _MAX_WAITING:
            raise Overloaded(
                "Too many recordings wait to be heard.",
                remedy=f"Speak again in {_RETRY_AFTER_S:g} s, or type.",
                retry_after_s=_RETRY_AFTER_S,
            )
        with tempfile.TemporaryDirectory(prefix="baize-voice-") as folder:
            file = Path(folder) / "recording"
            await anyio.to_thread.run_sync(file.write_bytes, recording)
            async with self._turn:
                return await self._hear(file, language, hot_words)

    async def _hear(self, file: Path, language: str, hot_words: Sequence[str]) -> str:
        if await anyio.to_thread.run_sync(self._lasts_longer, file, MAX_SECONDS + 1):
            raise _too_long()
        texts: list[str] = []
        try:
            with anyio.fail_after(_TIMEOUT_S):
                cues = self._transcriber.transcribe(file, language=language, hot_words=hot_words)
                async with aclosing(cues):
                    async for cue in cues:
                        if cue.end > MAX_SECONDS + 1:
                            raise _too_long()
                        texts.append(cue.text)
        except TimeoutError as cause:
            raise InvalidInput(
                "Hearing the recording took too long.", remedy="Speak more briefly, or type."
            ) from cause
        return joined(texts).strip()


def _too_long() -> InvalidInput:
    return InvalidInput(f"The recording is longer than {MAX_SECONDS:g} s.", remedy="Speak more briefly.")
