"""A recording through an engine: second hearings, what is marked, the language, the report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from baize.adapters.audio_av import SPEECH_RATE, Samples
from baize.adapters.speech import NOBODY, Detected, Wanted, hear
from baize.adapters.speech_cues import Heard, Word
from baize.domain.locator import TimeSpan
from baize.domain.speech import MarkedSpan, SpeechReport
from baize.domain.text import Cue

GLOSSARY = ("cell", "row", "column")


def said(text: str, start: float, pace_s: float = 0.5) -> Heard:
    words = [
        Word(start + n * pace_s, start + (n + 1) * pace_s, f" {word}") for n, word in enumerate(text.split())
    ]
    return Heard(tuple(words), -0.3, 0.0)


@dataclass
class ScriptedEngine:
    """Says `first` with a context, `again` without one; somebody speaks in `spoken`."""

    first: Sequence[Heard]
    again: Sequence[Heard] = ()
    spoken: Sequence[tuple[float, float]] | None = ()
    detected: Sequence[Detected] = ()
    asked: list[tuple[float, str, str]] = field(default_factory=list)

    def speech(self, samples: Samples) -> list[tuple[float, float]] | None:
        return None if self.spoken is None else list(self.spoken)

    def detect_language(self, samples: Samples) -> Detected:
        found = self.detected[0] if self.detected else NOBODY
        self.detected = self.detected[1:]
        return found

    def listen(self, samples: Samples, language: str, context: str) -> Iterator[Heard]:
        self.asked.append((len(samples) / SPEECH_RATE, language, context))
        yield from self.first if len(self.asked) == 1 else self.again


def sound(seconds: float) -> Samples:
    return np.full(round(seconds * SPEECH_RATE), 0.1, dtype=np.float32)


def run(
    engine: ScriptedEngine, samples: Samples, language: str = "en", hot_words: tuple[str, ...] = GLOSSARY
) -> tuple[list[Cue], SpeechReport]:
    reports: list[SpeechReport] = []
    cues = list(hear(lambda: engine, [samples], Wanted(language, hot_words, "Tables"), reports.append))
    return cues, reports[0]


def test_an_echo_is_heard_again_without_the_glossary() -> None:
    """The sentence that the engine gave hot words for is found by the second hearing."""
    engine = ScriptedEngine(
        [said("This is first.", 0.0), said("Glossary: cell, row, column,", 2.0), said("This is last.", 8.0)],
        [said("What was really said.", 0.5)],
        spoken=[(0.5, 4.0)],
    )
    cues, report = run(engine, sound(9.5))
    assert [cue.text for cue in cues] == ["This is first.", "What was really said.", "This is last."]
    assert [context for _, _, context in engine.asked] == ["Tables. Glossary: cell, row, column.", ""]
    assert (report.n_reruns, report.dropped, report.marked) == (1, (("echo", 1),), ())


def test_what_stays_missing_is_marked_and_never_written() -> None:
    """The engine loses its place twice: the span is told with its reason."""
    engine = ScriptedEngine(
        [said("This is first.", 0.0), said("squeezed words that nobody says", 3.0, 0.01)],
        [said("squeezed words that nobody says", 1.0, 0.01)],
        spoken=[(1.0, 5.0)],
    )
    cues, report = run(engine, sound(10.0))
    assert [cue.text for cue in cues] == ["This is first."]
    assert report.marked == (MarkedSpan(2.5, 6.5, "squeezed"),)
    assert report.doubtful


def test_a_skipped_sentence_is_marked_unheard() -> None:
    """Somebody speaks and the engine says nothing, even the second time."""
    _, report = run(ScriptedEngine([said("This is first.", 0.0)], spoken=[(2.0, 6.0)]), sound(10.0))
    assert report.marked == (MarkedSpan(3.5, 7.5, "unheard"),)


def test_without_a_detector_only_faults_are_heard_again() -> None:
    """An endpoint cannot tell where somebody speaks: a plain pause costs no second upload."""
    engine = ScriptedEngine([said("This is first.", 0.0), said("This is last.", 8.0)], spoken=None)
    _, report = run(engine, sound(9.5))
    assert (len(engine.asked), report.n_reruns, report.gaps) == (1, 0, (TimeSpan(1.5, 8.0),))
    engine = ScriptedEngine([said("Glossary: cell, row, column,", 2.0)], [said("Spoken.", 0.0)], spoken=None)
    cues, report = run(engine, sound(9.5))
    assert ([cue.text for cue in cues], report.n_reruns) == (["Spoken."], 1)


def test_no_text_stands_where_there_is_no_sound() -> None:
    """Silence in the samples beats whatever the engine says."""
    samples = sound(10.0)
    samples[4 * SPEECH_RATE :] = 0.0
    engine = ScriptedEngine([said("This is first.", 0.0), said("Thank you.", 6.0)])
    cues, report = run(engine, samples)
    assert [cue.text for cue in cues] == ["This is first."]
    assert report.dropped == (("silent", 1),)


@pytest.mark.parametrize(
    ("detected", "heard_in"),
    [
        ([Detected("zh", 0.99), Detected("zh", 0.95)], "zh"),
        ([Detected("zh", 0.99), Detected("en", 0.95)], "en"),
        ([Detected("zh", 0.99), Detected("zh", 0.5)], "en"),
        ([NOBODY, NOBODY], "en"),
    ],
)
def test_a_long_lesson_in_another_language_is_heard_in_that(detected: list[Detected], heard_in: str) -> None:
    """Two places must agree and be sure; else the declared language stands."""
    engine = ScriptedEngine([], detected=detected)
    _, report = run(engine, sound(301.0))
    assert (engine.asked[0][1], report.language) == (heard_in, heard_in)


def test_cantonese_is_no_contradiction_to_chinese() -> None:
    """Both are written alike."""
    engine = ScriptedEngine([], detected=[Detected("yue", 0.99)] * 2)
    assert run(engine, sound(301.0), "zh")[1].language == "zh"


def test_the_report_weighs_sureness_by_seconds() -> None:
    """Segments of which nothing became a cue do not count; an engine that does not say gives None."""
    first, second = said("One two.", 0.0), said("One two three four five six.", 2.0)
    engine = ScriptedEngine([first, Heard(second.words, -0.9, 0.0)])
    _, report = run(engine, sound(6.0))
    assert report.mean_logprob == pytest.approx((-0.3 * 1 - 0.9 * 3) / 4)
    engine = ScriptedEngine([Heard(first.words, float("nan"), 0.0)])
    assert run(engine, sound(2.0))[1].mean_logprob is None
