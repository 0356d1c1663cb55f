"""Chunks → what a learner may click: summary, key points, glossary, quiz, highlights. Comes after `embed`.

Every line takes its locators from the sentences of the index. Without a model all lines are the lesson's own
sentences, and say so (`origin: extractive`).
"""

from __future__ import annotations

from collections.abc import Sequence

from baize.domain.artefact import Prepared
from baize.domain.course import Course, Lesson
from baize.domain.text import Chunk
from baize.ports import Embedder
from ingest.prepare.cloze import cloze_items
from ingest.prepare.glossary import glossary_terms
from ingest.prepare.highlights import highlights
from ingest.prepare.summary import key_numbers, key_points, summary_lines
from ingest.prepare.text import LessonText, text_of

COMPOSE_VERSION = "compose-4"
"""Part of every build's digest: raise it when the same text must give other artefacts."""


async def compose(
    course: Course, lesson: Lesson, chunks: Sequence[Chunk], embedder: Embedder
) -> Prepared | None:
    """Everything prepared for one lesson; None where there is no text to prepare it from."""
    text = await text_of(course, lesson, chunks, embedder)
    return extracted(text) if text else None


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
