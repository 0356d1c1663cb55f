"""What is prepared for a lesson or a course before anybody asks: each line with its places and its origin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from baize.domain.locator import Locator, TimeSpan

Origin = Literal["extractive", "model", "person"]
"""Who worded a line: the course itself (verbatim), a language model, or somebody of the course team."""


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """One sentence of a summary.

    Attributes:
        locators: where the lesson says it, in reading order; never empty.
        lesson_id: the lesson that the locators belong to.
    """

    text: str
    lesson_id: str
    locators: tuple[Locator, ...]
    origin: Origin = "extractive"


@dataclass(frozen=True, slots=True)
class KeyPoint:
    """One thing to take away, short enough for a card. Attributes as `SummaryLine`."""

    text: str
    lesson_id: str
    locators: tuple[Locator, ...]
    origin: Origin = "extractive"


@dataclass(frozen=True, slots=True)
class GlossaryTerm:
    """A term of the lesson and what the lesson says that it is.

    Attributes:
        explanation: the sentence that explains it, or that first uses it.
        explained: whether the sentence defines the term; else it is the first one that uses it.
    """

    term: str
    explanation: str
    lesson_id: str
    locators: tuple[Locator, ...]
    explained: bool = False
    origin: Origin = "extractive"


@dataclass(frozen=True, slots=True)
class QuizItem:
    """One question with options. `answer` and `quote` stay on the server until the learner has tried.

    Attributes:
        id: stable while the sentence and the answer stay, so that practice goes on over a re-ingest.
        kind: `cloze` asks for the word in the gap `____`, `choice` for the right option.
        options: the right one and the wrong ones, in an order that tells nothing.
        answer: place of the right one in `options`.
        locators: the moment that answers it.
        quote: the sentence that answers it, verbatim.
    """

    id: str
    kind: Literal["cloze", "choice"]
    question: str
    options: tuple[str, ...]
    answer: int
    lesson_id: str
    locators: tuple[Locator, ...]
    quote: str
    origin: Origin = "extractive"

    def __post_init__(self) -> None:
        if not 0 <= self.answer < len(self.options):
            raise ValueError(
                f"item {self.id} has {len(self.options)} options, and none has place {self.answer}"
            )


@dataclass(frozen=True, slots=True)
class Highlight:
    """A stretch of the recording that is worth seeing first; it starts and ends with whole sentences."""

    span: TimeSpan
    text: str
    origin: Origin = "extractive"


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything prepared for one build of one lesson.

    Attributes:
        model: which model worded what has the origin `model`; `extractive` where none did.
        prompts: labels of the prompts that were used.
        dropped: lines of the model that its sentences do not support; they were left out.
        waiting: a model is configured and was not used, because it failed or because its hours have
            not come: the next ingestion prepares the lesson again.
    """

    lesson_id: str
    language: str
    summary: tuple[SummaryLine, ...] = ()
    key_points: tuple[KeyPoint, ...] = ()
    glossary: tuple[GlossaryTerm, ...] = ()
    quiz: tuple[QuizItem, ...] = ()
    highlights: tuple[Highlight, ...] = ()
    model: str = "extractive"
    prompts: tuple[str, ...] = ()
    dropped: int = 0
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class CourseSummary:
    """What a whole course says, from the lines of its lessons, in course order.

    Attributes:
        source: digest of the lessons' lines that a model worded the summary from; empty where none did.
    """

    course_id: str
    language: str
    summary: tuple[SummaryLine, ...] = ()
    key_points: tuple[KeyPoint, ...] = ()
    model: str = "extractive"
    source: str = ""
