"""Collections on disk: one engine shard each, in `<root>/<collection>/<shard folder>/`.

`collection.json` names the shard folder that counts. It is replaced in one rename, so a crash at any
moment leaves exactly one valid shard; every other folder beside it is rubbish of an interrupted
optimization and is removed when the collection is opened.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import shutil
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import qdrant_edge as qe

from baize.edge.everywhere import Everywhere
from baize.edge.warm import warm_soon
from baize.edge.wire import VectorReader, to_config
from baize.errors import Conflict, InvalidInput, NotFound

_FEW = 2
"""Segments, one that is searched and one that is written, which the thread that asks searches by itself. The
engine makes a pool of threads for any number: each search wakes one of them and waits to be woken by it."""
_SETTLED_S = 3.0
"""After the last write: before, what is asked about all points would have to be asked again too soon."""
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.~+-]{0,127}", re.ASCII)
_log = logging.getLogger(__name__)


def _set() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass(slots=True)
class Collection:
    """An open collection. All of its methods block and hold the GIL, as the engine does.

    Attributes:
        spec: the body of its create request.
        n_writes: grows with every write; equal numbers mean an equal shard.
        n_unindexed: points written since the shard was last optimized, roughly.
        written_s: monotonic time of the last write.
        n_in_vain: times in a row that a write came while the shard was being optimized.
        n_vacuums_asked: how often what was deleted was to leave the files; more than `n_vacuums_done`: it is
            still to, which is known after a restart, too.
        writable: writers wait for it.
    """

    folder: Path
    spec: dict[str, Any]
    shard_name: str
    shard: qe.EdgeShard
    n_unindexed: int
    n_writes: int = 0
    written_s: float = field(default_factory=time.monotonic)
    n_in_vain: int = 0
    n_vacuums_asked: int = 0
    n_vacuums_done: int = 0
    writable: asyncio.Event = field(default_factory=_set)
    vectors: VectorReader = field(init=False)
    _everywhere: Everywhere = field(default_factory=Everywhere)

    def __post_init__(self) -> None:
        self.vectors = VectorReader(self.spec)

    def write(self, operation: qe.UpdateOperation, n_points: int, *, flush: bool) -> None:
        """Apply; after `flush` it also survives a power cut, without it the death of the process only."""
        self.n_writes += 1
        self.n_unindexed += n_points
        self.written_s = time.monotonic()
        self.shard.update(operation)
        if flush:
            self.shard.flush()

    def query(self, searches: Sequence[dict[str, Any]]) -> list[list[qe.ScoredPoint]]:
        """What each search finds."""
        queries = [self.vectors.query(self._eased(search)) for search in searches]
        return self.shard.query_batch(qe.QueryBatchRequest(queries))

    def _eased(self, search: Any) -> Any:
        if not isinstance(search, Mapping) or time.monotonic() - self.written_s < _SETTLED_S:
            return search
        within = self._everywhere.without(search.get("filter"), self.shard, self.n_writes)
        return {**search, "filter": within}

    @property
    def vacuum_due(self) -> bool:
        return self.n_vacuums_asked > self.n_vacuums_done

    def change(self, spec: dict[str, Any]) -> None:
        """Store the vectors in another way from now on; those that are there when the graph is built next."""
        self.n_unindexed = self.shard.info().points_count
        write_collection(self.folder, spec, self.shard_name, vacuum=self.vacuum_due)
        self.spec = spec
        # A build that is under way goes by the old description.
        self.n_writes += 1

    def ask_vacuum(self) -> None:
        """Have the files rewritten without what was deleted, soon."""
        self.n_vacuums_asked += 1
        n_optimized = max(0, self.shard.info().points_count - self.n_unindexed)
        write_collection(self.folder, self.spec, self.shard_name, n_optimized=n_optimized, vacuum=True)

    def adopt(self, shard_name: str, *, n_vacuums: int = 0) -> None:
        """Serve from another folder of this collection from now on; it must hold the same points.

        The rename of `collection.json` is the moment of change: before it the old shard counts, after it
        the new one, and nothing was written in between.

        Args:
            n_vacuums: it is without what was deleted when a vacuum was asked for so often.
        """
        fresh = _load_shard(self.folder / shard_name, self.spec)
        try:
            n_points = fresh.info().points_count
            if n_points != self.shard.info().points_count:
                raise RuntimeError(f"{shard_name} does not hold the points of {self.shard_name}")
            due = self.n_vacuums_asked > max(n_vacuums, self.n_vacuums_done)
            write_collection(self.folder, self.spec, shard_name, n_optimized=n_points, vacuum=due)
        except (OSError, RuntimeError):
            fresh.close()
            raise
        self.shard.close()
        self.shard, self.shard_name, self.n_unindexed = fresh, shard_name, 0

    def close(self) -> None:
        self.shard.flush()
        self.shard.close()


class Store:
    """All collections under one folder, each opened when it is first used. Not for several threads."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._open: dict[str, Collection] = {}
        root.mkdir(parents=True, exist_ok=True)

    def names(self) -> list[str]:
        return sorted(path.parent.name for path in self._root.glob("*/collection.json"))

    def opened(self) -> list[Collection]:
        return list(self._open.values())

    def exists(self, name: str) -> bool:
        return _described(self._folder(name))

    def get(self, name: str) -> Collection:
        """Raises NotFound."""
        if name not in self._open:
            if not self.exists(name):
                raise NotFound(f"Not found: Collection `{name}` doesn't exist!")
            self._open[name] = _load(self._folder(name))
        return self._open[name]

    def create(self, name: str, spec: dict[str, Any]) -> None:
        """Raises Conflict where it exists."""
        folder = self._folder(name)
        if _described(folder):
            raise Conflict(f"Wrong input: Collection `{name}` already exists!")
        config = to_config(spec, search_threads=1)
        shutil.rmtree(folder, ignore_errors=True)
        shard_name = new_shard_name()
        (folder / shard_name).mkdir(parents=True)
        shard = qe.EdgeShard.create(str(folder / shard_name), config)
        shard.flush()
        write_collection(folder, spec, shard_name)
        self._open[name] = Collection(folder, spec, shard_name, shard, n_unindexed=0)

    def drop(self, name: str) -> bool:
        """Remove a collection; False where there was none."""
        if not self.exists(name):
            return False
        folder = self._folder(name)
        if collection := self._open.pop(name, None):
            collection.n_writes += 1
            collection.shard.close()
        (folder / "collection.json").unlink()
        shutil.rmtree(folder, ignore_errors=True)
        return True

    def close(self) -> None:
        """Flush and close every shard; the last one's failure does not keep the others open."""
        for name in list(self._open):
            try:
                self._open.pop(name).close()
            except Exception:  # noqa: BLE001 - the engine raises bare Exception; acknowledged points are in its log
                _log.exception("collection %s did not close cleanly", name)

    def _folder(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise InvalidInput(f"Wrong input: `{name}` is no valid collection name")
        return self._root / name


def new_shard_name() -> str:
    """Never used before, so that an orphaned optimizer cannot write into a later one's folder."""
    return f"shard-{uuid.uuid4().hex}"


def write_collection(
    folder: Path, spec: dict[str, Any], shard_name: str, *, n_optimized: int = 0, vacuum: bool = False
) -> None:
    """Replace `collection.json` in one step that survives a power cut.

    Args:
        n_optimized: points that the shard held when it was optimized. The engine's own count of indexed
            vectors cannot stand in for it: it also counts the sparse ones, which not every point has.
        vacuum: what was deleted is still to leave the files.
    """
    described = {"spec": spec, "shard": shard_name, "n_optimized": n_optimized, "vacuum": vacuum}
    scratch = folder / "collection.tmp"
    with scratch.open("w", encoding="utf-8") as file:
        json.dump(described, file)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(folder / "collection.json")
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _described(folder: Path) -> bool:
    return (folder / "collection.json").is_file()


def _load_shard(path: Path, spec: dict[str, Any]) -> qe.EdgeShard:
    """Opens a shard; said each time how many threads search it, as the shard keeps what was said last."""
    n_segments = sum(1 for _ in (path / "segments").iterdir())
    n_threads = 1 if n_segments <= _FEW else os.cpu_count()
    return qe.EdgeShard.load(str(path), to_config(spec, search_threads=n_threads))


def _load(folder: Path) -> Collection:
    described = json.loads((folder / "collection.json").read_text("utf-8"))
    spec, shard_name = described["spec"], described["shard"]
    for other in folder.glob("shard-*"):
        if other.name != shard_name:
            shutil.rmtree(other, ignore_errors=True)
    shard = _load_shard(folder / shard_name, spec)
    warm_soon(folder / shard_name)
    # A shard of an older version, which noted nothing, is optimized once more.
    n_new = shard.info().points_count - described.get("n_optimized", 0)
    return Collection(
        folder,
        spec,
        shard_name,
        shard,
        n_unindexed=max(0, n_new),
        n_vacuums_asked=int(described.get("vacuum", False)),
    )
