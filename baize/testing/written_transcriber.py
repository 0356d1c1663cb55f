"""A transcriber for tests over several processes: what is said stands in a file beside the media."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import anyio

from baize.domain.text import Cue
from baize.ports import TellSpeech

_LINE_S = 2.0


class WrittenTranscriber:
    """Implements the port `Transcriber`: `<media>.said.txt`, a line every two seconds.

    Args:
        delay_s: what each line takes.
        log: told the name of each media file that was heard to its end, a line each.
    """

    name = "written"

    def __init__(self, *, delay_s: float = 0.0, log: Path | None = None) -> None:
        self._delay_s = delay_s
        self._log = log

    async def transcribe(
        self,
        media: Path,
        *,
        language: str,
        hot_words: Sequence[str],
        title: str = "",
        report: TellSpeech | None = None,
    ) -> AsyncGenerator[Cue]:
        """As `Transcriber.transcribe`."""
        del language, hot_words, title, report
        said = await anyio.Path(f"{media}.said.txt").read_text(encoding="utf-8")
        for n, line in enumerate(said.splitlines()):
            await anyio.sleep(self._delay_s)
            yield Cue(n * _LINE_S, (n + 1) * _LINE_S, line)
        if self._log:
            with self._log.open("a") as log:
                log.write(f"{media.name}\n")

    async def ready(self) -> str:
        """As `Transcriber.ready`."""
        return self.name
