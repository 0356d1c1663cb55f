"""The released stream and the finished answer → OpenAI's chat completions. Nothing is said here that
`POST /v1/answers` would not say."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any, Literal

from pydantic import BaseModel

from baize.api.completion_wire import (
    MODEL,
    Annotation,
    AnswerNotes,
    ChunkChoice,
    ChunkDelta,
    Completion,
    CompletionChoice,
    CompletionChunk,
    CompletionMessage,
    CompletionTokens,
    CompletionUsage,
    PromptTokens,
    UrlCitation,
)
from baize.api.encoding import encode
from baize.api.links import PlayerLinks
from baize.api.openai_errors import openai_error
from baize.api.problems import Problem
from baize.api.wire import AnswerBody, CitationBody, EvidenceItem, TimeLocator, UsageBody

DONE = b"data: [DONE]\n\n"


class Annotator:
    """Citations → annotations, with the characters of the text that each one proves.

    Args:
        base_url: of this server, for links where the platform has no player.
    """

    def __init__(self, platform_id: str, links: PlayerLinks, base_url: str) -> None:
        self._platform_id = platform_id
        self._links = links
        self._base_url = base_url.rstrip("/")
        self._n = 0
        self._sentence = ""
        self._start = self._end = 0

    def annotate(self, text: str, citation: CitationBody) -> Annotation:
        """
        Args:
            text: of the answer, at least up to the cited sentence. Citations come in the order of the text.
        """
        if citation.sentence != self._sentence or self._n == 0:
            start = text.find(citation.sentence, self._end)
            # A marker may stand inside a sentence: then the marker is what can be pointed at.
            told = citation.sentence if start >= 0 else f"[{citation.marker}]"
            self._start = max(text.find(told, self._end), 0)
            self._end, self._sentence = self._start + len(told), citation.sentence
        annotation = Annotation(
            index=self._n,
            url_citation=UrlCitation(
                start_index=self._start,
                end_index=self._end,
                title=citation.lesson_title,
                url=self._url(citation),
            ),
            citation=citation,
        )
        self._n += 1
        return annotation

    def _url(self, citation: CitationBody) -> str:
        where = citation.locator
        span = (where.start, where.end) if isinstance(where, TimeLocator) else None
        url = self._links.url_of(self._platform_id, citation.course_id, citation.lesson_id, span)
        if url is not None:
            return url
        if not citation.lesson_id:
            return f"{self._base_url}/v1/courses/{citation.course_id}"
        at = f"#t={where.start:g},{where.end:g}" if isinstance(where, TimeLocator) else ""
        return f"{self._base_url}/v1/lessons/{citation.lesson_id}{at}"


def completion(body: AnswerBody, annotator: Annotator, *, created: int, with_label: bool) -> Completion:
    """The finished answer as one object."""
    annotations = [annotator.annotate(body.text, citation) for citation in body.citations]
    content = body.text + (_closing(body.label) if with_label else "")
    return Completion(
        id=_id(body.answer_id),
        created=created,
        system_fingerprint=body.prompt,
        choices=[CompletionChoice(message=CompletionMessage(content=content, annotations=annotations))],
        usage=_usage(body.usage),
        baize=_notes(body),
    )


class Chunks:
    """Frames of an answer's stream → chunks of a completion's."""

    def __init__(self, annotator: Annotator, *, created: int, with_label: bool, with_usage: bool) -> None:
        self._annotator = annotator
        self._created = created
        self._with_label = with_label
        self._with_usage = with_usage
        self._id = self._prompt = self._label = ""
        self._text = ""

    async def stream(self, frames: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
        """
        Args:
            frames: whole frames of `api.sse`, one or several at a time.
        """
        async with aclosing(frames):
            async for some in frames:
                if told := b"".join(line for name, data in _events(some) for line in self._lines(name, data)):
                    yield told

    def _lines(self, name: str, data: bytes) -> Iterator[bytes]:
        match name:
            case "start":
                yield self._start(json.loads(data))
            case "evidence":
                items = [EvidenceItem.model_validate(item) for item in json.loads(data)["items"]]
                yield self._chunk(ChunkDelta(), baize=AnswerNotes(evidence=items))
            case "thinking":
                yield self._chunk(ChunkDelta(reasoning_content=json.loads(data)["text"]))
            case "delta":
                # The finished text is stripped: places in it and in the stream shall be the same.
                text = json.loads(data)["text"]
                text = text if self._text else text.lstrip()
                self._text += text
                yield self._chunk(ChunkDelta(content=text))
            case "citation":
                citation = CitationBody.model_validate_json(data)
                yield self._chunk(ChunkDelta(annotations=[self._annotator.annotate(self._text, citation)]))
            case "done":
                yield from self._end(AnswerBody.model_validate_json(data))
            case "error":
                yield _line(openai_error(Problem.model_validate_json(data)))

    def _start(self, start: dict[str, Any]) -> bytes:
        self._id, self._prompt, self._label = _id(start["answer_id"]), start["prompt"], start["label"]
        names = ("answer_id", "conversation_id", "language", "model", "prompt", "label")
        notes = AnswerNotes(**{name: start[name] for name in names})
        return self._chunk(ChunkDelta(role="assistant", content=""), baize=notes)

    def _end(self, body: AnswerBody) -> Iterator[bytes]:
        if self._with_label:
            yield self._chunk(ChunkDelta(content=_closing(body.label)))
        yield self._chunk(ChunkDelta(), finish_reason="stop", baize=_notes(body))
        if self._with_usage:
            yield _line(
                CompletionChunk(
                    id=self._id,
                    created=self._created,
                    system_fingerprint=self._prompt,
                    choices=[],
                    usage=_usage(body.usage),
                )
            )
        yield DONE

    def _chunk(
        self,
        delta: ChunkDelta,
        *,
        finish_reason: Literal["stop"] | None = None,
        baize: AnswerNotes | None = None,
    ) -> bytes:
        return _line(
            CompletionChunk(
                id=self._id,
                created=self._created,
                model=MODEL,
                system_fingerprint=self._prompt,
                choices=[ChunkChoice(delta=delta, finish_reason=finish_reason)],
                baize=baize,
            )
        )


def _events(frames: bytes) -> Iterator[tuple[str, bytes]]:
    """(event, data) of whole frames as `api.sse` writes them."""
    for frame in frames.split(b"\n\n"):
        if frame.startswith(b"id: "):
            _, event, data = frame.split(b"\n", 2)
            yield event.removeprefix(b"event: ").decode(), data.removeprefix(b"data: ")


def _line(model: BaseModel) -> bytes:
    return b"data: %s\n\n" % encode(model)


def _id(answer_id: str) -> str:
    return f"chatcmpl-{answer_id}"


def _closing(label: str) -> str:
    """The notice as the text's last line: a client that shows only the text shows it too."""
    return f"\n\n（{label}）" if not label.isascii() else f"\n\n({label})"


def without_closing(text: str, labels: tuple[str, ...]) -> str:
    """An answer that comes back in a conversation, without the notice that this door had put behind it."""
    for label in labels:
        text = text.removesuffix(_closing(label))
    return text


def _notes(body: AnswerBody) -> AnswerNotes:
    return AnswerNotes(
        answer_id=body.answer_id,
        conversation_id=body.conversation_id,
        language=body.language,
        model=body.model,
        prompt=body.prompt,
        label=body.label,
        refusal=body.refusal,
        follow_ups=body.follow_ups,
        withheld=body.withheld,
        degraded=body.degraded,
        stopped=body.stopped,
        cost=body.cost,
    )


def _usage(usage: UsageBody) -> CompletionUsage:
    return CompletionUsage(
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        total_tokens=usage.prompt_tokens + usage.completion_tokens,
        prompt_tokens_details=PromptTokens(cached_tokens=usage.cache_hit_tokens),
        completion_tokens_details=CompletionTokens(reasoning_tokens=usage.reasoning_tokens),
    )
