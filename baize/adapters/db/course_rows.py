"""Every row of one course, in whichever table, by the tables as they are declared.

A table belongs here by having a column `course_id`, or `lesson_id` without one; nobody has to list it, so
that none can be forgotten. Sums of usage are booked on no course: what was used was used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from sqlalchemy import delete, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from baize.adapters.db.models import CourseSummaryRow, ItemStateRow, Table, UsageRow
from baize.adapters.db.upsert import insert_or_add
from baize.domain.cost import Used

_NOT_ITS_OWN = ("courses", UsageRow.__tablename__)


async def erase_rows(
    session: AsyncSession, platform_id: str, course_id: str, lesson_ids: Sequence[str]
) -> None:
    """Delete them; the course itself is left to the caller."""
    for table in reversed(Table.metadata.sorted_tables):
        if "platform_id" not in table.columns or table.name in _NOT_ITS_OWN:
            continue
        of_platform = table.c.platform_id == platform_id
        if "course_id" in table.columns:
            await session.execute(delete(table).where(of_platform, table.c.course_id == course_id))
        elif "lesson_id" in table.columns and lesson_ids:
            await session.execute(delete(table).where(of_platform, table.c.lesson_id.in_(lesson_ids)))
    await _book_on_no_course(session, platform_id, course_id)


async def erase_lesson_rows(session: AsyncSession, platform_id: str, course_id: str, lesson_id: str) -> None:
    """Delete every row of one lesson, its own too, and what a model worded of its course."""
    for table in reversed(Table.metadata.sorted_tables):
        if "platform_id" in table.columns and "lesson_id" in table.columns:
            mine = (table.c.platform_id == platform_id, table.c.lesson_id == lesson_id)
            await session.execute(delete(table).where(*mine))
    for row, item in ((ItemStateRow, ItemStateRow.item == lesson_id), (CourseSummaryRow, true())):
        of_course = (row.platform_id == platform_id, row.course_id == course_id)
        await session.execute(delete(row).where(*of_course, item))


async def _book_on_no_course(session: AsyncSession, platform_id: str, course_id: str) -> None:
    used = (UsageRow.platform_id == platform_id, UsageRow.course_id == course_id)
    for row in list(await session.scalars(select(UsageRow).where(*used))):
        values = {field.name: getattr(row, field.name) for field in fields(Used)} | {"course_id": ""}
        await session.execute(insert_or_add(session, UsageRow, values))
    await session.execute(delete(UsageRow).where(*used))
