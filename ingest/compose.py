"""Chunks → what a learner may click: summary, key points, glossary, quiz, highlights. Comes after `embed`.

Every line takes its locators from the sentences of the index. Without a model all lines are the lesson's own
sentences, and say so (`origin: extractive`); so they are when the model fails or its hours have not come.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from baize.domain.artefact import Prepared
from baize.domain.course import Course, Lesson
from baize.domain.text import Chunk, Cue
from baize.errors import UpstreamFailed
from baize.ports import Embedder, StepRunner
from ingest.prepare.cloze import cloze_items
from ingest.prepare.glossary import glossary_terms
from ingest.prepare.highlights import highlights
from ingest.prepare.summary import key_numbers, key_points, summary_lines
from ingest.prepare.text import LessonText, text_of
from ingest.prepare.written import Writer

COMPOSE_VERSION = "compose-9"
"""Part of every build's digest: raise it when the same text must give other artefacts."""

log = logging.getLogger("baize.ingest")


async def compose(
    course: Course,
    lesson: Lesson,
    chunks: Sequence[Chunk],
    embedder: Embedder,
    *,
    writer: Writer | None,
    steps: StepRunner,
    cues: Sequence[Cue] = (),
) -> Prepared | None:
    """Everything prepared for one lesson; None where there is no text to prepare it from.

    Args:
        cues: of the speech that the chunks are from; they tell where a line without full stops may pause.
        writer: words it with a model; None: there is none.
    """
    text = await text_of(course, lesson, chunks, embedder, cues)
    if text is None:
        return None
    own = extracted(text)
    if writer is None:
        return own
    if writer.may_write():
        try:
            return await writer.write(course, text, own, steps)
        except UpstreamFailed as failure:
            log.warning("%s: prepared without the model. %s", lesson.id, failure)
    writer.n_waiting += 1
    return replace(own, waiting=True)


def extracted(text: LessonText) -> Prepared:
    """Without a model: sentences, terms and gaps of the lesson itself."""
    glossary, numbers = glossary_terms(text), key_numbers(text)
    return Prepared(
        text.lesson_id,
        text.language,
        summary_lines(text),
        key_points(text, numbers),
        glossary,
        cloze_items(text, glossary),
        highlights(text, numbers),
    )
