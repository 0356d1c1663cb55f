"""Swapping a shard for its optimized copy: no write is lost, whatever happens in between."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import time
import uuid
from pathlib import Path

import pytest
import qdrant_edge as qe

from baize.edge.build_graph import build
from baize.edge.optimize import Optimizer, copy_shard, optimize
from baize.edge.store import Collection, Store, new_shard_name, write_collection

pytestmark = pytest.mark.anyio

SPEC = {"vectors": {"dense": {"size": 8, "distance": "Cosine"}}}


def write(collection: Collection, numbers: range) -> None:
    points = [
        qe.Point(str(uuid.UUID(int=n + 1)), {"dense": [1.0, *[float(n)] * 7]}, {"n": n}) for n in numbers
    ]
    collection.write(qe.UpdateOperation.upsert_points(points), len(points), flush=True)


def count(collection: Collection) -> int:
    return collection.shard.count(qe.CountRequest())


def shards(collection: Collection) -> list[str]:
    return sorted(path.name for path in collection.folder.glob("shard-*"))


def filled(root: Path, n_points: int = 100) -> tuple[Store, Collection]:
    store = Store(root)
    store.create("c", SPEC)
    write(store.get("c"), range(n_points))
    return store, store.get("c")


async def test_the_optimized_copy_takes_over(tmp_path: Path) -> None:
    """Another folder serves the same points, and the old one is gone, also after opening again."""
    store, collection = filled(tmp_path)
    before = collection.shard_name
    assert await optimize(collection)
    assert collection.shard_name != before
    assert shards(collection) == [collection.shard_name]
    write(collection, range(100, 120))
    store.close()
    again = Store(tmp_path)
    assert count(again.get("c")) == 120
    again.close()


async def test_what_is_in_the_graph_stays_counted_when_opened_again(tmp_path: Path) -> None:
    """Points without one of the sparse vectors are no reason to optimize at each start; new points are."""
    store = Store(tmp_path)
    store.create("c", SPEC | {"sparse_vectors": {"pinyin": {}}})
    collection = store.get("c")
    write(collection, range(100))
    assert await optimize(collection)
    store.close()
    again = Store(tmp_path)
    assert again.get("c").n_unindexed == 0
    write(again.get("c"), range(100, 120))
    again.close()
    assert Store(tmp_path).get("c").n_unindexed == 20


async def test_a_write_meanwhile_keeps_the_old_shard(tmp_path: Path) -> None:
    """The copy is thrown away; the write is there."""
    store, collection = filled(tmp_path)
    before = collection.shard_name
    attempt = asyncio.create_task(optimize(collection))
    await asyncio.sleep(0)
    write(collection, range(100, 101))
    assert not await attempt
    assert collection.shard_name == before
    assert shards(collection) == [before]
    assert count(collection) == 101
    store.close()


async def test_a_collection_dropped_meanwhile_stays_dropped(tmp_path: Path) -> None:
    """The optimizer does not bring it back."""
    store, collection = filled(tmp_path)
    attempt = asyncio.create_task(optimize(collection))
    await asyncio.sleep(0)
    store.drop("c")
    results = await asyncio.gather(attempt, return_exceptions=True)
    assert results[0] is not True
    assert not store.exists("c")


async def test_a_crash_before_the_swap_keeps_the_old_shard(tmp_path: Path) -> None:
    """A finished copy that nobody named is removed when the collection is opened."""
    store, collection = filled(tmp_path)
    old, copy = collection.shard_name, new_shard_name()
    store.close()
    shutil.copytree(collection.folder / old, collection.folder / copy)
    build(str(collection.folder / copy))
    (collection.folder / "collection.tmp").write_text('{"spec": {')
    again = Store(tmp_path).get("c")
    assert (again.shard_name, shards(again), count(again)) == (old, [old], 100)
    again.close()


async def test_a_crash_after_the_swap_keeps_the_copy(tmp_path: Path) -> None:
    """Once `collection.json` names the copy, the old folder is what is removed."""
    store, collection = filled(tmp_path)
    old, copy = collection.shard_name, new_shard_name()
    store.close()
    shutil.copytree(collection.folder / old, collection.folder / copy)
    write_collection(collection.folder, SPEC, copy)
    again = Store(tmp_path).get("c")
    assert (again.shard_name, shards(again), count(again)) == (copy, [copy], 100)
    again.close()


async def test_a_changed_description_is_built_into_the_next_shard(tmp_path: Path) -> None:
    """Vectors that are to be quantized are built anew, also when the server ends before they are."""
    store, collection = filled(tmp_path)
    assert await optimize(collection)
    assert collection.n_unindexed == 0
    scalar = {"scalar": {"type": "int8", "always_ram": True}}
    collection.change({"vectors": {"dense": SPEC["vectors"]["dense"] | {"quantization_config": scalar}}})
    store.close()
    again = Store(tmp_path)
    assert again.get("c").n_unindexed == 100
    assert await optimize(again.get("c"))
    assert (again.get("c").n_unindexed, count(again.get("c"))) == (0, 100)
    built = again.get("c").folder / again.get("c").shard_name / "edge_config.json"
    params = json.loads(built.read_text("utf-8"))["vectors"]["dense"]
    assert params["quantization_config"]["scalar"]["type"] == "int8"
    again.close()


async def test_a_copy_with_other_points_is_not_adopted(tmp_path: Path) -> None:
    """A damaged copy raises, and the old shard goes on serving."""
    store, collection = filled(tmp_path)
    other = new_shard_name()
    config = qe.EdgeConfig(vectors={"dense": qe.EdgeVectorParams(size=8, distance=qe.Distance.Cosine)})
    (collection.folder / other).mkdir()
    qe.EdgeShard.create(str(collection.folder / other), config).close()
    with pytest.raises(RuntimeError, match="does not hold the points"):
        collection.adopt(other)
    assert count(collection) == 100
    store.close()


async def test_it_waits_for_enough_points_and_a_quiet_moment(tmp_path: Path) -> None:
    """Below the threshold nothing happens; above it the shard is replaced once."""
    store, collection = filled(tmp_path, n_points=30)
    caretaker = asyncio.create_task(Optimizer(store, min_points=50, quiet_s=0.1).run())
    before = collection.shard_name
    await asyncio.sleep(0.5)
    assert collection.shard_name == before
    write(collection, range(30, 60))
    for _ in range(200):
        await asyncio.sleep(0.1)
        if collection.shard_name != before:
            break
    after = collection.shard_name
    assert after != before
    await asyncio.sleep(0.5)
    assert collection.shard_name == after
    caretaker.cancel()
    await asyncio.gather(caretaker, return_exceptions=True)
    assert count(collection) == 60
    store.close()


async def test_a_build_that_is_of_no_use_any_more_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write ends the child at once; tries in vain make it wait for a longer silence."""
    store, collection = filled(tmp_path)
    caretaker = Optimizer(store, min_points=50, quiet_s=1000.0)
    children: list[asyncio.subprocess.Process] = []
    real = asyncio.create_subprocess_exec

    async def endless(*arguments: str, **options: object) -> asyncio.subprocess.Process:
        del arguments, options
        children.append(await real(sys.executable, "-c", "import time; time.sleep(3600)"))
        write(collection, range(100, 101))
        return children[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", endless)
    await caretaker._attempt(collection)
    assert [child.returncode for child in children] == [-9]
    assert shards(collection) == [collection.shard_name]
    assert collection.n_unindexed == 101
    collection.written_s = time.monotonic() - 1900.0
    assert not caretaker._is_due(collection)
    collection.written_s = time.monotonic() - 2000.0
    assert caretaker._is_due(collection)
    monkeypatch.undo()
    await caretaker._attempt(collection)
    assert collection.n_in_vain == 0
    store.close()


def test_a_copy_that_lost_a_file_is_made_again(tmp_path: Path) -> None:
    """The engine may drop a log file while the folder is copied: the torn copy goes, the next is whole."""
    source, target = tmp_path / "shard", tmp_path / "copy"
    source.mkdir()
    (source / "segment").write_text("points")
    calls: list[Path] = []

    def vanishing(src: Path, dst: Path) -> None:
        calls.append(dst)
        if len(calls) == 1:
            dst.mkdir()
            (dst / "torn").touch()
            raise shutil.Error("a file vanished")
        shutil.copytree(src, dst)

    copy_shard(source, target, vanishing)
    assert [file.name for file in target.iterdir()] == ["segment"]
    assert len(calls) == 2


def test_a_copy_that_never_comes_about_is_an_error(tmp_path: Path) -> None:
    """A source that is gone, or a full disk: told after three tries, nothing left behind."""
    with pytest.raises(OSError, match="shard"):
        copy_shard(tmp_path / "no-shard", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


async def test_a_vacuum_leaves_nothing_deleted_in_any_file(tmp_path: Path) -> None:
    """Nor in the log, in which later writes still count; one that was asked for is not lost in a crash."""
    store, collection = filled(tmp_path)
    marked = qe.Point(str(uuid.UUID(int=777)), {"dense": [1.0] * 8}, {"text": "SECRETMARK"})
    collection.write(qe.UpdateOperation.upsert_points([marked]), 1, flush=True)
    collection.write(qe.UpdateOperation.delete_points([str(uuid.UUID(int=777))]), 0, flush=True)
    assert holding(collection, b"SECRETMARK")
    collection.ask_vacuum()
    store.close()
    store = Store(tmp_path)
    collection = store.get("c")
    assert collection.vacuum_due
    await Optimizer(store, min_points=1_000_000)._vacuum(collection)
    assert not collection.vacuum_due
    assert not holding(collection, b"SECRETMARK")
    assert count(collection) == 100
    changed = qe.UpdateOperation.set_payload([str(uuid.UUID(int=1))], {"n": 4711})
    collection.write(changed, 1, flush=True)
    assert collection.shard.retrieve([str(uuid.UUID(int=1))], True, False)[0].payload == {"n": 4711}
    store.close()


async def test_a_vacuum_that_is_written_into_holds_writers_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After two tries in vain writers wait, and one that was asked for meanwhile is due again."""
    store, collection = filled(tmp_path)
    free: list[bool] = []

    async def pretend(collection: Collection, *, vacuum: bool) -> bool:
        free.append(collection.writable.is_set())
        if not free[-1]:
            collection.ask_vacuum()
        return not free[-1]

    monkeypatch.setattr("baize.edge.optimize.optimize", pretend)
    collection.ask_vacuum()
    await Optimizer(store, min_points=1_000_000)._vacuum(collection)
    assert free == [True, True, False]
    assert collection.writable.is_set()
    assert collection.vacuum_due
    store.close()


def holding(collection: Collection, mark: bytes) -> list[Path]:
    return [path for path in collection.folder.rglob("*") if path.is_file() and mark in path.read_bytes()]
