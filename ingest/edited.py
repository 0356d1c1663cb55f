"""What people changed, over what was read. Between `extract` and `chapter`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from baize.domain.artefact import KeyPoint, Prepared, SummaryLine
from baize.domain.course import Lesson
from baize.domain.edit import LINES, Edit, apply_cue_edits, lines_of, settle_lines
from ingest.extract.read import ReadLesson
from ingest.plan import LessonPlan, PlannedChapter


def edited(
    plan: LessonPlan, read: ReadLesson, edits: Sequence[Edit]
) -> tuple[LessonPlan, ReadLesson, list[Edit]]:
    """The plan with a person's outline, the transcript with a person's lines, each edit with its state."""
    settled: list[Edit] = []
    for edit in edits:
        if edit.kind == "chapters":
            chapters = tuple(PlannedChapter(start, title) for start, title in json.loads(edit.text))
            plan = replace(plan, chapters=chapters)
            settled.append(replace(edit, state="applied"))
    of_cues = [edit for edit in edits if edit.kind == "cue"]
    at = next((n for n, source in enumerate(read.sources) if source.cues), None)
    of_lines = [edit for edit in edits if edit.kind in LINES]
    files = {source.name for source in read.sources}
    if at is None:
        settled.extend(replace(edit, state="conflict") for edit in of_cues)
        return plan, read, [*settled, *(settle_lines(edit, (), files) for edit in of_lines)]
    cues, told = apply_cue_edits(read.sources[at].cues, of_cues)
    sources = (*read.sources[:at], replace(read.sources[at], cues=cues), *read.sources[at + 1 :])
    told.extend(settle_lines(edit, cues, files) for edit in of_lines)
    return plan, replace(read, sources=sources), [*settled, *told]


def pinned(prepared: Prepared | None, lesson: Lesson, edits: Sequence[Edit]) -> Prepared | None:
    """What was prepared, with a person's lines in place of those of the edits that hold."""
    for edit in edits:
        if edit.kind not in LINES or edit.state != "applied":
            continue
        prepared = prepared or Prepared(lesson.id, lesson.language)
        if edit.kind == "summary":
            summary = [SummaryLine(x.text, lesson.id, x.locators, "person") for x in lines_of(edit)]
            prepared = replace(prepared, summary=tuple(summary))
        else:
            points = [KeyPoint(x.text, lesson.id, x.locators, "person") for x in lines_of(edit)]
            prepared = replace(prepared, key_points=tuple(points))
    return prepared
