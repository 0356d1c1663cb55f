"""Remote files of a course: copied from admitted hosts, once for each version."""

from __future__ import annotations

from pathlib import Path

import pytest

from baize.domain.remote import RemoteFile
from baize.errors import InvalidInput, UpstreamBusy
from ingest.fetch import fetch_remote
from ingest.manifest import read_path
from ingest.plan import CoursePlan

pytestmark = pytest.mark.anyio

MANIFEST = """id: c
title: t
lessons:
  - {id: one, title: one, subtitles: ["https://media.example/a.zh.vtt?sig=1"]}
  - {id: two, title: two, video: "https://other.example/b.mp4"}
  - {id: three, title: three, documents: [notes.md]}
"""


class ScriptedFetcher:
    """Admits media.example, and gives version after version."""

    def __init__(self, *versions: str) -> None:
        self.versions = versions
        self.busy = False
        self.sent = 0

    def check(self, url: str) -> None:
        if "media.example" not in url:
            raise InvalidInput(f"{url} is not fetched.", remedy="Ask the operator.")

    async def download(self, url: str, into: Path, *, etag: str = "") -> RemoteFile:
        self.check(url)
        if self.busy:
            raise UpstreamBusy("The host does not answer.", remedy="Later.")
        if etag == self.versions[0]:
            return RemoteFile(etag, changed=False)
        self.sent += 1
        into.parent.mkdir(parents=True, exist_ok=True)
        into.write_text(f"WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n{self.versions[0]}\n")  # noqa: ASYNC240
        return RemoteFile(self.versions[0], changed=True)

    async def read(self, url: str, *, max_bytes: int) -> bytes:
        raise NotImplementedError


@pytest.fixture
def plan(tmp_path: Path) -> CoursePlan:
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "course.yaml").write_text(MANIFEST, encoding="utf-8")
    (folder / "notes.md").write_text("# Notes\n\nText.", encoding="utf-8")
    return read_path(folder, "p1")


async def test_copies_of_admitted_files(plan: CoursePlan, tmp_path: Path) -> None:
    """A lesson whose host is not admitted is a problem; the others go on. A name shows no signature."""
    fetched = await fetch_remote(plan, ScriptedFetcher("v1"), tmp_path / "remote")
    assert [lesson.id for lesson in fetched.lessons] == ["one", "three"]
    [subtitles] = fetched.lessons[0].subtitles
    assert (subtitles.name, subtitles.language) == ("https://media.example/a.zh.vtt", "zh")
    assert "v1" in subtitles.path.read_text()
    assert subtitles.path.suffix == ".vtt"
    assert [str(problem) for problem in fetched.problems] == [
        "https://other.example/b.mp4 is not fetched. Ask the operator."
    ]


async def test_each_version_is_sent_once(plan: CoursePlan, tmp_path: Path) -> None:
    """A host that does not answer is no reason to lose a copy, and one that is taken off the list is."""
    fetcher = ScriptedFetcher("v1")
    for _ in range(2):
        await fetch_remote(plan, fetcher, tmp_path / "remote")
    assert fetcher.sent == 1
    fetcher.busy = True
    assert len((await fetch_remote(plan, fetcher, tmp_path / "remote")).lessons) == 2
    assert len((await fetch_remote(plan, fetcher, tmp_path / "elsewhere")).lessons) == 1
    fetcher.busy, fetcher.versions = False, ("v2",)
    fetched = await fetch_remote(plan, fetcher, tmp_path / "remote")
    assert "v2" in fetched.lessons[0].subtitles[0].path.read_text()
