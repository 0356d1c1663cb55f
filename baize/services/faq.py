"""The FAQ entries that come nearest to a question, each whole: found in the index, weighed one by one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from baize.answering.faq_match import match
from baize.domain.course import FAQ_SUFFIX
from baize.domain.library import LiveLesson
from baize.domain.locator import FaqEntry
from baize.domain.search import Scope
from baize.domain.sentences import joined
from baize.domain.support import FaqItem, FaqMatch
from baize.domain.text import Chunk, Segment
from baize.ports import Catalog, ChunkIndex, Embedder
from baize.retrieval.cosine import CosineScale
from baize.services.find import Finder

_MOST_COURSES = 500
_MOST_SHELVES = 64
_MOST_CANDIDATES = 20


@dataclass(frozen=True, slots=True)
class FaqOptions:
    """`support:` in config.yaml.

    Attributes:
        courses: whose FAQ answers for the whole platform, such as a course `help`.
        scale: cosines at which two questions are as likely about one thing as not.
    """

    courses: tuple[str, ...]
    scale: CosineScale


class FaqDesk:
    """Looks questions up in the FAQs of some courses."""

    def __init__(
        self,
        *,
        finder: Finder,
        index: ChunkIndex,
        catalog: Catalog,
        embedder: Embedder,
        options: FaqOptions,
    ) -> None:
        self._finder = finder
        self._index = index
        self._catalog = catalog
        self._embedder = embedder
        self._options = options
        self._shelves: OrderedDict[tuple[str, str], list[FaqItem]] = OrderedDict()

    async def look_up(self, question: str, scope: Scope) -> list[FaqMatch]:
        """Entries of the courses in scope and of the platform's own FAQ, surest first; maybe none.

        Raises:
            IndexUnavailable: the vector store does not answer.
        """
        lessons = {one.lesson_id: one for one in await self._lessons(scope)}
        if not lessons:
            return []
        within = Scope(scope.platform_id, lesson_ids=tuple(lessons))
        found = await self._finder.find(question, (), within)
        items: dict[tuple[str, str], FaqItem] = {}
        for moment in found.moments[:_MOST_CANDIDATES]:
            chunk = moment.hit.chunk
            if isinstance(chunk.locator, FaqEntry) and chunk.lesson_id in lessons:
                for item in await self._shelf(scope.platform_id, lessons[chunk.lesson_id]):
                    if item.entry_id == chunk.locator.entry_id:
                        items[item.course_id, item.entry_id] = item
        return await self._weighed(question, list(items.values()))

    async def _lessons(self, scope: Scope) -> list[LiveLesson]:
        courses = (*scope.course_ids, *(one for one in self._options.courses if one not in scope.course_ids))
        if not courses:
            page = await self._catalog.page(scope.platform_id, after="", limit=_MOST_COURSES)
            courses = tuple(course.id for course in page)
        if not courses:
            return []
        names = tuple(f"{course_id}{FAQ_SUFFIX}" for course_id in courses)
        return await self._catalog.live(Scope(scope.platform_id, lesson_ids=names))

    async def _shelf(self, platform_id: str, lesson: LiveLesson) -> list[FaqItem]:
        """All entries of one FAQ, remembered by its build."""
        key = (platform_id, lesson.build_id + lesson.lesson_id)
        if key not in self._shelves:
            scope = Scope(platform_id, lesson_ids=(lesson.lesson_id,), build_ids=(lesson.build_id,))
            stored = await self._index.chunks(platform_id, await self._index.ids(scope))
            self._shelves[key] = _items([one.chunk for one in stored.values()])
            while len(self._shelves) > _MOST_SHELVES:
                self._shelves.popitem(last=False)
        self._shelves.move_to_end(key)
        return self._shelves[key]

    async def _weighed(self, question: str, items: Sequence[FaqItem]) -> list[FaqMatch]:
        if not items:
            return []
        texts = [item.question for item in items] + [f"{item.question} {item.answer}" for item in items]
        made = await self._embedder.embed_passages(texts)
        vectors = (made[: len(items)] + made[len(items) :]) / 2
        asked = await self._embedder.embed_query(question)
        return match(question, asked, items, list(np.asarray(vectors)), self._options.scale)


def _items(chunks: Sequence[Chunk]) -> list[FaqItem]:
    """Entries in file order; one that was too long for a passage is put together again."""
    parts: dict[str, list[Chunk]] = {}
    for chunk in sorted(chunks, key=lambda one: one.position):
        if isinstance(chunk.locator, FaqEntry):
            parts.setdefault(chunk.locator.entry_id, []).append(chunk)
    return [
        FaqItem(
            of_entry[0].course_id,
            entry_id,
            of_entry[0].headings[-1] if of_entry[0].headings else "",
            joined(segment.text for segment in _together(of_entry)),
            of_entry[0].language,
        )
        for entry_id, of_entry in parts.items()
    ]


def _together(chunks: Sequence[Chunk]) -> list[Segment]:
    """The sentences of overlapping passages, each once."""
    whole: list[Segment] = []
    for chunk in chunks:
        own = list(chunk.sentences)
        n = next(n for n in range(min(len(whole), len(own)), -1, -1) if whole[len(whole) - n :] == own[:n])
        whole += own[n:]
    return whole
