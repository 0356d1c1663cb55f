"""The demo: the sample courses in, one question in each language, and a check of what came out."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import typer

from baize.bootstrap import House
from baize.cli import place, print_event
from baize.domain.chat import Answer, Citation, Completed
from baize.domain.locator import TimeSpan, format_timestamp
from baize.domain.search import Scope
from baize.services.answer import Question
from baize.services.summarize import summarize_course
from ingest.cli import print_report
from ingest.run import ingest_paths

TOLERANCE_S = 2.0
"""How far from its cited second a quote may be spoken."""


@dataclass(frozen=True, slots=True)
class DemoQuestion:
    """`course_id` is where the learner sits while asking."""

    text: str
    course_id: str


DEMO_QUESTIONS = (
    DemoQuestion("高血压的人早上什么时候量血压最准？", "elder-health"),
    DemoQuestion("How do I stop a cell reference from changing when I copy a formula?", "spreadsheets-101"),
)


def courses_folder() -> Path:
    """Where the sample courses lie, in a checkout and in an installed wheel alike."""
    return Path(str(resources.files("baize.demo").joinpath("courses")))


async def run_demo(house: House, questions: Sequence[DemoQuestion]) -> list[str]:
    """Ingest, ask, print and check.

    Returns:
        what does not hold, a line each; empty when all is well.
    """
    folder = courses_folder()
    courses = sorted(path for path in folder.iterdir() if (path / "course.yaml").is_file())
    report = await ingest_paths(house, courses)
    print_report(report)
    faults = [str(problem) for problem in report.all_problems]
    for question in questions:
        faults += await _show_key_points(house, question.course_id)
        answer = await _ask(house, question)
        faults += [f"{question.text}: {fault}" for fault in check_answer(answer, folder / question.course_id)]
    return faults


async def _show_key_points(house: House, course_id: str) -> list[str]:
    """Print what to take away from a course; a course without key points is a fault."""
    platform_id = house.settings.platform_id
    found = await summarize_course(house.catalog, house.artefacts, platform_id, course_id)
    lessons = await house.catalog.lessons(platform_id, course_id)
    titles = {lesson.id: lesson.title for lesson in lessons}
    typer.secho(f"\n{course_id}", bold=True)
    seen: set[str] = set()
    for point in found.key_points:
        if point.lesson_id not in seen:
            seen.add(point.lesson_id)
            typer.echo(f"{titles[point.lesson_id]} {place(point.locators[0])}  {point.text}")
    prepared = {lesson.id for lesson in lessons if lesson.duration_s}
    return [f"{lesson_id} has no key point." for lesson_id in sorted(prepared - seen)]


async def _ask(house: House, question: DemoQuestion) -> Answer:
    typer.secho(f"\n{question.text}", bold=True)
    scope = Scope(house.settings.platform_id, course_ids=(question.course_id,))
    prepared = await house.answering.prepare(Question(question.text, scope))
    async for event in house.answering.stream(prepared):
        print_event(event, as_json=False)
        if isinstance(event, Completed):
            return event.answer
    raise RuntimeError("the answer stream ended without `Completed`")  # a fault of ours, not of the input


def check_answer(answer: Answer, course: Path) -> list[str]:
    """Whether the answer is cited and each quote is spoken within two seconds of its cited one.

    Compared with what the sample's build script noted when it made the sound.
    """
    spoken: dict[str, list[dict[str, float | str]]] = json.loads((course / "timings.json").read_text())
    if answer.refusal or not answer.citations:
        return ["the answer is not cited."]
    return [
        f"“{citation.quote}” is not spoken within {TOLERANCE_S:.0f} s of "
        f"{citation.lesson_id} {format_timestamp(citation.locator.start)}."
        for citation in answer.citations
        if isinstance(citation.locator, TimeSpan)
        and not _is_spoken(citation, citation.locator, spoken.get(citation.lesson_id, []))
    ]


def _is_spoken(citation: Citation, span: TimeSpan, sentences: list[dict[str, float | str]]) -> bool:
    """Whether a sentence that shares most of the quote's words is spoken at the cited second.

    Heard speech is never letter-perfect, so words are compared, not characters in a row. A quote that starts
    within a sentence is spoken within that sentence's seconds.
    """
    quote = _words(citation.quote)
    for sentence in sentences:
        start, end = float(sentence["start"]), float(sentence["end"])
        if start - TOLERANCE_S <= span.start <= end + TOLERANCE_S:
            text = str(sentence["text"])
            onset = start + (end - start) * _position(citation.quote, text)
            shared = len(quote & _words(text)) / max(min(len(quote), len(_words(text))), 1)
            if shared >= 0.6 and abs(onset - span.start) <= TOLERANCE_S:
                return True
    return False


def _position(quote: str, sentence: str) -> float:
    """Where in the sentence the quote begins, 0..1; 0 when it begins with it or before."""
    opening = quote[:6].lower()
    found = sentence.lower().find(opening)
    return max(found, 0) / max(len(sentence), 1)


def _words(text: str) -> set[str]:
    """Latin words and single Han characters, case folded."""
    return set(re.findall(r"[a-z0-9]+|[\u4e00-\u9fff]", text.lower()))
