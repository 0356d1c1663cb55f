"""Embeddings from an OpenAI-compatible `/v1/embeddings` endpoint: vLLM, TEI, or a vendor's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from baize.adapters.openai_failures import openai_failures
from baize.domain.search import Vector
from baize.errors import InvalidSettings, UpstreamBusy

_ENDPOINT = "The embedding endpoint"


class OpenAIEmbedder:
    """Asks for one batch at a time; the SDK repeats a failed batch twice, for an embedding can't half arrive.

    Args:
        api_key: may be empty for a local server.
        dim: length of the model's vectors; an answer of another length is an error.
        query_prefix: put before questions, for models that tell the two apart, such as E5.
        passage_prefix: put before passages.
        batch_size: texts per request.
        timeout_s: of one request.
    """

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        model: str,
        dim: int,
        query_prefix: str = "",
        passage_prefix: str = "",
        batch_size: int = 32,
        timeout_s: float = 60.0,
    ) -> None:
        # 0.4 s, and most processes embed without it.
        from openai import AsyncOpenAI

        self.name = f"openai/{model}" + (f"+{passage_prefix.strip()}" if passage_prefix else "")
        self.dim = dim
        self._model = model
        self._query_prefix = query_prefix
        self._passage_prefix = passage_prefix
        self._batch_size = batch_size
        self._client = AsyncOpenAI(base_url=base_url, api_key=api_key or "none", timeout=timeout_s)
        # The SDK takes these two from the environment and would send them to any endpoint.
        self._client.organization = self._client.project = None

    async def embed_passages(self, texts: Sequence[str]) -> Vector:
        """As `Embedder.embed_passages`.

        Raises:
            UpstreamFailed: the endpoint refuses, or does not answer.
            InvalidSettings: its vectors are of another length than `dim`.
        """
        batches = [
            await self._embed(
                [self._passage_prefix + text for text in texts[start : start + self._batch_size]]
            )
            for start in range(0, len(texts), self._batch_size)
        ]
        return np.concatenate([np.empty((0, self.dim), dtype=np.float32), *batches])

    async def embed_query(self, text: str) -> Vector:
        """As `Embedder.embed_query`.

        Raises:
            UpstreamFailed: the endpoint refuses, or does not answer.
            InvalidSettings: its vectors are of another length than `dim`.
        """
        vectors = await self._embed([self._query_prefix + text])
        return vectors.reshape(self.dim)

    async def close(self) -> None:
        """Give back the connections. No call may be running."""
        await self._client.close()

    async def _embed(self, texts: list[str]) -> Vector:
        # Lone surrogates, which broken documents hold, cannot be sent.
        texts = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        with openai_failures(_ENDPOINT):
            # The SDK's default, base64, is not understood everywhere.
            response = await self._client.embeddings.create(
                model=self._model, input=texts, encoding_format="float"
            )
        # The order of the answer is free; `index` says which text each vector belongs to.
        rows = [item.embedding for item in sorted(response.data, key=lambda item: item.index)]
        if len(rows) != len(texts):
            raise UpstreamBusy(f"{_ENDPOINT} gave {len(rows)} vectors for {len(texts)} texts.")
        lengths = {len(row) for row in rows}
        if lengths != {self.dim}:
            raise InvalidSettings(
                f"{_ENDPOINT} gives vectors of {sorted(lengths)} numbers, not {self.dim}.",
                remedy="Set `embedder.dim` to that, and index again.",
            )
        vectors = np.asarray(rows, dtype=np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True).clip(min=1e-12)
        return vectors
