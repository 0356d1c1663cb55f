"""A spoken question → its text, by the speech model that also hears the videos."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path

import anyio
import anyio.to_thread

from baize.domain.sentences import joined
from baize.errors import InvalidInput
from baize.ports import Transcriber

MAX_SECONDS = 60.0
MAX_BYTES = 4 * 1024 * 1024
"""A minute of Opus or AAC has well under one; of 16 kHz PCM, two."""
_TIMEOUT_S = 90.0


class Dictation:
    """Writes down what somebody said, one recording at a time: speech models are heavy.

    Args:
        transcriber: any engine; it is loaded with the first recording.
    """

    def __init__(self, transcriber: Transcriber) -> None:
        self._transcriber = transcriber
        self._turn = anyio.Lock()

    async def write(self, recording: bytes, *, language: str = "", hot_words: Sequence[str] = ()) -> str:
        """The words; empty when nobody spoke. The recording is deleted, whatever happens.

        Args:
            recording: a whole media file, at most `MAX_BYTES`, of which `MAX_SECONDS` are heard.
            language: ISO 639-1, or empty to detect it.

        Raises:
            InvalidInput: it is empty, too large, too long, or hearing it takes too long.
            UnreadableSource: it is no recording.
            ModelUnavailable: there is no speech model.
        """
        if not recording:
            raise InvalidInput("The recording is empty.", remedy="Send the audio file as the body.")
        if len(recording) > MAX_BYTES:
            raise InvalidInput(
                f"The recording is larger than {MAX_BYTES // 1024 // 1024} MB.", remedy="Speak more briefly."
            )
        with tempfile.TemporaryDirectory(prefix="baize-voice-") as folder:
            file = Path(folder) / "recording"
            await anyio.to_thread.run_sync(file.write_bytes, recording)
            async with self._turn:
                return await self._hear(file, language, hot_words)

    async def _hear(self, file: Path, language: str, hot_words: Sequence[str]) -> str:
        texts: list[str] = []
        try:
            with anyio.fail_after(_TIMEOUT_S):
                cues = self._transcriber.transcribe(file, language=language, hot_words=hot_words)
                async with aclosing(cues):
                    async for cue in cues:
                        if cue.end > MAX_SECONDS + 1:
                            raise InvalidInput(
                                f"The recording is longer than {MAX_SECONDS:g} s.",
                                remedy="Speak more briefly.",
                            )
                        texts.append(cue.text)
        except TimeoutError as cause:
            raise InvalidInput(
                "Hearing the recording took too long.", remedy="Speak more briefly, or type."
            ) from cause
        return joined(texts).strip()
