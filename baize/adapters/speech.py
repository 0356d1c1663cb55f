"""A recording through a Whisper, stretch by stretch: the part that both speech adapters share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

from anyio import CancelScope, CapacityLimiter, to_thread

from baize.adapters.audio_av import SPEECH_RATE, Samples
from baize.adapters.speech_cues import CueWriter, Heard, speech_context
from baize.domain.text import Cue

_T = TypeVar("_T")


class Engine(Protocol):
    """A loaded Whisper. Blocking."""

    def detect_language(self, samples: Samples) -> str:
        """ISO 639-1, or empty when nobody speaks."""
        ...

    def listen(self, samples: Samples, language: str, context: str) -> Iterator[Heard]:
        """Segments in order, in seconds from the first sample; none where nobody speaks."""
        ...


def hear(
    load: Callable[[], Engine], windows: Iterable[Samples], language: str, hot_words: Sequence[str]
) -> Iterator[Cue]:
    """Cues of a whole recording, as they are recognised; a language once detected is kept."""
    writer: CueWriter | None = None
    offset_s = 0.0
    for window in windows:
        engine = load()
        end_s = offset_s + len(window) / SPEECH_RATE
        language = language or engine.detect_language(window)
        if language:
            writer = writer or CueWriter(language, hot_words)
            for heard in engine.listen(window, language, speech_context(language, hot_words)):
                yield from writer.cues(heard, offset_s=offset_s, limit_s=end_s)
        offset_s = end_s


async def stream(items: Iterator[_T], limiter: CapacityLimiter) -> AsyncIterator[_T]:
    """The items of a blocking generator, each made in a worker thread; closing this closes that one."""
    try:
        while True:
            item = await to_thread.run_sync(_next, items, limiter=limiter)
            if item is None:
                return
            yield item
    finally:
        with CancelScope(shield=True):
            await to_thread.run_sync(_close, items)


def _next(items: Iterator[_T]) -> _T | None:
    return next(items, None)


def _close(items: Iterator[_T]) -> None:
    if hasattr(items, "close"):
        items.close()
