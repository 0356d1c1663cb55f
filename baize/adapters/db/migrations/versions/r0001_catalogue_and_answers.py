"""The catalogue, the states of its items, and answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# Revisions are frozen: they name their own types and never import the models.
_ID = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def _key(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, _ID, nullable=False) for name in ("platform_id", *names)]


def _lesson_fk(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["platform_id", "lesson_id"],
        ["lessons.platform_id", "lessons.lesson_id"],
        name=f"fk_{table}_lessons",
        ondelete="CASCADE",
    )


def upgrade() -> None:
    _create_catalogue()
    _create_prepared()
    _create_item_states()
    _create_answers()


def _create_catalogue() -> None:
    op.create_table(
        "courses",
        *_key("course_id"),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("prerequisites", sa.Text(), nullable=False),
        sa.Column("glossary", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("platform_id", "course_id", name="pk_courses"),
    )
    op.create_table(
        "lessons",
        *_key("lesson_id", "course_id"),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("duration_s", sa.Double(), nullable=True),
        sa.Column("media", sa.Text(), nullable=False),
        sa.Column("build_id", sa.String(), nullable=False),
        sa.Column("passage_languages", sa.Text(), nullable=False),
        sa.Column("n_chunks", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("platform_id", "lesson_id", name="pk_lessons"),
        sa.ForeignKeyConstraint(
            ["platform_id", "course_id"],
            ["courses.platform_id", "courses.course_id"],
            name="fk_lessons_courses",
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "ix_lessons_platform_id_course_id_position", "lessons", ["platform_id", "course_id", "position"]
    )


def _create_prepared() -> None:
    op.create_table(
        "chapters",
        *_key("lesson_id"),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("start_s", sa.Double(), nullable=False),
        sa.Column("end_s", sa.Double(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("platform_id", "lesson_id", "ordinal", name="pk_chapters"),
        _lesson_fk("chapters"),
    )
    op.create_table(
        "transcripts",
        *_key("lesson_id"),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("cues", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("platform_id", "lesson_id", name="pk_transcripts"),
        _lesson_fk("transcripts"),
    )


def _create_item_states() -> None:
    op.create_table(
        "item_states",
        *_key("course_id", "item"),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("n_chunks", sa.Integer(), nullable=False),
        sa.Column("duration_s", sa.Double(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("platform_id", "course_id", "item", name="pk_item_states"),
    )


def _create_answers() -> None:
    op.create_table(
        "answers",
        *_key("answer_id", "conversation_id"),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("stored_at", sa.Double(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("platform_id", "answer_id", name="pk_answers"),
    )
    op.create_index(
        "ix_answers_platform_id_conversation_id_turn", "answers", ["platform_id", "conversation_id", "turn"]
    )


def downgrade() -> None:
    for table in ("answers", "item_states", "transcripts", "chapters", "lessons", "courses"):
        op.drop_table(table)
