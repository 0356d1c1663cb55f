"""Catalogue files through docking, over doubles: deltas, ids, problems, and what searching finds of them."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest

from baize.bootstrap import opened
from baize.domain.search import Scope, Vector
from baize.edge.launch import stop
from baize.errors import EmptySource, IndexUnavailable, InvalidManifest
from baize.retrieval.assess import AssessOptions
from baize.retrieval.cosine import CosineScale
from baize.services.find import Finder, FindOptions
from baize.services.forget import forget_course
from baize.services.search import Searching
from baize.settings import Settings
from baize.testing.hash_embedder import HashEmbedder
from baize.testing.memory_cards import MemoryCards
from baize.testing.memory_catalog import MemoryCatalog
from baize.testing.memory_index import MemoryIndex
from baize.testing.paragraph_splitter import ParagraphSplitter
from baize.testing.simple_token_counter import SimpleTokenCounter
from ingest.catalogue import DockingParts, dock
from ingest.chunk import ChunkOptions
from ingest.dock import dock_file, docking
from ingest.extract.catalogue_file import CatalogueEntry, Unusable, read_catalogue
from ingest.report import CatalogueReport

pytestmark = pytest.mark.anyio
pytest_plugins = ["tests.servers.postgres"]

ROWS: list[dict[str, Any]] = [
    {
        "id": "ml/101",
        "title": "机器学习入门",
        "description": "监督学习与无监督学习。",
        "tags": ["人工智能"],
        "level": "入门",
    },
    {
        "id": "garden",
        "title": "阳台种菜",
        "description": "选盆、配土、浇水。",
        "url": "https://zj.example/garden",
    },
    {"id": "excel", "title": "Spreadsheets", "language": "English", "keywords": "office; tables"},
]


class CountingEmbedder(HashEmbedder):
    """Remembers how many texts it embedded."""

    n_texts = 0

    async def embed_passages(self, texts: Sequence[str]) -> Vector:
        self.n_texts += len(texts)
        return await super().embed_passages(texts)


class BreakingIndex(MemoryIndex):
    """Goes away after some writes."""

    writes_left = 1_000_000

    async def upsert(self, points: Sequence[Any]) -> None:
        await super().upsert(points)
        self.writes_left -= 1
        if self.writes_left < 0:
            raise IndexUnavailable("The vector store does not answer.", remedy="Start it.")


class TickingClock:
    """Every look is a second later."""

    seconds = 1000.0

    def now(self) -> float:
        self.seconds += 1
        return self.seconds


@dataclass
class Harbour:
    folder: Path
    catalog: MemoryCatalog = field(default_factory=MemoryCatalog)
    index: BreakingIndex = field(default_factory=BreakingIndex)
    embedder: CountingEmbedder = field(default_factory=CountingEmbedder)
    clock: TickingClock = field(default_factory=TickingClock)

    def __post_init__(self) -> None:
        self.cards = MemoryCards(self.catalog)

    def write(self, rows: Sequence[dict[str, Any] | str], name: str = "zj.jsonl") -> Path:
        lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
        path = self.folder / name
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    def parts(self) -> DockingParts:
        return DockingParts(
            cards=self.cards,
            index=self.index,
            embedder=self.embedder,
            counter=SimpleTokenCounter(),
            splitter=ParagraphSplitter(),
            clock=self.clock,
            chunking=ChunkOptions(max_tokens=40, overlap_sentences=1),
        )

    async def dock(self, rows: Sequence[dict[str, Any] | str], source: str = "zj") -> CatalogueReport:
        return await dock(
            "p1", source, read_catalogue(self.write(rows)), self.parts(), lambda _done, _total: None
        )

    async def search(self, query: str) -> list[tuple[str, str]]:
        """(course, page at the source) of each result."""
        options = FindOptions(100, 100, 0, AssessOptions(CosineScale(0.5, 0.5), 2.0))
        finders = [
            Finder(index=index, embedder=self.embedder, catalog=catalog, options=options)
            for index, catalog in ((MemoryIndex(), self.catalog), (self.index, self.cards))
        ]
        searching = Searching(
            finder=finders[0], catalog=self.catalog, card_finder=finders[1], cards=self.cards
        )
        results = await searching.search(query, Scope("p1"), kind="courses")
        return [(result.moment.hit.chunk.course_id, result.url) for result in results]


@pytest.fixture
def harbour(tmp_path: Path) -> Harbour:
    return Harbour(tmp_path)


def counts(report: CatalogueReport) -> tuple[int, int, int, int]:
    return report.n_new, report.n_changed, report.n_unchanged, report.n_removed


async def test_courses_are_searchable_at_once(harbour: Harbour) -> None:
    """By title, description and tags; with their page at the source; ids that are none are mapped."""
    assert counts(await harbour.dock(ROWS)) == (3, 0, 0, 0)
    assert (await harbour.search("监督学习"))[0] == ("ml-101", "")
    assert (await harbour.search("阳台种菜"))[0] == ("garden", "https://zj.example/garden")
    assert (await harbour.search("人工智能"))[0][0] == "ml-101"
    assert (await harbour.search("office tables"))[0][0] == "excel"
    found = await harbour.catalog.course("p1", "ml-101")
    assert found is not None
    assert (found.level, found.tags, found.language) == ("beginner", ("人工智能",), "zh")
    [card] = await harbour.cards.of_courses("p1", ["ml-101"])
    assert (card.source_id, card.external_id) == ("zj", "ml/101")


async def test_a_second_run_costs_nothing(harbour: Harbour) -> None:
    await harbour.dock(ROWS)
    before, ids = harbour.embedder.n_texts, await harbour.index.ids(Scope("p1"))
    assert counts(await harbour.dock(ROWS)) == (0, 0, 3, 0)
    assert harbour.embedder.n_texts == before
    assert await harbour.index.ids(Scope("p1")) == ids


async def test_a_delta_touches_its_own_courses_only(harbour: Harbour) -> None:
    """A changed row changes, a vanished one goes, and nothing old is left in the index."""
    await harbour.dock(ROWS)
    n_before = harbour.embedder.n_texts
    changed = {**ROWS[1], "description": "春天播种。"}
    assert counts(await harbour.dock([ROWS[0], changed])) == (0, 1, 1, 1)
    assert harbour.embedder.n_texts == n_before + 1
    assert (await harbour.search("春天播种"))[0][0] == "garden"
    assert "excel" not in {course for course, _ in await harbour.search("office tables")}
    assert await harbour.catalog.course("p1", "excel") is None
    assert await harbour.index.count(Scope("p1")) == await harbour.cards.n_chunks("p1") == 2


async def test_sources_do_not_touch_each_other(harbour: Harbour) -> None:
    """One id in two sources is two courses; `same_as` makes it one with two cards."""
    await harbour.dock(ROWS)
    await harbour.dock(
        [{"id": "garden", "title": "花园设计"}, {"id": "G-7", "title": "种菜", "same_as": "garden"}], "ah"
    )
    assert {course.id for course in await harbour.catalog.courses("p1")} == {
        "ml-101",
        "garden",
        "excel",
        "ah~garden",
    }
    assert [c.source_id for c in await harbour.cards.of_courses("p1", ["garden"])] == ["zj", "ah"]
    assert counts(await harbour.dock([{"id": "garden", "title": "花园设计"}], "ah")) == (0, 0, 1, 1)
    assert [c.source_id for c in await harbour.cards.of_courses("p1", ["garden"])] == ["zj"]


async def test_two_ids_of_one_slug_stay_two_courses(harbour: Harbour) -> None:
    """Also when the second comes with a later delta."""
    await harbour.dock([{"id": "a b", "title": "one"}])
    await harbour.dock([{"id": "a b", "title": "one"}, {"id": "a/b", "title": "two"}])
    courses = {course.title: course.id for course in await harbour.catalog.courses("p1")}
    assert courses["one"] == "a-b"
    assert courses["two"].startswith("zj~a-b-")


async def test_bad_lines_are_named_and_the_rest_goes_on(harbour: Harbour) -> None:
    """File, line and remedy; courses that may have stood in an unreadable line stay."""
    await harbour.dock(ROWS)
    report = await harbour.dock([
        "not json",
        "[1]",
        {"title": "no id"},
        {"id": "x"},
        {"id": "y", "title": "t", "url": "javascript:alert(1)"},
        ROWS[0],
        {**ROWS[0], "title": "again"},
        {"id": "z", "title": "t", "same_as": "nobody"},
        {"id": "w", "title": ["x"]},
    ])  # fmt: skip
    assert counts(report) == (0, 0, 1, 0)
    assert sorted(problem.line or 0 for problem in report.problems) == [1, 2, 3, 4, 5, 7, 8, 9]
    assert all(problem.path.endswith("zj.jsonl") and problem.remedy for problem in report.problems)
    assert await harbour.catalog.course("p1", "garden") is not None
    # A line that tells its id hides nobody else.
    assert counts(await harbour.dock([ROWS[0], {"id": "excel", "title": ""}])) == (0, 0, 1, 1)
    assert await harbour.catalog.course("p1", "garden") is None
    assert await harbour.catalog.course("p1", "excel") is not None


async def test_an_empty_catalogue_removes_nothing(harbour: Harbour) -> None:
    await harbour.dock(ROWS)
    with pytest.raises(EmptySource, match="nothing was removed"):
        await harbour.dock([])
    assert len(await harbour.catalog.courses("p1")) == 3


async def test_a_run_that_died_is_finished_by_the_next(harbour: Harbour) -> None:
    """Points that nobody knows are swept, though their entry changed meanwhile."""
    harbour.index.writes_left = 0
    with pytest.raises(IndexUnavailable):
        await harbour.dock(ROWS)
    assert await harbour.search("阳台种菜") == []
    harbour.index.writes_left = 100
    await harbour.dock([{**row, "description": "新的介绍。"} for row in ROWS])
    assert await harbour.index.count(Scope("p1")) == await harbour.cards.n_chunks("p1") == 3


async def test_a_lost_index_is_filled_again(harbour: Harbour) -> None:
    await harbour.dock(ROWS)
    harbour.index = BreakingIndex()
    await harbour.dock(ROWS)
    assert await harbour.index.count(Scope("p1")) == 3


async def test_a_forgotten_course_leaves_no_card(harbour: Harbour) -> None:
    await harbour.dock(ROWS)
    await forget_course(
        "p1",
        "garden",
        publisher=harbour.catalog,
        catalog=harbour.catalog,
        index=MemoryIndex(),
        cards=harbour.cards,
        card_index=harbour.index,
    )
    assert await harbour.index.count(Scope("p1", course_ids=("garden",))) == 0
    assert set(await harbour.cards.known("p1", "zj")) == {"ml/101", "excel"}


async def test_a_source_needs_a_name_that_is_one(harbour: Harbour) -> None:
    with pytest.raises(InvalidManifest, match="cannot name a source"):
        await harbour.dock(ROWS, "浙 江/1")


def entries(path: Path) -> list[CatalogueEntry]:
    read = list(read_catalogue(path))
    assert not [item for item in read if isinstance(item, Unusable)]
    return [item for item in read if isinstance(item, CatalogueEntry)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv_in_any_usual_encoding(tmp_path: Path, encoding: str) -> None:
    """As spreadsheets export it, with commas, semicolons or tabs, and quoted line ends."""
    for delimiter in ",;\t":
        rows = [["ID", "标题", "简介", "标签"], ["1", "量血压", '"第一行\n第二行，还有"', "健康、老年"]]
        text = "\r\n".join(delimiter.join(row) for row in rows)
        (tmp_path / "c.csv").write_bytes(text.encode(encoding))
        [entry] = entries(tmp_path / "c.csv")
        assert (entry.external_id, entry.title, entry.tags) == ("1", "量血压", ("健康", "老年"))
        assert entry.description == "第一行\n第二行，还有"


def test_a_csv_without_names_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("1,Bread\n2,Salt\n")
    with pytest.raises(InvalidManifest, match="id and title") as caught:
        list(read_catalogue(tmp_path / "c.csv"))
    assert caught.value.line == 1


def test_csv_rows_that_do_not_fit_are_named(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("id,title\n1,Bread, and salt\n\n2,Salt\n", encoding="utf-8")
    read = list(read_catalogue(tmp_path / "c.csv"))
    assert isinstance(read[0], Unusable)
    assert read[0].problem.line == 2
    assert isinstance(read[1], CatalogueEntry)


def test_a_line_without_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_bytes(b'{"id": "' + b"x" * 3_000_000 + b'"}\n{"id": "a", "title": "t"}\n')
    read = list(read_catalogue(tmp_path / "c.jsonl"))
    assert [type(item) for item in read] == [Unusable, CatalogueEntry]


def test_a_line_without_an_end_is_not_read_whole(tmp_path: Path) -> None:
    """Of a table of gigabytes without a line break, as much is read as a line may have."""
    path = tmp_path / "endless.csv"
    path.write_bytes(b"id,title\n1,a\n2," + b"x" * 40_000_000)
    tracemalloc.start()
    found = list(read_catalogue(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(found[0], CatalogueEntry)
    assert isinstance(found[1], Unusable)
    assert "longer than" in str(found[1].problem)
    assert peak < 20_000_000


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
async def test_a_source_is_docked_by_one_at_a_time(
    store: str, harbour: Harbour, request: pytest.FixtureRequest
) -> None:
    """A second docking waits for the first: of one folder, and, with PostgreSQL, of any machine."""
    url = request.getfixturevalue("postgres_url") if store == "postgres" else ""
    folders = [harbour.folder / ("one" if store == "sqlite" else name) for name in ("one", "other")]
    one, other = (
        Settings(data_dir=folder, database_url=url, embedder={"kind": "fake"}, chat={"kind": "none"})
        for folder in folders
    )
    path = harbour.write(ROWS)
    async with (
        opened(one) as holder,
        opened(other) as waiter,
        anyio.create_task_group() as tasks,
        docking(holder, "zj"),
    ):
        tasks.start_soon(dock_file, waiter, path, "zj")
        await dock_file(waiter, harbour.write(ROWS[1:], "gd.jsonl"), "gd")
        assert await waiter.cards.state("default", "zj") is None
    async with opened(other) as house:
        assert (await house.cards.state("default", "zj")).complete
    await stop(folders[1])
