"""The tables. Every primary key starts with the platform: nothing can be read without naming one."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import BigInteger, Boolean, Double, ForeignKeyConstraint, Index, MetaData, String, Text, false
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from baize.adapters.db.codec import Frozen
from baize.domain.artefact import CourseSummary, Prepared
from baize.domain.chat import Answer
from baize.domain.course import Course
from baize.domain.locator import Locator, TimeSpan
from baize.domain.platform import Role
from baize.domain.preferences import Preferences
from baize.domain.speech import SpeechReport
from baize.domain.support import Ticket
from baize.domain.text import Cue

# Ids sort by code point on every database, whatever the locale of the PostgreSQL cluster.
Id = String().with_variant(String(collation="C"), "postgresql")


class Table(DeclarativeBase):
    """Names every constraint, so that a migration can drop it by name."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class CourseRow(Table):
    __tablename__ = "courses"

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    course_id: Mapped[str] = mapped_column(Id, primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String)
    description: Mapped[str] = mapped_column(Text)
    tags: Mapped[tuple[str, ...]] = mapped_column(Frozen)
    level: Mapped[str] = mapped_column(String)
    prerequisites: Mapped[tuple[str, ...]] = mapped_column(Frozen)
    glossary: Mapped[tuple[str, ...]] = mapped_column(Frozen)
    published_at: Mapped[str] = mapped_column(String, server_default="")


class LessonRow(Table):
    """A published lesson. `build_id` is the one cell that a swap flips (decisions 3)."""

    __tablename__ = "lessons"
    __table_args__ = (
        ForeignKeyConstraint(
            ["platform_id", "course_id"], ["courses.platform_id", "courses.course_id"], ondelete="CASCADE"
        ),
        Index(None, "platform_id", "course_id", "position"),
        # Which languages a platform has, without reading its lessons.
        Index("ix_lessons_passage_languages", "platform_id", "passage_languages"),
    )

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    lesson_id: Mapped[str] = mapped_column(Id, primary_key=True)
    course_id: Mapped[str] = mapped_column(Id)
    title: Mapped[str] = mapped_column(Text)
    position: Mapped[int]
    language: Mapped[str] = mapped_column(String)
    duration_s: Mapped[float | None] = mapped_column(Double)
    media: Mapped[str] = mapped_column(Text)
    build_id: Mapped[str] = mapped_column(String)
    passage_languages: Mapped[tuple[str, ...]] = mapped_column(Frozen)
    n_chunks: Mapped[int]

    # Joined, not a second query: one statement sees one version of a lesson while another is published.
    chapters: Mapped[list[ChapterRow]] = relationship(
        lazy="joined", order_by="ChapterRow.ordinal", viewonly=True
    )


class ChapterRow(Table):
    __tablename__ = "chapters"
    __table_args__ = (
        ForeignKeyConstraint(
            ["platform_id", "lesson_id"], ["lessons.platform_id", "lessons.lesson_id"], ondelete="CASCADE"
        ),
    )

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    lesson_id: Mapped[str] = mapped_column(Id, primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    start_s: Mapped[float] = mapped_column(Double)
    end_s: Mapped[float] = mapped_column(Double)
    title: Mapped[str] = mapped_column(Text)
    origin: Mapped[str] = mapped_column(String)


class TranscriptRow(Table):
    __tablename__ = "transcripts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["platform_id", "lesson_id"], ["lessons.platform_id", "lessons.lesson_id"], ondelete="CASCADE"
        ),
    )

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    lesson_id: Mapped[str] = mapped_column(Id, primary_key=True)
    language: Mapped[str] = mapped_column(String)
    source: Mapped[str] = mapped_column(Text)
    cues: Mapped[tuple[Cue, ...]] = mapped_column(Frozen)
    report: Mapped[SpeechReport | None] = mapped_column(Frozen)


class PreparedRow(Table):
    """What was prepared for the live build of a lesson, as one value: it is published and read whole."""

    __tablename__ = "prepared"
    __table_args__ = (
        ForeignKeyConstraint(
            ["platform_id", "lesson_id"], ["lessons.platform_id", "lessons.lesson_id"], ondelete="CASCADE"
        ),
    )

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    lesson_id: Mapped[str] = mapped_column(Id, primary_key=True)
    prepared: Mapped[Prepared] = mapped_column(Frozen)


class CourseSummaryRow(Table):
    """What a model worded of a whole course, as one value."""

    __tablename__ = "course_summaries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["platform_id", "course_id"], ["courses.platform_id", "courses.course_id"], ondelete="CASCADE"
        ),
    )

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    course_id: Mapped[str] = mapped_column(Id, primary_key=True)
    summary: Mapped[CourseSummary] = mapped_column(Frozen)


class ItemStateRow(Table):
    """No foreign key: an item may fail before its course exists."""

    __tablename__ = "item_states"

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    course_id: Mapped[str] = mapped_column(Id, primary_key=True)
    item: Mapped[str] = mapped_column(Id, primary_key=True)
    state: Mapped[str] = mapped_column(String)
    stage: Mapped[str] = mapped_column(String)
    n_chunks: Mapped[int]
    duration_s: Mapped[float] = mapped_column(Double)
    error: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[float] = mapped_column(Double)


class EditRow(Table):
    """No foreign key: an edit outlives the build, and the absence, of its lesson."""

    __tablename__ = "edits"

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    lesson_id: Mapped[str] = mapped_column(Id, primary_key=True)
    edit_id: Mapped[str] = mapped_column(Id, primary_key=True)
    course_id: Mapped[str] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(String)
    start_s: Mapped[float] = mapped_column(Double)
    end_s: Mapped[float] = mapped_column(Double)
    base: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    person: Mapped[str] = mapped_column(Text)
    edited_at: Mapped[float] = mapped_column(Double)
    state: Mapped[str] = mapped_column(String)


class CourseFolderRow(Table):
    """Where a course is read from, as the workers see it."""

    __tablename__ = "course_folders"
    __table_args__ = (
        ForeignKeyConstraint(
            ["platform_id", "course_id"], ["courses.platform_id", "courses.course_id"], ondelete="CASCADE"
        ),
    )

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    course_id: Mapped[str] = mapped_column(Id, primary_key=True)
    folder: Mapped[str] = mapped_column(Text)


class CardRow(Table):
    """A course as one catalogue describes it (decisions 1). The first docked card describes the course."""

    __tablename__ = "course_cards"
    __table_args__ = (
        ForeignKeyConstraint(
            ["platform_id", "course_id"], ["courses.platform_id", "courses.course_id"], ondelete="CASCADE"
        ),
        Index(None, "platform_id", "course_id"),
        Index(None, "platform_id", "card_id"),
        Index(None, "platform_id", "language"),
    )

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    source_id: Mapped[str] = mapped_column(Id, primary_key=True)
    external_id: Mapped[str] = mapped_column(Id, primary_key=True)
    course_id: Mapped[str] = mapped_column(Id)
    card_id: Mapped[str] = mapped_column(Id)
    build_id: Mapped[str] = mapped_column(String)
    language: Mapped[str] = mapped_column(Id)
    url: Mapped[str] = mapped_column(Text)
    course: Mapped[Course] = mapped_column(Frozen)
    n_chunks: Mapped[int]
    docked_at: Mapped[float] = mapped_column(Double)


class CatalogueSourceRow(Table):
    """How far a catalogue was docked."""

    __tablename__ = "catalogue_sources"

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    source_id: Mapped[str] = mapped_column(Id, primary_key=True)
    complete: Mapped[bool]
    until: Mapped[str] = mapped_column(String)
    recorded_at: Mapped[float] = mapped_column(Double)


class AnswerRow(Table):
    """One finished answer.

    Attributes:
        turn: order within the conversation, from 1.
        stored_at: seconds since the epoch; conversations are kept for a limited time (decisions 26).
        learner_id: whose it is; empty when the platform asked for nobody in particular.
    """

    __tablename__ = "answers"
    __table_args__ = (
        Index(None, "platform_id", "conversation_id", "turn"),
        Index(None, "stored_at"),
        Index(None, "platform_id", "learner_id", "stored_at"),
    )

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    answer_id: Mapped[str] = mapped_column(Id, primary_key=True)
    conversation_id: Mapped[str] = mapped_column(Id)
    turn: Mapped[int]
    stored_at: Mapped[float] = mapped_column(Double)
    answer: Mapped[Answer] = mapped_column(Frozen)
    learner_id: Mapped[str] = mapped_column(Id, server_default="")


class PlatformRow(Table):
    """A tenant. The secrets stand here in the clear: HMAC needs them, unlike the keys, which are hashed."""

    __tablename__ = "platforms"

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    origins: Mapped[tuple[str, ...]] = mapped_column(Frozen)
    secret: Mapped[str] = mapped_column(String)
    former_secret: Mapped[str] = mapped_column(String)
    jwks: Mapped[str] = mapped_column(Text, server_default="")
    token_role: Mapped[Role] = mapped_column(Text, server_default="learn")
    tells: Mapped[bool] = mapped_column(Boolean, server_default=false())
    player_url: Mapped[str] = mapped_column(Text, server_default="")
    timezone: Mapped[str] = mapped_column(Text, server_default="")


class ApiKeyRow(Table):
    """The digest is unique over all platforms: it is how a request's platform becomes known."""

    __tablename__ = "api_keys"
    __table_args__ = (
        ForeignKeyConstraint(["platform_id"], ["platforms.platform_id"], ondelete="CASCADE"),
        Index(None, "digest", unique=True),
    )

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    key_id: Mapped[str] = mapped_column(Id, primary_key=True)
    digest: Mapped[str] = mapped_column(String)
    rights: Mapped[tuple[str, ...]] = mapped_column(Frozen)
    label: Mapped[str] = mapped_column(Text)
    created_at: Mapped[float] = mapped_column(Double)
    revoked_at: Mapped[float | None] = mapped_column(Double)
    expires_at: Mapped[float | None] = mapped_column(Double)
    courses: Mapped[tuple[str, ...]] = mapped_column(Frozen, server_default="[]")


class RevocationRow(Table):
    """Tokens that are refused. A learner stands here as a digest: an erasure has nothing to find."""

    __tablename__ = "revocations"

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    kind: Mapped[Literal["token", "learner", "platform"]] = mapped_column(Id, primary_key=True)
    digest: Mapped[str] = mapped_column(Id, primary_key=True)
    before: Mapped[float] = mapped_column(Double)
    until: Mapped[float] = mapped_column(Double)


class IdentityRow(Table):
    """Whose a pair of source and subject is."""

    __tablename__ = "identities"
    __table_args__ = (Index(None, "platform_id", "learner_id"),)

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    source: Mapped[str] = mapped_column(Id, primary_key=True)
    subject: Mapped[str] = mapped_column(Id, primary_key=True)
    learner_id: Mapped[str] = mapped_column(Id)
    linked_at: Mapped[float] = mapped_column(Double)


class AuditRow(Table):
    """Who changed what. Learners stand here as digests only."""

    __tablename__ = "audit_log"
    __table_args__ = (Index(None, "platform_id", "at"), Index("ix_audit_log_at", "at"))

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    entry_id: Mapped[str] = mapped_column(Id, primary_key=True)
    at: Mapped[float] = mapped_column(Double)
    who: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    what: Mapped[str] = mapped_column(Text)
    status: Mapped[int | None]


class OutboxRow(Table):
    """A statement that the LRS has not taken yet."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_next_at", "next_at"),)

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    statement_id: Mapped[str] = mapped_column(Id, primary_key=True)
    learner_id: Mapped[str] = mapped_column(Id)
    next_at: Mapped[float] = mapped_column(Double)
    n_attempts: Mapped[int]


class LtiRegistrationRow(Table):
    """A learning platform that may launch us. The pair of issuer and client tells whose launch it is."""

    __tablename__ = "lti_registrations"
    __table_args__ = (Index(None, "issuer", "client_id", unique=True),)

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    issuer: Mapped[str] = mapped_column(Id, primary_key=True)
    client_id: Mapped[str] = mapped_column(Id, primary_key=True)
    auth_url: Mapped[str] = mapped_column(Text)
    jwks_url: Mapped[str] = mapped_column(Text)
    jwks: Mapped[str] = mapped_column(Text)
    deployments: Mapped[tuple[str, ...]] = mapped_column(Frozen)
    private_key: Mapped[str] = mapped_column(Text)


class PreferencesRow(Table):
    """How a learner likes the sidebar."""

    __tablename__ = "preferences"

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    learner_id: Mapped[str] = mapped_column(Id, primary_key=True)
    preferences: Mapped[Preferences] = mapped_column(Frozen)


class FeedbackRow(Table):
    """No foreign key: what was said of an answer outlives the answer, which is deleted after a while."""

    __tablename__ = "feedback"
    __table_args__ = (Index(None, "platform_id", "given_at"),)

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    answer_id: Mapped[str] = mapped_column(Id, primary_key=True)
    learner_id: Mapped[str] = mapped_column(Id, primary_key=True)
    rating: Mapped[str] = mapped_column(String)
    reason: Mapped[str] = mapped_column(String)
    correction: Mapped[str] = mapped_column(Text)
    given_at: Mapped[float] = mapped_column(Double)


class ExerciseRow(Table):
    """A task of a course team. No foreign key: a window may be set before its course is ingested."""

    __tablename__ = "exercises"
    __table_args__ = (Index(None, "platform_id", "course_id"),)

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    exercise_id: Mapped[str] = mapped_column(Id, primary_key=True)
    course_id: Mapped[str] = mapped_column(Id)
    lesson_id: Mapped[str] = mapped_column(Id)
    question: Mapped[str] = mapped_column(Text)
    solution: Mapped[str] = mapped_column(Text)
    forms: Mapped[tuple[str, ...]] = mapped_column(Frozen)
    graded: Mapped[bool]
    opens_at: Mapped[float | None] = mapped_column(Double)
    closes_at: Mapped[float | None] = mapped_column(Double)


class AttemptRow(Table):
    """A learner's answer to a quiz item. No foreign key: it outlives the build that had the item."""

    __tablename__ = "attempts"
    __table_args__ = (
        Index(None, "platform_id", "learner_id", "attempted_at"),
        Index("ix_attempts_verdict", "platform_id", "verdict", "attempted_at"),
    )

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    attempt_id: Mapped[str] = mapped_column(Id, primary_key=True)
    learner_id: Mapped[str] = mapped_column(Id)
    item_id: Mapped[str] = mapped_column(Id)
    course_id: Mapped[str] = mapped_column(Id)
    lesson_id: Mapped[str] = mapped_column(Id)
    given: Mapped[str] = mapped_column(Text)
    verdict: Mapped[str] = mapped_column(String)
    grader: Mapped[str] = mapped_column(String)
    attempted_at: Mapped[float] = mapped_column(Double)


class ReviewCardRow(Table):
    """A question that a learner keeps, with its schedule. No foreign key: it outlives its lesson's build."""

    __tablename__ = "review_cards"
    __table_args__ = (Index("ix_review_cards_due", "platform_id", "learner_id", "due"),)

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    learner_id: Mapped[str] = mapped_column(Id, primary_key=True)
    card_id: Mapped[str] = mapped_column(Id, primary_key=True)
    course_id: Mapped[str] = mapped_column(Id)
    lesson_id: Mapped[str] = mapped_column(Id)
    front: Mapped[str] = mapped_column(Text)
    back: Mapped[str] = mapped_column(Text)
    quote: Mapped[str] = mapped_column(Text)
    locators: Mapped[tuple[Locator, ...]] = mapped_column(Frozen)
    added_at: Mapped[float] = mapped_column(Double)
    phase: Mapped[str] = mapped_column(String)
    due: Mapped[float] = mapped_column(Double)
    step: Mapped[int | None]
    stability: Mapped[float | None] = mapped_column(Double)
    difficulty: Mapped[float | None] = mapped_column(Double)
    reviewed_at: Mapped[float | None] = mapped_column(Double)


class ReviewRow(Table):
    """One review: never changed, and all that an optimiser of the schedule needs."""

    __tablename__ = "reviews"

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    learner_id: Mapped[str] = mapped_column(Id, primary_key=True)
    card_id: Mapped[str] = mapped_column(Id, primary_key=True)
    reviewed_at: Mapped[float] = mapped_column(Double, primary_key=True)
    recall: Mapped[str] = mapped_column(String)


class MemoryEditRow(Table):
    """What a learner did to a remembered sentence; an empty text deletes it."""

    __tablename__ = "memory_edits"

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    learner_id: Mapped[str] = mapped_column(Id, primary_key=True)
    item_id: Mapped[str] = mapped_column(Id, primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    edited_at: Mapped[float] = mapped_column(Double)


class TicketRow(Table):
    """A question that was handed to a person; `state` and `next_at` are those of the ticket."""

    __tablename__ = "support_tickets"
    __table_args__ = (Index(None, "state", "next_at"), Index(None, "platform_id", "learner_id"))

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    ticket_id: Mapped[str] = mapped_column(Id, primary_key=True)
    learner_id: Mapped[str] = mapped_column(Id)
    state: Mapped[str] = mapped_column(String)
    next_at: Mapped[float] = mapped_column(Double)
    ticket: Mapped[Ticket] = mapped_column(Frozen)


class StatementRow(Table):
    """What a learner did, as it was told. Kept by the learner's id, so that it goes with the learner."""

    __tablename__ = "statements"
    __table_args__ = (
        Index("ix_statements_platform_id_learner_id_stored_at", "platform_id", "learner_id", "stored_at"),
        Index("ix_statements_stored_at", "platform_id", "stored_at"),
        {"postgresql_partition_by": "HASH (statement_id)"},
    )

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    statement_id: Mapped[str] = mapped_column(Id, primary_key=True)
    learner_id: Mapped[str] = mapped_column(Id)
    verb: Mapped[str] = mapped_column(Text)
    activity: Mapped[str] = mapped_column(Text)
    stored_at: Mapped[float] = mapped_column(Double)
    statement: Mapped[str] = mapped_column(Text)


class UsageRow(Table):
    """Sums of one day, course and model. They stay when answers are erased: they name no learner."""

    __tablename__ = "usage"

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    day: Mapped[str] = mapped_column(String, primary_key=True)
    course_id: Mapped[str] = mapped_column(Id, primary_key=True)
    model: Mapped[str] = mapped_column(String, primary_key=True)
    n_answers: Mapped[int] = mapped_column(BigInteger)
    n_degraded: Mapped[int] = mapped_column(BigInteger)
    n_reused: Mapped[int] = mapped_column(BigInteger)
    prompt_tokens: Mapped[int] = mapped_column(BigInteger)
    cache_hit_tokens: Mapped[int] = mapped_column(BigInteger)
    completion_tokens: Mapped[int] = mapped_column(BigInteger)
    reasoning_tokens: Mapped[int] = mapped_column(BigInteger)
    n_unpriced: Mapped[int] = mapped_column(BigInteger)
    cost: Mapped[float] = mapped_column(Double)


class ProgressRow(Table):
    """No foreign key: what a learner saw stays the learner's when the lesson goes."""

    __tablename__ = "progress"
    # All of a learner's rows in one partition.
    __table_args__ = ({"postgresql_partition_by": "HASH (learner_id)"},)

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    learner_id: Mapped[str] = mapped_column(Id, primary_key=True)
    lesson_id: Mapped[str] = mapped_column(Id, primary_key=True)
    course_id: Mapped[str] = mapped_column(Id)
    spans: Mapped[tuple[TimeSpan, ...]] = mapped_column(Frozen)
    completed_at: Mapped[float | None] = mapped_column(Double)
    first_at: Mapped[float] = mapped_column(Double)
    updated_at: Mapped[float] = mapped_column(Double)


class InterestsRow(Table):
    """What a learner is interested in."""

    __tablename__ = "interests"

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    learner_id: Mapped[str] = mapped_column(Id, primary_key=True)
    tags: Mapped[tuple[str, ...]] = mapped_column(Frozen)


class ArchiveRow(Table):
    """A completed course as an archive reports it. No foreign key: it need not be a course of the library."""

    __tablename__ = "archive"

    platform_id: Mapped[str] = mapped_column(Id, primary_key=True)
    learner_id: Mapped[str] = mapped_column(Id, primary_key=True)
    record_id: Mapped[str] = mapped_column(Id, primary_key=True)
    course_id: Mapped[str] = mapped_column(Id)
    completed_at: Mapped[float] = mapped_column(Double)
    title: Mapped[str] = mapped_column(Text)
    credits: Mapped[float | None] = mapped_column(Double)
    certificate: Mapped[str] = mapped_column(Text)
    issuer: Mapped[str] = mapped_column(Text)
    imported_at: Mapped[float] = mapped_column(Double)
