"""A store that accepts a question and never answers it."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import numpy as np
import pytest

from baize.adapters.index_qdrant import QdrantChunkIndex
from baize.domain.search import DenseQuery, Run, Scope
from baize.edge.endpoint import Endpoint
from baize.errors import IndexUnavailable

pytestmark = pytest.mark.anyio

SPACE = "space"
SCOPE = Scope("default")
QUERY = DenseQuery(np.ones(4, np.float32))


class _Store:
    """Answers as Qdrant does, until it hangs: then it reads requests and says nothing."""

    def __init__(self) -> None:
        self.hangs = False
        self.n_heard = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                if length:
                    await reader.readexactly(int(length[0].split(b":")[1]))
                self.n_heard += 1
                if self.hangs:
                    continue
                body = b'{"result":{"exists":true}}' if b"/exists" in head else b'{"result":[{"points":[]}]}'
                writer.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
                    % (len(body), body)
                )
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def _index(store: _Store, search_timeout_s: float) -> AsyncGenerator[QdrantChunkIndex]:
    server = await asyncio.start_server(store.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async def connect() -> Endpoint:
        return Endpoint(f"http://127.0.0.1:{port}", "")

    index = QdrantChunkIndex(connect, space=SPACE, dim=4, search_timeout_s=search_timeout_s)
    try:
        yield index
    finally:
        await index.close()
        server.close()


async def test_a_question_does_not_wait_for_a_store_that_hangs() -> None:
    store = _Store()
    async with _index(store, 0.3) as index:
        assert await index.search([QUERY], SCOPE, 5) == [Run("dense", "")]
        store.hangs = True
        # The second time the collection itself is asked for again.
        for _ in range(2):
            heard, begun = store.n_heard, time.monotonic()
            with pytest.raises(IndexUnavailable, match="Timeout"):
                await index.search([QUERY], SCOPE, 5)
            assert time.monotonic() - begun < 10
            assert store.n_heard > heard
        store.hangs = False
        assert await index.search([QUERY], SCOPE, 5) == [Run("dense", "")]
