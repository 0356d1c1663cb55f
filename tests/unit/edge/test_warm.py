"""Reading a shard's passages ahead of the first question."""

from __future__ import annotations

from pathlib import Path

import pytest
import qdrant_edge as qe

from baize.edge.store import Store
from baize.edge.warm import warm

SPEC = {"vectors": {"dense": {"size": 2, "distance": "Dot"}}}


def test_what_passages_are_stored_in_is_read(tmp_path: Path) -> None:
    """All files of the payload storage, of each segment; the engine's layout is as we take it to be."""
    store = Store(tmp_path)
    store.create("c", SPEC)
    collection = store.get("c")
    points = [qe.Point(n, {"dense": [1.0, n]}, {"passage": "text" * 50}) for n in range(100)]
    collection.write(qe.UpdateOperation.upsert_points(points), len(points), flush=True)
    stored = [
        path
        for path in (collection.folder / collection.shard_name).rglob("*")
        if path.is_file() and "payload_storage" in path.parts
    ]
    n_bytes = sum(path.stat().st_size for path in stored)
    assert stored
    assert warm(collection.folder / collection.shard_name) == n_bytes > 0
    store.close()


def test_it_is_read_when_a_store_is_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    store.create("c", SPEC)
    store.close()
    read: list[Path] = []
    monkeypatch.setattr("baize.edge.store.warm_soon", read.append)
    again = Store(tmp_path)
    collection = again.get("c")
    assert read == [collection.folder / collection.shard_name]
    again.get("c")
    again.close()
    assert len(read) == 1


def test_a_shard_that_is_gone_is_no_error(tmp_path: Path) -> None:
    """It may be replaced by its optimized copy while it is read."""
    assert warm(tmp_path / "shard-gone") == 0
