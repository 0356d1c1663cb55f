"""The audit log: written before the change is made, so that no change goes without its line."""

from __future__ import annotations

import getpass
import logging
import uuid
from collections.abc import Mapping
from hashlib import sha256

import anyio

from baize.domain.audit import AuditEntry
from baize.domain.platform import Caller
from baize.errors import DependencyUnavailable
from baize.ports import AuditLog, Clock

_log = logging.getLogger(__name__)
_DAY_S = 86_400.0
_TIDY_EVERY_S = 3600.0
_MAX_CHARS = 500
_LEARNERS = ("learner_id", "subject")


class Auditing:
    """Begins and settles entries."""

    def __init__(self, *, log: AuditLog, clock: Clock) -> None:
        self._log = log
        self._clock = clock

    async def begin(self, caller: Caller, action: str, what: Mapping[str, str]) -> AuditEntry:
        """An entry of what is about to be done.

        Raises:
            DependencyUnavailable: the database does not answer: then nothing may be changed either.
        """
        objects = " ".join(f"{name}={_shown(caller.platform_id, name, what[name])}" for name in what)
        entry = AuditEntry(
            caller.platform_id,
            uuid.uuid4().hex,
            self._clock.now(),
            caller.name,
            action,
            objects[:_MAX_CHARS],
        )
        await self._log.put(entry)
        return entry

    async def settle(self, entry: AuditEntry, status: int) -> None:
        """How it ended. Where that cannot be stored, the entry goes on saying that it was begun."""
        try:
            await self._log.settle(entry.platform_id, entry.id, status)
        except DependencyUnavailable as failure:
            _log.warning("an audit entry was not settled: %s", type(failure).__qualname__)

    async def command(self, platform_id: str, action: str, what: Mapping[str, str] | None = None) -> None:
        """An entry of a command that was done.

        Raises:
            DependencyUnavailable: the database does not answer.
        """
        caller = Caller(platform_id, name=f"command line ({_user()})")
        await self.settle(await self.begin(caller, action, what or {}), 0)

    async def keep_tidy(self, keep_days: float) -> None:
        """Delete what is older, now and every hour, until cancelled."""
        while True:
            try:
                await self._log.expire(self._clock.now() - keep_days * _DAY_S)
            except Exception as error:  # noqa: BLE001 - it runs beside the API, which must not end with it
                _log.warning("old audit entries were not deleted: %s", type(error).__qualname__)
            await anyio.sleep(_TIDY_EVERY_S)


def _shown(platform_id: str, name: str, value: str) -> str:
    if name not in _LEARNERS:
        return value
    return f"#{sha256(f'{platform_id}|{value}'.encode()).hexdigest()[:16]}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
