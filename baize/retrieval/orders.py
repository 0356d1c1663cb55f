"""Which sentences of a lecture speak to a model, in words that no pattern of `disarm` knows. Before `chunk`.

A linear reading of signs (`order_signs`), words and meaning, trained from `order_examples.tsv` when it is
first needed: ridge regression, as `answering.route`. Two steps: signs and words judge each sentence that
bears a sign; only what they leave open is embedded, so that a lecture in which nothing is open costs no
embedding. The embedder is the one that is configured, whichever it is. What an order wants said may be long
and about the lesson: what stands before a colon or a quotation is read by itself as well.

What is found stays in the transcript. It is no evidence, so a mistake takes one sentence from the model and
from what is prepared; the thresholds are set so that ordinary lectures lose next to none.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import combinations

import numpy as np

from baize.domain.search import Vector
from baize.ports import Embedder
from baize.retrieval.bags import Matrix, bag_rows, pieces, unit_rows, vocabulary_of
from baize.retrieval.disarm import gives_orders
from baize.retrieval.order_signs import NAMES, may_be_order, signs
from baize.retrieval.terms import normalise, terms
from baize.retrieval.unmask import unmask

CLEAR = -0.6
"""A sentence with this score by signs and words, or less, is none."""
_MISTAKEN = 0.04
"""Share of the examples that are no orders, all of them close to some, that may score as one when left out.
It sets the score of an order for each embedder; of the sentences of ordinary lectures far fewer reach it."""
_BATCH = 256
_SHORTEST = 8
_QUOTES = re.compile(r"[:：“\"「『]\s*")
_RIDGE = 0.3
_WORDS = 0.8
_MEANING = 1.0
"""Weights against the signs. Chosen, as `_RIDGE`, by leaving one example out."""

_PAIRS = {pair: len(NAMES) + number for number, pair in enumerate(combinations(NAMES, 2))}
_PLACES = {name: number for number, name in enumerate(NAMES)}


@dataclass(frozen=True, slots=True)
class OrderExample:
    """A sentence of which it is known whether it gives orders to a model."""

    is_order: bool
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A trained reading: `weights` of signs, then words, then meaning if it has any; the last is the bias.

    Attributes:
        centre: what the meanings of all examples share; empty where meaning is not read.
        order: the score from which a sentence is an order.
    """

    vocabulary: dict[str, int]
    centre: Vector
    weights: Matrix
    order: float

    def scores(self, texts: Sequence[str], vectors: Vector | None = None) -> Matrix:
        """From about −1, a lecturer's sentence, to about 1, an order."""
        meant = vectors - self.centre if vectors is not None else None
        return features(texts, self.vocabulary, meant) @ self.weights


def order_examples() -> list[OrderExample]:
    """Those that come with the package, written for it."""
    text = resources.files("baize.retrieval").joinpath("order_examples.tsv").read_text("utf-8")
    rows = [line.split("\t", 1) for line in text.splitlines()]
    return [OrderExample(kind == "order", said) for kind, said in rows]


class OrderReader:
    """Tells orders from lectures. One for all courses of a process; safe to share between tasks.

    Args:
        embedder: the examples are embedded by it when the first sentence of a process is left open.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._by_meaning: Reading | None = None
        self._training = asyncio.Lock()

    async def orders(self, texts: Sequence[str], embedder: Embedder) -> frozenset[str]:
        """Those of `texts` that are orders.

        Args:
            embedder: the same model, which may remember what was embedded in this course. Sentences are
                embedded as passages.
        """
        suspects = [
            (text, view) for text in dict.fromkeys(texts) for view in views(text) if may_be_order(view)
        ]
        # What is hidden from people, or written in traditional characters, patterns know once it is read.
        found = {text for text in texts if gives_orders(normalise(unmask(text)))}
        for start in range(0, len(suspects), _BATCH):
            found |= await self._among(suspects[start : start + _BATCH], embedder)
        return frozenset(found)

    async def _among(self, suspects: Sequence[tuple[str, str]], embedder: Embedder) -> set[str]:
        first = reading_of_words().scores([view for _, view in suspects])
        left = [pair for pair, score in zip(suspects, first, strict=True) if score > CLEAR]
        if not left:
            return set()
        reading = await self._ready()
        seen = [view for _, view in left]
        second = reading.scores(seen, await embedder.embed_passages([unmask(view) for view in seen]))
        return {text for (text, _), score in zip(left, second, strict=True) if score >= reading.order}

    async def _ready(self) -> Reading:
        async with self._training:
            if self._by_meaning is None:
                taught = order_examples()
                vectors = await self._embedder.embed_passages([one.text for one in taught])
                self._by_meaning = trained(taught, vectors)
            return self._by_meaning


def views(text: str) -> list[str]:
    """The sentence, and what stands before its first colon or quotation if that may be an order by itself."""
    head = _QUOTES.split(text, maxsplit=1)[0].strip()
    return [text, head] if len(head) < len(text) - 1 and len(head) >= _SHORTEST else [text]


@cache
def reading_of_words() -> Reading:
    """Signs and words only, for any embedder."""
    return trained(order_examples())


def trained(taught: Sequence[OrderExample], vectors: Vector | None = None) -> Reading:
    """A reading of these examples, orders and others weighing the same."""
    texts = [one.text for one in taught]
    vocabulary = vocabulary_of(map(_words, texts))
    centre = vectors.mean(0) if vectors is not None else np.empty(0, np.float32)
    rows = features(texts, vocabulary, vectors - centre if vectors is not None else None)
    is_order = np.array([one.is_order for one in taught])
    # A rarer kind's examples weigh more.
    share = 2.0 * np.where(is_order, is_order.mean(), 1 - is_order.mean())
    solved = np.linalg.inv(rows @ rows.T + _RIDGE * np.diag(share))
    targets = np.where(is_order, 1.0, -1.0)
    alphas = solved @ targets
    left_out = targets - alphas / np.diag(solved)
    order = float(np.quantile(left_out[~is_order], 1 - _MISTAKEN))
    return Reading(vocabulary, centre, alphas @ rows, order)


def features(texts: Sequence[str], vocabulary: dict[str, int], meant: Vector | None) -> Matrix:
    """Signs and pairs of them, words, meaning, each of unit length, side by side; a constant last."""
    borne = np.zeros((len(texts), len(NAMES) + len(_PAIRS)))
    for row, text in enumerate(texts):
        found = sorted(signs(text), key=_PLACES.__getitem__)
        borne[row, [_PLACES[name] for name in found]] = 1.0
        borne[row, [_PAIRS[pair] for pair in combinations(found, 2)]] = 1.0
    bags = bag_rows([_words(text) for text in texts], vocabulary)
    parts = [unit_rows(borne), _WORDS * unit_rows(bags)]
    if meant is not None:
        parts.append(_MEANING * unit_rows(meant))
    return np.hstack([*parts, np.ones((len(texts), 1))])


def _words(text: str) -> set[str]:
    """Terms, pairs of Chinese characters, threes of Latin ones."""
    folded = normalise(unmask(text))
    return {*terms(folded), *pieces(folded)}
