"""The embedded index as a process: found, started, shared, killed, idle, and never open to others."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import numpy as np
import pytest

from baize.adapters.index_qdrant import QdrantChunkIndex
from baize.adapters.qdrant_link import open_client
from baize.adapters.qdrant_vectors import DENSE, quantization, vector_params
from baize.domain.locator import TimeSpan
from baize.domain.search import DenseQuery, IndexedChunk, Run, Scope, SparseVector
from baize.domain.text import Chunk, chunk_id
from baize.edge.endpoint import Endpoint, Record, read_record, record_path, write_record
from baize.edge.launch import ensure, stop
from baize.errors import IndexUnavailable

pytestmark = pytest.mark.anyio

ALL = Scope("p1")


@pytest.fixture
async def folder(tmp_path: Path) -> AsyncIterator[Path]:
    """A data folder whose server, if a test starts one, is stopped afterwards."""
    yield tmp_path
    await stop(tmp_path)


def points(first: int, last: int) -> list[IndexedChunk]:
    made = []
    for n in range(first, last):
        where, text = TimeSpan(n, n + 1), f"第{n}句"
        id_ = chunk_id("p1", "c1", "l1", "v.mp4", where, text)
        chunk = Chunk(id_, "p1", "c1", "l1", "课", "v.mp4", "zh", (), text, (), where, n)
        made.append(IndexedChunk(chunk, "b1", np.array([1.0, n], np.float32), SparseVector((n,), (1.0,))))
    return made


def index_of(folder: Path, **options: float) -> QdrantChunkIndex:
    return QdrantChunkIndex(lambda: ensure(folder, **options), space="space", dim=2)  # type: ignore[arg-type]


def record_of(folder: Path) -> Record:
    record = read_record(folder)
    assert record is not None
    return record


async def gone(pid: int) -> None:
    """Returns when no process has this id."""
    with anyio.fail_after(30):
        while True:
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return
            await anyio.sleep(0.02)


async def test_a_start_is_quick_and_the_record_is_private(folder: Path) -> None:
    """From nothing to an answer in well under the time of a command; only the owner may read the token."""
    began = time.monotonic()
    endpoint = await ensure(folder)
    assert time.monotonic() - began < 10
    assert record_path(folder).stat().st_mode & 0o777 == 0o600
    assert record_of(folder).endpoint == endpoint
    assert await ensure(folder) == endpoint


async def test_every_acknowledged_point_survives_kill_9(folder: Path) -> None:
    """The server is killed right after an upsert returns; the same adapter finds all in the next one."""
    index = index_of(folder)
    await index.upsert(points(0, 600))
    first = record_of(folder)
    os.kill(first.pid, signal.SIGKILL)
    await gone(first.pid)
    assert await index.ids(ALL) == sorted(point.chunk.id for point in points(0, 600))
    assert record_of(folder).pid != first.pid
    assert [len(hits) for hits in await index.search([DenseQuery(np.array([1, 5], np.float32))], ALL, 9)] == [
        9
    ]
    await index.close()


@pytest.mark.parametrize("delay_s", [0.15, 0.4, 0.8])
async def test_kill_9_while_a_shard_is_optimized_loses_nothing(folder: Path, delay_s: float) -> None:
    """Wherever in copy, build and swap the server dies, the next one serves every point."""
    index = index_of(folder, optimize_after=50, quiet_s=0.05)
    await index.upsert(points(0, 300))
    await anyio.sleep(delay_s)
    pid = record_of(folder).pid
    os.kill(pid, signal.SIGKILL)
    await gone(pid)
    assert await index.count(ALL) == 300
    await index.upsert(points(300, 310))
    assert await index.count(ALL) == 310
    await index.close()


async def test_searches_go_on_while_a_shard_is_optimized(folder: Path) -> None:
    """The shard folder changes under running searches, each of which finds what it should."""
    index = index_of(folder, optimize_after=50, quiet_s=0.05)
    await index.upsert(points(0, 300))
    described = folder / "index" / "space" / "collection.json"
    before = json.loads(described.read_text())["shard"]
    with anyio.fail_after(60):
        while json.loads(described.read_text())["shard"] == before:
            (match,) = (await index.search([DenseQuery(np.array([1, -1], np.float32))], ALL, 1))[0]
            found = await index.chunks(ALL.platform_id, [match.chunk_id])
            assert [stored.chunk.text for stored in found.values()] == ["第0句"]
            await anyio.sleep(0.02)
    await index.upsert(points(300, 400))
    assert await index.count(ALL) == 400
    await index.close()


async def test_two_starters_get_one_server(folder: Path) -> None:
    """Two processes that ask at the same moment are given the same endpoint."""
    ask = (
        "import sys, anyio; from pathlib import Path; from baize.edge.launch import ensure;"
        "endpoint = anyio.run(ensure, Path(sys.argv[1])); sys.stdout.write(endpoint.url)"
    )
    said: list[bytes] = []

    async def start() -> None:
        command = [sys.executable, "-c", ask, str(folder)]
        said.append((await anyio.run_process(command, cwd=Path(__file__).parents[2])).stdout)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(start)
        tasks.start_soon(start)
    assert said == [record_of(folder).url.encode()] * 2


async def test_several_processes_share_one_index(folder: Path) -> None:
    """What one adapter wrote, another one finds at once."""
    writer, reader = index_of(folder), index_of(folder)
    assert await reader.count(ALL) == 0
    await writer.upsert(points(0, 3))
    assert await reader.count(ALL) == 3
    await writer.close()
    await reader.close()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}'])
async def test_a_broken_record_is_replaced(folder: Path, content: str) -> None:
    """A record that was cut off or is of another version is no obstacle."""
    record_path(folder).write_text(content)
    endpoint = await ensure(folder)
    assert record_of(folder).endpoint == endpoint


async def test_a_stale_record_is_replaced_and_its_pid_left_alone(folder: Path) -> None:
    """The pid may be somebody else's by now: here it is the test's own process, which lives on."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    stale = Record(os.getpid(), f"http://127.0.0.1:{port}", "old")
    write_record(folder, stale)
    assert await stop(folder) is False
    assert (await ensure(folder)).url != stale.url
    assert record_of(folder).pid != os.getpid()


async def test_a_server_of_an_older_version_is_replaced(folder: Path) -> None:
    """It outlived an upgrade, and would refuse what is asked of it now; what it holds stays."""
    before, after = index_of(folder), index_of(folder)
    await before.upsert(points(0, 3))
    older = record_of(folder)
    described = json.loads(record_path(folder).read_text())
    del described["protocol"]
    record_path(folder).write_text(json.dumps(described))
    assert await after.count(ALL) == 3
    assert record_of(folder).pid != older.pid
    await before.close()
    await after.close()


async def test_a_server_that_knows_another_token_is_not_ours(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A record whose port now belongs to another folder's server leads to a server of our own."""
    other_folder = tmp_path_factory.mktemp("other")
    other = await ensure(other_folder)
    write_record(folder, Record(record_of(other_folder).pid, other.url, "old"))
    assert (await ensure(folder)).url != other.url
    assert await ensure(other_folder) == other
    await stop(other_folder)


async def test_a_wrong_token_is_refused(folder: Path) -> None:
    """The adapter asks for the endpoint once more, and then says who refused and what to do."""
    right = await ensure(folder)
    asked: list[int] = []

    async def connect() -> Endpoint:
        asked.append(1)
        return Endpoint(right.url, "wrong")

    index = QdrantChunkIndex(connect, space="space", dim=2)
    with pytest.raises(IndexUnavailable, match=f"{right.url}.*index.api_key") as caught:
        await index.count(ALL)
    assert "401" in caught.value.message
    assert len(asked) == 2
    await index.close()


async def test_a_port_where_nobody_listens_is_unavailable(folder: Path) -> None:
    """A refused connection is named with its address after one more try."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"

    async def connect() -> Endpoint:
        return Endpoint(url, "")

    index = QdrantChunkIndex(connect, space="space", dim=2)
    with pytest.raises(IndexUnavailable, match=url):
        await index.search([DenseQuery(np.zeros(2, np.float32))], ALL, 3)
    await index.close()


async def test_a_collection_of_another_size_is_refused(folder: Path) -> None:
    """Vectors of a new length never go into an old space."""
    index = index_of(folder)
    await index.upsert(points(0, 1))
    longer = QdrantChunkIndex(lambda: ensure(folder), space="space", dim=3)
    with pytest.raises(IndexUnavailable, match="vectors of 2 numbers, not of 3"):
        await longer.upsert(points(1, 2))
    await index.close()
    await longer.close()


async def test_a_collection_of_an_older_version_is_quantized_at_the_next_write(folder: Path) -> None:
    """It answers as it is, `ready` says so, and a write has its description changed, once."""
    client = open_client(await ensure(folder))
    vectors, sparse = vector_params(2)
    vectors[DENSE].quantization_config = None
    await client.create_collection("space", vectors, sparse_vectors_config=sparse)
    index = index_of(folder)
    assert "0 points, not quantized yet: the next ingest has it done" in await index.ready()
    assert await index.search([DenseQuery(np.array([1.0, 0.0], np.float32))], ALL, 3) == [Run("dense", "")]
    await index.upsert(points(0, 3))
    assert (await index.ready()).endswith("space: 3 points")
    described = (await client.get_collection("space")).config.params.vectors
    assert isinstance(described, dict)
    assert described[DENSE].quantization_config == quantization()
    [found] = await index.search([DenseQuery(np.array([1.0, 1.0], np.float32))], ALL, 3)
    assert [match.score for match in found] == [3.0, 2.0, 1.0]
    await index.close()
    await client.close()


async def test_an_idle_server_ends_and_comes_back_when_asked(folder: Path) -> None:
    """After `idle_s` without a request process and record are gone; a long-lived adapter goes on."""
    # Long enough that, on a busy machine, the one that comes back is still there for its first request.
    index = index_of(folder, idle_s=3.0)
    await index.upsert(points(0, 20))
    first = record_of(folder)
    await gone(first.pid)
    assert read_record(folder) is None
    assert await index.count(ALL) == 20
    assert record_of(folder).pid != first.pid
    await index.close()


async def test_sigterm_ends_it_cleanly(folder: Path) -> None:
    """`stop` returns when the process has let go of the folder; a second stop finds nothing."""
    index = index_of(folder)
    await index.upsert(points(0, 5))
    pid = record_of(folder).pid
    assert await stop(folder) is True
    await gone(pid)
    assert read_record(folder) is None
    assert await stop(folder) is False
    assert await index.count(ALL) == 5
    await index.close()


async def test_it_listens_on_loopback_only(folder: Path) -> None:
    """The address is 127.0.0.1 and there is no option that would change it."""
    assert urlsplit((await ensure(folder)).url).hostname == "127.0.0.1"
    refused = await anyio.run_process(
        [sys.executable, "-m", "baize.edge", "--data-dir", str(folder), "--host", "192.0.2.1"],
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert refused.returncode == 2
    assert b"unrecognized arguments: --host" in refused.stderr


async def test_a_second_server_gives_way(folder: Path) -> None:
    """Started by hand beside a running one, it ends with an error and leaves the first one's record."""
    endpoint = await ensure(folder)
    command = [sys.executable, "-m", "baize.edge", "--data-dir", str(folder), "--lock-wait-s", "0.2"]
    second = await anyio.run_process(command, check=False, cwd=Path(__file__).parents[2])
    assert second.returncode == 1
    assert b"another index server owns" in second.stderr
    assert await ensure(folder) == endpoint


async def test_a_start_that_fails_shows_the_log(folder: Path) -> None:
    """A data folder that cannot hold an index: the error names the folder, the cause and the remedy."""
    (folder / "index").write_text("not a folder")
    with pytest.raises(IndexUnavailable) as caught:
        await ensure(folder)
    assert str(folder) in caught.value.message
    assert "FileExistsError" in caught.value.message
    assert "baize doctor" in caught.value.remedy


async def test_ready_says_who_answers_and_how_much_there_is(folder: Path) -> None:
    """One line with the engine's version, the address, the space and the number of points."""
    index = index_of(folder)
    await index.upsert(points(0, 2))
    line = await index.ready()
    assert "qdrant-edge 0." in line
    assert line.endswith(f"at {record_of(folder).url}, space: 2 points")
    await index.close()


async def test_a_folder_that_cannot_be_written_is_named(folder: Path) -> None:
    """With what to do about it, and no traceback; here a folder stands where the lock's file should."""
    (folder / "index.start.lock").mkdir()
    with pytest.raises(IndexUnavailable, match=r"cannot be started.*BAIZE_DATA_DIR") as caught:
        await ensure(folder)
    assert str(folder) in str(caught.value)
