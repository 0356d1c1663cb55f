"""Every port of Bai Ze: what the inside needs from the outside, in domain types only.

Everything that can block is async; everything pure is sync. An adapter over a blocking library hides
the hop to a thread. One contract test suite per port in `tests/contracts/` runs against every adapter
and against the double in `baize/testing/`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from baize.domain.archive import Completion
from baize.domain.artefact import CourseSummary, Prepared
from baize.domain.audit import AuditEntry
from baize.domain.catalogue import CourseCard, KnownCard, SourceState
from baize.domain.chat import Answer, ChatEvent, DraftEvent, Message, Sampling, Turn
from baize.domain.cost import Used
from baize.domain.course import Course, Lesson
from baize.domain.edit import Edit
from baize.domain.job import Job, JobRequest
from baize.domain.learner import Begun
from baize.domain.learner import Progress as Seen
from baize.domain.library import BuiltLesson, Holding, ItemState, LiveLesson, Transcript
from baize.domain.live import AnswerKey, LogHead, Word
from baize.domain.locator import TimeSpan
from baize.domain.lti import DeepLinking, LtiLogin, LtiMessage, LtiRegistration, LtiState
from baize.domain.memory import MemoryEdit
from baize.domain.outbox import Waiting
from baize.domain.platform import ApiKey, Identity, LearnerClaims, Platform, Revocation
from baize.domain.practice import Attempt, Exercise
from baize.domain.preferences import Feedback, Preferences
from baize.domain.record import Row
from baize.domain.remote import RemoteFile
from baize.domain.review import Memory, Recall, Review, ReviewCard
from baize.domain.search import (
    DenseQuery,
    IndexedChunk,
    Picture,
    Run,
    Scope,
    SparseQuery,
    StoredChunk,
    Vector,
)
from baize.domain.speech import SpeechReport
from baize.domain.statement import Statement, StatementQuery
from baize.domain.support import AccountRecord, RecordKind, Ticket
from baize.domain.text import Cue

_T = TypeVar("_T")

Progress = Callable[[float, float], None]
"""Called with (done, total) in the unit of the work: seconds of speech, texts, points."""


TellSpeech = Callable[[SpeechReport], None]
"""Called once, after the last cue, unless the transcription was closed before."""


class Transcriber(Protocol):
    """Speech to timed text."""

    @property
    def name(self) -> str:
        """Engine, model and options as one string: part of every cache key."""
        ...

    def transcribe(
        self,
        media: Path,
        *,
        language: str,
        hot_words: Sequence[str],
        title: str = "",
        report: TellSpeech | None = None,
    ) -> AsyncGenerator[Cue]:
        """Cues sorted by start, not overlapping, in seconds from the start of the media.

        Text that cannot be trusted gives no cue; `report` is told where it was.

        Args:
            language: ISO 639-1 that is expected, or empty to detect it; a long recording that is surely
                in another one is heard in that.
            hot_words: terms of the course that the engine should prefer; never echoed as speech.
            title: of the lesson, for the same purpose.

        Raises:
            UnreadableSource: the media cannot be decoded or has no audio.
            ModelUnavailable: the speech model is missing.
        """
        ...

    async def ready(self) -> str:
        """Load the model as a first use would, and say what it is.

        Raises:
            ModelUnavailable: the engine or its model is missing.
        """
        ...


class Embedder(Protocol):
    """Text to vectors. Two methods because most models treat questions and passages differently."""

    @property
    def name(self) -> str:
        """Names the embedding space: two embedders of one name give comparable vectors."""
        ...

    @property
    def dim(self) -> int:
        """Numbers in a vector."""
        ...

    async def embed_passages(self, texts: Sequence[str]) -> Vector:
        """(n, dim) float32, each row of unit length, in the order of `texts`; (0, dim) for none."""
        ...

    async def embed_query(self, text: str) -> Vector:
        """(dim,) float32 of unit length."""
        ...


class Reranker(Protocol):
    """Reads a question and a passage together: slower than vectors, and surer."""

    @property
    def name(self) -> str:
        """Names the model."""
        ...

    async def rerank(self, question: str, passages: Sequence[str]) -> Sequence[float]:
        """One finite score a passage, in the order of `passages`; higher is better.

        A score depends on its question and passage only. Scores of different questions, or of different
        rerankers, do not compare. Passages that are too long are cut.

        Raises:
            ModelUnavailable: the model is missing, or is no reranker.
        """
        ...


class ChunkIndex(Protocol):
    """The vector store of one embedding space."""

    async def upsert(self, points: Sequence[IndexedChunk]) -> None:
        """Store points. One that exists keeps its vectors and gains the new build in its build list."""
        ...

    async def delete(self, platform_id: str, lesson_ids: Sequence[str], *, keep_builds: Sequence[str]) -> int:
        """Drop every other build of these lessons than `keep_builds`, and each point whose last build went.

        Returns:
            how many points were deleted.
        """
        ...

    async def erase(self, platform_id: str, lesson_ids: Sequence[str]) -> int:
        """Drop every point of these lessons, whatever made it, and rewrite the files that held them.

        Returns:
            how many points were deleted.

        Raises:
            IndexUnavailable: the store does not answer, or does not get on with its files.
        """
        ...

    async def search(self, queries: Sequence[DenseQuery | SparseQuery], scope: Scope, k: int) -> list[Run]:
        """One run per query, in order, answered in one round trip; one that finds nothing is empty.

        Filters apply before ranking; at most `k` matches a run. Nothing of another platform is ever
        returned.

        Raises:
            IndexUnavailable: the store does not answer.
        """
        ...

    async def chunks(self, platform_id: str, chunk_ids: Sequence[str]) -> dict[str, StoredChunk]:
        """What is stored under these ids, those left out that are not there or are another platform's.

        Raises:
            IndexUnavailable: the store does not answer.
        """
        ...

    async def ids(self, scope: Scope) -> list[str]:
        """Chunk ids in scope, sorted."""
        ...

    async def count(self, scope: Scope) -> int:
        """Points in scope."""
        ...


class ChatModel(Protocol):
    """A language model."""

    @property
    def name(self) -> str:
        """As the endpoint knows it."""
        ...

    def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[ChatEvent]:
        """Text and thinking as they come, then exactly one `Usage`, last.

        A text may be empty: the model has paused, and what came is all there is for the moment.
        Closing the iterator cancels the request upstream.

        Raises:
            UpstreamRejected: the endpoint refused; asking again will not help.
            UpstreamBusy: overloaded, too slow, or cut in the middle.
        """
        ...


class Answerer(Protocol):
    """One way to say what the evidence says (decisions 11)."""

    @property
    def model(self) -> str:
        """What `start` reports: the model's name, or `extractive`."""
        ...

    @property
    def prompt(self) -> str:
        """Name, version and digest of the prompt; empty where there is none."""
        ...

    def asks(self, turn: Turn) -> str:
        """The message that a model is sent for this turn, as later turns repeat it; empty without a model."""
        ...

    def stream(self, turn: Turn) -> AsyncGenerator[DraftEvent]:
        """Draft text with `[n]` markers; nothing of it reaches a learner before `cite` and `verify`.

        Raises:
            UpstreamFailed: as `ChatModel.stream`.
        """
        ...


class Cache(Protocol):
    """What may be forgotten at any time: never the only place where something stands."""

    async def get(self, key: str) -> bytes | None:
        """The value, unless it was never set, is too old or went to make room."""
        ...

    async def set(self, key: str, value: bytes, *, ttl_s: float) -> None:
        """Remember it for at most so long. Keys are digests, or start with what they are of."""
        ...

    async def add(self, key: str, value: bytes, *, ttl_s: float) -> bool:
        """Remember it unless something stands there already; whether it did not. Of callers at once one wins.

        A cache that does not answer knows of nothing: True.
        """
        ...

    async def forget(self, keys: Sequence[str]) -> None:
        """Whatever stands under these keys is gone, for good.

        Raises:
            DependencyUnavailable: the cache is shared and does not answer.
        """
        ...

    async def close(self) -> None: ...


class TokenCounter(Protocol):
    """Counts tokens as a model would. Pure, works offline."""

    @property
    def name(self) -> str:
        """Names the vocabulary: part of every build's digest."""
        ...

    def count(self, text: str) -> int: ...


class Splitter(Protocol):
    """Splits a long document text where no better structure is known. Pure."""

    def split(self, text: str) -> list[tuple[int, str]]:
        """Pieces in order, each with its offset: `text[offset:offset + len(piece)] == piece`."""
        ...


class Catalog(Protocol):
    """What exists on a platform, as readers see it: published lessons only."""

    async def courses(self, platform_id: str, course_ids: Sequence[str] | None = None) -> list[Course]:
        """All courses, or those of these that exist, by id."""
        ...

    async def page(
        self, platform_id: str, *, after: str, limit: int, course_ids: Sequence[str] | None = None
    ) -> list[Course]:
        """Up to `limit` courses whose ids come after this one, by code point; of these ids, where given."""
        ...

    async def course(self, platform_id: str, course_id: str) -> Course | None: ...

    async def lessons(self, platform_id: str, course_id: str) -> list[Lesson]:
        """Published lessons in course order."""
        ...

    async def lesson(self, platform_id: str, lesson_id: str) -> Lesson | None: ...

    async def faq_only(self, platform_id: str) -> list[str]:
        """Ids of the courses that have a FAQ and no lesson beside it, sorted."""
        ...

    async def live(self, scope: Scope) -> list[LiveLesson]:
        """Live builds and passage languages of the lessons in scope (decisions 3)."""
        ...

    async def languages(self, scope: Scope) -> list[str]:
        """Passage languages of the lessons in scope, sorted; every question asks, so it must be quick."""
        ...


class Publisher(Protocol):
    """The writing side of the catalogue; used by ingestion only."""

    async def put_course(self, course: Course) -> None: ...

    async def publish(self, built: BuiltLesson) -> None:
        """Make this build the live one: lesson, chapters, transcript and artefacts, in one transaction."""
        ...

    async def record(self, state: ItemState) -> None:
        """Remember how far an item came, and why it failed; the latest state per item wins."""
        ...

    async def states(self, platform_id: str, course_id: str = "") -> list[ItemState]: ...

    async def put_course_summary(self, platform_id: str, summary: CourseSummary) -> None:
        """Keep what a model worded of a course; it replaces the one before, and goes with the course."""
        ...

    async def put_folder(self, platform_id: str, course_id: str, folder: str) -> None:
        """Remember where an existing course is read from, so that it can be read again."""
        ...

    async def folder(self, platform_id: str, course_id: str) -> str:
        """Where a course was read from; empty where that is not known."""
        ...

    async def courses_in(self, platform_id: str, folder: str) -> list[str]:
        """Ids of the courses that were read from this folder, sorted."""
        ...

    async def forget(
        self, platform_id: str, course_id: str, lesson_ids: Sequence[str] | None = None
    ) -> list[str]:
        """Remove a course, its lessons, artefacts and states; or, when given, only these lessons of it.

        Returns:
            the ids of the lessons that went.
        """
        ...

    async def erase_lesson(self, platform_id: str, course_id: str, lesson_id: str) -> None:
        """Remove every row of a lesson, edits and what learners did with it too, and the summary in a model's
        words of its course, which says what the lesson said.
        """
        ...


class Cards(Protocol):
    """Courses as docked catalogues describe them; a source is provenance, the platform is the boundary."""

    async def known(self, platform_id: str, source_id: str) -> Mapping[str, KnownCard]:
        """Every card of one source by its external id."""
        ...

    async def owners(self, platform_id: str, course_ids: Sequence[str]) -> Mapping[str, str]:
        """Of these ids, those that a course has, each with the source of its first card; empty for none."""
        ...

    async def put(self, platform_id: str, cards: Sequence[CourseCard], at: float) -> None:
        """Make these cards the live ones, with their courses, in one transaction.

        A course is described by its folder where it has lessons, else by its first card.
        """
        ...

    async def remove(self, platform_id: str, source_id: str, external_ids: Sequence[str]) -> list[str]:
        """Drop cards, and each course that has neither another card nor a lesson.

        Returns:
            the ids of the courses that went.
        """
        ...

    async def of_courses(self, platform_id: str, course_ids: Sequence[str]) -> list[CourseCard]:
        """The cards of these courses, the first one first."""
        ...

    async def live(self, scope: Scope) -> list[LiveLesson]:
        """As `Catalog.live`; a card stands in place of a lesson."""
        ...

    async def languages(self, scope: Scope) -> list[str]:
        """Languages of the cards in scope, sorted."""
        ...

    async def n_chunks(self, platform_id: str) -> int:
        """Passages that all cards of a platform have in the index."""
        ...

    async def state(self, platform_id: str, source_id: str) -> SourceState | None: ...

    async def note(self, state: SourceState) -> None:
        """Remember how far a source was docked; the latest call wins."""
        ...


class Artefacts(Protocol):
    """What was prepared for a lesson: always that of its live build."""

    async def transcript(self, platform_id: str, lesson_id: str) -> Transcript | None: ...

    async def prepared(self, platform_id: str, lesson_id: str) -> Prepared | None:
        """Summary, key points, glossary, quiz and highlights; None where nothing was prepared."""
        ...

    async def prepared_of_course(self, platform_id: str, course_id: str) -> list[Prepared]:
        """What was prepared for its lessons, in course order, all of one moment."""
        ...

    async def course_summary(self, platform_id: str, course_id: str) -> CourseSummary | None:
        """What a model worded of the course, which its lessons may have left behind (`source`)."""
        ...

    async def holdings(self, platform_id: str, course_id: str = "") -> list[Holding]:
        """What each published lesson of a course has, or of all courses; by course, position and id."""
        ...

    async def speech_reports(self, platform_id: str, course_id: str = "") -> dict[str, SpeechReport]:
        """By lesson, of one course or of all: those whose speech was heard, not read."""
        ...


class Answers(Protocol):
    """Finished answers and the turns of conversations.

    A conversation belongs to one learner: two learners who use the same conversation id have two
    conversations. `learner_id` None means whoever's; empty means that of no named learner.
    """

    async def put(self, answer: Answer, used: Used | None = None) -> None:
        """Store an answer as the latest turn of its conversation; one of the same id is replaced in place.

        Args:
            used: added to what the platform used, together with the answer or not at all; and once, for an
                answer that is there already has been counted.
        """
        ...

    async def get(self, platform_id: str, answer_id: str) -> Answer | None: ...

    async def turns(
        self,
        platform_id: str,
        conversation_id: str,
        limit: int,
        *,
        learner_id: str | None = None,
        block: int = 1,
    ) -> list[Answer]:
        """The latest `limit` answers of a conversation, oldest first.

        Earlier ones are left out `block` at a time, so that with more than 1 the first one stays the first
        for as many turns; at least `limit` - `block` + 1 are told, where there are so many.
        """
        ...

    async def latest(self, platform_id: str, learner_id: str, limit: int) -> list[tuple[Answer, float]]:
        """The latest `limit` answers of a learner, the last one first, with when each was stored."""
        ...

    async def forget(
        self, platform_id: str, conversation_id: str, *, learner_id: str | None = None
    ) -> list[str]:
        """Delete a conversation's answers.

        Returns:
            the ids of the answers that went.
        """
        ...

    async def forget_learner(self, platform_id: str, learner_id: str) -> list[str]:
        """Delete all answers of one learner.

        Returns:
            the ids of the answers that went.
        """
        ...

    async def forget_course(self, platform_id: str, course_id: str, lesson_id: str = "") -> list[str]:
        """Delete the answers that quote this course or point to it, and what learners said of them.

        Args:
            lesson_id: only those that quote this lesson of it or point to it.

        Returns:
            the ids of the answers that went.
        """
        ...

    async def expire(self, before: float) -> int:
        """Delete the answers of all platforms that were stored before this instant (seconds since the epoch).

        Returns:
            how many went.
        """
        ...


class Slots(Protocol):
    """The calls that an account may have open at its chat endpoint, shared fairly by tenants."""

    def hold(self, tenant: str, wait_s: float) -> AbstractAsyncContextManager[None]:
        """Inside it, one slot is the caller's.

        Raises:
            Overloaded: the queue is full, or no slot came free in time.
        """
        ...

    async def close(self) -> None:
        """Let go of connections, and give back what is held."""
        ...


class EventLog(Protocol):
    """The events of answers, so that a stream can be read again from any point (decisions 13).

    A frame is one event as it goes over the wire; the nth frame of an answer has the id n, from 1.
    """

    async def begin(self, key: AnswerKey, learner_id: str) -> None: ...

    async def append(self, key: AnswerKey, frames: Sequence[bytes]) -> None: ...

    async def finish(self, key: AnswerKey) -> None:
        """No more will come; the log stays for some minutes."""
        ...

    async def forget(self, key: AnswerKey) -> None:
        """Remove a log that is finished, here and where it is shared; nothing happens without one.

        Raises:
            DependencyUnavailable: the store does not answer.
        """
        ...

    async def head(self, key: AnswerKey) -> LogHead | None:
        """
        Raises:
            DependencyUnavailable: the store does not answer.
        """
        ...

    async def of_learner(self, platform_id: str, learner_id: str) -> list[AnswerKey]:
        """The answers of one learner that have a log, here or where it is shared.

        Raises:
            DependencyUnavailable: the store does not answer.
        """
        ...

    def read(self, key: AnswerKey, after: int) -> AsyncGenerator[Sequence[bytes]]:
        """The frames behind the first `after`, as they come, each once; ends with the answer.

        Raises:
            AnswerLost: the process that wrote it is gone.
            DependencyUnavailable: the store does not answer.
        """
        ...

    async def close_lost(self, key: AnswerKey, n_events: int, frame: bytes) -> None:
        """End the log of a process that is gone with one more frame; nothing happens where somebody did."""
        ...

    async def signal(self, key: AnswerKey, word: Word) -> None:
        """Tell every process, this one included."""
        ...

    def signals(self) -> AsyncGenerator[tuple[AnswerKey, Word]]:
        """What was told since the first step of the iteration; never ends by itself."""
        ...

    async def ping(self) -> None:
        """
        Raises:
            DependencyUnavailable: the store does not answer.
        """
        ...

    async def close(self) -> None: ...


class Platforms(Protocol):
    """The tenants."""

    async def put(self, platform: Platform) -> None:
        """Store a platform; one of the same id is replaced."""
        ...

    async def change(self, platform_id: str, how: Callable[[Platform], Platform]) -> Platform | None:
        """The platform as it is at that moment made what `how` says, and stored in the same step.

        So of two who change it at once neither undoes the other. None if there is no such platform.
        """
        ...

    async def platform(self, platform_id: str) -> Platform | None: ...

    async def platforms(self) -> list[Platform]:
        """All of them, by id."""
        ...


class ApiKeys(Protocol):
    """Keys of platforms; the texts of the keys are nowhere."""

    async def put(self, key: ApiKey) -> None:
        """Store a key; one of the same platform and id is replaced."""
        ...

    async def by_digest(self, digest: str) -> ApiKey | None:
        """The key whose text has this SHA-256, on whichever platform."""
        ...

    async def keys(self, platform_id: str) -> list[ApiKey]:
        """All keys of a platform, revoked ones included, oldest first."""
        ...


class Revocations(Protocol):
    """Learner tokens that are refused before they expire."""

    async def put(self, revocation: Revocation, now: float) -> None:
        """Store it; of the same kind and digest the later `before` counts. Those that ended by `now` go."""
        ...

    async def of_platform(self, platform_id: str, now: float) -> list[Revocation]:
        """Those that have not ended, by kind and digest."""
        ...


class Identities(Protocol):
    """Which learners of docked sources are which learners of the platform."""

    async def put(self, identity: Identity) -> bool:
        """Store it, or say False where the pair belongs to another learner already."""
        ...

    async def learner(self, platform_id: str, source: str, subject: str) -> str | None:
        """Whose the pair is."""
        ...

    async def of_learner(self, platform_id: str, learner_id: str) -> list[Identity]:
        """By source and subject."""
        ...

    async def remove(self, platform_id: str, learner_id: str, source: str, subject: str) -> bool:
        """Whether it was there."""
        ...


class LearnerTokens(Protocol):
    """Short-lived tokens that a platform signs for its learners. Pure."""

    def issuer(self, token: str) -> str:
        """The platform that the token claims to be from; nothing of it is verified.

        Raises:
            Unauthorised: it is no token.
        """
        ...

    def read(self, token: str, secrets: Sequence[str], now: float, *, jwks: str = "") -> LearnerClaims:
        """The claims of a token that one of `secrets` or a key of `jwks` signed, and that is good at `now`.

        Raises:
            Unauthorised: it is forged, expired, good for too long, not valid yet, for somebody else, or lacks
                a claim.
        """
        ...

    def checked_keys(self, text: str) -> str:
        """A JWK Set of public keys, as it is kept.

        Raises:
            InvalidInput: it is none, holds a secret, or a key that is too weak or of another kind.
        """
        ...

    def write(self, claims: LearnerClaims, secret: str) -> str: ...


class LtiRegistrations(Protocol):
    """Learning platforms that may launch us."""

    async def put(self, registration: LtiRegistration) -> bool:
        """Store it, or say False where another platform of ours has this issuer and client."""
        ...

    async def find(self, issuer: str, client_id: str) -> LtiRegistration | None:
        """On whichever platform; without a client, the only one of the issuer."""
        ...

    async def of_platform(self, platform_id: str) -> list[LtiRegistration]:
        """By issuer and client."""
        ...

    async def remove(self, platform_id: str, issuer: str, client_id: str) -> bool:
        """Whether it was there."""
        ...


class LtiMessages(Protocol):
    """Reads and writes messages of LTI 1.3. Pure. `secret` is the platform's, `now` seconds since 1970."""

    def login(
        self, registration: LtiRegistration, asked: Mapping[str, str], secret: str, now: float
    ) -> LtiLogin:
        """The way to the platform's login.

        Raises:
            Unauthorised: the request lacks something.
        """
        ...

    def named(self, signed: str) -> tuple[str, str]:
        """Issuer and client that a state or a deep link of ours claims; nothing of it is verified.

        Raises:
            Unauthorised: it is none.
        """
        ...

    def state(self, signed: str, secret: str, now: float) -> LtiState:
        """
        Raises:
            Unauthorised: it is not ours, or too old.
        """
        ...

    def issuer(self, token: str) -> tuple[str, str]:
        """Issuer and client that a launch claims; nothing of it is verified.

        Raises:
            Unauthorised: it is none.
        """
        ...

    def needs_key(self, token: str, jwks: str) -> bool:
        """Whether the launch names a key that is not in the set."""
        ...

    def read(
        self, registration: LtiRegistration, jwks: str, state: LtiState, token: str, now: float
    ) -> LtiMessage:
        """A verified launch.

        Raises:
            Unauthorised: it is forged, expired, for somebody else, of another login, or lacks something.
        """
        ...

    def linking(self, linking: DeepLinking, secret: str, now: float) -> str:
        """A deep link that is being chosen, signed by us."""
        ...

    def chosen(self, signed: str, secret: str, now: float) -> DeepLinking:
        """
        Raises:
            Unauthorised: it is not ours, or too old.
        """
        ...

    def link(
        self, registration: LtiRegistration, linking: DeepLinking, title: str, custom: dict[str, str]
    ) -> str:
        """The signed answer to a deep link request."""
        ...

    def new_key(self) -> str:
        """A private key (PEM)."""
        ...

    def public_key(self, private_key: str) -> dict[str, str]:
        """Its public half, as an entry of a JWK Set."""
        ...


class LearnerPreferences(Protocol):
    """How learners like the sidebar."""

    async def get(self, platform_id: str, learner_id: str) -> Preferences | None: ...

    async def put(self, platform_id: str, learner_id: str, preferences: Preferences) -> None: ...

    async def forget(self, platform_id: str, learner_id: str) -> None:
        """Nothing of this learner is left; nothing happens where there was nothing."""
        ...


class LearnerProgress(Protocol):
    """What learners saw of lessons, and what they are interested in."""

    async def change(
        self,
        platform_id: str,
        learner_id: str,
        lesson_id: str,
        join: Callable[[Seen | None], Seen],
    ) -> Seen:
        """Store what `join` makes of what is known, in one transaction; and give it."""
        ...

    async def of_learner(self, platform_id: str, learner_id: str) -> list[Seen]:
        """Of every lesson that was touched, by lesson id."""
        ...

    async def begun(self, platform_id: str) -> list[Begun]:
        """When each learner first touched each course, by learner and time."""
        ...

    async def put_interests(self, platform_id: str, learner_id: str, tags: Sequence[str]) -> None:
        """In place of those before."""
        ...

    async def interests(self, platform_id: str, learner_id: str) -> tuple[str, ...]: ...


class Archive(Protocol):
    """Completed courses as archives report them."""

    async def put(self, completions: Sequence[Completion]) -> int:
        """Store them, all or none; one of the same platform, learner and id is replaced.

        Returns:
            How many are new, or differ in more than `imported_at`.
        """
        ...

    async def of_learner(self, platform_id: str, learner_id: str) -> list[Completion]:
        """All of one learner, the latest first."""
        ...

    async def begun(self, platform_id: str) -> list[Begun]:
        """When each learner first completed each course, by learner and time."""
        ...


class FeedbackBox(Protocol):
    """What learners say of answers."""

    async def put(self, feedback: Feedback) -> None:
        """Store it; what the same learner said of the same answer before is replaced."""
        ...

    async def latest(self, platform_id: str, limit: int, *, offset: int = 0) -> list[Feedback]:
        """The latest ones of all learners, newest first, without the first `offset`."""
        ...

    async def forget(self, platform_id: str, learner_id: str) -> None:
        """Nothing of this learner is left; nothing happens where there was nothing."""
        ...


class LearnerRows(Protocol):
    """Every row of one learner, in whichever table."""

    async def read(self, platform_id: str, learner_id: str) -> Mapping[str, Sequence[Row]]:
        """The rows by table, tables without any included."""
        ...

    async def erase(self, platform_id: str, learner_id: str) -> Mapping[str, int]:
        """Delete them all, or none. Returns how many went, by table."""
        ...

    async def count(self, platform_id: str, learner_id: str) -> Mapping[str, int]:
        """How many there are, by table."""
        ...

    async def scrub(self) -> None:
        """After an erasure: nothing of it stays in the files that the database writes beside its tables."""
        ...


class Exercises(Protocol):
    """Tasks of course teams, with their solutions and the windows in which they are graded."""

    async def put(self, exercise: Exercise) -> None:
        """Store it; one of the same platform and id is replaced."""
        ...

    async def all(self, platform_id: str) -> list[Exercise]:
        """Those of a platform, by id."""
        ...

    async def remove(self, platform_id: str, exercise_id: str) -> bool:
        """Whether it was there."""
        ...

    async def forget_course(self, platform_id: str, course_id: str) -> int:
        """Drop the exercises of a course. Returns how many went."""
        ...


class Attempts(Protocol):
    """What learners answered, and how it was graded."""

    async def put(self, attempt: Attempt) -> None:
        """Store it; one of the same platform and id is replaced."""
        ...

    async def of_learner(self, platform_id: str, learner_id: str) -> list[Attempt]:
        """All of one learner, oldest first."""
        ...

    async def uncertain(self, platform_id: str, limit: int, *, offset: int = 0) -> list[Attempt]:
        """Those that nobody could grade, of all learners, newest first, without the first `offset`."""
        ...

    async def forget_course(self, platform_id: str, course_id: str) -> int:
        """Drop the attempts at items of a course, for an option is its text. Returns how many went."""
        ...

    async def forget(self, platform_id: str, learner_id: str) -> int:
        """Nothing of this learner is left. Returns how many went."""
        ...


class ReviewCards(Protocol):
    """The cards of learners, with their schedule and every review."""

    async def put(self, card: ReviewCard, review: Review | None = None) -> None:
        """Store it, with the review that it comes from, both or none; one of the same ids is replaced."""
        ...

    async def get(self, platform_id: str, learner_id: str, card_id: str) -> ReviewCard | None: ...

    async def of_learner(self, platform_id: str, learner_id: str) -> list[ReviewCard]:
        """All of one learner, over all courses, the next one due first."""
        ...

    async def reviews(self, platform_id: str, learner_id: str) -> list[Review]:
        """All of one learner, oldest first."""
        ...

    async def recent(self, platform_id: str, learner_id: str, *, cards: int, most: int) -> list[Review]:
        """Reviews of those `cards` cards of a learner that were reviewed last: the oldest `most` of them all.

        So each card's are there from its first one on. Oldest first.
        """
        ...

    async def of_platform(self, platform_id: str, most: int) -> list[Review]:
        """Reviews of a platform by learner, card and time, at most `most`; no learner's is cut short."""
        ...

    async def add(self, reviews: list[Review]) -> None:
        """Store reviews of cards that are there, all or none."""
        ...

    async def forget(self, platform_id: str, learner_id: str) -> int:
        """Nothing of this learner is left. Returns how many cards went."""
        ...

    async def forget_course(self, platform_id: str, course_id: str) -> int:
        """Drop the cards of a course, for they quote it. Returns how many went."""
        ...


class Scheduler(Protocol):
    """When a card is due again. Pure."""

    @property
    def name(self) -> str:
        """Names the algorithm and its target: part of every export."""
        ...

    def new(self, now: float) -> Memory:
        """Of a card that was never reviewed; it is due at once."""
        ...

    def after(self, memory: Memory, recall: Recall, now: float) -> Memory:
        """What is known once it was reviewed."""
        ...

    def recall(self, memory: Memory, now: float) -> float:
        """How likely it is that the learner knows it now, 0..1; 0 for a new one."""
        ...


class Accounts(Protocol):
    """What a platform reports of its learners' accounts, through a connector."""

    async def look_up(self, platform_id: str, learner_id: str, kind: RecordKind) -> Sequence[AccountRecord]:
        """As the platform reports it now; none where it knows of none.

        Raises:
            DependencyUnavailable: the platform does not answer, or not as agreed.
        """
        ...


class Webhook(Protocol):
    """One address that is told something."""

    async def post(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Returns once the receiver took it.

        Raises:
            InvalidInput: the address may not be asked.
            DependencyUnavailable: it did not take it; sending again may help.
        """
        ...


class MemoryEdits(Protocol):
    """What learners did to what is remembered of them."""

    async def put(self, edit: MemoryEdit) -> None:
        """Store it; what was done to the same sentence before is replaced."""
        ...

    async def of_learner(self, platform_id: str, learner_id: str) -> list[MemoryEdit]:
        """All of one learner, oldest first."""
        ...


class Tickets(Protocol):
    """Questions that were handed to a person."""

    async def put(self, ticket: Ticket) -> None:
        """Store it; one of the same id is replaced."""
        ...

    async def settle(self, ticket: Ticket) -> None:
        """Store how far sending it came; nothing happens where it was erased meanwhile."""
        ...

    async def get(self, platform_id: str, ticket_id: str) -> Ticket | None: ...

    async def due(self, now: float, limit: int) -> list[Ticket]:
        """Those of all platforms that wait to be sent by now, the longest waiting first."""
        ...


class UsageBook(Protocol):
    """What platforms have used, added up by day, course and model as their answers were stored."""

    async def between(self, platform_id: str, first_day: str, last_day: str) -> list[Used]:
        """The platform's sums from the first to the last day (`2026-11-28`), by day, course and model."""
        ...


class StepRunner(Protocol):
    """Runs a stage once per key and remembers its output (decisions 18)."""

    async def __call__(self, name: str, key: str, kind: type[_T], make: Callable[[], Awaitable[_T]]) -> _T:
        """The stored output of (`name`, `key`), or `await make()`, stored under it.

        Args:
            key: digest of everything that the output depends on.
            kind: the output's type, to read it back.
        """
        ...


class Edits(Protocol):
    """What people of a course team changed (decisions 25)."""

    async def put(self, edits: Sequence[Edit]) -> None:
        """Store edits, all or none; one of the same lesson and id is replaced."""
        ...

    async def settle(self, edits: Sequence[Edit]) -> None:
        """Store what became of edits; one that was changed again meanwhile is left alone."""
        ...

    async def of(self, platform_id: str, lesson_id: str) -> list[Edit]:
        """Of one lesson, oldest first."""
        ...


class Docking(Protocol):
    """One course's record into the library, searchable at once; ingestion brings the adapter."""

    async def put(self, course: Course, url: str = "") -> None:
        """Make this the record of the course; its lessons, and what other catalogues say of it, stay.

        Raises:
            DependencyUnavailable: the index does not answer.
        """
        ...

    async def put_lesson(self, lesson: Lesson) -> None:
        """Make title, place and language of the lesson these; what was read and heard of it stays.

        Raises:
            NotFound: there is no such course.
            Conflict: another course has the lesson.
            DependencyUnavailable: the index does not answer.
        """
        ...


class Jobs(Protocol):
    """The queue of ingestions (decisions 19). Jobs of other platforms do not exist for a caller."""

    async def submit(self, request: JobRequest) -> str:
        """Queue an ingestion, and return its id at once.

        Raises:
            Conflict: a job of this key asked for something else.
            DependencyUnavailable: the queue's database does not answer.
        """
        ...

    async def status(self, platform_id: str, job_id: str) -> Job | None: ...

    async def cancel(self, platform_id: str, job_id: str) -> bool:
        """Stop a job that has not ended; lessons that are published stay. False where there is none."""
        ...

    async def list(self, platform_id: str, *, limit: int = 50, offset: int = 0) -> list[Job]:
        """Jobs, newest first, without their lessons."""
        ...

    async def forget(self, platform_id: str, course_id: str, folder: str = "") -> int:
        """Drop every record of jobs of a course, or of its folder; one that runs is stopped.

        Returns:
            how many jobs went.
        """
        ...


class Locks(Protocol):
    """Names that one holder has at a time, among all processes of a library. Free when a holder dies."""

    def hold(self, name: str) -> AbstractAsyncContextManager[None]:
        """Wait until the name is free, and hold it within the block."""
        ...

    async def held(self, name: str) -> bool:
        """Whether somebody holds it now."""
        ...


class Ocr(Protocol):
    """Text on pictures."""

    @property
    def name(self) -> str:
        """Engine and version as one string: part of every cache key."""
        ...

    async def read(self, picture: Picture) -> Sequence[str]:
        """Lines in reading order, none empty; none where nothing is written.

        Raises:
            ModelUnavailable: the engine is missing.
        """
        ...


class Fetcher(Protocol):
    """Files from other machines, only from hosts that the operator admits."""

    def check(self, url: str) -> None:
        """Whether the URL may be asked at all; no name is resolved.

        Raises:
            InvalidInput: it may not; says why, and what to do.
        """
        ...

    async def download(self, url: str, into: Path, *, etag: str = "") -> RemoteFile:
        """The file at `into`, whole or not at all; left alone where the server still has version `etag`.

        Raises:
            InvalidInput: the URL, or one that it redirects to, may not be asked.
            UnreadableSource: there is no such file, or it is too large, too slow or cut off.
            UpstreamBusy: the host does not answer; asking again may help.
        """
        ...

    async def read(self, url: str, *, max_bytes: int) -> bytes:
        """What the URL holds.

        Raises:
            InvalidInput, UnreadableSource, UpstreamBusy: as `download`.
        """
        ...


class Footage(Protocol):
    """Pictures and cuts of a video. Seconds are those of the player."""

    async def frames(self, media: Path, seconds: Sequence[float]) -> list[bytes]:
        """A JPEG for each second, in order; none at all where there are no moving pictures.

        Raises:
            UnreadableSource: the media cannot be decoded.
        """
        ...

    async def cut(self, media: Path, spans: Sequence[TimeSpan], out: Path) -> float:
        """Write an MP4 of these spans, one behind the other, sound and pictures in step.

        `out` is there whole or not at all.

        Returns:
            its length in seconds.

        Raises:
            UnreadableSource: the media cannot be decoded.
            DependencyUnavailable: the encoder is missing.
        """
        ...


Stage = Literal["evidence", "slot", "first_token", "model", "first_sentence", "answer"]
"""Of an answer. `slot`: waiting for the model; `first_token` and `model`: from the slot on; the others: from
the question on."""
Level = Literal["live", "upstream", "waiting"]
"""Answers being written; calls at the model; questions waiting for a slot."""


class Statements(Protocol):
    """xAPI statements of learners. One that is kept is never changed."""

    async def put(self, statements: Sequence[Statement]) -> None:
        """Keep them, all or none; an id that is taken keeps what it has."""
        ...

    async def get(self, platform_id: str, ids: Sequence[str]) -> list[Statement]:
        """Those that there are, in this order."""
        ...

    async def find(self, platform_id: str, query: StatementQuery, limit: int) -> list[Statement]:
        """The first by (stored_at, id), latest first unless `ascending`."""
        ...


class Outbox(Protocol):
    """Statements that wait to be forwarded, of all platforms."""

    async def put(self, waiting: Sequence[Waiting]) -> None:
        """Store them; one that waits already is replaced."""
        ...

    async def due(self, now: float, limit: int) -> list[Waiting]:
        """Those whose time has come, the longest due first."""
        ...

    async def remove(self, waiting: Sequence[Waiting]) -> None: ...


class RecordStore(Protocol):
    """A learning record store (LRS) outside."""

    async def send(self, platform_id: str, statements: Sequence[Statement]) -> bool:
        """Whether it has taken all of them; a single one that it has already is taken.

        Raises:
            DependencyUnavailable: it does not answer, or cannot take anything now.
        """
        ...


class AuditLog(Protocol):
    """Who changed what."""

    async def put(self, entry: AuditEntry) -> None: ...

    async def settle(self, platform_id: str, entry_id: str, status: int) -> None:
        """How it ended."""
        ...

    async def find(
        self, platform_id: str, limit: int, *, before: tuple[float, str] | None = None
    ) -> list[AuditEntry]:
        """Newest first; those before (at, id), where it is given."""
        ...

    async def expire(self, before: float) -> int:
        """Delete the entries of all platforms that are older; returns how many went."""
        ...


class RateLimits(Protocol):
    """How often something may be done, however many processes count it."""

    async def take(self, name: str, per_minute: int) -> float:
        """0 when `name` may go on, and is counted; else the seconds after which it may.

        A minute's worth may come at once. A store that does not answer limits each process by itself.
        """
        ...

    async def close(self) -> None: ...


class Meter(Protocol):
    """Counts what a service does. Told once a stage, never for a token, and of nobody in particular."""

    content_type: str

    def stage(self, stage: Stage, seconds: float) -> None: ...

    def level(self, of: Level, change: int) -> None: ...

    def answered(self, answer: Answer) -> None:
        """An answer is complete: how it ended, its tokens, its cost."""
        ...

    def unanswered(self, why: str) -> None:
        """One is not: `stopped` or `failed`."""
        ...

    def lost(self, verb: str) -> None:
        """A statement of ours could not be stored, for the database did not answer."""
        ...

    def repaired(self) -> None:
        """The endpoint minded how earlier reasoning was sent; the call went again the other way."""
        ...

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """A response began; `route` is the template of the path."""
        ...

    def exposition(self) -> bytes:
        """All counts in the form that `content_type` names."""
        ...


Fact = str | int | float | bool | Sequence[str]
"""What a span may say: counts, names, times. Never words of anybody, never who it was."""


class Trace(Protocol):
    """Spans: what was done within what, and how long it took."""

    def begin(self, name: str, facts: Mapping[str, Fact], *, calls_out: bool = False) -> Any:
        """A span within the current one of this task.

        Args:
            calls_out: another process does the work.
        """
        ...

    def enter(self, span: Any) -> None:
        """Make it the current span of the rest of this task, and of the tasks that it starts."""
        ...

    def current(self) -> Any: ...

    def note(self, span: Any, what: str) -> None:
        """Something happened within it now."""
        ...

    def end(self, span: Any, facts: Mapping[str, Fact], *, failed: str = "") -> None:
        """
        Args:
            failed: the kind of error that ended it.
        """
        ...

    def close(self) -> None:
        """Send what is left."""
        ...


class Clock(Protocol):
    """Time, so that tests may hold it."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        ...
