"""The OpenAI-compatible door's bodies: what its clients send and what they get.

Shapes follow OpenAI's API reference (Chat Completions, Models). What is ours stands under `baize`, which
other clients pass over.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from baize.api.encoding import OmitIfNone
from baize.api.requests import AnswerRequest, Id, PositionBody, ScopeBody, Words
from baize.api.wire import CitationBody, EvidenceItem, RefusalBody
from baize.domain.practice import Mode
from baize.errors import InvalidInput, NotFound

MODEL = "baize"
_MAX_MESSAGES = 200
_MAX_TOLD = 4000
"""Characters of an earlier message that are passed on."""
_SCOPE_KEYS = ("course_id", "course_ids", "lesson_id", "lesson_ids", "scope", "up_to")
_ASK_KEYS = ("position", "conversation_id", "mode", "item_id", "thinking", "language", "learner_id")


class TextPart(BaseModel):
    """A part of a message's content; only text is understood."""

    model_config = ConfigDict(extra="allow")

    type: str
    text: Words = ""


class ChatMessage(BaseModel):
    """One message. Earlier turns are told to the model; system messages are not: the courses' rules stand."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Words | list[TextPart] | None = None

    def said(self) -> str:
        """
        Raises:
            InvalidInput: a part is no text.
        """
        if self.content is None or isinstance(self.content, str):
            return self.content or ""
        for part in self.content:
            if part.type != "text":
                raise InvalidInput(
                    f"A message has a part of type {part.type!r}.", remedy="Only text can be asked about."
                )
        return "\n".join(part.text for part in self.content)


class StreamOptions(BaseModel):
    """What a stream holds besides text."""

    model_config = ConfigDict(extra="ignore")

    include_usage: bool = False


class CompletionRequest(BaseModel):
    """A chat completion about courses.

    The last user message is the question. Sampling is the service's own: `temperature`, `max_tokens`, `stop`,
    `seed` and the like are accepted and change nothing. Where to look stands in `metadata` (whose values may
    be strings: `{"course_ids": "a,b"}`) or at the top level (`extra_body`), which wins: `course_id`,
    `course_ids`, `lesson_id`, `lesson_ids`, `up_to`, or a whole `scope`; likewise `position`,
    `conversation_id`, `mode`, `thinking`, `language`, `learner_id` of `POST /v1/answers`.
    """

    model_config = ConfigDict(extra="ignore", use_attribute_docstrings=True)

    model: Annotated[str, Field(max_length=200)]
    """`baize`, as `GET /v1/models` lists it."""
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=_MAX_MESSAGES)]
    stream: bool = False
    stream_options: StreamOptions | None = None
    metadata: dict[str, Any] | None = None
    n: int | None = None
    """Only 1."""
    tools: list[Any] | None = None
    """None can be given: the companion calls no tools of a client."""
    functions: list[Any] | None = None
    response_format: dict[str, Any] | None = None
    """Only `{"type": "text"}`."""
    logprobs: bool | None = None
    """Not available."""
    label: bool = True
    """Whether the notice that the answer is AI-made ends its text. Say false only where your page shows
    `baize.label` itself."""
    course_id: Id | None = None
    course_ids: list[Id] | None = None
    lesson_id: Id | None = None
    lesson_ids: list[Id] | None = None
    scope: ScopeBody | None = None
    up_to: dict[str, Any] | None = None
    position: PositionBody | None = None
    conversation_id: Id | None = None
    mode: Mode | None = None
    item_id: Id | None = None
    thinking: bool | Literal["auto", "on", "off"] | None = None
    language: str | None = None
    learner_id: Id | None = None

    def to_answer_request(self) -> AnswerRequest:
        """The question as `POST /v1/answers` would have got it.

        Raises:
            NotFound: the model is not ours.
            InvalidInput: something is asked for that this door does not have, or the scope cannot be read.
        """
        self._refuse_what_is_not_there()
        wanted = self._wanted()
        body = {name: wanted[name] for name in _ASK_KEYS if name in wanted}
        try:
            return AnswerRequest.model_validate(
                body | {"question": self._last().said(), "scope": _scope(wanted)}
            )
        except ValidationError as cause:
            first = cause.errors(include_input=False, include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise InvalidInput(
                f"{place}: {first['msg']}.", remedy="See `metadata` of POST /v1/chat/completions in /docs."
            ) from None

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

    def _last(self) -> ChatMessage:
        last = self.messages[-1]
        if last.role != "user":
            raise InvalidInput(
                f"The last message is of the role {last.role!r}.", remedy="End with the user's question."
            )
        return last

    def _wanted(self) -> dict[str, Any]:
        """Scope and options of the metadata, overridden by those at the top level."""
        names = _SCOPE_KEYS + _ASK_KEYS
        told = {name: _read(name, value) for name, value in (self.metadata or {}).items() if name in names}
        given = self.model_dump(include=set(names), exclude_none=True)
        return told | given

    def _refuse_what_is_not_there(self) -> None:
        if self.model != MODEL:
            raise NotFound(f"There is no model {self.model!r}.", remedy=f"Use {MODEL!r}: GET /v1/models.")
        form = (self.response_format or {}).get("type", "text")
        refused = {
            "n": self.n not in (None, 1),
            "tools": bool(self.tools),
            "functions": bool(self.functions),
            "response_format": form != "text",
            "logprobs": bool(self.logprobs),
        }
        for name, is_wanted in refused.items():
            if is_wanted:
                raise InvalidInput(f"{name}: this is not available here.", remedy=f"Leave {name} out.")


def _read(name: str, value: Any) -> Any:
    """A value of the metadata, where OpenAI allows strings only: JSON, or a list with commas."""
    if not isinstance(value, str):
        return value
    if name in ("course_ids", "lesson_ids") and not value.lstrip().startswith("["):
        return [part.strip() for part in value.split(",") if part.strip()]
    if name in ("course_ids", "lesson_ids", "scope", "up_to", "position"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            raise InvalidInput(
                f"metadata.{name} is no JSON.", remedy='Write e.g. {"lesson_id": "l-1", "position_s": 90}.'
            ) from None
    return value


def _scope(wanted: dict[str, Any]) -> Any:
    scope = wanted.get("scope") or {}
    if not isinstance(scope, dict):
        raise InvalidInput("scope is no object.", remedy='Write e.g. {"course_ids": ["a"]}.')
    scope = dict(scope)
    for kind in ("course", "lesson"):
        one, many = wanted.get(f"{kind}_id"), wanted.get(f"{kind}_ids")
        if one or many:
            scope[f"{kind}_ids"] = [*([one] if one else []), *(many if isinstance(many, list) else [])]
    if wanted.get("up_to"):
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
