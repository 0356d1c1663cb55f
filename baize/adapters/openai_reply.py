"""Reads one streamed reply: chunks of the openai SDK → text, thinking and usage of the domain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from baize.domain.chat import TextDelta, ThinkingDelta, Usage
from baize.errors import UpstreamBusy

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionChunk

_INTERRUPTED = "insufficient_system_resource"
"""DeepSeek's finish reason for a reply that it gave up under load."""


class OpenAIReply:
    """What one upstream call has said so far.

    Attributes:
        started: something of it, be it thinking, was given to the caller.
        usage: counts, model and finish reason as far as the stream told them.
    """

    def __init__(self) -> None:
        self.started = False
        self.has_text = False
        self.usage = Usage()

    def read(self, chunk: ChatCompletionChunk) -> Iterator[TextDelta | ThinkingDelta]:
        """The events of one chunk, thinking first; none is empty."""
        if chunk.model:
            self.usage = replace(self.usage, model=chunk.model)
        if chunk.usage is not None:
            self.usage = _counted(self.usage, chunk.usage.to_dict())
        # Gateways send usage with no choices, or null for them; with several, the first is the answer.
        for choice in (chunk.choices or [])[:1]:
            if choice.finish_reason:
                self.usage = replace(self.usage, finish_reason=choice.finish_reason)
            yield from self._deltas(choice.delta)

    def _deltas(self, delta: object) -> Iterator[TextDelta | ThinkingDelta]:
        thinking = getattr(delta, "reasoning_content", None)
        if thinking is None:
            thinking = getattr(delta, "reasoning", None)
        if thinking:
            self.started = True
            yield ThinkingDelta(thinking)
        text = getattr(delta, "content", None)
        if text:
            self.started = self.has_text = True
            yield TextDelta(text)

    def check_complete(self) -> None:
        """A stream may end quietly although it was cut; its finish reason tells.

        Raises:
            UpstreamBusy: the reply is not whole.
        """
        if self.usage.finish_reason in ("", _INTERRUPTED):
            raise UpstreamBusy(
                "The chat endpoint stopped before the end of its reply.", remedy="Try again in a moment."
            )


def _counted(before: Usage, counts: Mapping[str, Any]) -> Usage:
    """`before` with counts in DeepSeek's shape or in OpenAI's; absent and null are 0."""
    hit = counts.get("prompt_cache_hit_tokens")
    if hit is None:
        hit = (counts.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    prompt = counts.get("prompt_tokens") or hit + (counts.get("prompt_cache_miss_tokens") or 0)
    details = counts.get("completion_tokens_details") or {}
    return replace(
        before,
        prompt_tokens=prompt,
        cache_hit_tokens=hit,
        completion_tokens=counts.get("completion_tokens") or 0,
        reasoning_tokens=details.get("reasoning_tokens") or 0,
    )


def add_usage(earlier: Usage, last: Usage) -> Usage:
    """The counts of both calls; model and finish reason of the last."""
    return replace(
        last,
        prompt_tokens=earlier.prompt_tokens + last.prompt_tokens,
        cache_hit_tokens=earlier.cache_hit_tokens + last.cache_hit_tokens,
        completion_tokens=earlier.completion_tokens + last.completion_tokens,
        reasoning_tokens=earlier.reasoning_tokens + last.reasoning_tokens,
    )
