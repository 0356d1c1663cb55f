"""What learners did, told as xAPI statements by the service itself, for platforms that want it.

Stored like those that come in, and forwarded to the operator's learning record store where there is one. A
statement names the platform's account of the learner and says which course, lesson and second; never what
somebody asked or wrote.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import anyio

from baize.domain.chat import Answer, Citation
from baize.domain.cost import Used
from baize.domain.learner import Progress
from baize.domain.locator import TimeSpan
from baize.domain.outbox import Waiting
from baize.domain.practice import Attempt
from baize.domain.statement import Statement
from baize.errors import DependencyUnavailable
from baize.ports import Clock, Meter, Outbox, RecordStore, Statements
from baize.services.in_need import PatientAnswers
from baize.services.who import Doorkeeper

_log = logging.getLogger(__name__)
_NAMESPACE = uuid.UUID("3f5d8f0e-6f0f-5c57-8a51-0a1c2b9d7e44")
_VERBS = {
    "asked": ("http://adlnet.gov/expapi/verbs/asked", "提问"),
    "answered": ("http://adlnet.gov/expapi/verbs/answered", "作答"),
    "jumped": ("https://w3id.org/xapi/video/verbs/seeked", "跳转"),
    "completed": ("http://adlnet.gov/expapi/verbs/completed", "完成"),
}
_TIME_TO = "https://w3id.org/xapi/video/extensions/time-to"
_BATCH = 100
_LOOK_EVERY_S = 5.0
_SETTLING_S = 3.0
"""The outbox is written before the statement: so long may that take."""
_FIRST_WAIT_S, _LONGEST_WAIT_S, _MOST_ATTEMPTS = 10.0, 3600.0, 60


class Telling:
    """
    Args:
        store: None where nothing is forwarded.
    """

    def __init__(
        self,
        *,
        statements: Statements,
        outbox: Outbox,
        store: RecordStore | None,
        doorkeeper: Doorkeeper,
        clock: Clock,
        meter: Meter,
    ) -> None:
        self._statements = statements
        self._outbox = outbox
        self._store = store
        self._doorkeeper = doorkeeper
        self._clock = clock
        self._meter = meter

    async def asked(self, answer: Answer) -> None:
        """A question was answered, or refused."""
        course = next((one.course_id for one in answer.citations), "")
        await self._tell(
            "asked",
            answer.platform_id,
            answer.learner_id,
            answer.id,
            ("question", answer.id),
            result={"success": answer.refusal is None or answer.is_aside, "completion": True},
            parent=("course", course) if course else None,
        )

    async def answered(self, attempt: Attempt) -> None:
        """A quiz item was tried; one that nobody could grade is neither right nor wrong."""
        result = {} if attempt.verdict == "uncertain" else {"success": attempt.verdict == "correct"}
        await self._tell(
            "answered",
            attempt.platform_id,
            attempt.learner_id,
            attempt.id,
            ("item", attempt.item_id),
            result=result,
            parent=("lesson", attempt.lesson_id),
        )

    async def jumped(self, answer: Answer, citation: Citation) -> None:
        """A citation was followed into the player."""
        locator = citation.locator
        place = {"extensions": {_TIME_TO: locator.start}} if isinstance(locator, TimeSpan) else {}
        now = self._clock.now()
        await self._tell(
            "jumped",
            answer.platform_id,
            answer.learner_id,
            f"{answer.id}|{citation.marker}|{now!r}",
            ("lesson", citation.lesson_id),
            result=place,
            parent=("course", citation.course_id),
        )

    async def completed(self, progress: Progress) -> None:
        """A lesson was completed; told again, it is the same statement."""
        await self._tell(
            "completed",
            progress.platform_id,
            progress.learner_id,
            f"{progress.lesson_id}|{progress.completed_at!r}",
            ("lesson", progress.lesson_id),
            result={"completion": True},
            parent=("course", progress.course_id),
        )

    async def forward(self, statements: Sequence[Statement]) -> None:
        """Let these, which are about to be stored, wait for the store as well.

        Raises:
            DependencyUnavailable: the database does not answer.
        """
        if self._store is None or not statements:
            return
        due = self._clock.now() + _SETTLING_S
        await self._outbox.put([Waiting(one.platform_id, one.id, one.learner_id, due) for one in statements])

    async def send_due(self) -> int:
        """Send what is due, by platform; what fails is due again later. Returns how many were taken.

        Two replicas may send one statement twice: it has one id, so that the store keeps it once.
        """
        if self._store is None:
            return 0
        n = 0
        due = await self._outbox.due(self._clock.now(), _BATCH)
        for platform_id in sorted({one.platform_id for one in due}):
            own = [one for one in due if one.platform_id == platform_id]
            known = {s.id: s for s in await self._statements.get(platform_id, [w.statement_id for w in own])}
            # Erased with their learner, or never stored.
            await self._outbox.remove([one for one in own if one.statement_id not in known])
            n += await self._send(self._store, [one for one in own if one.statement_id in known], known)
        return n

    async def _send(self, store: RecordStore, waiting: Sequence[Waiting], known: dict[str, Statement]) -> int:
        if not waiting:
            return 0
        try:
            taken = await store.send(waiting[0].platform_id, [known[one.statement_id] for one in waiting])
        except DependencyUnavailable as failure:
            _log.warning("%d statements were not taken: %s", len(waiting), failure)
            await self._later(waiting)
            return 0
        if taken:
            await self._outbox.remove(waiting)
            return len(waiting)
        if len(waiting) == 1:
            _log.warning("the LRS refuses the statement %s", waiting[0].statement_id)
            await self._later(waiting)
            return 0
        # One of them is refused, or there already: each by itself.
        return sum([await self._send(store, [one], known) for one in waiting])

    async def _later(self, waiting: Sequence[Waiting]) -> None:
        now = self._clock.now()
        given_up = [one for one in waiting if one.n_attempts + 1 >= _MOST_ATTEMPTS]
        await self._outbox.remove(given_up)
        again = [one for one in waiting if one not in given_up]
        if again:
            await self._outbox.put(
                [
                    replace(
                        one,
                        n_attempts=one.n_attempts + 1,
                        next_at=now + min(_FIRST_WAIT_S * 2.0**one.n_attempts, _LONGEST_WAIT_S),
                    )
                    for one in again
                ]
            )

    async def keep_sending(self) -> None:
        """Until cancelled."""
        while self._store is not None:
            try:
                await self.send_due()
            except Exception as error:  # noqa: BLE001 - it runs beside the API, which must not end with it
                _log.warning("statements were not forwarded: %s", type(error).__qualname__)
            await anyio.sleep(_LOOK_EVERY_S)

    async def _tell(
        self,
        verb: str,
        platform_id: str,
        learner_id: str,
        key: str,
        thing: tuple[str, str],
        *,
        result: dict[str, Any],
        parent: tuple[str, str] | None,
    ) -> None:
        """Never in the way of what the learner is doing: what cannot be stored now is counted, and lost."""
        if not learner_id:
            return
        try:
            if not await self._doorkeeper.tells(platform_id):
                return
            made = _statement(verb, platform_id, learner_id, key, thing, result, parent, self._clock.now())
            await self.forward([made])
            await self._statements.put([made])
        except DependencyUnavailable as failure:
            self._meter.lost(verb)
            _log.warning("a statement (%s) was not stored: %s", verb, type(failure).__qualname__)


class TellingAnswers(PatientAnswers):
    """As `PatientAnswers`; that an answer was stored is told.

    Args:
        telling: told of it.
        parts: as of `PatientAnswers`.
    """

    def __init__(self, telling: Telling, *parts: Any) -> None:
        super().__init__(*parts)
        self._telling = telling

    async def put(self, answer: Answer, used: Used | None = None) -> None:
        """As `Answers.put`."""
        await super().put(answer, used)
        await self._telling.asked(answer)


def _statement(
    verb: str,
    platform_id: str,
    learner_id: str,
    key: str,
    thing: tuple[str, str],
    result: dict[str, Any],
    parent: tuple[str, str] | None,
    now: float,
) -> Statement:
    iri, chinese = _VERBS[verb]
    at = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")
    home = f"urn:baize:platform:{quote(platform_id)}"
    statement_id = str(uuid.uuid5(_NAMESPACE, "|".join((platform_id, learner_id, verb, key))))
    body: dict[str, Any] = {
        "id": statement_id,
        "actor": {"objectType": "Agent", "account": {"homePage": home, "name": learner_id}},
        "verb": {"id": iri, "display": {"en-US": verb, "zh-CN": chinese}},
        "object": _activity(platform_id, *thing),
        "timestamp": at,
        "stored": at,
        "version": "1.0.3",
        "authority": {"objectType": "Agent", "account": {"homePage": home, "name": "baize"}},
    }
    if result:
        body["result"] = result
    if parent is not None:
        body["context"] = {"contextActivities": {"parent": [_activity(platform_id, *parent)]}}
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Statement(platform_id, statement_id, learner_id, iri, body["object"]["id"], now, text)


def _activity(platform_id: str, kind: str, name: str) -> dict[str, str]:
    return {"objectType": "Activity", "id": f"urn:baize:{kind}:{quote(platform_id)}:{quote(name)}"}
