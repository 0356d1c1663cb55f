"""`python -m benchmarks.speech samples|long`: how well the sample courses are heard, and made noise ignored.

samples: each lesson with and without title and glossary → errors, term recall, CPU seconds
long:    two made recordings, together over half an hour, a good part of them silence, music and noise →
         faults, all of which must be 0
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import resource
import sys
import tempfile
import wave
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from baize.adapters.audio_av import SPEECH_RATE
from baize.adapters.speech_cues import CHINESE_PROMPT
from baize.adapters.transcribe_faster_whisper import FasterWhisperTranscriber
from baize.domain.speech import SpeechReport
from baize.domain.text import Cue
from baize.ports import Transcriber
from baize.settings import cache_dir
from benchmarks.speech_sound import Made, Said, make, samples
from eval.metrics.normalise import normalise
from eval.metrics.speech import errors, loops, non_monotonic, term_recall

LONG_S = 960.0
"""Of each language: 32 minutes together."""
_TOLERANCE_S = 1.0
_ECHO = 8


@dataclass(frozen=True, slots=True)
class Faults:
    """What a made recording must not give; cues on silence are those that touch no spoken sentence."""

    language: str
    duration_s: float
    n_cues: int
    error_rate: float
    non_monotonic: int
    loops: int
    echoes: int
    on_silence: int
    marked: int
    marked_s: float
    n_reruns: int
    cpu_s: float
    on_silence_texts: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not (self.non_monotonic or self.loops or self.echoes or self.on_silence)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("samples", "long"))
    parser.add_argument("--language", default="", help="zh or en; both by default")
    parser.add_argument("--seconds", type=float, default=LONG_S, help="of each made recording")
    parser.add_argument("--model", default="base")
    parser.add_argument("--limit", type=int, default=0, help="of the samples, lessons a language")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    engine = FasterWhisperTranscriber(
        options.model, cache_dir=cache_dir(), cpu_threads=int(os.environ.get("OMP_NUM_THREADS", "0"))
    )
    languages = [options.language] if options.language else ["zh", "en"]
    if options.what == "samples":
        measured = (row for one in languages for row in compare(engine, one, options.limit))
    else:
        measured = (asdict(check(engine, make(one, options.seconds))) for one in languages)
    rows = []
    for row in measured:
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
        sys.stdout.flush()
        rows.append(row)
    if options.json:
        options.json.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def compare(engine: Transcriber, language: str, limit: int) -> Iterator[dict[str, object]]:
    """The lessons under each way of telling the engine what it is about."""
    lessons = samples(language)[: limit or None]
    for told in ("nothing", "glossary", "title and glossary"):
        wrong = total = heard = spoken = 0
        begin = _cpu_s()
        reports: list[SpeechReport] = []
        for lesson in lessons:
            cues = asyncio.run(
                _hear(
                    engine,
                    lesson.media,
                    language,
                    () if told == "nothing" else lesson.glossary,
                    lesson.title if told.startswith("title") else "",
                    reports,
                )
            )
            said = " ".join(cue.text for cue in cues)
            more, of = errors(lesson.text, said, language)
            right, terms = term_recall(lesson.glossary, lesson.text, said, language)
            wrong, total, heard, spoken = wrong + more, total + of, heard + right, spoken + terms
        yield {
            "language": language,
            "told": told,
            "n": len(lessons),
            "error_rate": round(wrong / total, 4),
            "term_recall": round(heard / max(spoken, 1), 4),
            "n_terms": spoken,
            "cpu_s_per_s": round((_cpu_s() - begin) / sum(report.heard_s for report in reports), 3),
            "reports": [report.summary() for report in reports],
        }


def check(engine: Transcriber, made: Made) -> Faults:
    """A made recording through the engine."""
    glossary = tuple(dict.fromkeys(term for lesson in samples(made.language) for term in lesson.glossary))
    reports: list[SpeechReport] = []
    begin = _cpu_s()
    with tempfile.TemporaryDirectory() as folder:
        media = _write(Path(folder) / "made.wav", made)
        cues = asyncio.run(_hear(engine, media, made.language, glossary, "", reports))
    wrong, total = errors(
        " ".join(one.text for one in made.said), " ".join(cue.text for cue in cues), made.language
    )
    astray = [cue for cue in cues if not _spoken(cue, made.said)]
    return Faults(
        made.language,
        round(made.duration_s, 1),
        len(cues),
        round(wrong / total, 4),
        non_monotonic(cues),
        _made_loops(cues, made),
        sum(_is_echo(cue, glossary, made.language) for cue in cues),
        len(astray),
        len(reports[0].marked),
        round(reports[0].marked_s, 1),
        reports[0].n_reruns,
        round(_cpu_s() - begin, 1),
        tuple(f"{cue.start:.1f} {cue.text}" for cue in astray),
    )


async def _hear(
    engine: Transcriber,
    media: Path,
    language: str,
    hot_words: Sequence[str],
    title: str,
    reports: list[SpeechReport],
) -> list[Cue]:
    heard = engine.transcribe(
        media, language=language, hot_words=hot_words, title=title, report=reports.append
    )
    return [cue async for cue in heard]


def _spoken(cue: Cue, said: Sequence[Said]) -> bool:
    return any(cue.start < one.end + _TOLERANCE_S and cue.end > one.start - _TOLERANCE_S for one in said)


def _made_loops(cues: Sequence[Cue], made: Made) -> int:
    """Loops that the script does not have."""
    script = [Cue(one.start, one.end, one.text) for one in made.said]
    return max(0, loops(cues, made.language) - loops(script, made.language))


def _is_echo(cue: Cue, glossary: Sequence[str], language: str) -> bool:
    """Eight characters of the prompt, or hot words and nothing else."""
    text = normalise(cue.text, language)
    prompt = normalise(CHINESE_PROMPT, "zh")
    if any(text[at : at + _ECHO] in prompt for at in range(len(text) - _ECHO + 1)):
        return True
    rest, n_terms = text, 0
    for term in sorted((normalise(term, language) for term in glossary), key=len, reverse=True):
        rest, n = re.subn(re.escape(term), "", rest)
        n_terms += n
    return n_terms >= 2 and not rest.strip()


def _write(path: Path, made: Made) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SPEECH_RATE, 0, "NONE", ""))
        file.writeframes((np.clip(made.samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def _cpu_s() -> float:
    """Of all threads: other programs on the machine change it little."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
