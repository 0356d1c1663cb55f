"""A lesson as Markdown (CommonMark): its transcript, or all that was prepared for it with its moments."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from baize.domain.artefact import KeyPoint, Prepared, SummaryLine
from baize.domain.course import Chapter, Lesson
from baize.domain.library import Transcript
from baize.domain.locator import FaqEntry, Locator, TextSpan, TimeSpan, format_timestamp
from baize.domain.sentences import joined
from baize.domain.text import Cue

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~!&])")
_OPENS_A_BLOCK = re.compile(r"^(\d{1,9})([.)])|^([-+=])")
_PARAGRAPH_S = 30.0
"""Cues of a transcript without chapters stand together for about this long."""
_HEADINGS = {
    "zh": ("要点", "摘要", "术语", "文字稿"),
    "en": ("Key points", "Summary", "Terms", "Transcript"),
}


def lesson_md(lesson: Lesson, prepared: Prepared | None, transcript: Transcript | None, notice: str) -> str:
    """The handout of a lesson: key points, summary, terms, transcript; what there is not is left out.

    Args:
        notice: says who worded it; it stands below the title.
    """
    points, summary, terms, said = _HEADINGS.get(lesson.language, _HEADINGS["en"])
    parts = [f"# {_escaped(lesson.title)}", f"*{_escaped(notice)}*"]
    if prepared is not None:
        parts += _section(points, _bullets(prepared.key_points))
        parts += _section(summary, _bullets(prepared.summary))
        entries = (
            f"- **{_escaped(term.term)}** ({_place(term.locators[0])}): {_escaped(term.explanation)}"
            for term in prepared.glossary
        )
        parts += _section(terms, entries)
    if transcript is not None:
        parts += [f"## {said}", *_transcript(transcript.cues, lesson.chapters, "###")]
    return "\n\n".join(parts) + "\n"


def transcript_md(lesson: Lesson, transcript: Transcript) -> str:
    """What is said, in paragraphs that start with their time, below the titles of the chapters."""
    parts = [f"# {_escaped(lesson.title)}", *_transcript(transcript.cues, lesson.chapters, "##")]
    return "\n\n".join(parts) + "\n"


def _transcript(cues: Sequence[Cue], chapters: Sequence[Chapter], heading: str) -> Iterator[str]:
    starts = [chapter.start for chapter in chapters]
    chapter, paragraph = 0, list[Cue]()
    for cue in cues:
        number = bisect_right(starts, cue.start + 0.05)
        if paragraph and (number != chapter or cue.end - paragraph[0].start > _PARAGRAPH_S):
            yield _paragraph(paragraph)
            paragraph = []
        if number != chapter:
            chapter = number
            yield f"{heading} {_escaped(chapters[number - 1].title)}"
        paragraph.append(cue)
    if paragraph:
        yield _paragraph(paragraph)


def _paragraph(cues: Sequence[Cue]) -> str:
    return f"`{format_timestamp(cues[0].start)}` {_escaped(joined(cue.text for cue in cues))}"


def _section(heading: str, lines: Iterator[str]) -> list[str]:
    body = "\n".join(lines)
    return [f"## {heading}", body] if body else []


def _bullets(lines: Sequence[SummaryLine | KeyPoint]) -> Iterator[str]:
    return (f"- {_escaped(line.text)} ({_place(line.locators[0])})" for line in lines)


def _place(locator: Locator) -> str:
    match locator:
        case TimeSpan(start, _):
            return format_timestamp(start)
        case TextSpan(file, _, _, page, _):
            return _escaped(f"{file}, {page}" if page else file)
        case FaqEntry(entry_id):
            return _escaped(entry_id)


def _escaped(text: str) -> str:
    """On one line, and no character of it is markup: what is said stays what was said."""
    whole = _MARKUP.sub(r"\\\1", " ".join(text.split()))
    return _OPENS_A_BLOCK.sub(lambda m: f"{m[1]}\\{m[2]}" if m[1] else f"\\{m[3]}", whole)
