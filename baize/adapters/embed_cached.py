"""An embedder that remembers: vectors by text and embedding space in one SQLite file.

What was embedded once, in any course or any run, is not embedded again; a killed ingest goes on where it was.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path

import anyio
import numpy as np

from baize.adapters.sqlite_file import LOCK_WAIT_S, create_file
from baize.domain.search import Vector
from baize.ports import Embedder

_MOST_VARIABLES = 500
"""Of one statement: SQLite takes 999 and more."""


class CachedEmbedder:
    """Passages come from the cache where they can; questions always go to the embedder.

    Args:
        inner: the embedder that makes what is missing.
        file: the SQLite file, made when absent; several processes may share it. It is opened at the first
            passage and closed with the embedder: the last to close it empties its log, which costs more
            than all that a batch reads and writes.
    """

    def __init__(self, inner: Embedder, file: Path) -> None:
        self._inner = inner
        self._file = file
        self._connection: sqlite3.Connection | None = None
        self._using = threading.Lock()
        self.name = inner.name
        self.dim = inner.dim

    async def embed_query(self, text: str) -> Vector:
        return await self._inner.embed_query(text)

    async def embed_passages(self, texts: Sequence[str]) -> Vector:
        keys = [self._key(text) for text in texts]
        known = await anyio.to_thread.run_sync(self._read, keys)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if missing:
            made = await self._inner.embed_passages(list(missing.values()))
            fresh = dict(zip(missing, made, strict=True))
            await anyio.to_thread.run_sync(self._write, fresh)
            known |= fresh
        return np.stack([known[key] for key in keys]) if keys else np.empty((0, self.dim), np.float32)

    def _key(self, text: str) -> bytes:
        # Halves of surrogate pairs, which broken documents hold, are no UTF-8.
        return hashlib.sha256(f"{self.name}\0{text}".encode("utf-8", "surrogatepass")).digest()

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            create_file(self._file)
            # Threads of a pool use it, one at a time.
            connection = sqlite3.connect(self._file, timeout=LOCK_WAIT_S, check_same_thread=False)
            connection.execute("PRAGMA synchronous=NORMAL")
            # With row ids: a vector in the tree of the keys would be cut and take pages of its own.
            connection.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB)")
            weakref.finalize(self, connection.close)
            self._connection = connection
        return self._connection

    def _read(self, keys: Sequence[bytes]) -> dict[bytes, Vector]:
        found: dict[bytes, Vector] = {}
        with self._using:
            connection = self._opened()
            for start in range(0, len(keys), _MOST_VARIABLES):
                asked = keys[start : start + _MOST_VARIABLES]
                marks = ",".join("?" * len(asked))
                rows = connection.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", asked)  # noqa: S608 - marks only
                found |= {key: np.frombuffer(vector, np.float32) for key, vector in rows}
        return found

    def _write(self, vectors: dict[bytes, Vector]) -> None:
        rows = [(key, np.ascontiguousarray(vector, np.float32).tobytes()) for key, vector in vectors.items()]
        with self._using, self._opened() as connection:
            connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
