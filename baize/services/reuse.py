"""Earlier answers to equal questions: found in the cache by what must be equal, and verified again.

The key (decisions 14) is platform, scope, thinking, language, model, prompt and index version, then the
guards of the question itself (`answering.reuse`). The cache holds ids only: what was erased stays so.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

import numpy as np
import orjson

from baize.answering.recall import RecalledAnswerer, recalled
from baize.answering.reuse import Asked, asked, is_near, is_same
from baize.domain.chat import Answer, Turn
from baize.domain.search import Scope, Vector
from baize.errors import BaizeError
from baize.ports import Answers, Cache, Catalog, Embedder

Policy = Literal["off", "exact", "semantic"]

_POINTS_AWAY = re.compile(
    r"它|他|她|这|那(?!么多)|刚才|刚刚|上面|前面说|上一|下一|现在|今天|昨天|明天|我的"
    r"|\b(?:it|its|this|that|these|those|they|them|he|she|above|previous|next|now|today|yesterday|tomorrow)\b",
    re.IGNORECASE,
)
"""Speaks of what the question does not name: a turn before, a place in the video, a day, a person."""
_MOST_ALIKE = 8
"""Answers that are remembered for one guard and the same names."""
_MOST_LESSONS = 2_000
"""A scope of more has no index version at hand, and reuses nothing."""


@dataclass(frozen=True, slots=True)
class ReuseOptions:
    """`answers.reuse` and `answers.reuse_s` in config.yaml."""

    policy: Policy
    ttl_s: float


@dataclass(frozen=True, slots=True)
class Reusable:
    """A question that may be answered by an earlier answer, or whose answer may serve a later one."""

    asked: Asked
    text: str
    bucket: str

    @property
    def exact_key(self) -> str:
        return _digest("exact", self.bucket, self.asked.guard, *self.asked.rest)

    @property
    def alike_key(self) -> str:
        return _digest("alike", self.bucket, self.asked.guard, *self.asked.names)


class Reuse:
    """The answers of earlier questions."""

    def __init__(
        self, *, cache: Cache, answers: Answers, catalog: Catalog, embedder: Embedder, options: ReuseOptions
    ) -> None:
        self._cache = cache
        self._answers = answers
        self._catalog = catalog
        self._embedder = embedder
        self._options = options

    async def reusable(self, turn: Turn, scope: Scope, model: str, prompt: str) -> Reusable | None:
        """What the question is known by; None where its answer is its own.

        That is with history, with words that point at something not said, and in scopes without bound.
        """
        if self._options.policy == "off" or turn.history or _POINTS_AWAY.search(turn.query.question):
            return None
        version = await self._index_version(turn, scope)
        if not version:
            return None
        up_to = (scope.up_to.lesson_id, scope.up_to.position_s) if scope.up_to else ()
        bucket = _digest(
            scope.platform_id,
            repr((sorted(scope.course_ids), sorted(scope.lesson_ids), up_to)),
            "explain",
            str(turn.sampling.thinking),
            turn.query.language,
            model,
            prompt,
            version,
        )
        return Reusable(asked(turn.query.question), turn.query.question, bucket)

    async def find(self, question: Reusable, turn: Turn, platform_id: str) -> RecalledAnswerer | None:
        """An earlier answer that serves: to the same question, else to one that is all but the same."""
        exact = await self._cache.get(question.exact_key)
        if exact is not None:
            return await self._recalled(exact.decode(), turn, platform_id)
        if self._options.policy != "semantic":
            return None
        remembered = _decoded(await self._cache.get(question.alike_key))
        if not remembered:
            return None
        vector = await self._embedder.embed_query(question.text)
        for one in remembered:
            other = Asked(question.asked.guard, tuple(one["rest"]), question.asked.names)
            # Most are as different as their words: no vector need be unpacked.
            cosine = float(vector @ _vector(one["vector"])) if is_near(question.asked, other) else 0.0
            if is_same(question.asked, other, cosine):
                return await self._recalled(one["answer_id"], turn, platform_id)
        return None

    async def keep(self, question: Reusable, answer: Answer) -> None:
        """Remember an answer that was whole: by the model, cited, neither cut nor refused."""
        whole = answer.citations and not (answer.refusal or answer.degraded or answer.reused_from)
        if not whole or answer.usage.finish_reason != "stop":
            return
        ttl_s = self._options.ttl_s
        # First what leads from the answer to its entries: nothing may be left that an erasure cannot find.
        keys = orjson.dumps([question.exact_key, question.alike_key])
        await self._cache.set(_kept_key(answer.platform_id, answer.id), keys, ttl_s=ttl_s)
        await self._cache.set(question.exact_key, answer.id.encode(), ttl_s=ttl_s)
        if self._options.policy != "semantic":
            return
        try:
            vector = np.asarray(await self._embedder.embed_query(question.text), np.float16)
        except BaizeError:
            return
        packed = base64.b64encode(vector.tobytes()).decode()
        entry = {"answer_id": answer.id, "rest": question.asked.rest, "vector": packed}
        others = [
            one
            for one in _decoded(await self._cache.get(question.alike_key))
            if tuple(one["rest"]) != question.asked.rest
        ]
        value = orjson.dumps([entry, *others[: _MOST_ALIKE - 1]])
        await self._cache.set(question.alike_key, value, ttl_s=ttl_s)

    async def forget(self, platform_id: str, answer_ids: Sequence[str]) -> None:
        """Nothing of these answers and their questions stays in the cache.

        Raises:
            DependencyUnavailable: the cache is shared and does not answer.
        """
        for answer_id in answer_ids:
            kept = await self._cache.get(_kept_key(platform_id, answer_id))
            keys: list[str] = orjson.loads(kept) if kept else []
            # An entry under `alike_key` may hold other answers' questions too: they will be asked again.
            await self._cache.forget([*keys, _kept_key(platform_id, answer_id)])

    async def _recalled(self, answer_id: str, turn: Turn, platform_id: str) -> RecalledAnswerer | None:
        answer = await self._answers.get(platform_id, answer_id)
        text = recalled(answer, turn.evidence) if answer else None
        return RecalledAnswerer(answer, text) if answer and text else None

    async def _index_version(self, turn: Turn, scope: Scope) -> str:
        """Digest of the live builds of the courses in question; empty where they are too many to look up."""
        course_ids = scope.course_ids or tuple(sorted({item.chunk.course_id for item in turn.evidence}))
        if not course_ids:
            return ""
        live = await self._catalog.live(Scope(scope.platform_id, course_ids))
        if len(live) > _MOST_LESSONS:
            return ""
        return _digest(*(f"{lesson.lesson_id}:{lesson.build_id}" for lesson in live))


def _kept_key(platform_id: str, answer_id: str) -> str:
    return f"reuse-of:{platform_id}:{answer_id}"


def _digest(*parts: str) -> str:
    return blake2b("\x1f".join(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()


def _decoded(value: bytes | None) -> list[dict[str, str]]:
    entries: list[dict[str, str]] = orjson.loads(value) if value else []
    return entries


def _vector(packed: str) -> Vector:
    return np.frombuffer(base64.b64decode(packed), np.float16).astype(np.float32)
