"""Find moments, lessons or courses for a query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from baize.domain.search import Moment, Scope
from baize.errors import InvalidInput
from baize.ports import Catalog
from baize.services.find import Finder, checked, resolve_scope

Kind = Literal["moments", "lessons", "courses"]
MAX_K = 100


@dataclass(frozen=True, slots=True)
class Result:
    """One row of a search: its best moment. For lessons and courses, the best one inside."""

    rank: int
    score: float
    course_title: str
    moment: Moment


class Searching:
    """The search service."""

    def __init__(self, *, finder: Finder, catalog: Catalog) -> None:
        self._finder = finder
        self._catalog = catalog

    async def search(self, text: str, scope: Scope, *, kind: Kind = "moments", k: int = 10) -> list[Result]:
        """At most `k` rows, best first; repeated passages of one place collapse into the best.

        Raises:
            InvalidInput: the query is empty, too long or no valid text, or `k` is out of range.
            NotFound: a course or lesson in scope does not exist on this platform.
            IndexUnavailable: the vector store does not answer.
        """
        query = checked(text, "query")
        if not 1 <= k <= MAX_K:
            raise InvalidInput(f"k is {k}.", remedy=f"Ask for 1 to {MAX_K} results.")
        found = await self._finder.find(query, [], await resolve_scope(scope, self._catalog))
        moments = _first_per(kind, found.moments)[:k]
        found_in = sorted({moment.hit.chunk.course_id for moment in moments})
        titles = {c.id: c.title for c in await self._catalog.courses(scope.platform_id, found_in)}
        return [
            Result(rank, moment.hit.score, titles.get(moment.hit.chunk.course_id, ""), moment)
            for rank, moment in enumerate(moments, 1)
        ]


def _first_per(kind: Kind, moments: Sequence[Moment]) -> list[Moment]:
    if kind == "moments":
        return list(moments)
    best: dict[str, Moment] = {}
    for moment in moments:
        chunk = moment.hit.chunk
        best.setdefault(chunk.lesson_id if kind == "lessons" else chunk.course_id, moment)
    return list(best.values())
