"""A question → course, FAQ, account or person: a linear reading of its meaning, words and matters.

The classifier is trained when it is first used, from `route_examples.tsv`, so that it fits whichever embedder
is configured: kernel ridge regression, one against the rest, each intent weighing the same. No chat model is
called.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np

from baize.answering.service_terms import matters
from baize.domain.search import Vector
from baize.domain.support import INTENTS, Intent, Routed
from baize.ports import Embedder
from baize.retrieval.bags import Matrix, bag_rows, pieces, unit_rows, vocabulary_of
from baize.retrieval.terms import terms

_WORDS = 0.7
"""Weight of the words against the meaning. Chosen, as `_RIDGE`, by leaving one example out."""
_RIDGE = 0.2
_STEEP = 4.0
"""Log-odds per unit of distance between the best two."""


@dataclass(frozen=True, slots=True)
class Example:
    """A question whose intent is known."""

    intent: Intent
    text: str


@dataclass(frozen=True, slots=True)
class _Trained:
    vocabulary: dict[str, int]
    centre: Vector
    features: Matrix
    weights: Matrix


def examples() -> list[Example]:
    """Those that come with the package: zh and en, written for it."""
    text = resources.files("baize.answering").joinpath("route_examples.tsv").read_text("utf-8")
    rows = [line.split("\t", 1) for line in text.splitlines()]
    known = {intent: intent for intent in INTENTS}
    return [Example(known[intent], question) for intent, question in rows]  # type: ignore[index]


class Router:
    """Tells the intents of questions apart.

    Args:
        embedder: any; questions are embedded as questions, and not kept.
        taught: what it learns from.
    """

    def __init__(self, embedder: Embedder, taught: Sequence[Example] | None = None) -> None:
        self._embedder = embedder
        self._taught = list(taught) if taught is not None else None
        self._trained: _Trained | None = None
        self._training = asyncio.Lock()

    async def route(self, question: str) -> Routed:
        """Where the question goes. The first call trains the classifier: some seconds."""
        trained = await self._ready()
        vector = await self._embedder.embed_query(question)
        row = _features([question], vector[None, :], trained.centre, trained.vocabulary)
        scores = (row @ trained.features.T @ trained.weights)[0]
        order = np.argsort(-scores)
        distance = float(scores[order[0]] - scores[order[1]])
        return Routed(INTENTS[int(order[0])], 1 / (1 + math.exp(-_STEEP * distance)))

    async def _ready(self) -> _Trained:
        async with self._training:
            if self._trained is None:
                taught = self._taught if self._taught is not None else examples()
                vectors = np.stack([await self._embedder.embed_query(one.text) for one in taught])
                self._trained = _train(taught, vectors)
        return self._trained


def _train(taught: Sequence[Example], vectors: Vector) -> _Trained:
    texts = [one.text for one in taught]
    vocabulary = vocabulary_of(map(_words, texts))
    centre = vectors.mean(0)
    features = _features(texts, vectors, centre, vocabulary)
    labels = np.array([INTENTS.index(one.intent) for one in taught])
    targets = 2.0 * np.eye(len(INTENTS))[labels] - 1.0
    # A rare intent's examples weigh more.
    share = len(INTENTS) * np.bincount(labels, minlength=len(INTENTS)) / len(labels)
    kernel = features @ features.T + _RIDGE * np.diag(share[labels])
    return _Trained(vocabulary, centre, features, np.linalg.solve(kernel, targets))


def _features(texts: Sequence[str], vectors: Vector, centre: Vector, vocabulary: dict[str, int]) -> Matrix:
    """Meaning and words, each of unit length, side by side."""
    bags = bag_rows([_words(text) for text in texts], vocabulary)
    # What all questions share says nothing of any.
    return np.hstack([unit_rows(vectors.astype(np.float64) - centre), _WORDS * unit_rows(bags)])


def _words(text: str) -> set[str]:
    """Terms, their pieces, and matters of service."""
    return {*terms(text), *pieces(text.lower()), *(f"matter:{name}" for name in matters(text))}
