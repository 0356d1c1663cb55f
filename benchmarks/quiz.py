"""Cloze questions of a library, checked from outside: `python -m benchmarks.quiz` over `BAIZE_DATA_DIR`.

For each item: its sentence stands in the transcript; the gap closes to that sentence; the answer
stands in it once, and is a term of the glossary or a key phrase of the lesson; no option stands in it.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass

import anyio

from baize.bootstrap import House, opened
from baize.domain.artefact import Prepared, QuizItem
from baize.domain.course import Course
from baize.domain.library import Transcript
from baize.domain.locator import TimeSpan
from baize.retrieval.phrases import key_phrases
from baize.retrieval.terms import normalise
from baize.settings import load
from eval.stats import interval

_KEY_PHRASES = 30
"""How many of a lesson's phrases count as its key terms."""


@dataclass(frozen=True, slots=True)
class _Lesson:
    """What an item is checked against."""

    said: str
    terms: frozenset[str]


def check(item: QuizItem, lesson: _Lesson) -> dict[str, bool]:
    """What holds of one item."""
    answer = _folded(item.options[item.answer])
    quote = _folded(item.quote)
    gap = _folded(item.question).removesuffix("…")
    before, _, after = gap.partition("____")
    wrong = [_folded(option) for option in item.options if _folded(option) != answer]
    return {
        "term": answer in lesson.terms or answer.removesuffix("s") in lesson.terms,
        "once": len(re.findall(_whole(answer), quote)) == 1,
        "closes": before + answer + after in quote,
        "in_transcript": _bare(item.quote) in lesson.said and isinstance(item.locators[0], TimeSpan),
        "options_apart": not [option for option in wrong if re.search(_whole(option), quote)],
    }


async def measure(house: House) -> dict[str, object]:
    """Shares over all cloze items of the library, with their intervals."""
    platform_id = house.settings.platform_id
    checked: list[dict[str, bool]] = []
    n_lessons = 0
    for course in await house.catalog.courses(platform_id):
        for found in await house.artefacts.prepared_of_course(platform_id, course.id):
            transcript = await house.artefacts.transcript(platform_id, found.lesson_id)
            items = [item for item in found.quiz if item.kind == "cloze"]
            if transcript is None or not items:
                continue
            n_lessons += 1
            lesson = _against(course, found, transcript)
            checked += [check(item, lesson) for item in items]
    for held in checked:
        held["term and once"] = held["term"] and held["once"]
    names = checked[0] if checked else {}
    shares = {name: _share([held[name] for held in checked]) for name in names}
    return {"n_items": len(checked), "n_lessons": n_lessons, "shares": shares}


def _share(held: list[bool]) -> list[float]:
    """Mean, lower and upper end of its 95 % interval."""
    found = interval([[float(holds)] for holds in held], "mean")
    return [round(x, 4) for x in (found.value, found.low, found.high)] if found else []


def _against(course: Course, found: Prepared, transcript: Transcript) -> _Lesson:
    phrases = key_phrases([cue.text for cue in transcript.cues], _KEY_PHRASES)
    terms = (*course.glossary, *(term.term for term in found.glossary), *(phrase.text for phrase in phrases))
    said = _bare("".join(cue.text for cue in transcript.cues))
    return _Lesson(said, frozenset(map(_folded, terms)))


def _folded(text: str) -> str:
    return " ".join(normalise(text).split())


def _bare(text: str) -> str:
    return "".join(text.split())


def _whole(term: str) -> str:
    return re.escape(term) if not term.isascii() else rf"(?<!\w){re.escape(term)}(?!\w)"


async def _main() -> None:
    async with opened(load()) as house:
        json.dump(await measure(house), sys.stdout, ensure_ascii=False, indent=2)


if __name__ == "__main__":
    anyio.run(_main)
