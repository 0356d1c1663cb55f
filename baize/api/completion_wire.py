"""The OpenAI-compatible door's bodies: what its clients send and what they get.

Shapes follow OpenAI's API reference (Chat Completions, Models). What is ours stands under `baize`, which
other clients pass over.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from fastapi.exceptions import RequestValidationError
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from baize.api.encoding import OmitIfNone
from baize.api.requests import (
    AnswerRequest,
    Id,
    LanguageTag,
    PositionBody,
    ScopeBody,
    Thinking,
    UpToBody,
    Words,
)
from baize.api.wire import CitationBody, EvidenceItem, RefusalBody
from baize.domain.practice import Mode
from baize.errors import NotFound

MODEL = "baize"
_MAX_MESSAGES = 200
_MAX_TOLD = 4000
"""Characters of an earlier message that are passed on."""
_SCOPE_KEYS = ("course_id", "course_ids", "lesson_id", "lesson_ids", "scope", "up_to")
_ASK_KEYS = ("position", "conversation_id", "mode", "item_id", "thinking", "language", "learner_id")


def _only_text(kind: str) -> str:
    if kind != "text":
        raise ValueError("only text can be asked about, leave this part out")
    return kind


def _not_given(value: Any) -> Any:
    if value:
        raise ValueError("this is not available here, leave it out")
    return value


def _only_plain(wanted: dict[str, Any]) -> dict[str, Any]:
    if wanted.get("type", "text") != "text":
        raise ValueError('only {"type": "text"} is available here, or leave it out')
    return wanted


class TextPart(BaseModel):
    """A part of a message's content; only text is understood."""

    model_config = ConfigDict(extra="allow")

    type: Annotated[str, AfterValidator(_only_text)]
    text: Words = ""


class ChatMessage(BaseModel):
    """One message. Earlier turns are told to the model; system messages are not: the courses' rules stand."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Words | list[TextPart] | None = None

    def said(self) -> str:
        if self.content is None or isinstance(self.content, str):
            return self.content or ""
        return "\n".join(part.text for part in self.content)


class StreamOptions(BaseModel):
    """What a stream holds besides text."""

    model_config = ConfigDict(extra="ignore")

    include_usage: bool = False


class Wanted(BaseModel):
    """Where to look, and options of `POST /v1/answers`."""

    model_config = ConfigDict(extra="ignore", use_attribute_docstrings=True)

    course_id: Id | None = None
    course_ids: list[Id] | None = None
    lesson_id: Id | None = None
    lesson_ids: list[Id] | None = None
    scope: ScopeBody | None = None
    up_to: UpToBody | None = None
    position: PositionBody | None = None
    conversation_id: Id | None = None
    mode: Mode | None = None
    item_id: Id | None = None
    thinking: Thinking | None = None
    language: LanguageTag | None = None
    learner_id: Id | None = None

    def wanted(self) -> dict[str, Any]:
        return self.model_dump(include={*_SCOPE_KEYS, *_ASK_KEYS}, exclude_none=True)


def _as_an_open_object(schema: dict[str, Any]) -> None:
    # Its fields are those of the request, and each may be a string as well.
    schema.pop("properties", None)
    schema["additionalProperties"] = True


class Metadata(Wanted):
    """OpenAI allows strings only here: JSON, or ids with commas. Other keys are the client's own."""

    model_config = ConfigDict(json_schema_extra=_as_an_open_object)

    @field_validator("*", mode="before")
    @classmethod
    def _read(cls, value: Any, told: ValidationInfo) -> Any:
        if not isinstance(value, str):
            return value
        if told.field_name in ("course_ids", "lesson_ids") and not value.lstrip().startswith("["):
            return [part.strip() for part in value.split(",") if part.strip()]
        if told.field_name in ("course_ids", "lesson_ids", "scope", "up_to", "position"):
            try:
                return json.loads(value)
            except (ValueError, RecursionError):
                raise ValueError('must be JSON, e.g. {"lesson_id": "l-1", "position_s": 90}') from None
        return value or None


class CompletionRequest(Wanted):
    """A chat completion about courses.

    The last user message is the question. Sampling is the service's own: `temperature`, `max_tokens`, `stop`,
    `seed` and the like are accepted and change nothing. Where to look stands in `metadata` (whose values may
    be strings: `{"course_ids": "a,b"}`) or at the top level (`extra_body`), which wins: `course_id`,
    `course_ids`, `lesson_id`, `lesson_ids`, `up_to`, or a whole `scope`; likewise `position`,
    `conversation_id`, `mode`, `thinking`, `language`, `learner_id` of `POST /v1/answers`.
    """

    model: Annotated[str, Field(max_length=200)]
    """`baize`, as `GET /v1/models` lists it."""
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=_MAX_MESSAGES)]
    stream: bool = False
    stream_options: StreamOptions | None = None
    metadata: Metadata | None = None
    n: Literal[1] | None = None
    """Only 1."""
    tools: Annotated[list[Any], AfterValidator(_not_given)] | None = None
    """None can be given: the companion calls no tools of a client."""
    functions: Annotated[list[Any], AfterValidator(_not_given)] | None = None
    response_format: Annotated[dict[str, Any], AfterValidator(_only_plain)] | None = None
    """Only `{"type": "text"}`."""
    logprobs: Annotated[bool, AfterValidator(_not_given)] | None = None
    """Not available."""
    temperature: float | None = None
    """Changes nothing, as the six that follow."""
    top_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    """Changes nothing."""
    label: bool = True
    """Whether the notice that the answer is AI-made ends its text. Say false only where your page shows
    `baize.label` itself."""

    def to_answer_request(self) -> AnswerRequest:
        """The question as `POST /v1/answers` would have got it.

        Raises:
            NotFound: the model is not ours.
            RequestValidationError: the last message asks nothing, or metadata and top level are too long
                together.
        """
        if self.model != MODEL:
            raise NotFound(f"There is no model {self.model!r}.", remedy=f"Use {MODEL!r}: GET /v1/models.")
        question = self._question()
        wanted = (self.metadata.wanted() if self.metadata else {}) | self.wanted()
        body = {name: wanted[name] for name in _ASK_KEYS if name in wanted}
        try:
            return AnswerRequest.model_validate(body | {"question": question, "scope": _scope(wanted)})
        except ValidationError as cause:
            raise RequestValidationError(
                [dict(entry, loc=("body", *entry["loc"])) for entry in cause.errors()]
            ) from None

    def _question(self) -> str:
        last, n = self.messages[-1], len(self.messages) - 1
        if last.role != "user":
            raise _wrong("the last message must be the user's question", "messages", n, "role")
        if not last.said().strip():
            raise _wrong("this is empty: ask something about the course", "messages", n, "content")
        return last.said()

    def earlier(self) -> tuple[tuple[str, str], ...]:
        """Questions and answers before the last question, oldest first; what has no answer is left out."""
        turns: list[tuple[str, str]] = []
        asked = ""
        for message in self.messages[:-1]:
            said = message.said()[:_MAX_TOLD]
            if message.role == "user":
                asked = said
            elif message.role == "assistant" and asked and said:
                turns.append((asked, said))
                asked = ""
        return tuple(turns)


def _wrong(message: str, *place: str | int) -> RequestValidationError:
    """What pydantic would have raised, had it known."""
    entry = {"type": "value_error", "loc": ("body", *place), "ctx": {"error": ValueError(message)}}
    return RequestValidationError([entry])


def _scope(wanted: dict[str, Any]) -> dict[str, Any]:
    scope = dict(wanted.get("scope", {}))
    for kind in ("course", "lesson"):
        one, many = wanted.get(f"{kind}_id"), wanted.get(f"{kind}_ids")
        if one or many:
            scope[f"{kind}_ids"] = [*([one] if one else []), *(many or [])]
    if "up_to" in wanted:
        scope["up_to"] = wanted["up_to"]
    return scope


class UrlCitation(BaseModel):
    """Which characters of the content a place proves."""

    start_index: int
    end_index: int
    title: str
    url: str = Field(description="Into the platform's player; without one, the lesson here with `#t=`.")


class Annotation(BaseModel):
    """A citation. `index` counts them within the answer; `citation` is that of `POST /v1/answers`."""

    type: Literal["url_citation"] = "url_citation"
    index: int
    url_citation: UrlCitation
    citation: CitationBody


class AnswerNotes(BaseModel):
    """What the companion says beside the text. In a stream each part comes as soon as it is known."""

    ai_generated: Literal[True] = True
    answer_id: OmitIfNone[str] = None
    conversation_id: OmitIfNone[str] = None
    language: OmitIfNone[str] = None
    model: OmitIfNone[str] = None
    prompt: OmitIfNone[str] = None
    label: OmitIfNone[str] = Field(None, description="The notice that must stand visibly beside the answer.")
    evidence: OmitIfNone[list[EvidenceItem]] = Field(None, description="In a stream, before the text.")
    refusal: OmitIfNone[RefusalBody] = None
    follow_ups: OmitIfNone[list[str]] = None
    withheld: OmitIfNone[int] = None
    degraded: OmitIfNone[str] = None
    stopped: OmitIfNone[Literal[True]] = None
    cost: OmitIfNone[float] = None


class CompletionMessage(BaseModel):
    """The answer. Each sentence carries `[n]`; `annotations` say where n was said."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    annotations: list[Annotation]


class CompletionChoice(BaseModel):
    index: Literal[0] = 0
    message: CompletionMessage
    logprobs: None = None
    finish_reason: Literal["stop"] = "stop"


class PromptTokens(BaseModel):
    cached_tokens: int


class CompletionTokens(BaseModel):
    reasoning_tokens: int


class CompletionUsage(BaseModel):
    """Tokens of the model's call; all 0 where the course's own sentences answer."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptTokens
    completion_tokens_details: CompletionTokens


class Completion(BaseModel):
    """The whole answer in OpenAI's shape."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str = MODEL
    system_fingerprint: str = Field(description="The prompt's name, version and digest.")
    choices: list[CompletionChoice]
    usage: CompletionUsage
    baize: AnswerNotes


class ChunkDelta(BaseModel):
    role: OmitIfNone[Literal["assistant"]] = None
    content: OmitIfNone[str] = None
    reasoning_content: OmitIfNone[str] = None
    annotations: OmitIfNone[list[Annotation]] = None


class ChunkChoice(BaseModel):
    index: Literal[0] = 0
    delta: ChunkDelta
    logprobs: None = None
    finish_reason: Literal["stop"] | None = None


class CompletionChunk(BaseModel):
    """One `data:` line of a stream; after the last comes `data: [DONE]`."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str = MODEL
    system_fingerprint: str
    choices: list[ChunkChoice]
    usage: OmitIfNone[CompletionUsage] = None
    baize: OmitIfNone[AnswerNotes] = None


class ModelCard(BaseModel):
    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str


class ModelList(BaseModel):
    object: Literal["list"] = "list"
    data: list[ModelCard]


class OpenAIErrorDetail(BaseModel):
    message: str
    type: str
    param: str | None = None
    code: str | None = None


class OpenAIError(BaseModel):
    """What went wrong, in the shape that OpenAI's clients read."""

    error: OpenAIErrorDetail
