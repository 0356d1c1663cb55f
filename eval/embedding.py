"""The embedder of an evaluation: vectors are remembered across runs, and query time is told apart.

Passages are remembered as in the product. Queries are remembered too, each with the milliseconds that it
took when it was made, so that a second run is quick and still reports what a learner would wait.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from baize.adapters.embed_cached import CachedEmbedder
from baize.domain.search import Vector
from baize.ports import Embedder


class RememberingEmbedder:
    """An `Embedder` over another one and one SQLite file, which several processes may share.

    Attributes:
        spent_ms: wall time of the last `embed_query`.
        cost_ms: what that query's embedding took when it was made.
    """

    def __init__(self, inner: Embedder, file: Path) -> None:
        self._inner = inner
        self._file = file
        self._passages = CachedEmbedder(inner, file)
        self.name = inner.name
        self.dim = inner.dim
        self.spent_ms = 0.0
        self.cost_ms = 0.0

    async def embed_passages(self, texts: Sequence[str]) -> Vector:
        """As `Embedder.embed_passages`."""
        return await self._passages.embed_passages(texts)

    async def embed_query(self, text: str) -> Vector:
        """As `Embedder.embed_query`."""
        begin = time.perf_counter()
        key = hashlib.sha256(f"{self.name}\0{text}".encode()).digest()
        known = self._read(key)
        if known is None:
            before = time.perf_counter()
            vector = await self._inner.embed_query(text)
            known = vector, 1000 * (time.perf_counter() - before)
            self._write(key, *known)
        vector, self.cost_ms = known
        self.spent_ms = 1000 * (time.perf_counter() - begin)
        return vector

    async def warm_up(self) -> None:
        """Load the model, so that the first query is not charged for it."""
        await self._inner.embed_query("warm-up")

    def _connect(self) -> sqlite3.Connection:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._file, timeout=60)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS queries (key BLOB PRIMARY KEY, vector BLOB, ms REAL) WITHOUT ROWID"
        )
        return connection

    def _read(self, key: bytes) -> tuple[Vector, float] | None:
        with closing(self._connect()) as connection:
            row = connection.execute("SELECT vector, ms FROM queries WHERE key = ?", (key,)).fetchone()
        return (np.frombuffer(row[0], np.float32), float(row[1])) if row else None

    def _write(self, key: bytes, vector: Vector, ms: float) -> None:
        with closing(self._connect()) as connection, connection:
            data = np.ascontiguousarray(vector, np.float32).tobytes()
            connection.execute("INSERT OR REPLACE INTO queries VALUES (?, ?, ?)", (key, data, ms))
