"""Records of a lifelong-learning archive in: good lines are kept, bad ones told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from zoneinfo import ZoneInfo

from anyio import to_thread

from baize.domain.archive import Completion, ImportReport, Unusable
from baize.ports import Archive, Clock
from baize.services.archive_file import Format, Line, Other, Reading, read_archive

MAX_BYTES = 16 * 1024 * 1024
"""Of a file over HTTP; the command takes any."""
_AT_ONCE = 500


class Archiving:
    """The use case.

    Args:
        zone: of dates and instants that name none.
    """

    def __init__(self, *, archive: Archive, clock: Clock, zone: ZoneInfo) -> None:
        self._archive = archive
        self._clock = clock
        self._zone = zone

    async def take(self, platform_id: str, lines: Iterable[str], form: Format) -> ImportReport:
        """Keep every record that can be used. The same file again changes nothing.

        Raises:
            InvalidInput: the file as a whole is not of this form.
            DependencyUnavailable: the database does not answer; the records before are kept.
        """
        now = self._clock.now()
        read = read_archive(lines, form, Reading(platform_id, now, self._zone))
        n = {"read": 0, "changed": 0, "same": 0, "other": 0}
        unusable: list[Unusable] = []
        while batch := await to_thread.run_sync(_next, read):
            records = [replace(one, imported_at=now) for one in batch if isinstance(one, Completion)]
            # Of one record, the last line counts.
            latest = list({(one.learner_id, one.id): one for one in records}.values())
            changed = await self._archive.put(latest)
            n["read"] += len(batch)
            n["changed"] += changed
            n["same"] += len(records) - changed
            n["other"] += sum(isinstance(one, Other) for one in batch)
            unusable += [one for one in batch if isinstance(one, Unusable)]
        return ImportReport(n["read"], n["changed"], n["same"], n["other"], tuple(unusable))


def _next(read: Iterable[Line]) -> Sequence[Line]:
    return list(islice(read, _AT_ONCE))
