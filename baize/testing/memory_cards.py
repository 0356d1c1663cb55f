"""A double of the port `Cards`, beside a `MemoryCatalog` that holds the courses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from baize.domain.catalogue import CourseCard, KnownCard, SourceState
from baize.domain.library import LiveLesson
from baize.domain.search import Scope
from baize.testing.memory_catalog import MemoryCatalog

_Key = tuple[str, str, str]


@dataclass
class MemoryCards:
    """Cards of all platforms by platform, source and external id, with when they were first docked."""

    catalog: MemoryCatalog
    _cards: dict[_Key, tuple[float, CourseCard]] = field(default_factory=dict)
    _states: dict[tuple[str, str], SourceState] = field(default_factory=dict)

    async def known(self, platform_id: str, source_id: str) -> Mapping[str, KnownCard]:
        return {
            external_id: KnownCard(card.course.id, card.id, card.build_id)
            for (platform, source, external_id), (_, card) in self._held()
            if (platform, source) == (platform_id, source_id)
        }

    async def owners(self, platform_id: str, course_ids: Sequence[str]) -> Mapping[str, str]:
        owners: dict[str, str] = {}
        for course_id in course_ids:
            if await self.catalog.course(platform_id, course_id) is not None:
                cards = await self.of_courses(platform_id, [course_id])
                owners[course_id] = cards[0].source_id if cards else ""
        return owners

    async def put(self, platform_id: str, cards: Sequence[CourseCard], at: float) -> None:
        for card in cards:
            if await self.catalog.course(platform_id, card.course.id) is None:
                await self.catalog.put_course(card.course)
            key = (platform_id, card.source_id, card.external_id)
            first = self._cards[key][0] if key in self._cards else at
            self._cards[key] = (first, replace(card, docked_at=first))
        for course_id in dict.fromkeys(card.course.id for card in cards):
            await self._describe(platform_id, course_id)

    async def remove(self, platform_id: str, source_id: str, external_ids: Sequence[str]) -> list[str]:
        touched = [
            card.course.id
            for external_id in external_ids
            if (entry := self._cards.pop((platform_id, source_id, external_id), None))
            for card in (entry[1],)
        ]
        return [course for course in sorted(set(touched)) if not await self._describe(platform_id, course)]

    async def _describe(self, platform_id: str, course_id: str) -> bool:
        """Whether anything of the course is left."""
        if await self.catalog.lessons(platform_id, course_id):
            return True
        cards = await self.of_courses(platform_id, [course_id])
        if cards:
            await self.catalog.put_course(cards[0].course)
            return True
        await self.catalog.forget(platform_id, course_id)
        return False

    async def of_courses(self, platform_id: str, course_ids: Sequence[str]) -> list[CourseCard]:
        found = [
            (card.course.id, first, card.source_id, card.external_id, card)
            for (platform, _, _), (first, card) in self._held()
            if platform == platform_id and card.course.id in course_ids
        ]
        return [entry[-1] for entry in sorted(found, key=lambda entry: entry[:-1])]

    async def live(self, scope: Scope) -> list[LiveLesson]:
        cards = sorted(self._within(scope), key=lambda card: (card.course.id, card.id))
        return [LiveLesson(card.course.id, card.id, card.build_id, (card.language,)) for card in cards]

    async def languages(self, scope: Scope) -> list[str]:
        return sorted({card.language for card in self._within(scope)})

    async def n_chunks(self, platform_id: str) -> int:
        return sum(card.n_chunks for card in self._within(Scope(platform_id)))

    async def state(self, platform_id: str, source_id: str) -> SourceState | None:
        return self._states.get((platform_id, source_id))

    async def note(self, state: SourceState) -> None:
        self._states[state.platform_id, state.source_id] = state

    def _held(self) -> list[tuple[_Key, tuple[float, CourseCard]]]:
        """Cards go with their course."""
        courses = self.catalog._courses
        return [(key, entry) for key, entry in self._cards.items() if (key[0], entry[1].course.id) in courses]

    def _within(self, scope: Scope) -> list[CourseCard]:
        return [
            card
            for (platform, _, _), (_, card) in self._held()
            if platform == scope.platform_id
            and (not scope.course_ids or card.course.id in scope.course_ids)
            and (not scope.lesson_ids or card.id in scope.lesson_ids)
        ]
