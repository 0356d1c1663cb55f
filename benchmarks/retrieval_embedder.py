"""The benchmark's embedder: gives the vectors that were made with the questions, and counts the sentences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from baize.domain.search import Vector
from baize.retrieval.abroad import generic_questions
from benchmarks.retrieval_corpus import DIM, Question


class PlannedEmbedder:
    """No model: what it costs to embed is not what this benchmark measures.

    Attributes:
        n_passages: sentences that `locate` wanted embedded so far; with a model each costs time.
    """

    name = "planned"
    dim = DIM

    def __init__(self) -> None:
        self._vectors: dict[str, Vector] = {}
        # What questions have in common is in no vector of the plan.
        self._generic = {text for texts in generic_questions().values() for text in texts}
        self._asked = np.zeros(DIM, np.float32)
        self.n_passages = 0

    def plan(self, questions: Sequence[Question]) -> None:
        self._vectors = {question.text: question.vector for question in questions}

    async def embed_query(self, text: str) -> Vector:
        if text in self._generic:
            return np.zeros(DIM, np.float32)
        # A question that was mended (`slips`) means what it meant.
        self._asked = self._vectors.get(text, self._asked)
        return self._asked

    async def embed_passages(self, texts: Sequence[str]) -> Vector:
        self.n_passages += len(texts)
        return np.full((len(texts), DIM), DIM**-0.5, np.float32)
