"""What every vector store must do: the double, the embedded server, and qdrant-client's local mode."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import anyio
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qdrant_client import AsyncQdrantClient

from baize.adapters.index_qdrant import QdrantChunkIndex
from baize.adapters.qdrant_link import open_client
from baize.domain.locator import FaqEntry, Locator, TextSpan, TimeSpan
from baize.domain.search import (
    DenseQuery,
    Hit,
    IndexedChunk,
    LiveBuild,
    Match,
    Run,
    Scope,
    SparseQuery,
    SparseVector,
    StoredChunk,
    UpTo,
    Vector,
)
from baize.domain.text import Chunk, Segment, chunk_id
from baize.edge.endpoint import Endpoint
from baize.edge.launch import ensure, stop
from baize.ports import ChunkIndex
from baize.retrieval.terms import passage_vector, pinyin_terms, query_vector, terms
from baize.testing.memory_index import MemoryIndex

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
]

DIM = 4
EAST, NORTH, UP, PAST = np.eye(DIM, dtype=np.float32)
ALL = Scope("p1")


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    folder: Path = tmp_path_factory.mktemp("edge")
    yield anyio.run(ensure, folder)
    anyio.run(stop, folder)


@pytest.fixture(params=["memory", "edge", "local"])
async def index(request: pytest.FixtureRequest, edge: Endpoint) -> AsyncIterator[ChunkIndex]:
    """An empty index."""
    if request.param == "memory":
        yield MemoryIndex()
        return

    async def connect() -> Endpoint:
        return edge

    make_client = open_client if request.param == "edge" else open_local
    opened = QdrantChunkIndex(connect, space=f"space-{uuid.uuid4().hex}", dim=DIM, make_client=make_client)
    yield opened
    await opened.close()


def open_local(_: object) -> AsyncQdrantClient:
    return AsyncQdrantClient(":memory:")


def make_chunk(
    text: str = "水稻喜温。",
    *,
    platform: str = "p1",
    course: str = "c1",
    lesson: str = "l1",
    language: str = "zh",
    locator: Locator | None = None,
) -> Chunk:
    where = locator or TimeSpan(0.0, 10.0)
    return Chunk(
        id=chunk_id(platform, course, lesson, "v.mp4", where, text),
        platform_id=platform,
        course_id=course,
        lesson_id=lesson,
        lesson_title="第一课",
        source_file="v.mp4",
        language=language,
        headings=("农业", "水稻"),
        text=text,
        sentences=(Segment(text, where),),
        locator=where,
        position=0,
    )


def make_point(
    chunk: Chunk, *, build: str = "b1", dense: Vector = EAST, terms: Mapping[int, float] | None = None
) -> IndexedChunk:
    return IndexedChunk(chunk, build, dense, make_terms(terms or {}))


def make_terms(terms: Mapping[int, float]) -> SparseVector:
    return SparseVector(tuple(sorted(terms)), tuple(terms[term] for term in sorted(terms)))


async def searched(
    index: ChunkIndex, queries: list[DenseQuery | SparseQuery], scope: Scope, k: int
) -> list[list[Hit]]:
    """What each query matches, with what is stored under the ids."""
    runs = await index.search(queries, scope, k)
    stored = await index.chunks(scope.platform_id, sorted({match.chunk_id for run in runs for match in run}))
    return [[_hit(match, stored) for match in run] for run in runs]


def _hit(match: Match, stored: Mapping[str, StoredChunk]) -> Hit:
    return Hit(stored[match.chunk_id].chunk, match.rank, match.score, match.leg)


async def dense_hits(index: ChunkIndex, scope: Scope = ALL, k: int = 10, vector: Vector = EAST) -> list[Hit]:
    return (await searched(index, [DenseQuery(vector)], scope, k))[0]


async def lexical_hits(index: ChunkIndex, *terms: int, scope: Scope = ALL) -> list[Hit]:
    query = SparseQuery(make_terms(dict.fromkeys(terms, 1.0)))
    return (await searched(index, [query], scope, 10))[0]


def texts(hits: list[Hit]) -> list[str]:
    return [hit.chunk.text for hit in hits]


async def test_nothing_is_found_in_an_empty_index(index: ChunkIndex) -> None:
    """An index without a single write answers with empty lists, counts 0 and deletes 0."""
    queries: list[DenseQuery | SparseQuery] = [DenseQuery(EAST), SparseQuery(make_terms({1: 1.0}))]
    assert await index.search(queries, ALL, 5) == [Run("dense", ""), Run("lexical", "")]
    assert await index.chunks("p1", [make_chunk().id]) == {}
    assert await index.ids(ALL) == []
    assert await index.count(ALL) == 0
    assert await index.delete("p1", ["l1"], keep_builds=[]) == 0


async def test_a_write_of_nothing_changes_nothing(index: ChunkIndex) -> None:
    """No points are no error."""
    await index.upsert([])
    assert await index.count(ALL) == 0


async def test_nearest_comes_first_and_ranks_start_at_one(index: ChunkIndex) -> None:
    """Hits are ordered by dot product, so a shorter vector comes later, and ranked 1, 2, 3."""
    near, far = EAST * 0.9 + NORTH * 0.1, EAST * 0.3 + NORTH * 0.9
    await index.upsert(
        [
            make_point(make_chunk("远"), dense=far),
            make_point(make_chunk("正"), dense=EAST),
            make_point(make_chunk("短"), dense=EAST * 0.5),
            make_point(make_chunk("近"), dense=near),
        ]
    )
    hits = await dense_hits(index)
    assert texts(hits) == ["正", "近", "短", "远"]
    assert [hit.rank for hit in hits] == [1, 2, 3, 4]
    assert hits[0].score == pytest.approx(1.0, abs=1e-5)
    assert {hit.leg for hit in hits} == {"dense"}


async def test_equal_scores_rank_by_chunk_id(index: ChunkIndex) -> None:
    """The order of equally good hits is the same in every store and at every call."""
    chunks = [make_chunk(f"同{n}") for n in range(8)]
    await index.upsert([make_point(chunk) for chunk in chunks])
    assert [hit.chunk.id for hit in await dense_hits(index)] == sorted(chunk.id for chunk in chunks)


async def test_one_list_per_query_in_order(index: ChunkIndex) -> None:
    """Dense and lexical queries of one call are answered in their order, a query without terms by nothing."""
    await index.upsert(
        [
            make_point(make_chunk("东"), dense=EAST, terms={1: 1.0}),
            make_point(make_chunk("北"), dense=NORTH, terms={2: 1.0}),
        ]
    )
    queries: list[DenseQuery | SparseQuery] = [
        SparseQuery(make_terms({2: 1.0})),
        DenseQuery(EAST),
        SparseQuery(make_terms({})),
        DenseQuery(NORTH),
        SparseQuery(make_terms({1: 1.0})),
    ]
    lists = await searched(index, queries, ALL, 1)
    assert [texts(hits) for hits in lists] == [["北"], ["东"], [], ["北"], ["东"]]
    assert [hits[0].leg for hits in lists if hits] == ["lexical", "dense", "dense", "lexical"]


async def test_k_limits_each_list_and_may_exceed_the_corpus(index: ChunkIndex) -> None:
    """At most k hits, fewer where there are fewer, none for 0."""
    await index.upsert([make_point(make_chunk(f"句{n}")) for n in range(5)])
    assert [len(await dense_hits(index, k=k)) for k in (0, 1, 3, 500)] == [0, 1, 3, 5]


async def test_filters_apply_before_ranking(index: ChunkIndex) -> None:
    """A match far down the global order is found with k=1 once the scope leaves only it."""
    crowd = [make_point(make_chunk(f"近{n}", course="c1"), dense=EAST) for n in range(30)]
    lonely = make_point(make_chunk("远", course="c2", lesson="l2"), dense=NORTH + EAST * 0.1)
    await index.upsert([*crowd, lonely])
    assert texts(await dense_hits(index, Scope("p1", course_ids=("c2",)), k=1)) == ["远"]
    assert texts(await dense_hits(index, Scope("p1", lesson_ids=("l2",)), k=1)) == ["远"]


async def test_languages_narrow_scope_and_query(index: ChunkIndex) -> None:
    """The scope's languages hold for the whole call, a query's language for its list only."""
    await index.upsert(
        [
            make_point(make_chunk("中", language="zh"), terms={1: 1.0}),
            make_point(make_chunk("en", language="en"), terms={1: 1.0}),
        ]
    )
    lists = await searched(
        index,
        [
            DenseQuery(EAST, "zh"),
            DenseQuery(EAST, "en"),
            SparseQuery(make_terms({1: 1.0}), "en"),
            DenseQuery(EAST),
        ],
        ALL,
        5,
    )
    assert [sorted(texts(hits)) for hits in lists] == [["中"], ["en"], ["en"], ["en", "中"]]
    assert texts(await dense_hits(index, Scope("p1", languages=("en",)))) == ["en"]
    elsewhere = await index.search([DenseQuery(EAST, "zh")], Scope("p1", languages=("en",)), 5)
    assert elsewhere == [Run("dense", "zh")]
    runs = await index.search([DenseQuery(EAST, "zh"), DenseQuery(EAST)], ALL, 5)
    assert [run.language for run in runs] == ["zh", ""]


async def test_up_to_hides_what_comes_later_in_that_lesson_only(index: ChunkIndex) -> None:
    """In its lesson a chunk must start before the position; documents have no place in time; others stay."""
    await index.upsert(
        [
            make_point(make_chunk("早", locator=TimeSpan(0, 30))),
            make_point(make_chunk("晚", locator=TimeSpan(30, 60))),
            make_point(make_chunk("讲义", locator=TextSpan("a.pdf", 0, 2, 1))),
            make_point(make_chunk("他课", lesson="l2", locator=TimeSpan(90, 99))),
            make_point(make_chunk("他课讲义", lesson="l2", locator=TextSpan("b.pdf", 0, 4))),
        ]
    )
    scope = Scope("p1", up_to=UpTo("l1", 30.0))
    assert sorted(texts(await dense_hits(index, scope))) == sorted(["早", "他课", "他课讲义"])
    assert await index.count(scope) == 3


async def test_lessons_after_up_to_are_left_out(index: ChunkIndex) -> None:
    """By their ids, whatever else is in scope."""
    await index.upsert([make_point(make_chunk(text, lesson=f"l{n}")) for n, text in enumerate("早中晚", 1)])
    assert texts(await dense_hits(index, Scope("p1", after_lessons=("l2", "l3")))) == ["早"]
    assert await index.count(Scope("p1", lesson_ids=("l2",), after_lessons=("l2",))) == 0


async def test_chunks_of_one_passage_differ_in_their_sentence(index: ChunkIndex) -> None:
    """Each comes back with its own; `up_to` looks at when that sentence starts."""
    said = tuple(Segment(text, TimeSpan(10.0 * n, 10.0 * n + 9)) for n, text in enumerate("早中晚"))
    passage = replace(make_chunk("早中晚", locator=TimeSpan(0, 29)), sentences=said)
    chunks = [replace(passage, id=str(uuid.UUID(int=n)), focus=n, position=n) for n in range(3)]
    await index.upsert([make_point(chunk) for chunk in chunks])
    assert [hit.chunk for hit in await dense_hits(index)] == chunks
    seen = await dense_hits(index, Scope("p1", up_to=UpTo("l1", 15.0)))
    assert [hit.chunk.focus for hit in seen] == [0, 1]


async def test_a_span_of_time_is_of_what_starts_within_it(index: ChunkIndex) -> None:
    """The start counts, the end does not; a document is in no span."""
    await index.upsert(
        [
            make_point(make_chunk("早", locator=TimeSpan(0, 30))),
            make_point(make_chunk("中", locator=TimeSpan(30, 60))),
            make_point(make_chunk("晚", locator=TimeSpan(60, 90))),
            make_point(make_chunk("讲义", locator=TextSpan("a.pdf", 0, 2, 1))),
        ]
    )
    for start, end, heard in ((30.0, 60.0, ["中"]), (0.0, 60.5, ["中", "早", "晚"]), (20.0, 30.0, [])):
        scope = Scope("p1", starts_within=TimeSpan(start, end))
        assert sorted(texts(await dense_hits(index, scope))) == sorted(heard)
        assert len(await index.ids(scope)) == len(heard)


async def test_only_the_builds_in_scope_are_seen(index: ChunkIndex) -> None:
    """None sees every build, a tuple its builds, an empty tuple nothing."""
    await index.upsert([make_point(make_chunk("旧"), build="b1"), make_point(make_chunk("新"), build="b2")])
    found = {
        builds: sorted(texts(await dense_hits(index, replace(ALL, build_ids=builds))))
        for builds in (None, ("b1",), ("b2", "b9"), ())
    }
    assert found == {None: sorted(["旧", "新"]), ("b1",): ["旧"], ("b2", "b9"): ["新"], (): []}
    assert await index.count(replace(ALL, build_ids=())) == 0
    assert await index.ids(replace(ALL, build_ids=())) == []


async def test_builds_that_are_not_live_take_no_ranks(index: ChunkIndex) -> None:
    """Better matches of a build out of scope push nothing out of a list, and a shared point stays."""
    stale = [make_point(make_chunk(f"旧{n}"), build="b1", terms={1: 2.0}) for n in range(5)]
    shared, live = make_chunk("共"), make_chunk("新")
    await index.upsert([*stale, make_point(shared, build="b1", terms={1: 1.0})])
    await index.upsert(
        [
            make_point(shared, build="b2"),
            make_point(live, build="b2", dense=EAST * 0.5, terms={1: 0.5}),
        ]
    )
    scope = replace(ALL, build_ids=("b2", "b3"))
    assert texts(await dense_hits(index, scope, k=2)) == ["共", "新"]
    assert texts(await lexical_hits(index, 1, scope=scope)) == ["共", "新"]


async def test_of_a_settled_lesson_only_the_given_build_is_found(index: ChunkIndex) -> None:
    """Its other builds take no ranks; an empty build hides the lesson; other lessons are as before."""
    shared = make_chunk("共")
    await index.upsert(
        [
            make_point(make_chunk("旧"), build="b1"),
            make_point(shared, build="b1"),
            make_point(make_chunk("他课", lesson="l2"), build="b9", dense=EAST * 0.5),
        ]
    )
    await index.upsert([make_point(shared, build="b2"), make_point(make_chunk("新"), build="b2")])
    found = {
        live: sorted(texts(await dense_hits(index, replace(ALL, settled=(LiveBuild("l1", live),)), k=3)))
        for live in ("b2", "b1", "")
    }
    assert found == {
        "b2": sorted(["共", "新", "他课"]),
        "b1": sorted(["共", "旧", "他课"]),
        "": ["他课"],
    }
    both = replace(ALL, settled=(LiveBuild("l1", ""), LiveBuild("l2", "b1")))
    assert await dense_hits(index, both) == []


async def test_chunks_come_back_by_id_with_their_builds(index: ChunkIndex) -> None:
    """Those of another platform and those that are not there are left out."""
    mine, other = make_chunk("我"), make_chunk("他", platform="p2")
    await index.upsert([make_point(mine, build="b1"), make_point(other)])
    await index.upsert([make_point(mine, build="b2")])
    found = await index.chunks("p1", [mine.id, other.id, str(uuid.uuid4())])
    assert found == {mine.id: StoredChunk(mine, ("b1", "b2"))}
    assert await index.chunks("p1", []) == {}


async def test_sentences_that_are_not_trusted_come_back_marked(index: ChunkIndex) -> None:
    """Also beside a chunk of the same words that is trusted."""
    trusted = make_chunk("甲")
    marked = replace(trusted, id=str(uuid.uuid4()), distrusted=(0,))
    await index.upsert([make_point(trusted), make_point(marked)])
    found = await index.chunks("p1", [trusted.id, marked.id])
    assert {stored.chunk.distrusted for stored in found.values()} == {(), (0,)}
    assert found[marked.id].chunk == marked


async def test_writing_twice_changes_nothing(index: ChunkIndex) -> None:
    """A point that exists keeps its vectors and its chunk, whatever the second write says."""
    chunk = make_chunk()
    await index.upsert([make_point(chunk, dense=EAST, terms={1: 1.0})])
    await index.upsert([make_point(replace(chunk, position=7), dense=NORTH, terms={2: 1.0})])
    hits = await dense_hits(index)
    assert [(hit.chunk, round(hit.score, 5)) for hit in hits] == [(chunk, 1.0)]
    assert len(await lexical_hits(index, 1)) == 1
    assert await lexical_hits(index, 2) == []
    assert await index.ids(ALL) == [chunk.id]


async def test_a_point_written_again_gains_the_build(index: ChunkIndex) -> None:
    """Old and new build both find it, and it is still one point; in one call or in two."""
    shared, also = make_chunk("不变"), make_chunk("同批")
    await index.upsert([make_point(shared, build="b1")])
    await index.upsert(
        [make_point(shared, build="b2"), make_point(also, build="b1"), make_point(also, build="b2")]
    )
    for build in ("b1", "b2"):
        assert await index.count(replace(ALL, build_ids=(build,))) == 2
    assert await index.count(ALL) == 2


async def test_delete_drops_builds_and_then_orphans(index: ChunkIndex) -> None:
    """A point that a kept build lists survives without the dropped one; one without a build goes."""
    shared, old, new = make_chunk("共"), make_chunk("旧"), make_chunk("新")
    await index.upsert([make_point(shared, build="b1"), make_point(old, build="b1")])
    await index.upsert([make_point(shared, build="b2"), make_point(new, build="b2")])
    assert await index.delete("p1", ["l1"], keep_builds=["b2"]) == 1
    assert sorted(texts(await dense_hits(index))) == sorted(["共", "新"])
    assert await index.count(replace(ALL, build_ids=("b1",))) == 0
    assert await index.delete("p1", ["l1"], keep_builds=["b2"]) == 0


async def test_delete_without_kept_builds_empties_the_lessons(index: ChunkIndex) -> None:
    """Only the named lessons of the named platform lose their points."""
    await index.upsert(
        [
            make_point(make_chunk("甲", lesson="l1")),
            make_point(make_chunk("乙", lesson="l2")),
            make_point(make_chunk("丙", lesson="l3")),
            make_point(make_chunk("丁", platform="p2", lesson="l1")),
        ]
    )
    assert await index.delete("p1", [], keep_builds=[]) == 0
    assert await index.delete("p1", ["l1", "l2", "l9"], keep_builds=[]) == 2
    assert texts(await dense_hits(index)) == ["丙"]
    assert texts(await dense_hits(index, Scope("p2"))) == ["丁"]


async def test_more_points_than_one_batch(index: ChunkIndex) -> None:
    """Writes and listings of more points than one request carries are complete."""
    points = [make_point(make_chunk(f"第{n}句"), build=f"b{n % 2}") for n in range(1100)]
    await index.upsert(points)
    assert await index.ids(ALL) == sorted(point.chunk.id for point in points)
    assert await index.delete("p1", ["l1"], keep_builds=["b1"]) == 550
    assert await index.count(ALL) == 550


LOCATORS = st.one_of(
    st.tuples(st.floats(0, 9e4), st.floats(0, 9e4)).map(lambda pair: TimeSpan(min(pair), max(pair))),
    st.builds(
        TextSpan, st.text(), st.just(3), st.integers(3, 10**9), st.none() | st.integers(1, 999), st.text()
    ),
    st.builds(FaqEntry, st.text()),
)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
CHUNKS = st.builds(
    lambda words, headings, locator, spot, elsewhere, focus: replace(
        make_chunk(" ".join(words), locator=locator),
        focus=focus,
        n_tokens=len(words) - 1,
        position=len(words),
        headings=tuple(headings),
        sentences=tuple(Segment(said, spot, tuple(headings[:1])) for said in [*words, *elsewhere]),
    ),
    st.lists(WORDS, min_size=1, max_size=4),
    st.lists(WORDS, max_size=2),
    LOCATORS,
    LOCATORS,
    st.lists(st.sampled_from(["", "不在文中的一句"]), max_size=1),
    st.none() | st.just(0),
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(chunks=st.lists(CHUNKS, min_size=1, max_size=8, unique_by=lambda chunk: chunk.id))
async def test_a_chunk_comes_back_as_it_went_in(index: ChunkIndex, chunks: list[Chunk]) -> None:
    """Text of any script, every kind of locator, headings and sentences: equal to what was written."""
    platform = uuid.uuid4().hex
    chunks = [replace(chunk, platform_id=platform, id=str(uuid.uuid4())) for chunk in chunks]
    await index.upsert([make_point(chunk) for chunk in chunks])
    found = {hit.chunk.id: hit.chunk for hit in await dense_hits(index, Scope(platform))}
    assert found == {chunk.id: chunk for chunk in chunks}


STORED = st.tuples(
    st.sampled_from(["p1", "p2", "p3"]),
    st.sampled_from(["c1", "c2"]),
    st.sampled_from(["l1", "l2"]),
    st.sampled_from(["zh", "en"]),
    st.sampled_from(["b1", "b2"]),
    st.integers(0, 3),
)
SCOPES = st.builds(
    Scope,
    st.sampled_from(["p1", "p2", "p3", "p4"]),
    st.sampled_from([(), ("c1",), ("c1", "c2")]),
    st.sampled_from([(), ("l2",)]),
    st.sampled_from([None, UpTo("l1", 20.0)]),
    st.sampled_from([(), ("zh",)]),
    st.sampled_from([None, ("b1",), ("b1", "b2")]),
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(stored=st.lists(STORED, min_size=1, max_size=20), scopes=st.lists(SCOPES, min_size=1, max_size=5))
async def test_no_answer_ever_holds_another_platforms_chunk(
    index: ChunkIndex, stored: list[tuple[str, str, str, str, str, int]], scopes: list[Scope]
) -> None:
    """Searches, ids and counts give exactly the chunks in scope, all of them of the scope's platform."""
    example = uuid.uuid4().hex
    scopes = [replace(scope, platform_id=example + scope.platform_id) for scope in scopes]
    points = [point_of(example, fields) for fields in stored]
    first = {point.chunk.id: point.chunk for point in reversed(points)}
    builds = {id_: {point.build_id for point in points if point.chunk.id == id_} for id_ in first}
    await index.upsert(points)
    for scope in scopes:
        expected = {chunk.id for chunk in first.values() if in_scope(chunk, builds[chunk.id], scope)}
        for matches in await index.search([DenseQuery(EAST), SparseQuery(make_terms({1: 1.0}))], scope, 50):
            assert {match.chunk_id for match in matches} == expected
        held = await index.chunks(scope.platform_id, list(first))
        assert {stored.chunk.platform_id for stored in held.values()} <= {scope.platform_id}
        assert expected <= held.keys()
        assert {id_: set(stored.build_ids) for id_, stored in held.items()} == {
            id_: builds[id_] for id_ in held
        }
        assert set(await index.ids(scope)) == expected
        assert await index.count(scope) == len(expected)


def point_of(example: str, fields: tuple[str, str, str, str, str, int]) -> IndexedChunk:
    platform, course, lesson, language, build, n = fields
    chunk = make_chunk(
        "同一句",
        platform=example + platform,
        course=course,
        lesson=lesson,
        language=language,
        locator=TimeSpan(n * 10.0, n * 10.0 + 9),
    )
    return make_point(chunk, build=build, terms={1: 1.0})


def in_scope(chunk: Chunk, builds: set[str], scope: Scope) -> bool:
    """The definition of a scope, written down a second time."""
    assert isinstance(chunk.locator, TimeSpan)
    checks = [
        chunk.platform_id == scope.platform_id,
        chunk.course_id in (scope.course_ids or (chunk.course_id,)),
        chunk.lesson_id in (scope.lesson_ids or (chunk.lesson_id,)),
        chunk.language in (scope.languages or (chunk.language,)),
        scope.build_ids is None or bool(builds & set(scope.build_ids)),
        scope.up_to is None
        or chunk.lesson_id != scope.up_to.lesson_id
        or chunk.locator.start < scope.up_to.position_s,
    ]
    return all(checks)


async def test_an_exact_term_comes_first(index: ChunkIndex) -> None:
    """The passage with the asked term leads the lexical list; passages without it are no hits."""
    await index.upsert(
        [
            make_point(make_chunk("无"), terms={7: 1.0}),
            make_point(make_chunk("有"), terms={7: 1.0, 42: 1.0}),
            make_point(make_chunk("空"), terms={}),
        ]
    )
    assert texts(await lexical_hits(index, 42)) == ["有"]
    assert texts(await lexical_hits(index, 42, 7)) == ["有", "无"]
    assert await lexical_hits(index, 99) == []


async def test_a_homophone_finds_the_passage_by_its_sound(index: ChunkIndex) -> None:
    """The pinyin leg finds what was heard or typed with other characters; the lexical leg does not."""
    said = [make_chunk("水稻喜欢温暖的气候。"), make_chunk("小麦怕涝。")]
    await index.upsert(
        [
            IndexedChunk(
                chunk, "b1", EAST, passage_vector(terms(chunk.text)), passage_vector(pinyin_terms(chunk.text))
            )
            for chunk in said
        ]
    )
    misheard = "水到喜欢吗"
    queries: list[DenseQuery | SparseQuery] = [
        SparseQuery(query_vector(pinyin_terms("水到")), leg="pinyin"),
        SparseQuery(query_vector(terms("水到"))),
        SparseQuery(query_vector(pinyin_terms(misheard)), "en", leg="pinyin"),
    ]
    found = await searched(index, queries, ALL, 5)
    assert [hit.leg for hit in found[0]] == ["pinyin"]
    assert texts(found[0]) == [said[0].text]
    assert found[1:] == [[], []]


async def test_a_rare_term_weighs_more_than_a_common_one(index: ChunkIndex) -> None:
    """With equal weights the passage with the rare term leads, by the ratio of the two terms' IDF."""
    common = [make_point(make_chunk(f"常{n}"), terms={1: 1.0}) for n in range(9)]
    await index.upsert([*common, make_point(make_chunk("罕"), terms={2: 1.0})])
    hits = await lexical_hits(index, 1, 2)
    assert hits[0].chunk.text == "罕"
    rare_idf, common_idf = np.log(1 + 9.5 / 1.5), np.log(1 + 1.5 / 9.5)
    assert hits[0].score / hits[1].score == pytest.approx(rare_idf / common_idf, rel=1e-4)


async def test_term_weights_of_passage_and_query_count(index: ChunkIndex) -> None:
    """A score is the product of both weights and the term's IDF, up to the largest term number."""
    largest = 2**32 - 1
    await index.upsert(
        [
            make_point(make_chunk("重"), terms={largest: 2.0}),
            make_point(make_chunk("轻"), terms={largest: 0.5}),
        ]
    )
    hits = (await searched(index, [SparseQuery(make_terms({largest: 3.0}))], ALL, 5))[0]
    assert texts(hits) == ["重", "轻"]
    assert [hit.score for hit in hits] == pytest.approx([6.0 * np.log(1.2), 1.5 * np.log(1.2)], rel=1e-4)


async def test_erasing_leaves_no_build_of_the_lessons(index: ChunkIndex) -> None:
    """Whatever builds list them; other lessons and platforms keep their points. Doing it again is safe."""
    # A platform of its own: erasing looks into every collection, and one server serves all tests.
    ours = "erases"
    assert await index.erase(ours, ["l1"]) == 0
    await index.upsert(
        [
            make_point(make_chunk("甲", platform=ours, lesson="l1"), build="b1"),
            make_point(make_chunk("乙", platform=ours, lesson="l1"), build="b2"),
            make_point(make_chunk("丙", platform=ours, lesson="l3")),
            make_point(make_chunk("丁", platform="p2", lesson="l1")),
        ]
    )
    assert await index.erase(ours, []) == 0
    assert await index.erase(ours, ["l1", "l9"]) == 2
    assert await index.erase(ours, ["l1"]) == 0
    assert texts(await dense_hits(index, Scope(ours))) == ["丙"]
    assert texts(await dense_hits(index, Scope("p2"))) == ["丁"]
