"""Questions and stages of ingestion as spans. Without `traces.endpoint` nothing of it is called.

Names and attributes follow OpenTelemetry's conventions for generative AI where there are any
(https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/, in development). A span says counts, names
and times: never a question, a passage, an answer, or an id of a learner or conversation.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, TypeVar

from baize.domain.chat import Answer, AnswerEvent, ChatEvent, Completed, Message, Released, Sampling, Usage
from baize.domain.search import DenseQuery, Run, Scope, SparseQuery, StoredChunk, Vector
from baize.ports import ChatModel, ChunkIndex, Embedder, Fact, Meter, StepRunner, Trace
from baize.services.answer import Prepared, Question
from baize.services.watch import WatchedTeaching

_T = TypeVar("_T")


class TracedTeaching(WatchedTeaching):
    """As `WatchedTeaching`: a span `answer` from the question to the end of its stream, `release` within.

    Args:
        trace: takes the spans.
        meter, parts: as of `WatchedTeaching`.
    """

    def __init__(self, trace: Trace, meter: Meter, **parts: Any) -> None:
        super().__init__(meter, **parts)
        self._trace = trace

    async def prepare(self, question: Question) -> Prepared:
        """As `Teaching.prepare`."""
        root = self._trace.begin("answer", {"baize.mode": question.mode})
        # For the rest of this task and whatever it starts: the stream is written in a task of its own.
        self._trace.enter(root)
        try:
            prepared = await super().prepare(question)
        except BaseException as error:
            self._trace.end(root, {}, failed=type(error).__name__)
            raise
        return prepared

    async def stream(self, prepared: Prepared) -> AsyncGenerator[AnswerEvent]:
        """As `Teaching.stream`."""
        root = self._trace.current()
        release = self._trace.begin("release", {"baize.passages": len(prepared.turn.evidence)})
        n_released, facts, failed = 0, dict[str, Fact](), "stopped"
        try:
            async with aclosing(super().stream(prepared)) as events:
                async for event in events:
                    if isinstance(event, Released):
                        n_released += 1
                    elif isinstance(event, Completed):
                        facts, failed = _facts(event.answer), ""
                    yield event
        except Exception as error:
            failed = type(error).__name__
            raise
        finally:
            self._trace.end(release, {"baize.released": n_released}, failed=failed)
            self._trace.end(root, facts, failed=failed)


class TracedEmbedder:
    """The embedder inside, questions as spans `embeddings …`."""

    def __init__(self, inner: Embedder, trace: Trace) -> None:
        self._inner = inner
        self._trace = trace

    @property
    def name(self) -> str:
        """As `Embedder.name`."""
        return self._inner.name

    @property
    def dim(self) -> int:
        """As `Embedder.dim`."""
        return self._inner.dim

    async def embed_passages(self, texts: Sequence[str]) -> Vector:
        """As `Embedder.embed_passages`; a part of other stages."""
        return await self._inner.embed_passages(texts)

    async def embed_query(self, text: str) -> Vector:
        """As `Embedder.embed_query`."""
        facts: dict[str, Fact] = {
            "gen_ai.operation.name": "embeddings",
            "gen_ai.provider.name": "baize",
            "gen_ai.request.model": self.name,
            "gen_ai.embeddings.dimension.count": self.dim,
        }
        return await _within(
            self._trace, f"embeddings {self.name}", facts, lambda: self._inner.embed_query(text)
        )


class TracedIndex:
    """The index inside, its searches as spans `search`, each named with its legs."""

    def __init__(self, inner: ChunkIndex, trace: Trace) -> None:
        self._inner = inner
        self._trace = trace

    def __getattr__(self, name: str) -> Any:
        """What is no search is the index's own."""
        return getattr(self._inner, name)

    async def search(self, queries: Sequence[DenseQuery | SparseQuery], scope: Scope, k: int) -> list[Run]:
        """As `ChunkIndex.search`."""
        span = self._trace.begin(
            "search",
            {
                "db.system.name": "qdrant",
                "db.operation.name": "search",
                "db.operation.batch.size": len(queries),
                "baize.legs": [f"{query.leg} {query.language}".strip() for query in queries],
                "baize.k": k,
            },
            calls_out=True,
        )
        try:
            found = await self._inner.search(queries, scope, k)
        except BaseException as error:
            self._trace.end(span, {}, failed=type(error).__name__)
            raise
        self._trace.end(span, {"db.response.returned_rows": sum(map(len, found))})
        return found

    async def chunks(self, platform_id: str, chunk_ids: Sequence[str]) -> dict[str, StoredChunk]:
        """As `ChunkIndex.chunks`."""
        facts: dict[str, Fact] = {"db.system.name": "qdrant", "db.operation.name": "retrieve"}
        return await _within(
            self._trace, "retrieve", facts, lambda: self._inner.chunks(platform_id, chunk_ids), calls_out=True
        )


class TracedChat:
    """The chat model inside, each call a span `chat …` with its tokens.

    Args:
        provider: as the conventions name it, e.g. `deepseek`.
    """

    def __init__(self, inner: ChatModel, trace: Trace, *, provider: str) -> None:
        self._inner = inner
        self._trace = trace
        self._provider = provider

    @property
    def name(self) -> str:
        """As `ChatModel.name`."""
        return self._inner.name

    async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[ChatEvent]:
        """As `ChatModel.stream`."""
        facts: dict[str, Fact] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": self._provider,
            "gen_ai.request.model": self.name,
            "gen_ai.request.max_tokens": sampling.max_tokens,
            "gen_ai.request.temperature": sampling.temperature,
            "gen_ai.output.type": "json" if sampling.json else "text",
        }
        span = self._trace.begin(f"chat {self.name}", facts, calls_out=True)
        told, failed = dict[str, Fact](), "stopped"
        first = True
        try:
            async with aclosing(self._inner.stream(messages, sampling)) as events:
                async for event in events:
                    if first:
                        first = False
                        self._trace.note(span, "first_token")
                    if isinstance(event, Usage):
                        told, failed = _tokens(event), ""
                    yield event
        except Exception as error:
            failed = type(error).__name__
            raise
        finally:
            self._trace.end(span, told, failed=failed)


class TracedSteps:
    """The runner of steps inside, each stage a span `ingest …`; one that was done before says so."""

    def __init__(self, inner: StepRunner, trace: Trace) -> None:
        self._inner = inner
        self._trace = trace

    async def __call__(self, name: str, key: str, kind: type[_T], make: Callable[[], Awaitable[_T]]) -> _T:
        """As `StepRunner`."""
        span = self._trace.begin(f"ingest {name}", {"baize.stage": name})
        made = False

        async def making() -> _T:
            nonlocal made
            made = True
            return await make()

        try:
            result = await self._inner(name, key, kind, making)
        except BaseException as error:
            self._trace.end(span, {"baize.made": made}, failed=type(error).__name__)
            raise
        self._trace.end(span, {"baize.made": made})
        return result


async def _within(
    trace: Trace,
    name: str,
    facts: Mapping[str, Fact],
    work: Callable[[], Awaitable[_T]],
    *,
    calls_out: bool = False,
) -> _T:
    span = trace.begin(name, facts, calls_out=calls_out)
    try:
        result = await work()
    except BaseException as error:
        trace.end(span, {}, failed=type(error).__name__)
        raise
    trace.end(span, {})
    return result


def _facts(answer: Answer) -> dict[str, Fact]:
    refused = answer.refusal is not None and not answer.is_aside
    return {
        "baize.outcome": "refused" if refused else "degraded" if answer.degraded else "answered",
        "baize.language": answer.language,
        "baize.model": answer.model,
        "baize.prompt": answer.prompt,
        "baize.citations": len(answer.citations),
        "baize.withheld": answer.withheld,
        "baize.reused": bool(answer.reused_from),
    }


def _tokens(usage: Usage) -> dict[str, Fact]:
    return {
        "gen_ai.response.model": usage.model,
        "gen_ai.response.finish_reasons": [usage.finish_reason],
        "gen_ai.usage.input_tokens": usage.prompt_tokens,
        "gen_ai.usage.output_tokens": usage.completion_tokens,
        "gen_ai.usage.cache_read.input_tokens": usage.cache_hit_tokens,
        "gen_ai.usage.reasoning.output_tokens": usage.reasoning_tokens,
    }
