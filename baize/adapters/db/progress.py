"""What learners saw and what they like: the port `LearnerProgress` over two tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import func, select

from baize.adapters.db.engine import Database
from baize.adapters.db.models import InterestsRow, ProgressRow
from baize.adapters.db.upsert import insert_or_update
from baize.domain.learner import Begun, Progress


class SqlLearnerProgress:
    """The port `LearnerProgress`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def change(
        self,
        platform_id: str,
        learner_id: str,
        lesson_id: str,
        join: Callable[[Progress | None], Progress],
    ) -> Progress:
        """As `LearnerProgress.change`."""
        async with self._database.writing() as session:
            key = (platform_id, learner_id, lesson_id)
            row = await session.get(ProgressRow, key, with_for_update=True)
            made = join(_progress(row) if row else None)
            values = {name: getattr(made, name) for name in Progress.__slots__}
            await session.execute(insert_or_update(session, ProgressRow, values))
            return made

    async def of_learner(self, platform_id: str, learner_id: str) -> list[Progress]:
        """As `LearnerProgress.of_learner`."""
        wanted = (
            select(ProgressRow)
            .where(ProgressRow.platform_id == platform_id, ProgressRow.learner_id == learner_id)
            .order_by(ProgressRow.lesson_id)
        )
        async with self._database.reading() as session:
            return [_progress(row) for row in await session.scalars(wanted)]

    async def begun(self, platform_id: str) -> list[Begun]:
        """As `LearnerProgress.begun`."""
        first = func.min(ProgressRow.first_at)
        wanted = (
            select(ProgressRow.learner_id, ProgressRow.course_id, first)
            .where(ProgressRow.platform_id == platform_id)
            .group_by(ProgressRow.learner_id, ProgressRow.course_id)
            .order_by(ProgressRow.learner_id, first, ProgressRow.course_id)
        )
        async with self._database.reading() as session:
            return [Begun(*row) for row in await session.execute(wanted)]

    async def put_interests(self, platform_id: str, learner_id: str, tags: Sequence[str]) -> None:
        """As `LearnerProgress.put_interests`."""
        values = {"platform_id": platform_id, "learner_id": learner_id, "tags": tuple(tags)}
        async with self._database.writing() as session:
            await session.execute(insert_or_update(session, InterestsRow, values))

    async def interests(self, platform_id: str, learner_id: str) -> tuple[str, ...]:
        """As `LearnerProgress.interests`."""
        async with self._database.reading() as session:
            row = await session.get(InterestsRow, (platform_id, learner_id))
            return row.tags if row else ()


def _progress(row: ProgressRow) -> Progress:
    return Progress(**{name: getattr(row, name) for name in Progress.__slots__})
