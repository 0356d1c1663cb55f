"""A recording through a Whisper, stretch by stretch: the part that both speech adapters share."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from anyio import CancelScope, CapacityLimiter, to_thread

from baize.adapters.audio_av import SPEECH_RATE, Samples
from baize.adapters.speech_cues import CueWriter, Heard, alike, speech_context
from baize.domain.text import Cue

_HOLE_S, _MISSED_S = 2.0, 1.5

_T = TypeVar("_T")


class Engine(Protocol):
    """A loaded Whisper. Blocking."""

    def speech_s(self, samples: Samples) -> float:
        """Seconds in which somebody seems to speak; no transcription."""
        ...

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
    offset_s = 0.0
    writer: CueWriter | None = None
    for window in windows:
        engine = load()
        language = language or engine.detect_language(window)
        if language:
            writer = writer or CueWriter(language, hot_words)
            yield from _hear_window(_Stretch(engine, window, offset_s, language), writer, hot_words)
        offset_s += len(window) / SPEECH_RATE


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Samples and where they begin in the recording."""

    engine: Engine
    samples: Samples
    offset_s: float
    language: str

    @property
    def end_s(self) -> float:
        return self.offset_s + len(self.samples) / SPEECH_RATE

    def cues(self, writer: CueWriter, hot_words: Sequence[str]) -> Iterator[Cue]:
        context = speech_context(self.language, hot_words)
        for heard in self.engine.listen(self.samples, self.language, context):
            yield from writer.cues(heard, offset_s=self.offset_s, limit_s=self.end_s)
        yield from writer.rest()

    def between(self, start_s: float, end_s: float) -> _Stretch:
        first, last = (round((s - self.offset_s) * SPEECH_RATE) for s in (start_s, end_s))
        return replace(self, samples=self.samples[first:last], offset_s=start_s)


def _hear_window(stretch: _Stretch, writer: CueWriter, hot_words: Sequence[str]) -> Iterator[Cue]:
    """The cues of a stretch; what was left out between two of them is listened to again."""
    before = Cue(stretch.offset_s, stretch.offset_s, "")
    for cue in stretch.cues(writer, hot_words):
        yield from _hear_hole(stretch, before, cue)
        yield cue
        before = cue
    yield from _hear_hole(stretch, before, Cue(stretch.end_s, stretch.end_s, ""))


def _hear_hole(stretch: _Stretch, before: Cue, after: Cue) -> Iterator[Cue]:
    """Whisper sometimes skips a sentence, or says hot words instead; without them it hears it."""
    if after.start - before.end < _HOLE_S:
        return
    hole = stretch.between(before.end, after.start)
    if hole.engine.speech_s(hole.samples) < _MISSED_S:
        return
    for cue in hole.cues(CueWriter(hole.language, ()), ()):
        # Its neighbours may be there again: their words lie in the hole if their times were wrong.
        if cue.end <= after.start and not alike(cue.text, before.text) and not alike(cue.text, after.text):
            yield cue


async def stream(items: Iterator[_T], limiter: CapacityLimiter) -> AsyncGenerator[_T]:
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
