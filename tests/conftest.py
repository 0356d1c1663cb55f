"""Shared fixtures: a clean environment, loopback sockets only, asyncio as the one event loop."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is slow, and that is no fault of what is tested.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

for name in [name for name in os.environ if name.startswith("BAIZE_") and name != "BAIZE_CACHE"]:
    del os.environ[name]
os.environ["BAIZE_TESTING"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def repo_root() -> Path:
    return Path(__file__).resolve().parents[1]


@pytest.fixture
def in_folder(tmp_path: Path) -> Iterator[Path]:
    """The test runs inside an empty folder, so that no config.yaml is found by accident."""
    before = Path.cwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)
