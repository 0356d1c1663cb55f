"""One browser and one library for all tests that drive Chromium."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from baize.api.app import create_app
from baize.settings import Settings
from tests.browser.chromium import launch, sample_library
from tests.unit.api.library import LiveServer


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
