"""What callers get of prepared artefacts. Every line carries its locators, which come from the index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, Field

from baize.api.encoding import OmitIfNone
from baize.api.mapping import locator_body
from baize.api.notices import label
from baize.api.wire import LocatorBody, TimeLocator
from baize.domain.artefact import (
    CourseSummary,
    GlossaryTerm,
    Highlight,
    KeyPoint,
    Origin,
    Prepared,
    QuizItem,
    SummaryLine,
)
from baize.domain.course import Chapter
from baize.domain.locator import Locator, TimeSpan

_ORIGIN = "Who worded it: `extractive` is the course's own sentence, verbatim."


class LineBody(BaseModel):
    """One sentence of a summary, or one key point."""

    text: str
    lesson_id: str
    locators: list[LocatorBody] = Field(description="Where the lesson says it; never empty.")
    origin: Origin = Field(description=_ORIGIN)


class _Lines(BaseModel):
    language: str
    model: str = Field(description="Which model worded lines; `extractive` when none did.")
    label: str = Field(description="The notice that must stand visibly beside them.")


class SummaryBody(_Lines):
    """The summary of a lesson."""

    lesson_id: str
    lines: list[LineBody]


class KeyPointsBody(_Lines):
    """What to take away from a lesson."""

    lesson_id: str
    key_points: list[LineBody]


class CourseSummaryBody(_Lines):
    """The summary of a course, lesson by lesson."""

    course_id: str
    lines: list[LineBody]


class CourseKeyPointsBody(_Lines):
    """What to take away from a course, lesson by lesson."""

    course_id: str
    key_points: list[LineBody]


class TermBody(BaseModel):
    """A term and the moment that explains it."""

    term: str
    explanation: str
    explained: bool = Field(description="False: no sentence explains it; this is the first that uses it.")
    lesson_id: str
    locators: list[LocatorBody]
    origin: Origin = Field(description=_ORIGIN)


class GlossaryBody(_Lines):
    """The terms of a lesson, in the order in which they are explained."""

    lesson_id: str
    terms: list[TermBody]


class QuizItemBody(BaseModel):
    """One question. Its solution stays on the server."""

    id: str
    kind: Literal["cloze", "choice"] = Field(description="`cloze`: what stands in the gap `____`?")
    question: str
    options: list[str]
    locators: list[LocatorBody] = Field(description="The moment that answers it, to look again.")
    origin: Origin = Field(description=_ORIGIN)
    ask_at: OmitIfNone[float] = Field(
        None,
        description="Second at which its chapter ends; for one item of each chapter, to be asked there.",
    )


class QuizBody(_Lines):
    """Questions on a lesson, in its order."""

    lesson_id: str
    items: list[QuizItemBody]


class HighlightBody(BaseModel):
    """A stretch that is worth seeing first, from the start of a sentence to the end of one."""

    text: str = Field(description="What is said there.")
    locator: TimeLocator
    origin: Origin = Field(description="Who chose it.")


class HighlightsBody(_Lines):
    """The highlights of a lesson, in its order."""

    lesson_id: str
    duration_s: float = Field(description="Of all highlights together.")
    highlights: list[HighlightBody]


def summary_body(made: Prepared | CourseSummary) -> SummaryBody | CourseSummaryBody:
    lines = _lines(made.summary)
    if isinstance(made, CourseSummary):
        return CourseSummaryBody(course_id=made.course_id, lines=lines, **_head(made))
    return SummaryBody(lesson_id=made.lesson_id, lines=lines, **_head(made))


def key_points_body(made: Prepared | CourseSummary) -> KeyPointsBody | CourseKeyPointsBody:
    points = _lines(made.key_points)
    if isinstance(made, CourseSummary):
        return CourseKeyPointsBody(course_id=made.course_id, key_points=points, **_head(made))
    return KeyPointsBody(lesson_id=made.lesson_id, key_points=points, **_head(made))


def glossary_body(prepared: Prepared) -> GlossaryBody:
    return GlossaryBody(
        lesson_id=prepared.lesson_id,
        terms=[_term_body(term) for term in prepared.glossary],
        **_head(prepared),
    )


def quiz_body(prepared: Prepared, chapters: Sequence[Chapter] = ()) -> QuizBody:
    ends = _chapter_ends(prepared.quiz, chapters)
    return QuizBody(
        lesson_id=prepared.lesson_id,
        items=[_quiz_item_body(item, ends.get(item.id)) for item in prepared.quiz],
        **_head(prepared),
    )


def _chapter_ends(quiz: Sequence[QuizItem], chapters: Sequence[Chapter]) -> dict[str, float]:
    """For the first item of each chapter: where the chapter ends, and it may be asked."""
    ends: dict[str, float] = {}
    for chapter in chapters:
        for item in quiz:
            place = item.locators[0] if item.locators else None
            if isinstance(place, TimeSpan) and chapter.start <= place.start < chapter.end:
                ends[item.id] = chapter.end
                break
    return ends


def highlights_body(prepared: Prepared) -> HighlightsBody:
    return HighlightsBody(
        lesson_id=prepared.lesson_id,
        duration_s=round(sum(h.span.end - h.span.start for h in prepared.highlights), 3),
        highlights=[_highlight_body(highlight) for highlight in prepared.highlights],
        **_head(prepared),
    )


def _head(made: Prepared | CourseSummary) -> dict[str, str]:
    return {"language": made.language, "model": made.model, "label": label(made.language, made.model)}


def _lines(lines: Sequence[SummaryLine | KeyPoint]) -> list[LineBody]:
    return [
        LineBody(
            text=line.text, lesson_id=line.lesson_id, locators=_locators(line.locators), origin=line.origin
        )
        for line in lines
    ]


def _term_body(term: GlossaryTerm) -> TermBody:
    return TermBody(
        term=term.term,
        explanation=term.explanation,
        explained=term.explained,
        lesson_id=term.lesson_id,
        locators=_locators(term.locators),
        origin=term.origin,
    )


def _quiz_item_body(item: QuizItem, ask_at: float | None) -> QuizItemBody:
    """Without answer and quote: a learner's browser must not hold them."""
    return QuizItemBody(
        id=item.id,
        kind=item.kind,
        question=item.question,
        options=list(item.options),
        locators=_locators(item.locators),
        origin=item.origin,
        ask_at=ask_at,
    )


def _highlight_body(highlight: Highlight) -> HighlightBody:
    span = highlight.span
    return HighlightBody(
        text=highlight.text,
        locator=TimeLocator(kind="time", start=round(span.start, 3), end=round(span.end, 3)),
        origin=highlight.origin,
    )


def _locators(locators: Sequence[Locator]) -> list[LocatorBody]:
    return [locator_body(locator) for locator in locators]
