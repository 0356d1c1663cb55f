"""Made recordings for `benchmarks.speech`: the sample courses' speech between silence, music and noise.

Everything is computed from the committed samples and a seed; no sound is stored. What is said where is
known from the samples' own timings.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, pairwise
from pathlib import Path

import numpy as np
import yaml

from baize.adapters.audio_av import SPEECH_RATE, Samples, decode_audio

COURSES = Path(__file__).parents[1] / "baize" / "demo" / "courses"
_SEED = 20261128
_PART_SENTENCES = 6


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence of the script and where it is spoken, in seconds."""

    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One lesson of the sample courses."""

    id: str
    title: str
    language: str
    media: Path
    glossary: tuple[str, ...]
    said: tuple[Said, ...]

    @property
    def text(self) -> str:
        return " ".join(sentence.text for sentence in self.said)


@dataclass(frozen=True, slots=True)
class Made:
    """A made recording; `said` in its own seconds."""

    language: str
    samples: Samples
    said: tuple[Said, ...]

    @property
    def duration_s(self) -> float:
        return len(self.samples) / SPEECH_RATE


def samples(language: str = "") -> list[Sample]:
    """The lessons of the sample courses, with their scripts."""
    found = []
    for folder in sorted(path.parent for path in COURSES.glob("*/course.yaml")):
        course = yaml.safe_load((folder / "course.yaml").read_text(encoding="utf-8"))
        timings = json.loads((folder / "timings.json").read_text(encoding="utf-8"))
        for lesson in course["lessons"]:
            if language in ("", course["language"]):
                said = tuple(Said(row["start"], row["end"], row["text"]) for row in timings[lesson["id"]])
                found.append(
                    Sample(
                        lesson["id"],
                        lesson["title"],
                        course["language"],
                        folder / lesson["video"],
                        tuple(map(str, course["glossary"])),
                        said,
                    )
                )
    return found


def make(language: str, duration_s: float) -> Made:
    """At least so many seconds: a few sentences, then something that is no speech, and so on."""
    random = np.random.default_rng(_SEED)
    fillers = cycle(_FILLERS)
    pieces: list[Samples] = [silence(20.0, random)]
    said: list[Said] = []
    at_s = 20.0
    for part, sentences in cycle_parts(language):
        if at_s >= duration_s:
            break
        said += [Said(at_s + one.start, at_s + one.end, one.text) for one in sentences]
        filler = next(fillers)(float(random.uniform(8.0, 45.0)), random)
        pieces += [part, filler]
        at_s += (len(part) + len(filler)) / SPEECH_RATE
    return Made(language, np.concatenate(pieces).astype(np.float32), tuple(said))


def cycle_parts(language: str) -> Iterator[tuple[Samples, list[Said]]]:
    """Stretches of a few sentences of each lesson, cut in the pauses between them, without end."""
    parts = [part for sample in samples(language) for part in _parts(sample)]
    yield from cycle(parts)


def _parts(sample: Sample) -> Iterator[tuple[Samples, list[Said]]]:
    sound = np.concatenate(list(decode_audio(sample.media)))
    edges = [0.0]
    for n in range(_PART_SENTENCES, len(sample.said), _PART_SENTENCES):
        edges.append((sample.said[n - 1].end + sample.said[n].start) / 2)
    edges.append(len(sound) / SPEECH_RATE)
    for n, (start, end) in enumerate(pairwise(edges)):
        inside = sample.said[n * _PART_SENTENCES : (n + 1) * _PART_SENTENCES]
        cut = sound[round(start * SPEECH_RATE) : round(end * SPEECH_RATE)]
        yield cut, [Said(one.start - start, one.end - start, one.text) for one in inside]


def silence(seconds: float, random: np.random.Generator) -> Samples:  # noqa: ARG001 - as the other fillers
    return np.zeros(round(seconds * SPEECH_RATE), dtype=np.float32)


def noise(seconds: float, random: np.random.Generator) -> Samples:
    """White noise, as loud as an air conditioner near the microphone."""
    return (0.05 * random.standard_normal(round(seconds * SPEECH_RATE))).astype(np.float32)


def room(seconds: float, random: np.random.Generator) -> Samples:
    """Brown noise and a mains hum: a room in which nobody speaks."""
    n_samples = round(seconds * SPEECH_RATE)
    brown = np.cumsum(random.standard_normal(n_samples))
    brown -= np.linspace(brown[0], brown[-1], n_samples)
    hum = np.sin(2 * np.pi * 50 * np.arange(n_samples) / SPEECH_RATE)
    mixed: Samples = (0.02 * brown / np.abs(brown).max() + 0.01 * hum).astype(np.float32)
    return mixed


def music(seconds: float, random: np.random.Generator) -> Samples:
    """Chords of decaying partials, two a second: like the jingle of a course."""
    total = np.zeros(round(seconds * SPEECH_RATE))
    beat = SPEECH_RATE // 2
    time_s = np.arange(2 * beat) / SPEECH_RATE
    for at in range(0, len(total) - 2 * beat, beat):
        for note in random.choice([0, 2, 4, 7, 9, 12], size=3, replace=False):
            pitch = 220.0 * 2 ** (note / 12)
            tone = sum(np.sin(2 * np.pi * pitch * k * time_s) / k for k in (1, 2, 3))
            total[at : at + 2 * beat] += 0.05 * tone * np.exp(-3 * time_s)
    return total.astype(np.float32)


def clicks(seconds: float, random: np.random.Generator) -> Samples:
    """A keyboard: short bursts in silence."""
    total = np.zeros(round(seconds * SPEECH_RATE), dtype=np.float32)
    for at in random.integers(0, len(total) - 400, size=int(seconds * 3)):
        total[at : at + 400] += 0.2 * random.standard_normal(400) * np.exp(-np.arange(400) / 60)
    return total


_FILLERS = (silence, music, noise, room, clicks)
