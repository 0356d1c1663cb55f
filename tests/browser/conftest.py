"""One browser and one library for all tests that drive Chromium."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from baize.api.app import create_app
from baize.settings import Settings
from tests.browser.chromium import launch, sample_library
from tests.unit.api.library import LiveServer

# How long a page may take is measured in `benchmarks/`; here a slow machine only waits longer than 5 s.
expect.set_options(timeout=30_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that drives Chromium gets a second try: a busy machine may stall it. Reruns are counted."""
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Per module: while Playwright is open, its event loop runs in this thread, and no other one may."""
    yield from launch()


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return sample_library(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def url(library: Settings) -> Iterator[str]:
    with LiveServer(create_app(library)) as server:
        yield server.url
