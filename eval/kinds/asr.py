"""`asr`: what the configured speech engine hears, against what was said.

Errors are counted over the units of `eval.metrics.normalise` and micro-averaged: all errors of the Chinese
(`cer`) or other clips (`wer`) over all their units. With `--baselines` and faster-whisper, `direct/…` is a
plain call of that library with the same model and options on the same clips, in turns with the product, so
that speeds compare; of each, the faster of two rounds counts.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from baize.bootstrap import House
from baize.domain.speech import SpeechReport
from baize.domain.text import Cue
from baize.errors import InvalidInput
from baize.ports import Transcriber
from eval.dataset import Clip
from eval.kinds.bench import Desk, Scored, Timed, latency_of, reason
from eval.metrics.normalise import CHARACTER_LANGUAGES, VERSION
from eval.metrics.speech import errors, loops, non_monotonic, term_recall
from eval.record import Cells, ItemView, Measure

_ROUNDS = 2
_FAILED = 0.3
"""An error rate from which on a reader of the report should look at the clip."""


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds of the wall clock, and of all of this process's CPUs."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Observed:
    """One clip.

    Attributes:
        terms: those of the suite, told to the engine as a course's glossary is.
        media_s: seconds of sound.
        direct: the text of the plain call; empty where there was none.
    """

    id: str
    language: str
    text: str
    terms: tuple[str, ...] = ()
    cues: tuple[Cue, ...] = ()
    media_s: float = 0.0
    took: Took | None = None
    direct: str = ""
    direct_took: Took | None = None
    error: str = ""

    @property
    def heard(self) -> str:
        return " ".join(cue.text for cue in self.cues)


async def observe(desk: Desk) -> list[Observed]:
    """Hear each clip as ingestion would, beside the plain call where it is asked for."""
    engine = desk.house.transcriber
    # Loading is no part of a clip's time.
    await engine.ready()
    plainly = _direct(desk.house) if desk.baselines else None

    async def hear(clip: Clip) -> Observed:
        terms = tuple(term for term in desk.suite.terms if _of_language(term, clip.language))
        seen = Observed(clip.file, clip.language, clip.text, terms)
        try:
            for _ in range(_ROUNDS if plainly else 1):
                seen = await _heard(seen, desk.suite.folder / clip.file, engine)
                if plainly:
                    seen = await _heard_plainly(seen, desk.suite.folder / clip.file, plainly)
        except InvalidInput as error:
            return replace(seen, error=reason(error))
        return seen

    return await desk.each(desk.suite.clips, hear)


async def _heard(seen: Observed, media: Path, engine: Transcriber) -> Observed:
    reports: list[SpeechReport] = []
    begin = _now()
    heard = engine.transcribe(media, language=seen.language, hot_words=seen.terms, report=reports.append)
    cues = tuple([cue async for cue in heard])
    return replace(seen, cues=cues, media_s=reports[0].heard_s, took=_faster(seen.took, begin))


async def _heard_plainly(
    seen: Observed, media: Path, plainly: Callable[[Path, str, Sequence[str]], Awaitable[str]]
) -> Observed:
    begin = _now()
    text = await plainly(media, seen.language, seen.terms)
    return replace(seen, direct=text, direct_took=_faster(seen.direct_took, begin))


def _direct(house: House) -> Callable[[Path, str, Sequence[str]], Awaitable[str]] | None:
    """The plain call; None where the engine has none."""
    from anyio import to_thread

    from baize.adapters.transcribe_faster_whisper import FasterWhisperTranscriber

    engine = house.transcriber
    if not isinstance(engine, FasterWhisperTranscriber):
        return None

    async def plainly(media: Path, language: str, hot_words: Sequence[str]) -> str:
        return await to_thread.run_sync(engine.plainly, media, language, hot_words)

    return plainly


def _now() -> Took:
    return Took(time.perf_counter(), time.process_time())


def _faster(before: Took | None, begin: Took) -> Took:
    end = _now()
    took = Took(end.wall_s - begin.wall_s, end.cpu_s - begin.cpu_s)
    return took if before is None else Took(min(took.wall_s, before.wall_s), min(took.cpu_s, before.cpu_s))


def _of_language(term: str, language: str) -> bool:
    return term.isascii() == (language not in CHARACTER_LANGUAGES)


def score(items: Sequence[Observed]) -> Scored:
    """CER and WER apart; the rest over all clips."""
    note = f"normaliser {VERSION}"
    measures = [
        Measure("cer", "ratio", _each(items, _errors, characters=True), note),
        Measure("wer", "ratio", _each(items, _errors, characters=False), note),
        Measure("term_recall", "ratio", _each(items, _recall), note),
        Measure("real_time_factor", "ratio", _each(items, lambda item: _pace(item, item.took))),
        Measure("cpu_factor", "ratio", _each(items, lambda item: _cpu(item, item.took))),
        Measure("non_monotonic", "sum", _each(items, lambda item: (float(non_monotonic(item.cues)),))),
        Measure("loops", "sum", _each(items, lambda item: (float(_loops(item)),))),
    ]
    if any(item.direct_took for item in items):
        measures += [
            Measure("direct/cer", "ratio", _each(items, _direct_errors, characters=True), note),
            Measure("direct/wer", "ratio", _each(items, _direct_errors, characters=False), note),
            Measure("direct/real_time_factor", "ratio", _each(items, lambda i: _pace(i, i.direct_took))),
            Measure("direct/cpu_factor", "ratio", _each(items, lambda i: _cpu(i, i.direct_took))),
        ]
    timings = [Timed(1000 * item.took.wall_s, 0.0) if item.took else None for item in items]
    return Scored(tuple(_view(item) for item in items), tuple(measures), latency_of(timings))


def _each(
    items: Sequence[Observed], measure: Callable[[Observed], Cells | None], characters: bool | None = None
) -> tuple[Cells | None, ...]:
    """Cells of the clips that were heard, and are counted in characters, or in words, if asked."""
    return tuple(
        None
        if item.error or characters not in (None, item.language in CHARACTER_LANGUAGES)
        else measure(item)
        for item in items
    )


def _errors(item: Observed) -> Cells:
    wrong, total = errors(item.text, item.heard, item.language)
    return float(wrong), float(total)


def _direct_errors(item: Observed) -> Cells:
    wrong, total = errors(item.text, item.direct, item.language)
    return float(wrong), float(total)


def _recall(item: Observed) -> Cells | None:
    heard, spoken = term_recall(item.terms, item.text, item.heard, item.language)
    return (float(heard), float(spoken)) if spoken else None


def _pace(item: Observed, took: Took | None) -> Cells | None:
    return (took.wall_s, item.media_s) if took else None


def _cpu(item: Observed, took: Took | None) -> Cells | None:
    return (took.cpu_s, item.media_s) if took else None


def _loops(item: Observed) -> int:
    """Loops that the text itself does not have."""
    spoken = loops([Cue(0.0, 1.0, item.text)], item.language)
    return max(0, loops(item.cues, item.language) - spoken)


def _view(item: Observed) -> ItemView:
    wrong, total = errors(item.text, item.heard, item.language)
    return ItemView(
        item.id,
        item.text,
        item.error,
        1000 * item.took.wall_s if item.took else None,
        {"text": item.text},
        [{"t": cue.start, "end": cue.end, "text": cue.text} for cue in item.cues],
        failed=not item.error and wrong > _FAILED * max(total, 1),
    )
