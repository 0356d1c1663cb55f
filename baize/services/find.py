"""A question → moments in the courses in scope, best first: the first half of both answer and search."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from baize.domain.chat import DrawnFrom, Message
from baize.domain.locator import Locator
from baize.domain.search import Hit, LiveBuild, Match, Moment, Position, Query, Scope, UpTo, Vector
from baize.errors import IndexUnavailable, InvalidInput
from baize.ports import Cards, Catalog, ChunkIndex, Embedder, Reranker
from baize.retrieval.abroad import Abroad, Bearings
from baize.retrieval.assess import AssessOptions, assess, signals
from baize.retrieval.collapse import collapse
from baize.retrieval.fetch import KeptChunks, fetch
from baize.retrieval.fuse import SPARSE_WEIGHT, fuse
from baize.retrieval.gather import gather
from baize.retrieval.just_said import just_said, own_terms
from baize.retrieval.locate import locate
from baize.retrieval.overview import told_at
from baize.retrieval.reach import Reach
from baize.retrieval.rerank import rerank
from baize.retrieval.rewrite import rewrite
from baize.retrieval.search import search
from baize.retrieval.slips import mended
from baize.services.read import no_course, no_lesson

MAX_QUESTION_CHARS = 2_000
_DOUBTFUL = 0.5
"""Evidence score below which a question is more likely off the subject, and may have slips."""
_MENDED = 0.7
"""What it must have with its slips mended: real words, too, are near to others (bending, blending)."""
_MOST_SEARCHES = 4
"""The first finds what is not live; the next ones what that had pushed out, which may be new again."""


@dataclass(frozen=True, slots=True)
class FindOptions:
    """`retrieval:` in config.yaml.

    Attributes:
        leg_k: hits per leg and passage language.
        n_moments: how many distinct hits are kept and located.
        n_foreign: of these, how many documents in another language are located by meaning.
        assess: what the embedder's cosines mean.
        n_reranked: how many distinct hits the reranker reorders, where there is one.
        sparse_weight: what terms count beside cosines; a property of the embedder, as `assess` is.
    """

    leg_k: int
    n_moments: int
    n_foreign: int
    assess: AssessOptions
    n_reranked: int = 0
    sparse_weight: float = SPARSE_WEIGHT


@dataclass(frozen=True, slots=True)
class Found:
    """
    Attributes:
        query: as it was understood: slips of the question mended in its text and terms.
        evidence_score: how surely the moments answer the question, 0..1.
        drawn_from: as in `Turn`.
    """

    query: Query
    moments: tuple[Moment, ...]
    evidence_score: float
    drawn_from: DrawnFrom = "search"


@dataclass(frozen=True, slots=True)
class _Looked:
    """What was found for one reading of a question, in the fused order.

    Attributes:
        vector: the query's.
        foreign_vector: by which passages of another language were looked up.
    """

    query: Query
    vector: Vector
    foreign_vector: Vector
    hits: list[Hit]
    score: float


class Finder:
    """rewrite → abroad → search → fuse → fetch → collapse → assess → gather → rerank → locate.

    Where little was found and the question seems to have slips: → slips → search → … → assess once more.
    """

    def __init__(
        self,
        *,
        index: ChunkIndex,
        embedder: Embedder,
        catalog: Catalog | Cards,
        options: FindOptions,
        reranker: Reranker | None = None,
        bearings: Bearings | None = None,
    ) -> None:
        self._index = index
        self._embedder = embedder
        self._catalog = catalog
        self._options = options
        self._reranker = reranker
        self._bearings = bearings
        self._kept = KeptChunks()
        self._reach = Reach()

    async def find(self, question: str, history: Sequence[Message], scope: Scope) -> Found:
        """Moments within `scope`, which must have been resolved.

        Raises:
            IndexUnavailable: the vector store does not answer, or has lost what it had.
            ModelUnavailable: the reranker's model is missing.
        """
        query = rewrite(question, history)
        languages, vector = await self._looked_up(query, scope)
        if not languages:
            return Found(query, (), 0.0)
        if not (query.terms or any(map(str.isalnum, query.text))):
            # 👍 or "……" asks nothing, and something is near to any vector. Signs have no language either.
            spoken = query.language if query.language in languages else languages[0]
            return Found(replace(query, language=spoken), (), 0.0)
        looked = await self._look(query, vector, scope, languages)
        if looked.score < _DOUBTFUL and (meant := mended(query, looked.hits)):
            again = await self._look(meant, await self._embedder.embed_query(meant.text), scope, languages)
            looked = again if again.score >= _MENDED else looked
        hits = await self._reranked(looked.query, gather(looked.query, looked.hits))
        moments = await locate(
            looked.query,
            looked.vector,
            looked.foreign_vector,
            hits[: self._options.n_moments],
            embedder=self._embedder,
            n_foreign=self._options.n_foreign,
        )
        return Found(looked.query, tuple(moments), looked.score)

    async def just_said(self, question: str, at: Position, scope: Scope) -> Found:
        """What was said in the minute before `at`, for a question that points at it; maybe nothing.

        Raises:
            IndexUnavailable: the vector store does not answer.
        """
        moments = await just_said(question, at, scope, index=self._index, catalog=self._catalog)
        query = replace(rewrite(question, ()), terms=tuple(own_terms(question)))
        return Found(query, tuple(moments), 1.0, "minute")

    async def told_at(self, question: str, places: Sequence[tuple[str, Locator]], scope: Scope) -> Found:
        """What is said at these places, (lesson, locator) each, for a question about a whole; maybe nothing.

        Raises:
            IndexUnavailable: the vector store does not answer.
        """
        moments = await told_at(places, scope, index=self._index, catalog=self._catalog) if places else []
        return Found(rewrite(question, ()), tuple(moments), 1.0, "summary")

    async def _looked_up(self, query: Query, scope: Scope) -> tuple[list[str], Vector]:
        """The passage languages in scope and the query's vector."""
        return await self._catalog.languages(scope), await self._embedder.embed_query(query.text)

    async def _look(self, query: Query, vector: Vector, scope: Scope, languages: Sequence[str]) -> _Looked:
        """Distinct hits of the query and their evidence score."""
        abroad = None
        if self._bearings is not None and set(languages) - {query.language}:
            abroad = await self._bearings.abroad(vector, query.language)
        hits = await self._search(query, vector, scope, languages, abroad)
        # Over the fused order: its thresholds hold with and without a reranker.
        found = signals(query, hits[: self._options.n_moments], self._options.assess)
        score = assess(found, self._options.assess)
        return _Looked(query, vector, abroad.vector if abroad else vector, hits, score)

    async def _search(
        self, query: Query, vector: Vector, scope: Scope, languages: Sequence[str], abroad: Abroad | None
    ) -> list[Hit]:
        """Distinct hits, best first. What is found of another build than the live one is searched past."""
        distinct: list[Hit] = []
        for _ in range(_MOST_SEARCHES):
            runs = await search(
                query,
                vector,
                scope,
                index=self._index,
                passage_languages=languages,
                k=self._options.leg_k,
                abroad=abroad,
            )
            if not runs and await self._is_lost(scope):
                raise IndexUnavailable(
                    "The index holds nothing of what the library has.",
                    remedy="Run `baize doctor`: it says whether to embed the lessons for another embedder "
                    "or to ingest the courses again.",
                )
            fused = fuse(runs, query, self._options.assess.scale, self._options.sparse_weight)
            distinct, settled, swept = await self._distinct(fused, scope.platform_id)
            current = await self._current(scope)
            if not settled and not swept and current == scope.settled:
                break
            by_lesson = {lesson.lesson_id: lesson for lesson in (*current, *settled)}
            scope = replace(scope, settled=tuple(by_lesson.values()))
        return distinct

    async def _is_lost(self, scope: Scope) -> bool:
        """Whether the index has nothing at all of what the library has there; for when nothing was found."""
        wanted = _asks_for_all(scope) and await self._catalog.languages(scope)
        return bool(wanted) and not await self._index.count(scope)

    async def _current(self, scope: Scope) -> tuple[LiveBuild, ...]:
        """What was settled before, as it is now: a lesson may have been swapped, and its old build swept."""
        if not scope.settled:
            return ()
        lesson_ids = tuple(lesson.lesson_id for lesson in scope.settled)
        live = {
            lesson.lesson_id: lesson.build_id
            for lesson in await self._catalog.live(Scope(scope.platform_id, lesson_ids=lesson_ids))
        }
        return tuple(LiveBuild(lesson_id, live.get(lesson_id, "")) for lesson_id in lesson_ids)

    async def _distinct(
        self, fused: Iterator[Match], platform_id: str
    ) -> tuple[list[Hit], list[LiveBuild], bool]:
        """As many distinct hits as are kept, fetched no further than needed; and whether one was swept."""
        n = max(self._options.n_moments, self._options.n_reranked)
        hits: list[Hit] = []
        distinct: list[Hit] = []
        settled: list[LiveBuild] = []
        swept = False
        while part := list(islice(fused, self._reach.of(platform_id, n - len(distinct)))):
            fetched = await fetch(
                part, platform_id, index=self._index, catalog=self._catalog, kept=self._kept
            )
            hits.extend(fetched.hits)
            swept = swept or fetched.swept
            settled.extend(lesson for lesson in fetched.settled if lesson not in settled)
            distinct = collapse(hits, n)
            if len(distinct) == n:
                self._reach.learn(platform_id, distinct[-1].rank, n)
                break
        return distinct, settled, swept

    async def _reranked(self, query: Query, hits: list[Hit]) -> list[Hit]:
        if self._reranker is None:
            return hits
        passages = [hit.chunk.indexed_text for hit in hits[: self._options.n_reranked]]
        return rerank(hits, await self._reranker.rerank(query.text, passages))


def _asks_for_all(scope: Scope) -> bool:
    """Whether every passage of the courses and lessons may be found: a search by meaning then finds some."""
    narrowed = (scope.up_to, scope.languages, scope.settled, scope.starts_within, scope.after_lessons)
    return scope.build_ids is None and not any(narrowed)


async def resolve_scope(scope: Scope, catalog: Catalog) -> Scope:
    """Check that what the scope names exists on its platform; and, with `up_to`, leave later lessons out.

    Raises:
        NotFound: naming the course or lesson.
    """
    for course_id in scope.course_ids:
        if await catalog.course(scope.platform_id, course_id) is None:
            raise no_course(course_id)
    # An unknown lesson in `up_to` would hide nothing: spoilers by a typing error.
    for lesson_id in (*scope.lesson_ids, *([scope.up_to.lesson_id] if scope.up_to else [])):
        if await catalog.lesson(scope.platform_id, lesson_id) is None:
            raise no_lesson(lesson_id)
    return await _before(scope, scope.up_to, catalog) if scope.up_to else scope


async def _before(scope: Scope, up_to: UpTo, catalog: Catalog) -> Scope:
    """Without the lessons that come after this one in its course: they are later than any second of it."""
    here = await catalog.lesson(scope.platform_id, up_to.lesson_id)
    if here is None:
        return scope
    later = tuple(
        lesson.id
        for lesson in await catalog.lessons(scope.platform_id, here.course_id)
        if lesson.position > here.position
    )
    return replace(scope, after_lessons=later)


def checked(text: str, what: str) -> str:
    """The text without white space around it.

    Raises:
        InvalidInput: it is empty, too long or no valid text; `what` names it.
    """
    stripped = text.strip()
    if not stripped:
        raise InvalidInput(f"The {what} is empty.", remedy="Ask something about the course.")
    if len(stripped) > MAX_QUESTION_CHARS:
        raise InvalidInput(
            f"The {what} has {len(stripped)} characters.", remedy=f"Keep it under {MAX_QUESTION_CHARS}."
        )
    if storable(stripped) != stripped:
        raise InvalidInput(f"The {what} is not valid text.", remedy="Send it as UTF-8, without NUL.")
    return stripped


def storable(text: str) -> str:
    """Without what no store takes: NUL, and halves of surrogate pairs, which broken clients send."""
    return text.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
