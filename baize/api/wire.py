"""What callers get for questions: response and event models.

The contract is section 3 of the interfaces; a change here is a change of the OpenAPI document.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from baize.api.encoding import OmitIfNone


class TimeLocator(BaseModel):
    """A span of the lesson's media, in seconds from its first frame."""

    kind: Literal["time"]
    start: float
    end: float


class TextLocator(BaseModel):
    """A span of a document, in characters of its extracted text."""

    kind: Literal["text"]
    file: str
    page: OmitIfNone[int] = None
    section: OmitIfNone[str] = None
    char_start: int
    char_end: int


class FaqLocator(BaseModel):
    """An entry of the FAQ."""

    kind: Literal["faq"]
    entry_id: str


LocatorBody = Annotated[TimeLocator | TextLocator | FaqLocator, Field(discriminator="kind")]


class Place(BaseModel):
    """A passage and where it stands. `text` is verbatim: the located sentence."""

    course_id: str
    lesson_id: str = Field(description="Empty where a catalogue describes the whole course.")
    lesson_title: str
    locator: LocatorBody
    text: str
    url: str | None = Field(description="Into the platform's player; null when none is configured.")


class EvidenceItem(Place):
    """A passage that the answer may cite as `[marker]`."""

    marker: int


class ResultItem(Place):
    """One row of a search; for lessons and courses, the best moment inside."""

    rank: int
    score: float = Field(description="Comparable within this list only.")
    course_title: str


class CitationBody(BaseModel):
    """A released sentence and the passage that proves it."""

    marker: int
    sentence: str
    chunk_id: str
    course_id: str
    lesson_id: str
    lesson_title: str
    locator: LocatorBody
    quote: str
    support: float = Field(description="How well the quote covers the sentence, 0..1; 1 for a verbatim one.")
    build_id: str = Field(
        "",
        description="The version of the lesson in the index that the quote was read from; "
        "empty for a practised item, and in answers that were stored before December 2026.",
    )


class RefusalBody(BaseModel):
    """Why there is no answer, and what comes nearest."""

    reason: Literal["not_covered", "graded_item", "unsafe", "out_of_scope", "person"]
    nearest: list[Place]


class UsageBody(BaseModel):
    """Tokens of the model's call; all 0 for an extractive answer."""

    prompt_tokens: int
    cache_hit_tokens: int
    completion_tokens: int
    reasoning_tokens: int


class StepBody(BaseModel):
    """Where the conversation stands in guide or test mode."""

    mode: Literal["guide", "test"]
    kind: Literal["hint", "solved", "concept", "asked", "graded"]
    item_id: OmitIfNone[str] = Field(None, description="Of the exercise, or of the question that was asked.")
    level: OmitIfNone[int] = Field(None, description="Of the hint, from 1.")
    of: OmitIfNone[int] = Field(None, description="How many levels there are.")
    verdict: OmitIfNone[Literal["correct", "incomplete", "wrong", "uncertain"]] = Field(
        None, description="On what the learner answered."
    )


class AnswerBody(BaseModel):
    """The whole final answer: `done` of the stream, the JSON reply, and what is stored, byte for byte."""

    answer_id: str
    conversation_id: str
    language: str
    model: str
    prompt: str
    ai_generated: Literal[True] = True
    label: str
    text: str = Field(description="Markdown with `[n]` markers.")
    html: str = Field(description='The text as sanitised HTML; markers are `<cite data-marker="n">`.')
    citations: list[CitationBody]
    refusal: OmitIfNone[RefusalBody] = None
    follow_ups: list[str] = Field(
        description="Up to three questions that the course answers and that may come next."
    )
    usage: UsageBody
    cost: float | None
    reused_from: OmitIfNone[str] = Field(
        None, description="The earlier answer to the same question that was told again."
    )
    withheld: int = Field(description="Sentences that were not sent because nothing supports them.")
    unknown_markers: int = Field(description="Markers of the model that named no evidence.")
    degraded: OmitIfNone[Literal["extractive"]] = Field(
        None, description="The model failed; the course's own sentences answer."
    )
    stopped: OmitIfNone[Literal[True]] = Field(
        None, description="It was stopped, or nobody listened any more: it holds what was sent until then."
    )
    step: OmitIfNone[StepBody] = Field(None, description="In guide and test mode only.")


class TurnBody(BaseModel):
    """A question and its answer."""

    question: str
    answer: AnswerBody


class ConversationBody(BaseModel):
    """The latest turns of a conversation, oldest first."""

    conversation_id: str
    turns: list[TurnBody]


class StartEvent(BaseModel):
    """`start`: the first event."""

    answer_id: str
    conversation_id: str
    language: str
    model: str
    prompt: str
    thinking: bool
    ai_generated: Literal[True] = True
    label: str = Field(description="The notice that must stand visibly beside the answer.")


class EvidenceEvent(BaseModel):
    """`evidence`: sent before any model is called."""

    items: list[EvidenceItem]


class TextEvent(BaseModel):
    """`delta`: released sentences; `thinking`: the model's reasoning."""

    text: str


class SearchResponse(BaseModel):
    """Best first."""

    results: list[ResultItem]
