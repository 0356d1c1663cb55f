"""A double of the port `Statements`: in memory."""

from __future__ import annotations

from collections.abc import Sequence

from baize.domain.statement import Statement, StatementQuery


class MemoryStatements:
    """As the real store, but gone with the process."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Statement] = {}

    async def put(self, statements: Sequence[Statement]) -> None:
        """As `Statements.put`."""
        for one in statements:
            self._kept.setdefault((one.platform_id, one.id), one)

    async def get(self, platform_id: str, ids: Sequence[str]) -> list[Statement]:
        """As `Statements.get`."""
        found = (self._kept.get((platform_id, statement_id)) for statement_id in ids)
        return [one for one in found if one is not None]

    async def find(self, platform_id: str, query: StatementQuery, limit: int) -> list[Statement]:
        """As `Statements.find`."""
        wanted = [one for one in self._kept.values() if one.platform_id == platform_id and _fits(one, query)]
        wanted.sort(key=lambda one: (one.stored_at, one.id), reverse=not query.ascending)
        return wanted[:limit]


def _fits(one: Statement, query: StatementQuery) -> bool:
    place = (one.stored_at, one.id)
    return (
        query.learner_id in ("", one.learner_id)
        and query.verb in ("", one.verb)
        and query.activity in ("", one.activity)
        and (query.since is None or one.stored_at > query.since)
        and (query.until is None or one.stored_at <= query.until)
        and (query.after is None or (place > query.after if query.ascending else place < query.after))
    )
