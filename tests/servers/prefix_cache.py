"""DeepSeek's context cache as its documentation tells it ("Context Caching", rules of mid-2026).

A prefix counts as cached only as a whole unit that was stored before. Units are stored at the end of a
request's input and at the end of its output, for a prefix that two requests are seen to share, and at fixed
intervals. How long those are is not told; `interval` is ours, and large, so that little is gained by it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Any

Tokens = tuple[int, ...]


class PrefixCache:
    """Apart for each `user_id`.

    Args:
        encode: text → token ids of the model's own vocabulary.
    """

    def __init__(self, encode: Callable[[str], Sequence[int]], *, interval: int = 1024) -> None:
        self._encode = encode
        self._interval = interval
        self._units: dict[str, set[Tokens]] = defaultdict(set)
        self._seen: dict[str, list[Tokens]] = defaultdict(list)

    def ask(self, body: dict[str, Any], output: str) -> dict[str, int]:
        """The usage of one request, whose prompt and output are cached from now on."""
        user = str(body.get("user_id", ""))
        prompt = self._tokens(body["messages"])
        whole = prompt + tuple(self._encode(output))
        hit = max((len(unit) for unit in self._units[user] if prompt[: len(unit)] == unit), default=0)
        for earlier in self._seen[user]:
            if shared := sum(
                1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(earlier, prompt, strict=False))
            ):
                self._units[user].add(prompt[:shared])
        self._units[user] |= {prompt, whole}
        self._units[user] |= {whole[:end] for end in range(self._interval, len(whole), self._interval)}
        self._seen[user].append(whole)
        return {
            "prompt_tokens": len(prompt),
            "prompt_cache_hit_tokens": hit,
            "prompt_cache_miss_tokens": len(prompt) - hit,
            "completion_tokens": len(whole) - len(prompt),
        }

    def _tokens(self, messages: Sequence[dict[str, str]]) -> Tokens:
        """Each message with a mark of its role, as chat templates have it."""
        marks = {"system": -1, "user": -2, "assistant": -3}
        return tuple(
            token
            for message in messages
            for token in (marks[message["role"]], *self._encode(message["content"]))
        )
