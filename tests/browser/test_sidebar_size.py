"""What travels to a phone before it can be used, in bytes as gzip makes them."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from baize.sidebar import DIST, ENTRY
from tests.browser.host import Host, ask, hosted

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_KB = 1000


@pytest.fixture(scope="module")
def host(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with hosted(browser, tmp_path_factory.mktemp("host")) as host:
        yield host


def fetched(page: Page) -> set[str]:
    names: list[str] = page.evaluate(
        "performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)"
        ".filter((path) => path.startsWith('/sidebar/')).map((path) => path.split('/').pop())"
    )
    return set(names)


def zipped(names: set[str]) -> int:
    return sum(len(gzip.compress((DIST / name).read_bytes(), 9)) for name in names)


def test_the_shell_and_all_of_first_use_are_small(host: Host) -> None:
    """At most 30 kB to see it, 80 kB for the first answer; KaTeX comes with the first formula only."""
    with host.page("bare") as page:
        shell = {name for name in fetched(page) if not name.startswith("markdown")}
        ask(page)
        page.wait_for_selector(".chip")
        used = fetched(page)

    assert ENTRY in shell
    assert zipped(shell) <= 30 * _KB
    assert zipped(used) <= 80 * _KB
    assert not [name for name in used if name.startswith("katex")]
    assert len([name for name in used if name.startswith(("zh-CN", "en-"))]) == 1


def test_chunks_do_not_import_the_entry() -> None:
    """The entry may be loaded under several addresses; a chunk that imports it would load it once more."""
    for path in DIST.glob("*.js"):
        assert path.name == ENTRY or ENTRY not in path.read_text("utf-8")
