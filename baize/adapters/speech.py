"""A recording through a speech engine, stretch by stretch: the part that all speech adapters share.

What cannot be trusted is kept out by `speech_cues`; the hole that it leaves is listened to again without
hot words, and what is still missing then is marked in the report, never written.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

import numpy as np
from anyio import CancelScope, CapacityLimiter, to_thread

from baize.adapters.audio_av import SPEECH_RATE, Samples
from baize.adapters.speech_cues import CHINESE, CueWriter, Fault, Heard, alike, speech_context
from baize.domain.locator import TimeSpan
from baize.domain.speech import GAP_S, MarkedSpan, SpeechReport
from baize.domain.text import Cue
from baize.ports import TellSpeech

_HOLE_S, _MISSED_S = 2.0, 1.5
_SUSPECT_S = 0.4
"""Shortest hole, and speech in it, that is listened to again where text was kept out."""
_MERGE_S = 1.0
_CHECK_LANGUAGE_S = 300.0
"""A shorter recording is taken at its declared language: hearing its language would cost over 2 %."""
_SAMPLE_S, _SURE = 45.0, 0.9
_SILENCE = 1e-3
"""Loudest sample, of 1, below which nobody is listened for."""

_FINAL = frozenset({"unsure", "credits", "silent", "late"})
"""Faults that say that nobody speaks: no reason to listen again by themselves."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Detected:
    """ISO 639-1, or empty when nobody speaks, and how sure the engine is, 0..1."""

    language: str
    probability: float


NOBODY = Detected("", 0.0)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a transcription was asked for, as the port has it."""

    language: str
    hot_words: tuple[str, ...] = ()
    title: str = ""


class Engine(Protocol):
    """A loaded Whisper, or an endpoint. Blocking."""

    def speech(self, samples: Samples) -> list[tuple[float, float]] | None:
        """Where somebody seems to speak, in seconds; None where the engine cannot tell."""
        ...

    def detect_language(self, samples: Samples) -> Detected: ...

    def listen(self, samples: Samples, language: str, context: str) -> Iterator[Heard]:
        """Segments in order, in seconds from the first sample; none where nobody speaks."""
        ...


def hear(
    load: Callable[[], Engine],
    windows: Iterable[Samples],
    wanted: Wanted,
    tell: TellSpeech | None = None,
) -> Iterator[Cue]:
    """Cues of a whole recording, as they are recognised; a language once chosen is kept."""
    offset_s = 0.0
    language = ""
    notes = _Notes()
    writer: CueWriter | None = None
    for window in windows:
        engine = load()
        language = language or _language(engine, window, wanted.language)
        if language:
            writer = writer or CueWriter(language, wanted.hot_words, wanted.title)
            context = speech_context(language, wanted.hot_words, wanted.title)
            stretch = _Stretch(engine, window, offset_s, language, context, notes)
            for cue in _hear_window(stretch, writer):
                notes.cue(cue)
                yield cue
        offset_s += len(window) / SPEECH_RATE
    if tell:
        tell(notes.report(language or wanted.language, offset_s))


def _language(engine: Engine, window: Samples, declared: str) -> str:
    """The declared language, unless two places of a long recording are surely in one other."""
    if not declared:
        return engine.detect_language(window).language
    if len(window) < _CHECK_LANGUAGE_S * SPEECH_RATE:
        return declared
    size = round(_SAMPLE_S * SPEECH_RATE)
    found = [
        engine.detect_language(window[at : at + size]) for at in (len(window) // 4, len(window) * 3 // 4)
    ]
    first = found[0].language
    sure = all(each.language == first and each.probability >= _SURE for each in found)
    return first if sure and {first, declared} - CHINESE else declared


def is_silent(samples: Samples) -> bool:
    """Whether there is no sound at all in it."""
    return float(np.abs(samples).max(initial=0.0)) < _SILENCE


@dataclass(slots=True)
class _Notes:
    """The report in the making."""

    n_reruns: int = 0
    faults: list[Fault] = field(default_factory=list)
    marked: list[MarkedSpan] = field(default_factory=list)
    _cues: list[TimeSpan] = field(default_factory=list)
    _sureness: float = 0.0
    _sure_s: float = 0.0

    def cue(self, cue: Cue) -> None:
        self._cues.append(cue.span)

    def heard(self, heard: Heard) -> None:
        if heard.words and not math.isnan(heard.sureness):
            seconds = max(0.0, heard.words[-1].end - heard.words[0].start)
            self._sureness += heard.sureness * seconds
            self._sure_s += seconds

    def report(self, language: str, heard_s: float) -> SpeechReport:
        edges = [0.0, *(edge for span in self._cues for edge in (span.start, span.end)), heard_s]
        gaps = [TimeSpan(round(a, 3), round(b, 3)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
        return SpeechReport(
            language,
            round(heard_s, 3),
            round(sum(span.end - span.start for span in self._cues), 3),
            tuple(gap for gap in gaps if gap.end - gap.start >= GAP_S),
            round(self._sureness / self._sure_s, 3) if self._sure_s else None,
            self.n_reruns,
            tuple(sorted(Counter(fault.reason for fault in self.faults).items())),
            tuple(self.marked),
        )


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Samples and where they begin in the recording."""

    engine: Engine
    samples: Samples
    offset_s: float
    language: str
    context: str
    notes: _Notes

    @property
    def end_s(self) -> float:
        return self.offset_s + len(self.samples) / SPEECH_RATE

    def cues(self, writer: CueWriter) -> Iterator[Cue]:
        """Its cues; one that stands where there is no sound at all is a fault."""
        for cue in self._written(writer):
            if is_silent(self._samples(cue.start, cue.end)):
                writer.faults.append(Fault(cue.start, cue.end, "silent"))
            else:
                yield cue

    def between(self, start_s: float, end_s: float) -> _Stretch:
        return replace(self, samples=self._samples(start_s, end_s), offset_s=start_s, context="")

    def _written(self, writer: CueWriter) -> Iterator[Cue]:
        for heard in self.engine.listen(self.samples, self.language, self.context):
            n_faults = len(writer.faults)
            yield from writer.cues(heard, offset_s=self.offset_s, limit_s=self.end_s)
            if len(writer.faults) == n_faults:
                self.notes.heard(heard)
        yield from writer.rest()

    def _samples(self, start_s: float, end_s: float) -> Samples:
        first, last = (round((s - self.offset_s) * SPEECH_RATE) for s in (start_s, end_s))
        return self.samples[max(0, first) : max(0, last)]


def _hear_window(stretch: _Stretch, writer: CueWriter) -> Iterator[Cue]:
    """The cues of a stretch; what was left out between two of them is listened to again."""
    before = Cue(stretch.offset_s, stretch.offset_s, "")
    for cue in stretch.cues(writer):
        yield from _hear_hole(stretch, writer, before, cue)
        yield cue
        before = cue
    yield from _hear_hole(stretch, writer, before, Cue(stretch.end_s, stretch.end_s, ""))
    stretch.notes.faults += writer.faults
    writer.faults.clear()


def _hear_hole(stretch: _Stretch, writer: CueWriter, before: Cue, after: Cue) -> Iterator[Cue]:
    """Whisper sometimes skips a sentence, or says hot words instead; without them it hears it."""
    inside = [fault for fault in writer.faults if fault.start < after.start and fault.end > before.end]
    suspects = [fault for fault in inside if fault.reason not in _FINAL]
    least_s = _SUSPECT_S if suspects else _HOLE_S
    if after.start - before.end < least_s:
        return
    hole = stretch.between(before.end, after.start)
    spoken = _speech(hole)
    if spoken is None:
        # Nobody can say whether there is speech: only text that was kept out is a reason to try again.
        spoken = [(fault.start, fault.end) for fault in suspects]
    if sum(end - start for start, end in spoken) < (_SUSPECT_S if suspects else _MISSED_S):
        return
    stretch.notes.n_reruns += 1
    again = CueWriter(hole.language, ())
    cues: list[Cue] = []
    for cue in hole.cues(again):
        # Its neighbours may be there again: their words lie in the hole if their times were wrong.
        if cue.end <= after.start and not alike(cue.text, before.text) and not alike(cue.text, after.text):
            cues.append(cue)
            yield cue
    stretch.notes.faults += again.faults
    faults = [*inside, *again.faults]
    stretch.notes.marked += _missing(spoken, cues, faults[-1].reason if faults else "unheard")


def _speech(stretch: _Stretch) -> list[tuple[float, float]] | None:
    """Where somebody seems to speak, in seconds of the recording."""
    found = stretch.engine.speech(stretch.samples)
    if found is None:
        return None
    return [(stretch.offset_s + start, stretch.offset_s + end) for start, end in found]


def _missing(spoken: list[tuple[float, float]], cues: list[Cue], reason: str) -> Iterator[MarkedSpan]:
    """Speech that even the second hearing gave no cue for."""
    open_: list[tuple[float, float]] = []
    for start, end in spoken:
        covered = sum(max(0.0, min(end, cue.end) - max(start, cue.start)) for cue in cues)
        if covered >= (end - start) / 2:
            continue
        if open_ and start - open_[-1][1] <= _MERGE_S:
            open_[-1] = (open_[-1][0], end)
        else:
            open_.append((start, end))
    for start, end in open_:
        if end - start >= _MISSED_S:
            yield MarkedSpan(round(start, 3), round(end, 3), reason)


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
