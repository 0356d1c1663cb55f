"""Harvesting a real small repository: pages, deletions, deltas, broken answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from baize.adapters.fetch_httpx import FetchOptions, HttpxFetcher
from baize.errors import BaizeError, InvalidInput, UnreadableSource
from ingest.extract.catalogue_file import CatalogueEntry
from ingest.extract.oai_pmh import harvest, identify
from ingest.harvest import harvest_source
from ingest.report import CatalogueReport
from tests.integration.test_catalogue import Harbour, counts
from tests.servers.oai_pmh import OaiRepository, Record, serving

pytestmark = pytest.mark.anyio

LOM = """<lom xmlns="http://ltsc.ieee.org/xsd/LOM"><general><title><string language="en">Bread</string>
<string language="zh">做面包</string></title><language>zh</language>
<description><string language="zh">揉面与发酵。</string></description>
<keyword><string language="zh">烘焙</string></keyword></general><technical>
<location>https://zj.example/bread</location></technical><educational><difficulty><value>easy</value></difficulty>
</educational></lom>"""


def record(n: int, title: str, day: int = 1) -> Record:
    fields = (
        ("title", title),
        ("description", f"关于{title}的课程。"),
        ("subject", "生活"),
        ("language", "zh-CN"),
        ("identifier", f"https://zj.example/{n}"),
    )
    return Record(f"oai:zj.example:{n}", f"2026-11-{day:02}T00:00:00Z", fields)


@pytest.fixture
def repository() -> OaiRepository:
    titles = ("种菜", "养花", "做饭", "量血压", "防诈骗")
    return OaiRepository([record(n, title) for n, title in enumerate(titles)])


@pytest.fixture
def base_url(repository: OaiRepository) -> Iterator[str]:
    with serving(repository) as port:
        yield f"http://oai.example:{port}/oai"


def fetcher_of(base_url: str) -> HttpxFetcher:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    host = base_url.removesuffix("/oai")
    return HttpxFetcher(FetchOptions(hosts=(host,), private_hosts=("oai.example",)), resolve)


async def run(harbour: Harbour, base_url: str, *, full: bool = False) -> CatalogueReport:
    return await harvest_source(
        "p1", "zj", base_url, fetcher_of(base_url), harbour.parts(), lambda _d, _t: None, full=full
    )


async def test_every_page_is_read(repository: OaiRepository, base_url: str) -> None:
    """Resumption tokens are followed to the end; a repository that is busy is waited for."""
    repository.busy = 2
    found = [entry async for entry in harvest(base_url, fetcher_of(base_url))]
    assert [entry.title for entry in found if isinstance(entry, CatalogueEntry)] == [
        "种菜", "养花", "做饭", "量血压", "防诈骗",
    ]  # fmt: skip
    first = found[0]
    assert isinstance(first, CatalogueEntry)
    assert (first.external_id, first.language, first.url) == (
        "oai:zj.example:0",
        "zh",
        "https://zj.example/0",
    )
    assert first.tags == ("生活",)


async def test_lom_in_the_language_of_the_course(repository: OaiRepository, base_url: str) -> None:
    repository.records = [Record("oai:zj.example:b", "2026-11-01T00:00:00Z", lom=LOM)]
    [entry] = [entry async for entry in harvest(base_url, fetcher_of(base_url), prefix="lom")]
    assert entry == CatalogueEntry(
        "oai:zj.example:b", "做面包", "揉面与发酵。", ("烘焙",), "beginner", "zh", "https://zj.example/bread",
        place=f"{base_url} oai:zj.example:b",
    )  # fmt: skip


async def test_a_delta_asks_for_what_changed(
    tmp_path: Path, repository: OaiRepository, base_url: str
) -> None:
    """From the server's own clock on; deleted records go, the others stay."""
    harbour = Harbour(tmp_path)
    assert counts(await run(harbour, base_url)) == (5, 0, 0, 0)
    repository.records[1] = record(1, "插花", day=29)
    repository.records[2] = Record("oai:zj.example:2", "2026-11-29T00:00:00Z", deleted=True)
    repository.now = "2026-11-30T00:00:00Z"
    assert counts(await run(harbour, base_url)) == (0, 1, 0, 1)
    assert repository.asked[-1]["from"] == "2026-11-28T12:00:00Z"
    assert len(await harbour.catalog.courses("p1")) == 4
    assert counts(await run(harbour, base_url)) == (0, 0, 0, 0)
    assert counts(await run(harbour, base_url, full=True)) == (0, 0, 4, 0)


async def test_without_deletions_everything_is_compared(
    tmp_path: Path, repository: OaiRepository, base_url: str
) -> None:
    """A repository that forgets what it deleted is harvested whole."""
    harbour = Harbour(tmp_path)
    repository.deleted_record = "no"
    await run(harbour, base_url)
    del repository.records[0]
    assert counts(await run(harbour, base_url)) == (0, 0, 4, 1)
    assert "from" not in repository.asked[-1]


async def test_bad_records_are_named_and_the_rest_goes_on(
    tmp_path: Path, repository: OaiRepository, base_url: str
) -> None:
    repository.records[0] = Record("oai:zj.example:0", "2026-11-01T00:00:00Z", (("description", "no title"),))
    report = await run(Harbour(tmp_path), base_url)
    assert counts(report) == (4, 0, 0, 0)
    assert [problem.path for problem in report.problems] == [f"{base_url} oai:zj.example:0"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>hello</html>", "does not speak"),
        (b"not xml", "XML is broken"),
        (b"<OAI-PMH><ListRecords><record>", "XML is broken"),
        (b'<!DOCTYPE x [<!ENTITY a "ha">]><OAI-PMH>&a;</OAI-PMH>', "document type"),
        (b"<OAI-PMH><error code='badVerb'>no</error></OAI-PMH>", "badVerb|identify"),
    ],
)
async def test_broken_answers_change_nothing(
    tmp_path: Path, repository: OaiRepository, base_url: str, body: bytes, message: str
) -> None:
    """A cut page is an error, never an end: nothing is taken for vanished."""
    harbour = Harbour(tmp_path)
    await run(harbour, base_url)
    repository.body = body
    with pytest.raises(UnreadableSource, match=message):
        await run(harbour, base_url, full=True)
    with pytest.raises(UnreadableSource):
        _ = [entry async for entry in harvest(base_url, fetcher_of(base_url))]
    assert len(await harbour.catalog.courses("p1")) == 5


async def test_an_endless_list_ends(repository: OaiRepository, base_url: str) -> None:
    repository.same_token = True
    with pytest.raises(UnreadableSource, match="same resumption token"):
        _ = [entry async for entry in harvest(base_url, fetcher_of(base_url))]


async def test_only_admitted_repositories(base_url: str) -> None:
    with pytest.raises(InvalidInput, match="is not fetched"):
        await identify("http://elsewhere.example/oai", fetcher_of(base_url))
    with pytest.raises(BaizeError):
        await identify(base_url.replace("oai.example", "127.0.0.1"), fetcher_of(base_url))
