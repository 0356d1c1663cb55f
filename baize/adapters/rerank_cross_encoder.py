"""Any sentence-transformers cross-encoder (bge-reranker-v2-m3 …) in this process, from a folder or a hub."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import numpy as np

from baize.errors import DependencyUnavailable, ModelUnavailable

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

    from baize.domain.search import Vector

_HEADLESS = ("Model", "ForMaskedLM")
"""Ends of the names of architectures without a scoring head: loading one would make up a random head."""


class CrossEncoderReranker:
    """Loads torch and the model (seconds) at first use.

    Scores are the model's raw logits: the sigmoid that many apply makes the best passages equal.

    Args:
        model: a folder, which is then never looked up anywhere else, or a name on the hub.
        device: as torch names it: `cpu`, `cuda`, `cuda:1`, `mps`.
        max_tokens: of question and passage together; the longer of the two is cut.
        batch_size: passages per pass and per hop to the worker thread.
        threads: CPU threads of one pass. torch has one number for all of a process, so this one is set.
    """

    def __init__(
        self,
        model: str,
        *,
        device: str = "cpu",
        max_tokens: int = 512,
        batch_size: int = 8,
        threads: int = 2,
    ) -> None:
        self.name = f"cross-encoder/{Path(model).name if Path(model).is_dir() else model}"
        self._path = model
        self._device = device
        self._max_tokens = max_tokens
        self._batch_size = batch_size
        self._threads = threads
        self._model: CrossEncoder | None = None
        # A fast tokenizer refuses a second caller ("Already borrowed"), so questions take turns by batches.
        self._turn = anyio.CapacityLimiter(1)

    async def rerank(self, question: str, passages: Sequence[str]) -> Sequence[float]:
        """As `Reranker.rerank`.

        Raises:
            DependencyUnavailable: the extra is not installed.
        """
        scores: list[float] = []
        for start in range(0, len(passages), self._batch_size):
            pairs = [(_utf8(question), _utf8(text)) for text in passages[start : start + self._batch_size]]
            scores.extend(await anyio.to_thread.run_sync(self._score, pairs, limiter=self._turn))
        return scores

    def _score(self, pairs: list[tuple[str, str]]) -> list[float]:
        if self._model is None:
            self._model = self._loaded()
        return [float(score) for score in self._predict(self._model, pairs)]

    def _predict(self, model: CrossEncoder, pairs: list[tuple[str, str]]) -> Vector:
        import torch

        # Every time: OpenMP keeps the number by thread, and the worker thread may be another one.
        torch.set_num_threads(self._threads)
        logits = model.predict(
            pairs,
            batch_size=self._batch_size,
            activation_fn=torch.nn.Identity(),
            show_progress_bar=False,
        )
        return np.asarray(logits, dtype=np.float32)

    def _loaded(self) -> CrossEncoder:
        """The model, after it has scored one passage of `max_tokens`: what cannot be used is found here."""
        try:
            model = _load(self._path, self._device, self._max_tokens)
            scores = self._predict(model, [("a", "a " * self._max_tokens)])
        except (OSError, ValueError, RuntimeError, IndexError) as error:
            raise ModelUnavailable(
                f"The reranking model {self._path} cannot be loaded, or not used with {self._max_tokens} "
                f"tokens: {type(error).__name__}.",
                remedy="Check the folder, that the model hub (HF_ENDPOINT) answers and holds this name, and "
                "reranker.max_tokens.",
            ) from error
        architectures = getattr(model.config, "architectures", None) or ()
        headless = any(name.endswith(_HEADLESS) for name in architectures)
        if headless or scores.shape != (1,) or not np.isfinite(scores).all():
            raise ModelUnavailable(
                f"{self._path} is no reranker: it does not give one score for a question and a passage.",
                remedy="Choose a cross-encoder, like BAAI/bge-reranker-v2-m3.",
            )
        return model


def _load(model: str, device: str, max_tokens: int) -> CrossEncoder:
    try:
        from sentence_transformers import CrossEncoder
    except ImportError as error:
        raise DependencyUnavailable(
            "sentence-transformers is not installed.",
            remedy="Run `pip install 'baize[sentence-transformers]'`.",
        ) from error
    loaded: CrossEncoder = CrossEncoder(
        model, device=device, max_length=max_tokens, local_files_only=Path(model).is_dir()
    )
    return loaded


def _utf8(text: str) -> str:
    """Lone surrogates, which broken documents hold, are refused by the tokenizer's Rust code."""
    return text.encode("utf-8", "replace").decode("utf-8")
