"""Find moments, lessons or courses for a query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Literal

from baize.domain.search import Moment, Scope
from baize.errors import InvalidInput
from baize.ports import Cards, Catalog
from baize.services.find import Finder, checked, resolve_scope

Kind = Literal["moments", "lessons", "courses"]
MAX_K = 100


@dataclass(frozen=True, slots=True)
class Result:
    """One row of a search: its best moment. For lessons and courses, the best one inside.

    Attributes:
        score: falls with rank, so that who sorts by it keeps the order. A row that stands behind one with a
            lesser score of its own (`gather`, `rerank`) has that one's.
        url: the course's page at the source that describes it, where the moment is its description.
    """

    rank: int
    score: float
    course_title: str
    moment: Moment
    url: str = ""


class Searching:
    """The search service.

    Args:
        card_finder: finds what catalogues say of courses; None where no catalogue can be docked.
    """

    def __init__(
        self,
        *,
        finder: Finder,
        catalog: Catalog,
        card_finder: Finder | None = None,
        cards: Cards | None = None,
    ) -> None:
        self._finder = finder
        self._catalog = catalog
        self._card_finder = card_finder
        self._cards = cards

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
        scope = await resolve_scope(scope, self._catalog)
        found = (await self._finder.find(query, [], scope)).moments
        described = await self._described(query, scope) if kind == "courses" else ()
        # Scores of both are on one scale (`fuse`); what a lesson says wins a tie over its description.
        both = sorted((*found, *described), key=lambda moment: -moment.hit.score) if described else found
        moments = _first_per(kind, both)[:k]
        urls = await self._urls(scope.platform_id, [m for m in moments if not m.hit.chunk.lesson_id])
        found_in = sorted({moment.hit.chunk.course_id for moment in moments})
        titles = {c.id: c.title for c in await self._catalog.courses(scope.platform_id, found_in)}
        scores = accumulate((moment.hit.score for moment in moments), min)
        return [
            Result(
                rank,
                score,
                titles.get(moment.hit.chunk.course_id, ""),
                moment,
                "" if moment.hit.chunk.lesson_id else urls.get(moment.hit.chunk.course_id, ""),
            )
            for rank, (score, moment) in enumerate(zip(scores, moments, strict=True), 1)
        ]

    async def _described(self, query: str, scope: Scope) -> Sequence[Moment]:
        """What catalogues say of courses; a card is no lesson, so its moments name none."""
        # A lesson, or a course up to a second, is a place within media that no catalogue describes.
        if self._card_finder is None or scope.lesson_ids or scope.up_to:
            return ()
        found = await self._card_finder.find(query, [], scope)
        return [_without_lesson(moment) for moment in found.moments]

    async def _urls(self, platform_id: str, described: Sequence[Moment]) -> dict[str, str]:
        if self._cards is None or not described:
            return {}
        cards = await self._cards.of_courses(platform_id, [m.hit.chunk.course_id for m in described])
        urls: dict[str, str] = {}
        for card in cards:
            if card.url:
                urls.setdefault(card.course.id, card.url)
        return urls


def _without_lesson(moment: Moment) -> Moment:
    return replace(moment, hit=replace(moment.hit, chunk=replace(moment.hit.chunk, lesson_id="")))


def _first_per(kind: Kind, moments: Sequence[Moment]) -> list[Moment]:
    if kind == "moments":
        return list(moments)
    best: dict[str, Moment] = {}
    for moment in moments:
        chunk = moment.hit.chunk
        best.setdefault(chunk.lesson_id if kind == "lessons" else chunk.course_id, moment)
    return list(best.values())
