"""A learner's record: taken along as JSON and xAPI, and erased with proof.

Everything that is kept of a learner stands in rows that carry the learner's id (`LearnerRows` finds them by
that), in the event logs of the last minutes, or in the cache. Nothing else may hold any of it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import anyio

from baize.domain.live import AnswerKey
from baize.domain.record import Erasure, LearnerExport, Row
from baize.errors import DependencyUnavailable
from baize.ports import Answers, Cache, Clock, LearnerRows
from baize.services.answer import turn_key
from baize.services.identities import Linking
from baize.services.live import Live
from baize.services.reuse import Reuse
from baize.services.statements import statements

_log = logging.getLogger(__name__)
_MOST_ROUNDS = 3
"""What is written while a learner is erased is erased in the next round."""
_STOPPING_S = 10.0
_LOOK_AGAIN_S = 0.05


class LearnerRecord:
    """Export and erasure."""

    def __init__(
        self,
        *,
        rows: LearnerRows,
        answers: Answers,
        live: Live,
        reuse: Reuse,
        cache: Cache,
        clock: Clock,
        linking: Linking,
    ) -> None:
        self._rows = rows
        self._answers = answers
        self._live = live
        self._reuse = reuse
        self._cache = cache
        self._clock = clock
        self._linking = linking

    async def export(self, platform_id: str, learner_id: str) -> LearnerExport:
        """All that is kept of the learner; empty where nothing is.

        Raises:
            DependencyUnavailable: the database does not answer.
        """
        records: dict[str, Sequence[Row]] = {}
        for name in await self._linking.names(platform_id, learner_id):
            for table, rows in (await self._rows.read(platform_id, name)).items():
                records[table] = [*records.get(table, ()), *rows]
        told = statements(platform_id, learner_id, records)
        return LearnerExport(platform_id, learner_id, self._clock.now(), records, told)

    async def erase(self, platform_id: str, learner_id: str) -> Erasure:
        """Erase the learner, then look whether anything is left. Doing it again is safe.

        So is what was kept under the names of docked sources that are linked to the learner.

        Answers that are being written for the learner are stopped first. The sums of `usage` stay: they
        name no learner. Backups keep what they have until they are overwritten.

        Raises:
            DependencyUnavailable: a store does not answer; what went is gone, the rest is still there.
        """
        erased: dict[str, int] = {}
        left: dict[str, int] = {}
        # The links go last, with the learner: cut off before, it would not know the others when done again.
        for name in reversed(await self._linking.names(platform_id, learner_id)):
            _add(left, await self._all_of(platform_id, name, erased))
        await self._rows.scrub()
        if any(left.values()):
            _log.warning("an erasure is not complete: %s", {name: n for name, n in left.items() if n})
        return Erasure(dict(sorted(erased.items())), dict(sorted(left.items())), self._clock.now())

    async def _all_of(self, platform_id: str, learner_id: str, erased: dict[str, int]) -> dict[str, int]:
        """What is left of one name; what went is added to `erased`."""
        left: dict[str, int] = {}
        for _ in range(_MOST_ROUNDS):
            _add(erased, await self._once(platform_id, learner_id))
            left = dict(await self._rows.count(platform_id, learner_id))
            left["events"] = len(await self._live.of_learner(platform_id, learner_id))
            if not any(left.values()):
                break
        return left

    async def _once(self, platform_id: str, learner_id: str) -> dict[str, int]:
        keys = await self._stopped(platform_id, learner_id)
        answer_ids = await self._answers.forget_learner(platform_id, learner_id)
        erased = dict(await self._rows.erase(platform_id, learner_id))
        erased["answers"] = erased.get("answers", 0) + len(answer_ids)
        logged = {*keys, *(AnswerKey(platform_id, answer_id) for answer_id in answer_ids)}
        for key in logged:
            await self._live.forget(key)
        ids = [key.answer_id for key in logged]
        await self._reuse.forget(platform_id, ids)
        await self._cache.forget([turn_key(platform_id, answer_id) for answer_id in ids])
        erased["events"] = len(keys)
        return erased

    async def _stopped(self, platform_id: str, learner_id: str) -> list[AnswerKey]:
        """The learner's answers that have a log, none of them being written any more.

        Raises:
            DependencyUnavailable: one does not stop.
        """
        keys = await self._live.of_learner(platform_id, learner_id)
        with anyio.move_on_after(_STOPPING_S):
            for key in keys:
                await self._stop(key)
            return keys
        raise DependencyUnavailable("An answer to the learner does not stop.", remedy="Erase again.")

    async def _stop(self, key: AnswerKey) -> None:
        told = False
        while (head := await self._live.head(key)) is not None and not head.finished:
            if not told:
                await self._live.stop(key)
                told = True
            await anyio.sleep(_LOOK_AGAIN_S)


def _add(sums: dict[str, int], more: Mapping[str, int]) -> None:
    for name, n in more.items():
        sums[name] = sums.get(name, 0) + n
