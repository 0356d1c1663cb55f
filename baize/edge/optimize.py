"""Builds the vector graph of a shard without stopping the server.

The engine indexes nothing by itself, leaves what was deleted in its files and its log, and `optimize()` holds
the GIL for as long as it runs. So the server copies the flushed shard, a child process (`build_graph.py`)
optimizes the copy, and the server adopts the copy if nothing was written meanwhile. A write ends the child
and the copy, and the next try waits for a quiet moment of twice the length: a load with pauses in it is not
copied over and over. Searches are answered throughout, but for the moment of opening the copy.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from baize.edge.store import Collection, Store, new_shard_name

QUIET_S = 3.0
_MOST_PATIENCE = 64
"""Times `quiet_s` that is waited for after tries in vain."""
_LOOK_S = 0.5
"""How often a build looks whether it is still of use."""
_COPY_TRIES = 3
_FREE_TRIES = 2
"""Of a vacuum while others may write."""
_COPY_PAUSE_S = 0.2

_log = logging.getLogger(__name__)


class Optimizer:
    """Looks after the shards of one store.

    Args:
        min_points: optimize when so many points are not in the graph; below that a plain scan is exact
            and quick.
        quiet_s: and nothing was written for so long; twice as long after each try that a write ended.
    """

    def __init__(self, store: Store, *, min_points: int, quiet_s: float = QUIET_S) -> None:
        self._store = store
        self._min_points = min_points
        self._quiet_s = quiet_s
        self.busy = False

    async def run(self) -> None:
        """Work until cancelled; a cancelled build leaves nothing behind but an unused folder."""
        while True:
            await asyncio.sleep(self._quiet_s / 3)
            for collection in self._store.opened():
                if collection.vacuum_due:
                    await self._vacuum(collection)
                elif self._is_due(collection):
                    await self._attempt(collection)

    def _is_due(self, collection: Collection) -> bool:
        quiet_s = time.monotonic() - collection.written_s
        wanted_s = self._quiet_s * min(2**collection.n_in_vain, _MOST_PATIENCE)
        return collection.n_unindexed >= self._min_points and quiet_s >= wanted_s

    async def _attempt(self, collection: Collection) -> None:
        began_s = time.monotonic()
        try:
            self.busy = True
            done = await optimize(collection)
        except Exception:  # noqa: BLE001 - the engine raises bare Exception; the old shard keeps serving
            _log.exception("optimizing %s failed", collection.folder.name)
            collection.n_unindexed = 0
            return
        finally:
            self.busy = False
        collection.n_in_vain = 0 if done else collection.n_in_vain + 1
        if done:
            _log.info("optimized %s in %.1f s", collection.folder.name, time.monotonic() - began_s)

    async def _vacuum(self, collection: Collection) -> None:
        """An erasure waits for it: writers that leave no gap are held back at last."""
        began_s = time.monotonic()
        try:
            self.busy = True
            for n_tries in range(_FREE_TRIES + 1):
                if n_tries == _FREE_TRIES:
                    collection.writable.clear()
                n_asked = collection.n_vacuums_asked
                if await optimize(collection, vacuum=True):
                    # Only now: the old folder is gone.
                    collection.n_vacuums_done = n_asked
                    _log.info("vacuumed %s in %.1f s", collection.folder.name, time.monotonic() - began_s)
                    return
        except Exception:  # noqa: BLE001 - the engine raises bare Exception; it stays due, and is tried again
            _log.exception("vacuuming %s failed", collection.folder.name)
        finally:
            collection.writable.set()
            self.busy = False


async def optimize(collection: Collection, *, vacuum: bool = False) -> bool:
    """Replace the collection's shard by an optimized copy; False if a write came meanwhile.

    Args:
        vacuum: without anything that was deleted, in its segments and in its log.
    """
    n_writes, n_vacuums = collection.n_writes, collection.n_vacuums_asked if vacuum else 0
    shard_name = new_shard_name()
    copy = collection.folder / shard_name
    collection.shard.flush()
    try:
        await asyncio.to_thread(copy_shard, collection.folder / collection.shard_name, copy)
        if collection.n_writes == n_writes:
            options = ["--vacuum"] if vacuum else []
            await _optimize_in_child(copy, *options, needed=lambda: collection.n_writes == n_writes)
        if collection.n_writes != n_writes:
            return False
        old = collection.folder / collection.shard_name
        collection.adopt(shard_name, n_vacuums=n_vacuums)
        copy = old
        return True
    finally:
        await asyncio.to_thread(shutil.rmtree, copy, ignore_errors=True)


def copy_shard(
    source: Path, target: Path, copytree: Callable[[Path, Path], object] = shutil.copytree
) -> None:
    """Copy a flushed shard whole.

    The engine may tidy its log between the listing of a folder and the copying of its files. A copy that
    lacks one of them is thrown away and made again.

    Raises:
        OSError: it did not come about in three tries; the disk may be full.
    """
    for n_left in reversed(range(_COPY_TRIES)):
        try:
            copytree(source, target)
            return
        except OSError:  # shutil.Error is one
            shutil.rmtree(target, ignore_errors=True)
            if n_left == 0:
                raise
            time.sleep(_COPY_PAUSE_S)


async def _optimize_in_child(shard: Path, *options: str, needed: Callable[[], bool]) -> None:
    """Returns when the shard is optimized, or soon after it is no longer needed."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "baize.edge.build_graph", str(shard), *options),
        cwd=Path(__file__).parents[2],
    )
    ended = asyncio.create_task(child.wait())
    try:
        while not ended.done() and needed():
            await asyncio.wait([ended], timeout=_LOOK_S)
    finally:
        if not ended.done():
            child.kill()
            await child.wait()
    status = await ended
    if status != 0 and needed():
        raise RuntimeError(f"the optimizer of {shard.parent.name} ended with status {status}")
