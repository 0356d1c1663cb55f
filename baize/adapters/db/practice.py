"""Exercises of teams and attempts of learners: the ports `Exercises` and `Attempts` over two tables."""

from __future__ import annotations

from typing import cast

from sqlalchemy import CursorResult, delete, select

from baize.adapters.db.engine import Database
from baize.adapters.db.models import AttemptRow, ExerciseRow
from baize.adapters.db.upsert import insert_or_update
from baize.domain.practice import Attempt, Exercise, Verdict


class SqlExercises:
    """The port `Exercises`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, exercise: Exercise) -> None:
        """As `Exercises.put`."""
        values = {
            "platform_id": exercise.platform_id,
            "exercise_id": exercise.id,
            "course_id": exercise.course_id,
            "lesson_id": exercise.lesson_id,
            "question": exercise.question,
            "solution": exercise.solution,
            "forms": exercise.forms,
            "graded": exercise.graded,
            "opens_at": exercise.opens_at,
            "closes_at": exercise.closes_at,
        }
        async with self._database.writing() as session:
            await session.execute(insert_or_update(session, ExerciseRow, values))

    async def all(self, platform_id: str) -> list[Exercise]:
        """As `Exercises.all`."""
        found = select(ExerciseRow).where(ExerciseRow.platform_id == platform_id)
        async with self._database.reading() as session:
            rows = await session.scalars(found.order_by(ExerciseRow.exercise_id))
            return [_exercise(row) for row in rows]

    async def remove(self, platform_id: str, exercise_id: str) -> bool:
        """As `Exercises.remove`."""
        gone = delete(ExerciseRow).where(
            ExerciseRow.platform_id == platform_id, ExerciseRow.exercise_id == exercise_id
        )
        async with self._database.writing() as session:
            return cast("CursorResult[object]", await session.execute(gone)).rowcount > 0

    async def forget_course(self, platform_id: str, course_id: str) -> int:
        """As `Exercises.forget_course`."""
        gone = delete(ExerciseRow).where(
            ExerciseRow.platform_id == platform_id, ExerciseRow.course_id == course_id
        )
        async with self._database.writing() as session:
            return cast("CursorResult[object]", await session.execute(gone)).rowcount


class SqlAttempts:
    """The port `Attempts`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, attempt: Attempt) -> None:
        """As `Attempts.put`."""
        values = {
            "platform_id": attempt.platform_id,
            "attempt_id": attempt.id,
            "learner_id": attempt.learner_id,
            "item_id": attempt.item_id,
            "course_id": attempt.course_id,
            "lesson_id": attempt.lesson_id,
            "given": attempt.given,
            "verdict": attempt.verdict,
            "grader": attempt.grader,
            "attempted_at": attempt.at,
        }
        async with self._database.writing() as session:
            await session.execute(insert_or_update(session, AttemptRow, values))

    async def of_learner(self, platform_id: str, learner_id: str) -> list[Attempt]:
        """As `Attempts.of_learner`."""
        found = (
            select(AttemptRow)
            .where(AttemptRow.platform_id == platform_id, AttemptRow.learner_id == learner_id)
            .order_by(AttemptRow.attempted_at, AttemptRow.attempt_id)
        )
        async with self._database.reading() as session:
            return [_attempt(row) for row in await session.scalars(found)]

    async def uncertain(self, platform_id: str, limit: int, *, offset: int = 0) -> list[Attempt]:
        """As `Attempts.uncertain`."""
        found = (
            select(AttemptRow)
            .where(AttemptRow.platform_id == platform_id, AttemptRow.verdict == "uncertain")
            .order_by(AttemptRow.attempted_at.desc(), AttemptRow.attempt_id)
            .limit(limit)
            .offset(offset)
        )
        async with self._database.reading() as session:
            return [_attempt(row) for row in await session.scalars(found)]

    async def forget_course(self, platform_id: str, course_id: str) -> int:
        """As `Attempts.forget_course`."""
        gone = delete(AttemptRow).where(
            AttemptRow.platform_id == platform_id, AttemptRow.course_id == course_id
        )
        async with self._database.writing() as session:
            return cast("CursorResult[object]", await session.execute(gone)).rowcount

    async def forget(self, platform_id: str, learner_id: str) -> int:
        """As `Attempts.forget`."""
        gone = delete(AttemptRow).where(
            AttemptRow.platform_id == platform_id, AttemptRow.learner_id == learner_id
        )
        async with self._database.writing() as session:
            return cast("CursorResult[object]", await session.execute(gone)).rowcount


def _exercise(row: ExerciseRow) -> Exercise:
    return Exercise(
        row.platform_id,
        row.exercise_id,
        row.course_id,
        row.lesson_id,
        row.question,
        row.solution,
        row.forms,
        row.graded,
        row.opens_at,
        row.closes_at,
    )


def _attempt(row: AttemptRow) -> Attempt:
    return Attempt(
        row.platform_id,
        row.learner_id,
        row.attempt_id,
        row.item_id,
        row.course_id,
        row.lesson_id,
        row.given,
        cast("Verdict", row.verdict),
        row.grader,
        row.attempted_at,
    )
