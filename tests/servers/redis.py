"""A pytest plugin: one real Redis for all tests that ask for the fixture `redis_url`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.servers.redis_server import RedisServer


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address; the test is skipped where the program is not installed."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server.url
