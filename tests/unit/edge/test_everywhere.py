"""Conditions that all points meet are not asked of each; those that one point does not meet always are."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import qdrant_edge as qe

from baize.edge import store as edge_store
from baize.edge.everywhere import Everywhere
from baize.edge.store import Collection, Store

SPEC = {"vectors": {"dense": {"size": 2, "distance": "Dot"}}}


def write(collection: Collection, first: int, platform_id: str) -> None:
    points = [
        qe.Point(n, {"dense": [1.0, n]}, {"platform_id": platform_id}) for n in range(first, first + 10)
    ]
    collection.write(qe.UpdateOperation.upsert_points(points), len(points), flush=False)


def of_platform(platform_id: str) -> dict[str, Any]:
    return {"must": [{"key": "platform_id", "match": {"value": platform_id}}]}


def found(collection: Collection, platform_id: str) -> set[int]:
    search = {
        "query": [1.0, 1.0],
        "using": "dense",
        "limit": 100,
        "filter": of_platform(platform_id),
    }
    return {int(point.id) for point in collection.query([search])[0]}


@pytest.fixture
def collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Collection:
    monkeypatch.setattr(edge_store, "_SETTLED_S", 0.0)
    store = Store(tmp_path)
    store.create("c", SPEC)
    return store.get("c")


def test_the_only_platform_is_left_out_of_the_filter(collection: Collection) -> None:
    write(collection, 0, "a")
    known = Everywhere()
    assert known.without(of_platform("a"), collection.shard, 1) == {"must": []}
    assert known.without(of_platform("b"), collection.shard, 1) == of_platform("b")


def test_each_finds_its_own_before_and_after_another_platform_is_written(collection: Collection) -> None:
    write(collection, 0, "a")
    assert (found(collection, "a"), found(collection, "b")) == (set(range(10)), set())
    write(collection, 10, "b")
    assert (found(collection, "a"), found(collection, "b")) == (set(range(10)), set(range(10, 20)))


def test_a_point_that_moves_to_another_platform_is_not_found_in_the_first(collection: Collection) -> None:
    write(collection, 0, "a")
    assert found(collection, "a") == set(range(10))
    moved = qe.UpdateOperation.set_payload([3], {"platform_id": "b"})
    collection.write(moved, 1, flush=False)
    assert (found(collection, "a"), found(collection, "b")) == (set(range(10)) - {3}, {3})


def test_a_point_without_a_platform_is_found_in_none(collection: Collection) -> None:
    write(collection, 0, "a")
    collection.write(
        qe.UpdateOperation.upsert_points([qe.Point(99, {"dense": [1.0, 1.0]}, {})]), 1, flush=False
    )
    assert found(collection, "a") == set(range(10))


@pytest.mark.parametrize(
    "spec",
    [
        None,
        "all",
        {"should": [{"key": "platform_id", "match": {"value": "a"}}]},
        {"must_not": [{"key": "platform_id", "match": {"value": "a"}}]},
        {"must": {"key": "platform_id", "match": {"value": "a"}}},
        {"must": [{"key": "platform_id", "match": {"any": ["a"]}}]},
        {"must": [{"key": "platform_id", "match": {"value": "a"}, "range": {"lt": 1}}]},
    ],
)
def test_what_is_of_another_form_stays(collection: Collection, spec: Any) -> None:
    write(collection, 0, "a")
    assert Everywhere().without(spec, collection.shard, 1) == spec


def test_a_collection_of_few_segments_is_searched_by_the_thread_that_asks(collection: Collection) -> None:
    """The engine names the threads of a pool."""
    if not Path("/proc/self/task").exists():
        pytest.skip("the system does not list threads")
    before = search_threads()
    write(collection, 0, "a")
    assert found(collection, "a")
    assert search_threads() <= before


def search_threads() -> set[str]:
    names: set[str] = set()
    for task in Path("/proc/self/task").iterdir():
        # A thread of an earlier test may end while the list is read.
        with suppress(FileNotFoundError, ProcessLookupError):
            if "search" in (task / "comm").read_text():
                names.add(task.name)
    return names
