"""From a question to evidence: query, hit, moment, evidence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from baize.domain.locator import Locator, TimeSpan
from baize.domain.text import Chunk, Segment

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from baize.domain.light import dataclass

Vector = npt.NDArray[np.float32]

Picture = npt.NDArray[np.uint8]
"""Height × width × red, green, blue."""


@dataclass(frozen=True, slots=True)
class UpTo:
    """Nothing after this position of this lesson may be found (no spoilers)."""

    lesson_id: str
    position_s: float


@dataclass(frozen=True, slots=True)
class Position:
    """Where a learner is in the player: `t` seconds into this lesson."""

    lesson_id: str
    t: float


@dataclass(frozen=True, slots=True)
class Scope:
    """Which chunks may be found. The platform is never optional: it is the security boundary.

    Attributes:
        course_ids: any of these; empty means all of the platform.
        lesson_ids: any of these; empty means all of the courses.
        languages: passage languages; empty means all.
        build_ids: only points of these builds; None means of any.
        settled: lessons of which only points of the given build may be found; none where it is empty.
        after_lessons: lessons of which nothing may be found: they come after `up_to`.
        starts_within: only what starts within this span, its end excluded; nothing without a place in time.
    """

    platform_id: str
    course_ids: tuple[str, ...] = ()
    lesson_ids: tuple[str, ...] = ()
    up_to: UpTo | None = None
    languages: tuple[str, ...] = ()
    build_ids: tuple[str, ...] | None = None
    settled: tuple[LiveBuild, ...] = ()
    starts_within: TimeSpan | None = None
    after_lessons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LiveBuild:
    """The build of a lesson that readers may see; an empty one hides the lesson."""

    lesson_id: str
    build_id: str


@dataclass(frozen=True, slots=True)
class Query:
    """A question that stands alone.

    Attributes:
        question: as the learner asked it.
        text: what is searched for: the question, joined to those before where it points back, without what
            only says how it is asked.
        language: `zh`, `en` or another ISO 639-1 code.
        terms: lexical terms, as the index knows them; repeated terms stay repeated.
        pinyin: pairs of syllables, likewise; empty for a question without Chinese.
    """

    question: str
    text: str
    language: str
    terms: tuple[str, ...]
    pinyin: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SparseVector:
    """Term indices (unsigned 32 bit, ascending, unique) with their weights."""

    indices: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class DenseQuery:
    """Nearest neighbours by dot product; `language` limits it to passages of one language."""

    vector: Vector
    language: str = ""
    leg: str = "dense"


@dataclass(frozen=True, slots=True)
class SparseQuery:
    """Dot product of term weights, the index multiplying each by the term's IDF."""

    vector: SparseVector
    language: str = ""
    leg: str = "lexical"


@dataclass(frozen=True, slots=True)
class IndexedChunk:
    """A chunk with its vectors, on its way into the index; each sparse leg is a field of its name.

    Attributes:
        dense: of length 1 at most; shorter where the sentence says little of its passage (`ingest.embed`).
    """

    chunk: Chunk
    build_id: str
    dense: Vector
    lexical: SparseVector
    pinyin: SparseVector = SparseVector((), ())


@dataclass(frozen=True, slots=True)
class Match:
    """The id of a chunk that one search found. Its passage is fetched only for what is left after fusing.

    Attributes:
        language: of the passages that were searched; empty where all were.
        rank: from 1 within its list.
        score: comparable within its list only.
        leg: `dense`, `lexical` …, or `fused`.
        parts: for a fused match, the matches that it was fused from.
    """

    chunk_id: str
    language: str
    rank: int
    score: float
    leg: str
    parts: tuple[Match, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """The ranked list of one search, best first: ids and scores side by side, as many of each.

    A question has hundreds of matches and shows twenty of them: each becomes a `Match` as it is read.

    Attributes:
        leg, language, scores: as in `Match`.
    """

    leg: str
    language: str
    chunk_ids: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()

    def __len__(self) -> int:
        return len(self.chunk_ids)

    def __iter__(self) -> Iterator[Match]:
        return map(self.at, range(1, len(self) + 1))

    def at(self, rank: int) -> Match:
        """The match of that rank, from 1."""
        return Match(self.chunk_ids[rank - 1], self.language, rank, self.scores[rank - 1], self.leg)


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk as the index holds it, with the builds that it belongs to."""

    chunk: Chunk
    build_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that was found, with the place that its match took.

    Attributes:
        rank, score, leg, parts: as in `Match`.
        build_id: the live build of its lesson that it was found in.
    """

    chunk: Chunk
    rank: int
    score: float
    leg: str
    parts: tuple[Match, ...] = ()
    build_id: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """A hit with the sentence that answers best: where a link should land."""

    hit: Hit
    focus: Segment


@dataclass(frozen=True, slots=True)
class Evidence:
    """A numbered passage that an answer may cite. `marker` is from 1."""

    marker: int
    moment: Moment

    @property
    def chunk(self) -> Chunk:
        return self.moment.hit.chunk

    @property
    def locator(self) -> Locator:
        return self.moment.focus.locator
