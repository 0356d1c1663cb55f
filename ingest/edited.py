"""What people changed, over what was read. Between `extract` and `chapter`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from baize.domain.edit import Edit, apply_cue_edits
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
    if at is None:
        return plan, read, [*settled, *(replace(edit, state="conflict") for edit in of_cues)]
    cues, told = apply_cue_edits(read.sources[at].cues, of_cues)
    sources = (*read.sources[:at], replace(read.sources[at], cues=cues), *read.sources[at + 1 :])
    return plan, replace(read, sources=sources), [*settled, *told]
