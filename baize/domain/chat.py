"""A conversation with a model, and the answer that a learner gets."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Literal

from baize.domain.course import Course
from baize.domain.locator import Locator
from baize.domain.practice import Step
from baize.domain.search import Evidence, Moment, Query

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from baize.domain.light import dataclass

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a prompt.

    Attributes:
        reasoning: what an assistant thought before it; some endpoints want it back, most ignore it.
    """

    role: Role
    content: str
    reasoning: str = ""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a model should answer. `thinking` is always sent, never left to the endpoint's default.

    Attributes:
        max_tokens: of the answer, and of the thinking before it, where it thinks.
        json: only a JSON object is wanted; the prompt must hold the word "json" and an example.
        user_id: opaque; upstream, prefix caches and scheduling are apart for each.
    """

    thinking: bool = False
    reasoning_effort: Literal["low", "high", "max"] = "low"
    temperature: float = 0.2
    max_tokens: int = 1024
    json: bool = False
    user_id: str = ""


DrawnFrom = Literal["search", "minute", "summary"]


@dataclass(frozen=True, slots=True)
class Turn:
    """Everything that an answerer may know about one question.

    Attributes:
        course: the course that the evidence is from; None when it is from several.
        history: earlier turns, oldest first.
        drawn_from: where the evidence is from: what was searched for; the last minute in the player, in its
            order; or the places of a summary, in the order of the course.
        memory: sentences about the learner, disarmed. Data for the tone, never evidence.
    """

    query: Query
    evidence: tuple[Evidence, ...]
    course: Course | None = None
    history: tuple[Message, ...] = ()
    sampling: Sampling = field(default_factory=Sampling)
    drawn_from: DrawnFrom = "search"
    memory: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of answer text, cut anywhere."""

    text: str


@dataclass(frozen=True, slots=True)
class ThinkingDelta:
    """A piece of the model's reasoning, cut anywhere. Never evidence, never cited."""

    text: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A line that the server itself wrote, in the learner's language: released without a citation.

    Only code makes one; nothing that a model wrote ever becomes a heading.
    """

    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one upstream call, and what the endpoint calls itself and why it stopped."""

    prompt_tokens: int = 0
    cache_hit_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    model: str = ""
    finish_reason: str = ""

    @property
    def cache_miss_tokens(self) -> int:
        return self.prompt_tokens - self.cache_hit_tokens


ChatEvent = TextDelta | ThinkingDelta | Usage
DraftEvent = TextDelta | ThinkingDelta | Heading | Usage


@dataclass(frozen=True, slots=True)
class Citation:
    """A released sentence and the span that proves it, filled in by the server from the index.

    Attributes:
        sentence: the released sentence, without markers.
        chunk_id: digest of the passage and its place: another text has another one.
        build_id: the lesson's version in the index that it was read from; empty in answers of before 2026-12.
        quote: verbatim from the source.
        support: how well the quote covers the sentence, 0..1; 1.0 for a verbatim one.
    """

    marker: int
    sentence: str
    chunk_id: str
    course_id: str
    lesson_id: str
    lesson_title: str
    locator: Locator
    quote: str
    support: float
    build_id: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no answer, with up to three moments that come nearest.

    Attributes:
        reason: `out_of_scope` where nothing was asked of a course: a greeting, thanks; it is returned.
            `person` where a person was asked for: customer service hands over.
    """

    reason: Literal["not_covered", "graded_item", "unsafe", "out_of_scope", "person"]
    nearest: tuple[Moment, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole final answer, as stored and as sent in `done`.

    Attributes:
        withheld: sentences that were not released because nothing in the evidence supports them.
        unknown_markers: markers that named no evidence; they were dropped.
        degraded: `extractive` when the model was configured but could not be used.
        cost: of the model's calls, in the currency of the price list; None where there is no price.
        reused_from: the earlier answer to the same question that was told again; empty otherwise.
        reasoning: what the model thought; kept because some endpoints want it back in later turns.
        learner_id: whose answer it is; empty when the platform asked for nobody in particular.
        stopped: the learner stopped it or left, or the service had to end: it holds what was released.
        step: where the conversation stands in guide or test mode; None in explain mode.
    """

    id: str
    platform_id: str
    conversation_id: str
    question: str
    language: str
    model: str
    prompt: str
    text: str
    citations: tuple[Citation, ...] = ()
    refusal: Refusal | None = None
    follow_ups: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
    withheld: int = 0
    unknown_markers: int = 0
    degraded: str = ""
    reasoning: str = ""
    cost: float | None = None
    reused_from: str = ""
    learner_id: str = ""
    stopped: bool = False
    step: Step | None = None

    @property
    def is_aside(self) -> bool:
        """Whether nothing was asked of a course: the learner was only polite, or asked for a person."""
        return self.refusal is not None and self.refusal.reason in ("out_of_scope", "person")


@dataclass(frozen=True, slots=True)
class Started:
    """First event of an answer."""

    answer_id: str
    conversation_id: str
    language: str
    model: str
    prompt: str
    thinking: bool


@dataclass(frozen=True, slots=True)
class EvidenceFound:
    """What the answer will stand on; sent before any model is called."""

    items: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Released:
    """A sentence (or heading) that was cited and verified; `text` carries its markers and spacing."""

    text: str
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Completed:
    """Last event of an answer that did not fail."""

    answer: Answer


AnswerEvent = Started | EvidenceFound | ThinkingDelta | Released | Refusal | Completed


def left_out(n_turns: int, limit: int, block: int) -> int:
    """How many of the first turns of a conversation are left out to keep `limit`: always whole blocks."""
    return max(-(-(n_turns - limit) // block), 0) * block
