"""Two replicas, a worker, PostgreSQL, Redis, an index server and nginx, as processes of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import replicas

pytestmark = pytest.mark.timeout(1200)


def test_one_replica_stands_in_for_another(tmp_path: Path) -> None:
    """Resumed on the other, no stored answer lost by kill -9, limits of both together; all by HTTP."""
    report = replicas.run(tmp_path)
    assert report["wrong"] == []
    assert report["resumed"]["events_elsewhere"] >= 1
    assert report["killed"]["lost_and_asked_again"] >= 1
    assert report["limits"]["most_at_endpoint"] >= 2
