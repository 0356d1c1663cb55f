"""While the database is away: answers go on from what was read before, and what they write waits its turn.

Nothing here is a cache: as long as the database answers, it is asked. What waits is in memory only, so it is
lost with the process; the log tells how much waits, and when it was written.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from baize.domain.chat import Answer
from baize.domain.cost import Used
from baize.domain.course import Course, Lesson
from baize.domain.library import LiveLesson
from baize.domain.search import Scope
from baize.errors import DependencyUnavailable
from baize.ports import Answers, Catalog

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_KEPT_PER_PLATFORM = 20_000
_MAX_PLATFORMS = 1_000
_KEPT_S = 3600.0
_PATIENCE_S = 2.0
"""How long a read may take when an earlier result is at hand."""
_PAUSE_S = 1.0
"""After a failure the database is left alone for so long: every try may cost a learner the whole patience."""
_MAX_WAITING = 10_000
"""Answers, of some 8 kB each. What a learner got beyond them is lost, and a fast server gives 80 a second."""
_RETRY_S = 1.0
_LAST_TRY_S = 2.0


class KeptCatalog:
    """The port `Catalog` over another; where that fails, what it last said, for up to an hour.

    Bounded for each platform, so that none pushes another's out. What builds are live is kept by lesson, so
    that it serves scopes that were never asked for.
    """

    def __init__(self, inner: Catalog) -> None:
        self._inner = inner
        self._kept: OrderedDict[str, OrderedDict[Hashable, tuple[float, object]]] = OrderedDict()
        self._away_until = 0.0

    async def courses(self, platform_id: str, course_ids: Sequence[str] | None = None) -> list[Course]:
        """As `Catalog.courses`; nothing is kept of it."""
        return await self._inner.courses(platform_id, course_ids)

    async def page(
        self, platform_id: str, *, after: str, limit: int, course_ids: Sequence[str] | None = None
    ) -> list[Course]:
        """As `Catalog.page`; nothing is kept of it."""
        return await self._inner.page(platform_id, after=after, limit=limit, course_ids=course_ids)

    async def course(self, platform_id: str, course_id: str) -> Course | None:
        """As `Catalog.course`."""
        key = ("course", course_id)
        return await self._read(platform_id, key, lambda: self._inner.course(platform_id, course_id))

    async def lessons(self, platform_id: str, course_id: str) -> list[Lesson]:
        """As `Catalog.lessons`; nothing is kept of it."""
        return await self._inner.lessons(platform_id, course_id)

    async def lesson(self, platform_id: str, lesson_id: str) -> Lesson | None:
        """As `Catalog.lesson`."""
        key = ("lesson", lesson_id)
        return await self._read(platform_id, key, lambda: self._inner.lesson(platform_id, lesson_id))

    async def faq_only(self, platform_id: str) -> list[str]:
        """As `Catalog.faq_only`; nothing is kept of it."""
        return await self._inner.faq_only(platform_id)

    async def languages(self, scope: Scope) -> list[str]:
        """As `Catalog.languages`."""
        return await self._read(scope.platform_id, ("languages", scope), lambda: self._inner.languages(scope))

    async def live(self, scope: Scope) -> list[LiveLesson]:
        """As `Catalog.live`. In need, lessons that were never asked for are missing: they are not shown."""
        if scope != Scope(scope.platform_id, lesson_ids=scope.lesson_ids) or not scope.lesson_ids:
            return await self._read(scope.platform_id, ("live", scope), lambda: self._inner.live(scope))
        known = [self._recall(scope.platform_id, ("build", lesson_id)) for lesson_id in scope.lesson_ids]
        kept = [one[0] for one in known if one is not None and isinstance(one[0], LiveLesson)]
        found = await self._ask(lambda: self._inner.live(scope), kept or None)
        for lesson in found:
            self._keep(scope.platform_id, ("build", lesson.lesson_id), lesson)
        return found

    async def _read(self, platform_id: str, key: Hashable, read: Callable[[], Awaitable[_T]]) -> _T:
        kept = self._recall(platform_id, key)
        if kept is None:
            found = await self._ask(read, None)
        else:
            found = await self._ask(read, kept[0])  # type: ignore[arg-type]  # kept under this very key
        self._keep(platform_id, key, found)
        return found

    async def _ask(self, read: Callable[[], Awaitable[_T]], kept: _T | None) -> _T:
        if kept is None:
            found = await read()
            self._answered()
            return found
        if time.monotonic() < self._away_until:
            return kept
        try:
            async with asyncio.timeout(_PATIENCE_S):
                found = await read()
        except (DependencyUnavailable, TimeoutError) as failure:
            if not self._away_until:
                _log.warning("The catalogue does not answer (%s): going on from what is known", failure)
            self._away_until = time.monotonic() + _PAUSE_S
            return kept
        self._answered()
        return found

    def _answered(self) -> None:
        if self._away_until:
            _log.warning("The catalogue answers again")
            self._away_until = 0.0

    def _recall(self, platform_id: str, key: Hashable) -> tuple[object] | None:
        kept = self._kept[platform_id].get(key) if platform_id in self._kept else None
        return (kept[1],) if kept is not None and time.monotonic() < kept[0] + _KEPT_S else None

    def _keep(self, platform_id: str, key: Hashable, value: object) -> None:
        if self._away_until:
            return
        kept = self._kept.setdefault(platform_id, OrderedDict())
        self._kept.move_to_end(platform_id)
        kept[key] = time.monotonic(), value
        kept.move_to_end(key)
        if len(kept) > _KEPT_PER_PLATFORM:
            kept.popitem(last=False)
        if len(self._kept) > _MAX_PLATFORMS:
            self._kept.popitem(last=False)


@dataclass(frozen=True, slots=True, eq=False)
class _Write:
    """An answer that waits. One that perhaps went may be tried again: stored twice, it is there once."""

    run: Callable[[], Awaitable[None]]
    answer: Answer


class LateWrites:
    """Writes that wait for the database, in their order, bounded; tried once a second until they succeed."""

    def __init__(self) -> None:
        self.still = asyncio.Lock()
        """Held, nothing is written."""
        self.away = False
        """Nothing went the last time. As soon as one write does, new ones need not wait behind the others."""
        self._waiting: deque[_Write] = deque()
        self._writing: asyncio.Task[None] | None = None

    @property
    def n_waiting(self) -> int:
        return len(self._waiting)

    def add(self, write: _Write) -> None:
        """
        Raises:
            DependencyUnavailable: too many wait.
        """
        if len(self._waiting) >= _MAX_WAITING:
            raise DependencyUnavailable(
                f"{_MAX_WAITING} answers wait for the database already.", remedy="Bring the database back."
            )
        self._waiting.append(write)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())

    def answers(self, platform_id: str) -> list[Answer]:
        """Those of a platform that wait, the oldest first; of one that is there twice, the later."""
        latest: dict[str, Answer] = {}
        for write in self._waiting:
            if write.answer.platform_id == platform_id:
                latest[write.answer.id] = write.answer
        return list(latest.values())

    def drop(self, answer_ids: set[str]) -> None:
        """Forget answers that wait."""
        self._waiting = deque(write for write in self._waiting if write.answer.id not in answer_ids)

    async def close(self) -> None:
        """A last try; what is still not written is lost, and the log says how much."""
        if self._writing is not None:
            self._writing.cancel()
            with suppress(asyncio.CancelledError):
                await self._writing
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_TRY_S):
                await self._write_some()
        if self._waiting:
            _log.error("%d writes are lost: the database did not come back", len(self._waiting))

    async def _write_all(self) -> None:
        n = 0
        while self._waiting:
            await asyncio.sleep(_RETRY_S)
            n += await self._write_some()
        _log.warning("The database is back: %d writes that waited are done", n)

    async def _write_some(self) -> int:
        """As many as go; how many went."""
        n = 0
        while self._waiting:
            async with self.still:
                if not self._waiting:
                    break
                write = self._waiting[0]
                try:
                    await write.run()
                    self.away = False
                    n += 1
                except DependencyUnavailable:
                    self.away = True
                    return n
                except Exception as error:  # noqa: BLE001 - one that can never go must not stop the others
                    _log.error("A write that waited is lost: %s", type(error).__qualname__, exc_info=error)
                self._waiting.popleft()
        return n


class PatientAnswers:
    """The port `Answers` over another: what cannot be stored now is stored later, and found meanwhile.

    Storing an answer twice leaves one, counted once, so trying again is safe.
    """

    def __init__(self, inner: Answers, late: LateWrites) -> None:
        self._inner = inner
        self._late = late

    async def put(self, answer: Answer, used: Used | None = None) -> None:
        """As `Answers.put`; raises only when too many wait already."""
        # Turns are numbered as they are stored: none may overtake those of its conversation.
        if not self._late.away and not self._waits(answer):
            try:
                await self._inner.put(answer, used)
                return
            except DependencyUnavailable as failure:
                self._late.away = True
                _log.warning("The answer %s is stored later: %s", answer.id, failure)
        self._late.add(_Write(lambda: self._inner.put(answer, used), answer))

    def _waits(self, answer: Answer) -> bool:
        """Whether a turn of the answer's conversation does."""
        if not self._late.n_waiting:
            return False
        waiting = self._late.answers(answer.platform_id)
        return any(one.conversation_id == answer.conversation_id for one in waiting)

    async def get(self, platform_id: str, answer_id: str) -> Answer | None:
        """As `Answers.get`."""
        for waiting in self._late.answers(platform_id):
            if waiting.id == answer_id:
                return waiting
        return await self._inner.get(platform_id, answer_id)

    async def turns(
        self,
        platform_id: str,
        conversation_id: str,
        limit: int,
        *,
        learner_id: str | None = None,
        block: int = 1,
    ) -> list[Answer]:
        """As `Answers.turns`, those that wait included."""
        waiting = [
            one
            for one in self._late.answers(platform_id)
            if one.conversation_id == conversation_id and learner_id in (None, one.learner_id)
        ]
        stored = await self._inner.turns(
            platform_id, conversation_id, limit, learner_id=learner_id, block=block
        )
        ids = {one.id for one in waiting}
        turns = [one for one in stored if one.id not in ids] + waiting
        return turns[max(len(turns) - limit, 0) :] if limit > 0 else []

    async def latest(self, platform_id: str, learner_id: str, limit: int) -> list[tuple[Answer, float]]:
        """As `Answers.latest`; what waits is not among them yet."""
        return await self._inner.latest(platform_id, learner_id, limit)

    async def forget(
        self, platform_id: str, conversation_id: str, *, learner_id: str | None = None
    ) -> list[str]:
        """As `Answers.forget`; what waits is forgotten first, so that it cannot be stored afterwards."""
        waiting = [
            one.id
            for one in self._late.answers(platform_id)
            if one.conversation_id == conversation_id and learner_id in (None, one.learner_id)
        ]
        async with self._late.still:
            self._late.drop(set(waiting))
            gone = await self._inner.forget(platform_id, conversation_id, learner_id=learner_id)
        return [*gone, *(one for one in waiting if one not in gone)]

    async def forget_learner(self, platform_id: str, learner_id: str) -> list[str]:
        """As `Answers.forget_learner`; what waits first, as in `forget`."""
        waiting = [one.id for one in self._late.answers(platform_id) if one.learner_id == learner_id]
        async with self._late.still:
            self._late.drop(set(waiting))
            gone = await self._inner.forget_learner(platform_id, learner_id)
        return [*gone, *(one for one in waiting if one not in gone)]

    async def forget_course(self, platform_id: str, course_id: str, lesson_id: str = "") -> list[str]:
        """As `Answers.forget_course`."""
        named = f"lesson_id={lesson_id!r}" if lesson_id else f"course_id={course_id!r}"
        waiting = {one.id for one in self._late.answers(platform_id) if named in repr(one)}
        async with self._late.still:
            self._late.drop(waiting)
            gone = await self._inner.forget_course(platform_id, course_id, lesson_id)
        return [*gone, *(one for one in waiting if one not in gone)]

    async def expire(self, before: float) -> int:
        """As `Answers.expire`."""
        return await self._inner.expire(before)
