"""Docked catalogues: the port `Cards` over tables, in batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from baize.adapters.db.engine import Database
from baize.adapters.db.models import CardRow, CatalogueSourceRow, CourseRow, LessonRow
from baize.adapters.db.upsert import course_values, insert_or_update, put_rows
from baize.domain.catalogue import CourseCard, KnownCard, SourceState
from baize.domain.course import Course
from baize.domain.library import LiveLesson
from baize.domain.search import Scope

_BATCH = 500
"""Ids in one statement; SQLite admits 32,766."""


class SqlCards:
    """The port `Cards`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def known(self, platform_id: str, source_id: str) -> Mapping[str, KnownCard]:
        """As `Cards.known`."""
        found = select(CardRow.external_id, CardRow.course_id, CardRow.card_id, CardRow.build_id).where(
            CardRow.platform_id == platform_id, CardRow.source_id == source_id
        )
        async with self._database.reading() as session:
            return {row[0]: KnownCard(*row[1:]) for row in await session.execute(found)}

    async def owners(self, platform_id: str, course_ids: Sequence[str]) -> Mapping[str, str]:
        """As `Cards.owners`."""
        found = (
            select(CourseRow.course_id, CardRow.source_id)
            .join(
                CardRow,
                and_(CardRow.platform_id == CourseRow.platform_id, CardRow.course_id == CourseRow.course_id),
                isouter=True,
            )
            .where(CourseRow.platform_id == platform_id, CourseRow.course_id.in_(course_ids))
            .order_by(CourseRow.course_id, CardRow.docked_at, CardRow.source_id, CardRow.external_id)
        )
        owners: dict[str, str] = {}
        async with self._database.reading() as session:
            for course_id, source_id in await session.execute(found):
                owners.setdefault(course_id, source_id or "")
        return owners

    async def put(self, platform_id: str, cards: Sequence[CourseCard], at: float) -> None:
        """As `Cards.put`."""
        async with self._database.writing() as session:
            for batch in _batches(cards):
                await _put_batch(session, platform_id, batch, at)

    async def remove(self, platform_id: str, source_id: str, external_ids: Sequence[str]) -> list[str]:
        """As `Cards.remove`; the next oldest card describes a course whose first one went."""
        gone: list[str] = []
        async with self._database.writing() as session:
            for batch in _batches(external_ids):
                these = and_(
                    CardRow.platform_id == platform_id,
                    CardRow.source_id == source_id,
                    CardRow.external_id.in_(batch),
                )
                touched = list(await session.scalars(select(CardRow.course_id).where(these).distinct()))
                await session.execute(delete(CardRow).where(these))
                gone += await _settle(session, platform_id, touched)
        return gone

    async def of_courses(self, platform_id: str, course_ids: Sequence[str]) -> list[CourseCard]:
        """As `Cards.of_courses`, by course."""
        async with self._database.reading() as session:
            return [_card(row) for row in await session.scalars(_of_courses(platform_id, course_ids))]

    async def live(self, scope: Scope) -> list[LiveLesson]:
        """As `Cards.live`."""
        found = select(CardRow.course_id, CardRow.card_id, CardRow.build_id, CardRow.language)
        found = found.where(*_within(scope)).order_by(CardRow.course_id, CardRow.card_id)
        async with self._database.reading() as session:
            rows = await session.execute(found)
            return [LiveLesson(course, card, build, (language,)) for course, card, build, language in rows]

    async def languages(self, scope: Scope) -> list[str]:
        """As `Cards.languages`."""
        if scope.course_ids or scope.lesson_ids:
            found = select(CardRow.language).where(*_within(scope)).distinct()
            async with self._database.reading() as session:
                return sorted(await session.scalars(found))
        # Each from the one before it, in the index: DISTINCT would read every card.
        of_platform = CardRow.platform_id == scope.platform_id
        first = select(func.min(CardRow.language).label("language")).where(of_platform).cte(recursive=True)
        following = (
            select(func.min(CardRow.language))
            .where(of_platform, CardRow.language > first.c.language)
            .scalar_subquery()
        )
        held = first.union_all(select(following).where(first.c.language.is_not(None)))
        async with self._database.reading() as session:
            return list(await session.scalars(select(held.c.language).where(held.c.language.is_not(None))))

    async def n_chunks(self, platform_id: str) -> int:
        """As `Cards.n_chunks`."""
        total = select(func.coalesce(func.sum(CardRow.n_chunks), 0)).where(CardRow.platform_id == platform_id)
        async with self._database.reading() as session:
            return int(await session.scalar(total) or 0)

    async def state(self, platform_id: str, source_id: str) -> SourceState | None:
        """As `Cards.state`."""
        async with self._database.reading() as session:
            row = await session.get(CatalogueSourceRow, (platform_id, source_id))
            if row is None:
                return None
            return SourceState(row.platform_id, row.source_id, row.complete, row.until, row.recorded_at)

    async def note(self, state: SourceState) -> None:
        """As `Cards.note`."""
        values = {
            "platform_id": state.platform_id,
            "source_id": state.source_id,
            "complete": state.complete,
            "until": state.until,
            "recorded_at": state.at,
        }
        async with self._database.writing() as session:
            await session.execute(insert_or_update(session, CatalogueSourceRow, values))


async def _put_batch(session: AsyncSession, platform_id: str, cards: Sequence[CourseCard], at: float) -> None:
    course_ids = list({card.course.id for card in cards})
    described = select(LessonRow.course_id).where(
        LessonRow.platform_id == platform_id, LessonRow.course_id.in_(course_ids)
    )
    by_folder = set(await session.scalars(described.distinct()))
    first: dict[str, tuple[str, str]] = {}
    for row in await session.scalars(_of_courses(platform_id, course_ids)):
        first.setdefault(row.course_id, (row.source_id, row.external_id))
    for card in sorted(cards, key=lambda card: (card.source_id, card.external_id)):
        first.setdefault(card.course.id, (card.source_id, card.external_id))
    courses = [
        card.course
        for card in cards
        if card.course.id not in by_folder and first[card.course.id] == (card.source_id, card.external_id)
    ]
    await put_rows(session, CourseRow, [course_values(course) for course in courses])
    await put_rows(session, CardRow, [_card_values(card, at) for card in cards], keep=("docked_at",))


async def _settle(session: AsyncSession, platform_id: str, course_ids: Sequence[str]) -> list[str]:
    """Describe these courses by what is left of them; the ids of those of which nothing is."""
    if not course_ids:
        return []
    lessons = select(LessonRow.course_id).where(
        LessonRow.platform_id == platform_id, LessonRow.course_id.in_(course_ids)
    )
    by_folder = set(await session.scalars(lessons.distinct()))
    left: dict[str, Course] = {}
    for row in await session.scalars(_of_courses(platform_id, course_ids)):
        left.setdefault(row.course_id, row.course)
    courses = [course for course_id, course in left.items() if course_id not in by_folder]
    await put_rows(session, CourseRow, [course_values(course) for course in courses])
    gone = sorted(set(course_ids) - left.keys() - by_folder)
    await session.execute(
        delete(CourseRow).where(CourseRow.platform_id == platform_id, CourseRow.course_id.in_(gone))
    )
    return gone


def _of_courses(platform_id: str, course_ids: Sequence[str]) -> Select[CardRow]:
    return (
        select(CardRow)
        .where(CardRow.platform_id == platform_id, CardRow.course_id.in_(course_ids))
        .order_by(CardRow.course_id, CardRow.docked_at, CardRow.source_id, CardRow.external_id)
    )


def _within(scope: Scope) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [CardRow.platform_id == scope.platform_id]
    if scope.course_ids:
        conditions.append(CardRow.course_id.in_(scope.course_ids))
    if scope.lesson_ids:
        conditions.append(CardRow.card_id.in_(scope.lesson_ids))
    return conditions


def _card_values(card: CourseCard, at: float) -> dict[str, Any]:
    return {
        "platform_id": card.course.platform_id,
        "source_id": card.source_id,
        "external_id": card.external_id,
        "course_id": card.course.id,
        "card_id": card.id,
        "build_id": card.build_id,
        "language": card.language,
        "url": card.url,
        "course": card.course,
        "n_chunks": card.n_chunks,
        "docked_at": at,
    }


def _card(row: CardRow) -> CourseCard:
    return CourseCard(
        row.source_id,
        row.external_id,
        row.course,
        row.url,
        row.card_id,
        row.build_id,
        row.language,
        row.n_chunks,
        row.docked_at,
    )


def _batches(items: Sequence[Any]) -> list[Sequence[Any]]:
    return [items[at : at + _BATCH] for at in range(0, len(items), _BATCH)]
