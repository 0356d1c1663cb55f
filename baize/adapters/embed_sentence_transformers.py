"""Any sentence-transformers model (BGE-M3, Qwen3-Embedding …) in this process, from a folder or a hub."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import numpy as np

from baize.domain.search import Vector
from baize.errors import DependencyUnavailable, ModelUnavailable

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


class SentenceTransformersEmbedder:
    """Loads torch and the model when it is made (seconds), because only the model knows its `dim`.

    Texts beyond the model's own limit are cut off by it; `max_seq_length` in its folder says where.

    Args:
        model: a folder, which is then never looked up anywhere else, or a name on the hub.
        device: as torch names it: `cpu`, `cuda`, `cuda:1`, `mps`.
        dtype: of the weights, as torch names it.
        query_prompt: put before questions, as the model's card says.
        passage_prompt: put before passages.
        batch_size: texts per pass and per hop to the worker thread.

    Raises:
        DependencyUnavailable: the extra is not installed.
        ModelUnavailable: the model is missing or cannot be loaded.
    """

    def __init__(
        self,
        model: str,
        *,
        device: str = "cpu",
        dtype: str = "float32",
        query_prompt: str = "",
        passage_prompt: str = "",
        batch_size: int = 16,
    ) -> None:
        self._model = _load(model, device, dtype)
        self.name = _space(model, passage_prompt)
        self._query_prompt = query_prompt
        self._passage_prompt = passage_prompt
        self._batch_size = batch_size
        # Asked by trying: the method that tells it has another name in each major version.
        self.dim = self._encode(["dim"], "").shape[1]
        # A fast tokenizer refuses a second caller ("Already borrowed"), so a query waits for one batch.
        self._turn = anyio.CapacityLimiter(1)

    async def embed_passages(self, texts: Sequence[str]) -> Vector:
        """As `Embedder.embed_passages`."""
        vectors = np.empty((len(texts), self.dim), dtype=np.float32)
        for start in range(0, len(texts), self._batch_size):
            batch = list(texts[start : start + self._batch_size])
            vectors[start : start + len(batch)] = await self._hop(batch, self._passage_prompt)
        return vectors

    async def embed_query(self, text: str) -> Vector:
        """As `Embedder.embed_query`."""
        vectors = await self._hop([text], self._query_prompt)
        return vectors.reshape(self.dim)

    async def _hop(self, texts: list[str], prompt: str) -> Vector:
        return await anyio.to_thread.run_sync(self._encode, texts, prompt, limiter=self._turn)

    def _encode(self, texts: list[str], prompt: str) -> Vector:
        vectors = self._model.encode(
            [_utf8(text) for text in texts],
            prompt=prompt or None,
            batch_size=self._batch_size,
            show_progress_bar=False,
        )
        # Here and not by the model, whose bfloat16 leaves lengths off by a hundredth.
        wide: Vector = np.asarray(vectors, dtype=np.float32)
        # A text of which the model knows no word has no length.
        wide /= np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-12)
        return wide


def _load(model: str, device: str, dtype: str) -> SentenceTransformer:
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise DependencyUnavailable(
            "sentence-transformers is not installed.",
            remedy="Run `pip install 'baize[sentence-transformers]'`.",
        ) from error
    try:
        return SentenceTransformer(
            model,
            device=device,
            local_files_only=Path(model).is_dir(),
            model_kwargs={"dtype": dtype},
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelUnavailable(
            f"The embedding model {model} cannot be loaded: {type(error).__name__}.",
            remedy="Check the folder, or that the model hub (HF_ENDPOINT) answers and holds this name.",
        ) from error


def _space(model: str, passage_prompt: str) -> str:
    """The passage prompt is a part of the space: other passages vectors, another index."""
    name = f"sentence-transformers/{Path(model).name if Path(model).is_dir() else model}"
    if not passage_prompt:
        return name
    return f"{name}+{hashlib.sha256(passage_prompt.encode()).hexdigest()[:8]}"


def _utf8(text: str) -> str:
    """Lone surrogates, which broken documents hold, are refused by the tokenizer's Rust code."""
    return text.encode("utf-8", "replace").decode("utf-8")
