"""Chunks → chunks with vectors. Comes after `chunk`; `load` follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from baize.domain.search import IndexedChunk, Vector
from baize.domain.sentences import joined
from baize.domain.text import Chunk
from baize.ports import Embedder, Progress
from baize.retrieval.terms import passage_vector, pinyin_side_by_side, terms_side_by_side

_BATCH = 32


@dataclass(frozen=True, slots=True)
class Blend:
    """How the vectors of a sentence seen near and far become one; `python -m benchmarks.blend` compares some.

    Attributes:
        passage: weight of the passage that holds the sentence.
        sentence: weight of the sentence itself.
        window: weight of the sentence with what follows it.
        shorten: the blend is divided by its length to the power of this: 1 gives unit length. Below 1 a
            sentence that has little to do with its surroundings (“Okay.”, “Let's see.”) stays shorter, so it
            is found later.
        scale: there are more sentences than passages, so the best one stands higher; with this factor,
            `retrieval.dense_midpoint` means the same for speech and for documents.
    """

    passage: float
    sentence: float
    window: float
    shorten: float
    scale: float


SPEECH = Blend(passage=0.3, sentence=0.35, window=0.35, shorten=0.5, scale=0.976)
"""Chosen on the shared suites (docs/retrieval.md)."""


async def embed(
    chunks: Sequence[Chunk],
    build_id: str,
    embedder: Embedder,
    progress: Progress,
    *,
    blend: Blend = SPEECH,
    size: int = _BATCH,
) -> list[IndexedChunk]:
    """Dense and lexical vectors of every chunk, in order; progress in chunks.

    A passage stored whole has its own vector, a sentence of speech the blend of three.

    Args:
        size: chunks at a time.
    """
    points: list[IndexedChunk] = []
    for start in range(0, len(chunks), size):
        batch = chunks[start : start + size]
        dense = await _dense(batch, embedder, blend)
        points.extend(
            IndexedChunk(
                c,
                build_id,
                vector,
                lexical=passage_vector(_of_parts(c, terms_side_by_side)),
                pinyin=passage_vector(_of_parts(c, pinyin_side_by_side)),
            )
            for c, vector in zip(batch, dense, strict=True)
        )
        progress(len(points), len(chunks))
    return points


def _of_parts(chunk: Chunk, terms_of: Callable[[Sequence[str]], list[str]]) -> list[str]:
    """Terms of `chunk.lexical_text`; a line of its own each heading, and the sentences as they are joined."""
    found = [term for heading in chunk.headings_below for term in terms_of([heading])]
    said = [chunk.text] if chunk.focus is None else [sentence.text for sentence in chunk.window]
    return found + terms_of(said)


async def embed_texts(texts: Sequence[str], embedder: Embedder, progress: Progress) -> Vector:
    """A vector for each text, (n, dim), in batches; progress in texts."""
    rows: list[Vector] = []
    for start in range(0, len(texts), _BATCH):
        rows.extend(await embedder.embed_passages(texts[start : start + _BATCH]))
        progress(len(rows), len(texts))
    return np.stack(rows) if rows else np.empty((0, embedder.dim), np.float32)


async def _dense(chunks: Sequence[Chunk], embedder: Embedder, blend: Blend) -> list[Vector]:
    views = [_views(chunk) for chunk in chunks]
    # Chunks of one passage share its text.
    texts = list(dict.fromkeys(text for view in views for text in view))
    vectors = await embedder.embed_passages(texts)
    row_of = {text: row for row, text in enumerate(texts)}
    return _blended(vectors, [[row_of[text] for text in view] for view in views], blend)


def _views(chunk: Chunk) -> list[str]:
    if chunk.focus is None:
        return [chunk.indexed_text]
    window = joined(sentence.text for sentence in chunk.window)
    return [chunk.indexed_text, chunk.sentences[chunk.focus].text, window]


def _blended(vectors: Vector, views: Sequence[Sequence[int]], blend: Blend) -> list[Vector]:
    """Of each chunk the vector of its one view, or a blend of three: its dot product with a question is the
    blend of their cosines, divided by the same length.

    Args:
        views: rows of `vectors`.
    """
    weights = np.array([blend.passage, blend.sentence, blend.window], np.float32)
    of_speech = np.array([rows for rows in views if len(rows) > 1], np.intp).reshape(-1, len(weights))
    mixed = iter(weights @ vectors[of_speech])
    found: list[Vector] = []
    for rows in views:
        if len(rows) == 1:
            found.append(vectors[rows[0]])
        else:
            blended = next(mixed)
            found.append(blend.scale * blended / np.sqrt(blended.dot(blended)) ** blend.shorten)
    return found
