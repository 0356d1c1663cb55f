"""What a DeepSeek-compatible endpoint can put on the wire: pieces of a stream, and whole scripts of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

DEEPSEEK_USAGE: dict[str, Any] = {
    "prompt_tokens": 120,
    "completion_tokens": 30,
    "total_tokens": 150,
    "prompt_cache_hit_tokens": 64,
    "prompt_cache_miss_tokens": 56,
    "completion_tokens_details": {"reasoning_tokens": 12},
}
OPENAI_USAGE: dict[str, Any] = {
    "prompt_tokens": 120,
    "completion_tokens": 30,
    "total_tokens": 150,
    "prompt_tokens_details": {"cached_tokens": 64},
    "completion_tokens_details": {"reasoning_tokens": 12},
}


@dataclass(frozen=True)
class Raw:
    """These very bytes, sent at once."""

    data: bytes


@dataclass(frozen=True)
class Pause:
    """Silence."""

    seconds: float


@dataclass(frozen=True)
class Cut:
    """The connection breaks here."""


@dataclass(frozen=True)
class Failure:
    """No stream at all, but an error response."""

    status: int
    body: object = field(default_factory=lambda: {"error": {"message": "scripted", "type": "scripted_error"}})
    headers: Mapping[str, str] = field(default_factory=dict)


Piece = Raw | Pause | Cut
Script = Sequence[Piece] | Failure

KEEP_ALIVE = Raw(b": keep-alive\n\n")
BLANK = Raw(b"\n")
DONE = Raw(b"data: [DONE]\n\n")


def data(payload: object) -> Raw:
    """One event."""
    return Raw(b"data: " + json.dumps(payload, ensure_ascii=False).encode() + b"\n\n")


def chunk(
    delta: Mapping[str, Any] | None = None,
    *,
    finish: str | None = None,
    usage: Mapping[str, Any] | None = None,
    model: str = "deepseek-flash-1017",
) -> Raw:
    """One chat completion chunk; without delta and finish it has no choices, as OpenAI's usage chunk."""
    choices = (
        []
        if delta is None and finish is None
        else [{"index": 0, "delta": delta or {}, "logprobs": None, "finish_reason": finish}]
    )
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": model}
    return data({**head, "choices": choices, "usage": usage})


def text(piece: str) -> Raw:
    return chunk({"content": piece, "reasoning_content": None})


def thinking(piece: str, name: str = "reasoning_content") -> Raw:
    return chunk({"content": None, name: piece})


def finish(reason: str = "stop", usage: Mapping[str, Any] | None = DEEPSEEK_USAGE) -> Raw:
    """The last chunk as DeepSeek sends it: finish reason and usage in one."""
    return chunk({"content": ""}, finish=reason, usage=usage)


def reply(*pieces: str, thoughts: Iterable[str] = ()) -> list[Piece]:
    """A whole, healthy reply."""
    opening = chunk({"role": "assistant", "content": "", "reasoning_content": None})
    return [opening, *map(thinking, thoughts), *map(text, pieces), finish(), DONE]


def paced(pieces: Iterable[str], per_second: float) -> list[Piece]:
    """A whole reply, one piece at a time at this rate."""
    stream: list[Piece] = []
    for piece in pieces:
        stream += [text(piece), Pause(1 / per_second)]
    return [*stream, finish(), DONE]


def chopped(script: Iterable[Piece], cuts: Iterable[int], pause_s: float = 0.0005) -> Iterator[Piece]:
    """The same bytes, sent in parts that end at these offsets, be it inside a character."""
    wire = b"".join(piece.data for piece in script if isinstance(piece, Raw))
    places = [0, *sorted(cut % len(wire) for cut in cuts), len(wire)]
    for start, end in pairwise(places):
        yield Raw(wire[start:end])
        yield Pause(pause_s)
