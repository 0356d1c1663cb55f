"""Which part of the house is ready. The parts warm up behind a server that already answers."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Literal

import anyio
import anyio.to_thread
from pydantic import BaseModel, Field

from baize.bootstrap import House
from baize.domain.search import Scope
from baize.errors import BaizeError
from baize.retrieval.terms import terms
from baize.services.selftest import self_test

_log = logging.getLogger(__name__)
_PROBE_S = 3.0
_SAMPLE = "准备好了吗？ Ready?"

Part = Literal["database", "embedder", "index", "retrieval", "answers", "redis"]
_SPARE: frozenset[Part] = frozenset({"redis"})
"""Reported, and no reason to send learners elsewhere: all replicas would say so, and each goes on without."""


class Readiness(BaseModel):
    """`ready` only when every part is that answers need; `redis`, where it is set, they can do without."""

    status: Literal["ready", "not ready"]
    parts: dict[Part, str] = Field(description="`ready`, `starting`, or what is wrong and what to do.")


class Warmth:
    """Warms a house up, and tells how far it is.

    Args:
        warmed: called when it is warm, before anybody is answered.
    """

    def __init__(self, house: House, warmed: Callable[[], None] | None = None) -> None:
        self._house = house
        self._on_warm = warmed
        self._probes = self._probes_of(house)
        self._parts: dict[Part, str] = dict.fromkeys(self._probes, "starting")
        self._warmed = anyio.Event()

    async def warm_up(self) -> None:
        """Load the embedder and open the index once. A failure is reported by `report`, never raised."""
        try:
            await self._probe_all(limit_s=float("inf"))
            if self._on_warm is not None:
                self._on_warm()
        finally:
            self._warmed.set()

    async def wait(self) -> None:
        """Until the first warm-up has ended, well or not: two requests must not load one model twice."""
        await self._warmed.wait()

    async def report(self) -> Readiness:
        """The state of each part, probed now once the warm-up is over."""
        if self._warmed.is_set():
            await self._probe_all(limit_s=_PROBE_S)
        all_ready = all(state == "ready" for part, state in self._parts.items() if part not in _SPARE)
        return Readiness(status="ready" if all_ready else "not ready", parts=dict(self._parts))

    def _probes_of(self, house: House) -> dict[Part, Callable[[], Awaitable[object]]]:
        probes: dict[Part, Callable[[], Awaitable[object]]] = {
            "database": self._probe_database,
            "embedder": self._probe_embedder,
            "index": self._probe_index,
            "retrieval": self._probe_retrieval,
            "answers": self._probe_answers,
        }
        if house.settings.redis_url:
            probes["redis"] = self._probe_redis
        return probes

    async def _probe_all(self, *, limit_s: float) -> None:
        for part, probe in self._probes.items():
            self._parts[part] = await _state(part, probe, limit_s)

    async def _probe_database(self) -> None:
        await self._house.catalog.course(self._house.settings.platform_id, "-")

    async def _probe_embedder(self) -> None:
        # Loading blocks for as long as the model is large.
        embedder = await anyio.to_thread.run_sync(partial(getattr, self._house, "embedder"))
        await embedder.embed_query("ready")

    async def _probe_index(self) -> None:
        await self._house.index.count(Scope(self._house.settings.platform_id))

    async def _probe_retrieval(self) -> None:
        # Once it has passed, only another build of Bai Ze could make it fail.
        if self._parts["retrieval"] != "ready":
            await self_test(self._house.index, self._house.embedder)

    async def _probe_answers(self) -> None:
        await anyio.to_thread.run_sync(self._load_answering)

    async def _probe_redis(self) -> None:
        await self._house.event_log.ping()

    def _load_answering(self) -> None:
        """Prompts, the chat SDK, tokenizer and dictionaries: else the first learner waits for them."""
        _ = self._house.answering
        self._house.counter.count(_SAMPLE)
        terms(_SAMPLE)


async def _state(part: Part, probe: Callable[[], Awaitable[object]], limit_s: float) -> str:
    try:
        with anyio.fail_after(limit_s):
            await probe()
    except BaizeError as error:
        return str(error)
    except TimeoutError:
        return f"does not answer within {limit_s:g} s"
    except Exception as error:  # noqa: BLE001 - a probe reports, whatever happened; the log has the place
        _log.warning("the probe of the %s failed: %s", part, type(error).__qualname__, exc_info=error)
        return f"failed: {type(error).__qualname__}; the log says more"
    return "ready"
