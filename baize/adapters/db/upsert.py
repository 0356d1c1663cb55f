"""INSERT … ON CONFLICT DO UPDATE, which SQLite and PostgreSQL spell alike and SQLAlchemy does not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from types import ModuleType
from typing import Any

from sqlalchemy import Executable, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from baize.adapters.db.models import Table
from baize.domain.course import Course

Upsert = postgresql.Insert | sqlite.Insert


def insert_or_update(
    where: AsyncSession | str,
    model: type[Table],
    values: dict[str, Any],
    *,
    keep: Collection[str] = (),
    same: str = "",
) -> Upsert:
    """One row in, whether or not its primary key exists.

    Args:
        where: the session that will run it, or the name of the dialect.
        keep: columns that an existing row keeps.
        same: a column that must be equal in an existing row; where it is not, no row is touched.
    """
    insert: Upsert = _dialect(where).insert(model).values(values)
    return _or_update(insert, model, values, keep, same)


async def put_rows(
    session: AsyncSession, model: type[Table], rows: Sequence[dict[str, Any]], *, keep: Collection[str] = ()
) -> None:
    """Rows of the same columns in, each whether or not its primary key exists."""
    if rows:
        insert: Upsert = _dialect(session).insert(model)
        await session.execute(_or_update(insert, model, rows[0], keep), list(rows))


def course_values(course: Course) -> dict[str, Any]:
    """The row of a course."""
    return {
        "platform_id": course.platform_id,
        "course_id": course.id,
        "title": course.title,
        "language": course.language,
        "description": course.description,
        "tags": course.tags,
        "level": course.level,
        "prerequisites": course.prerequisites,
        "glossary": course.glossary,
        "published_at": course.published_at,
    }


def insert_if_new(where: AsyncSession | str, model: type[Table], values: dict[str, Any]) -> Executable:
    """One row in, unless its primary key exists. It gives a row where it did so, and none where it did not.

    Of writers at once one is told so; the others wait until that one is done.
    """
    insert: Upsert = _dialect(where).insert(model).values(values)
    return insert.on_conflict_do_nothing().returning(*inspect(model).primary_key)


def insert_or_add(where: AsyncSession | str, model: type[Table], values: dict[str, Any]) -> Upsert:
    """One row in; where its primary key exists, every other column grows by the value given."""
    insert: Upsert = _dialect(where).insert(model).values(values)
    keys = [column.name for column in inspect(model).primary_key]
    grown = {name: getattr(model, name) + insert.excluded[name] for name in values if name not in keys}
    return insert.on_conflict_do_update(index_elements=keys, set_=grown)


def _or_update(
    insert: Upsert, model: type[Table], names: Collection[str], keep: Collection[str], same: str = ""
) -> Upsert:
    keys = [column.name for column in inspect(model).primary_key]
    changed = {name: insert.excluded[name] for name in names if name not in {*keys, *keep}}
    only = getattr(model, same) == insert.excluded[same] if same else None
    return insert.on_conflict_do_update(index_elements=keys, set_=changed, where=only)


def _dialect(where: AsyncSession | str) -> ModuleType:
    name = where if isinstance(where, str) else where.get_bind().dialect.name
    return postgresql if name == "postgresql" else sqlite
