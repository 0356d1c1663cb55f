"""A course in a model's words: from the lines of its lessons' summaries, which were verified before.

The hierarchy that keeps long courses whole: sentences → lines of a lesson → lines of the course. A line of
the course names lines of one lesson by number; its places are theirs, so they still come from the index.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from baize.domain.artefact import CourseSummary, Prepared, SummaryLine
from baize.domain.course import Course
from baize.domain.locator import Locator
from baize.ports import StepRunner
from baize.services.summarize import MAX_LINES, course_source, shared_out
from ingest.prepare.reply import LineEntry
from ingest.prepare.text import LessonText, text_of_lines
from ingest.prepare.written import Part, Writer, course_card, numbered, parts

_TASK = "course_summary"


async def write_course(
    writer: Writer, course: Course, lessons: Sequence[Prepared], steps: StepRunner
) -> CourseSummary:
    """The summary of a course; lessons that the model left out, or said without proof, have their own line.

    Raises:
        UpstreamFailed: the model cannot be used, or gave no usable reply twice.
    """
    lines = [line for lesson in lessons for line in lesson.summary]
    language = course.language or lessons[0].language
    text = text_of_lines(course, language, lines)
    written: list[tuple[int, SummaryLine]] = []
    for part in parts(text, writer.counter, writer.options.part_tokens):
        values = {
            "course_card": course_card(course),
            "sentences": numbered(text, part),
            "language": writer.language_name(language),
            "n": str(max(1, round(MAX_LINES * part.share))),
        }
        for entry in (await writer.ask(_TASK, values, "lines", LineEntry, steps)).entries:
            found = await _line(writer, text, lines, part, entry)
            if found is not None:
                written.append(found)
    told = {line.lesson_id for _, line in written}
    own = shared_out([lesson.summary for lesson in lessons if lesson.lesson_id not in told])
    missing = {line.lesson_id: line for line in reversed(own)}
    written += [(lines.index(line), line) for line in missing.values()]
    ordered = tuple(line for _, line in sorted(written, key=lambda one: one[0]))
    return CourseSummary(
        course.id,
        language,
        ordered,
        model=writer.model if told else "extractive",
        source=course_source(lessons),
    )


async def _line(
    writer: Writer, text: LessonText, lines: Sequence[SummaryLine], part: Part, entry: LineEntry
) -> tuple[int, SummaryLine] | None:
    """The entry with the places of the lines that bear it, of the first lesson of which some do."""
    known = [number - 1 for number in dict.fromkeys(entry.ids) if number - 1 in part.numbers]
    for lesson_id, numbers in groupby(sorted(known), key=lambda number: lines[number].lesson_id):
        bearing = await writer.bearing(entry.text, text, list(numbers))
        places: tuple[Locator, ...] = tuple(
            dict.fromkeys(locator for number in bearing for locator in lines[number].locators)
        )
        if places:
            return bearing[0], SummaryLine(entry.text, lesson_id, places, "model")
    return None
