"""The two stock pipelines that every retrieval suite is compared with, over the same texts.

*Stock LangChain*: a recursive character splitter with Chinese separators at 400 and at 1,000 characters,
the same embedder as the product's, exhaustive cosine search. *Stock BM25*: the same chunks, words by
rjieba, Okapi BM25 (Robertson and Zaragoza 2009; k1 = 1.5 and b = 0.75, rank_bm25's defaults). A chunk
points to the start of its first cue.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from baize.adapters.split_langchain import LangchainSplitter
from baize.domain.search import Vector
from baize.ports import Embedder
from eval.dataset import Document, Video
from eval.progress import stage

SIZES = (400, 1000)
NAMES = ("langchain", "bm25")
_K1, _B = 1.5, 0.75
_BATCH = 32


@dataclass(frozen=True, slots=True)
class StockChunk:
    """A piece of a video or document; `t` in seconds, 0.0 for a document."""

    place: str
    t: float
    text: str


class Stock:
    """Both stock pipelines over the chunks of one size."""

    def __init__(self, chunks: Sequence[StockChunk], vectors: Vector) -> None:
        self._chunks = chunks
        self._vectors = vectors
        self._words = _WordIndex([words(chunk.text) for chunk in chunks])
        self._places = np.array([chunk.place for chunk in chunks])

    def rank(self, name: str, question: str, vector: Vector, *, k: int, place: str = "") -> list[StockChunk]:
        """The best `k` chunks of one pipeline, best first; BM25 gives none without a common word.

        Args:
            place: only this video's.
        """
        scores = self._vectors @ vector if name == "langchain" else self._words.scores(words(question))
        found = np.flatnonzero(scores > 0) if name == "bm25" else np.arange(len(scores))
        if place:
            found = found[self._places[found] == place]
        best = found[np.argsort(-scores[found], kind="stable")[:k]]
        return [self._chunks[n] for n in best]


class _WordIndex:
    """Okapi BM25 over words; idf = ln(1 + (N − n + ½) / (n + ½)), which is never negative."""

    def __init__(self, texts: Sequence[Sequence[str]]) -> None:
        self._n = len(texts)
        lengths = np.array([len(text) for text in texts], dtype=np.float64)
        norms = _K1 * (1 - _B + _B * lengths / max(float(lengths.mean()) if self._n else 1.0, 1.0))
        self._postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, text in enumerate(texts):
            for word, n in Counter(text).items():
                self._postings[word].append((number, n * (_K1 + 1) / (n + norms[number])))

    def scores(self, query: Sequence[str]) -> npt.NDArray[np.float64]:
        totals = np.zeros(self._n)
        for word in query:
            postings = self._postings.get(word, [])
            idf = math.log(1 + (self._n - len(postings) + 0.5) / (len(postings) + 0.5))
            for number, weight in postings:
                totals[number] += idf * weight
        return totals


def words(text: str) -> list[str]:
    """rjieba's words in lower case, without those that hold no letter or digit."""
    import rjieba

    return [word.lower() for word in rjieba.cut(text) if any(ch.isalnum() for ch in word)]


async def build_stock(
    texts: Sequence[Video] | Sequence[Document], embedder: Embedder, name: str
) -> dict[int, Stock]:
    """Both pipelines, by chunk size in characters."""
    made: dict[int, Stock] = {}
    for size in SIZES:
        splitter = LangchainSplitter(size)
        chunks = [chunk for text in texts for chunk in _chunks(text, splitter)]
        vectors = np.empty((len(chunks), embedder.dim), np.float32)
        with stage(f"{name}: stock pipelines, {size} characters") as advance:
            for start in range(0, len(chunks), _BATCH):
                batch = [chunk.text for chunk in chunks[start : start + _BATCH]]
                vectors[start : start + len(batch)] = await embedder.embed_passages(batch)
                advance(start + len(batch), len(chunks))
        made[size] = Stock(chunks, vectors)
    return made


def _chunks(source: Video | Document, splitter: LangchainSplitter) -> list[StockChunk]:
    if isinstance(source, Document):
        text = f"{source.title}\n{source.text}" if source.title else source.text
        return [StockChunk(source.id, 0.0, piece.strip()) for _, piece in splitter.split(text)]
    text, starts = "", []
    for cue in source.cues:
        text += " " if text else ""
        starts.append(len(text))
        text += cue.text
    return [
        StockChunk(source.id, _first_cue_start(source, starts, offset, piece), piece.strip())
        for offset, piece in splitter.split(text)
    ]


def _first_cue_start(video: Video, starts: Sequence[int], offset: int, piece: str) -> float:
    first = offset + len(piece) - len(piece.lstrip())
    return video.cues[max(bisect_right(starts, first) - 1, 0)].start
