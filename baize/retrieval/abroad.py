"""A question's vector → its vector for passages of another language. Comes before `search`.

A multilingual embedder puts much of a question's language, and of its being a question, into its vector. Of
passages in another language those come first that have that in common with it: short ones that say little.
What questions of a language have in common is the mean of a few on anything; without part of it (`SHARE`) a
question finds what it is about (mean-centring; Libovický, Rosa and Fraser, EMNLP Findings 2020). Figures:
docs/retrieval.md.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib import resources
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from baize.domain.search import Vector
from baize.ports import Embedder

SHARE = 0.6
"""How much of the mean is taken off. From .5 to .75 it makes little difference."""


@dataclass(frozen=True, slots=True)
class Abroad:
    """How a question is looked up among passages of another language.

    Attributes:
        vector: (dim,); not of unit length.
        lift: added to each product with it, so that it lies where cosines across languages do.
    """

    vector: Vector
    lift: float


class Bearings:
    """Knows what the questions of a language have in common, for one embedder.

    Args:
        embedder: the one that embeds the questions.
        folder: where the means are kept, a file for each embedder; they are made at the first question that
            needs them.
    """

    def __init__(self, embedder: Embedder, folder: Path) -> None:
        self._embedder = embedder
        self._folder = folder
        self._means: dict[str, tuple[Vector, float]] = {}
        self._making = asyncio.Lock()

    async def abroad(self, vector: Vector, language: str) -> Abroad:
        """
        Args:
            vector: (dim,), the embedded question.
            language: of the question; one that no questions are known of is left as it is.

        Raises:
            ModelUnavailable: the embedder does not work.
        """
        if language not in generic_questions():
            return Abroad(vector, 0.0)
        async with self._making:
            if language not in self._means:
                self._means[language] = await self._mean(language)
        mean, typical = self._means[language]
        return Abroad(np.asarray(vector - SHARE * mean, dtype=np.float32), SHARE * typical)

    async def _mean(self, language: str) -> tuple[Vector, float]:
        """The mean question, and its cosine with the mean passage of other languages."""
        others = [text for known, texts in generic_questions().items() if known != language for text in texts]
        asked = generic_questions()[language]
        file = self._file(language, [*asked, *others])
        try:
            with np.load(BytesIO(file.read_bytes())) as kept:
                return kept["mean"], float(kept["typical"])
        except (OSError, KeyError, ValueError, EOFError, BadZipFile):
            pass  # not there, or not whole: it is made anew
        mean = np.mean(await asyncio.gather(*map(self._embedder.embed_query, asked)), axis=0)
        passage = (await self._embedder.embed_passages(others)).mean(axis=0)
        typical = float(mean @ passage)
        # Where nothing can be written, the next process makes it anew: half a second.
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            part = file.with_suffix(f".{os.getpid()}.npz")
            np.savez(part, mean=mean, typical=typical)
            part.replace(file)
        return np.asarray(mean, dtype=np.float32), typical

    def _file(self, language: str, texts: list[str]) -> Path:
        made_of = "\n".join([self._embedder.name, *texts])
        return self._folder / f"{language}-{blake2b(made_of.encode(), digest_size=12).hexdigest()}.npz"


@cache
def generic_questions() -> dict[str, tuple[str, ...]]:
    """Questions on anything, by language; they come with the package."""
    text = resources.files("baize.retrieval").joinpath("generic_questions.tsv").read_text("utf-8")
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        language, question = line.split("\t")
        found.setdefault(language, []).append(question)
    return {language: tuple(questions) for language, questions in found.items()}
