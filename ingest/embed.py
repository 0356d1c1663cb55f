"""Chunks → chunks with vectors. Comes after `chunk`; `load` follows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from baize.domain.search import IndexedChunk, Vector
from baize.domain.sentences import joined
from baize.domain.text import Chunk
from baize.ports import Embedder, Progress
from baize.retrieval.terms import passage_vector, pinyin_terms, terms

_BATCH = 32
_VIEWS = np.array([0.3, 0.35, 0.35], np.float32)
"""Weights of a sentence's passage, of the sentence itself, and of its window. Chosen on the shared suites."""
_SCALE = 0.976
"""There are more sentences than passages, so the best one stands higher; with this factor,
`retrieval.dense_midpoint` means the same for speech and for documents."""


async def embed(
    chunks: Sequence[Chunk], build_id: str, embedder: Embedder, progress: Progress
) -> list[IndexedChunk]:
    """Dense and lexical vectors of every chunk, in order; progress in chunks."""
    points: list[IndexedChunk] = []
    for start in range(0, len(chunks), _BATCH):
        batch = chunks[start : start + _BATCH]
        dense = await _dense(batch, embedder)
        points.extend(
            IndexedChunk(
                c,
                build_id,
                vector,
                lexical=passage_vector(terms(c.lexical_text)),
                pinyin=passage_vector(pinyin_terms(c.lexical_text)),
            )
            for c, vector in zip(batch, dense, strict=True)
        )
        progress(len(points), len(chunks))
    return points


async def _dense(chunks: Sequence[Chunk], embedder: Embedder) -> list[Vector]:
    views = [_views(chunk) for chunk in chunks]
    # Chunks of one passage share its text.
    texts = list(dict.fromkeys(text for view in views for text in view))
    vectors = dict(zip(texts, await embedder.embed_passages(texts), strict=True))
    return [_blend([vectors[text] for text in view]) for view in views]


def _views(chunk: Chunk) -> list[str]:
    if chunk.focus is None:
        return [chunk.indexed_text]
    window = joined(sentence.text for sentence in chunk.window)
    return [chunk.indexed_text, chunk.sentences[chunk.focus].text, window]


def _blend(views: Sequence[Vector]) -> Vector:
    """One vector for a sentence seen near and far; the dot product with a question blends their cosines.

    It is divided by the root of its length, not by its length: a sentence that has little to do with its
    surroundings (“Okay.”, “Let's see.”) stays shorter, so it is found later. Measured in docs/retrieval.md.
    """
    if len(views) == 1:
        return views[0]
    blended = _VIEWS @ np.stack(views)
    return np.asarray(_SCALE * blended / np.sqrt(np.linalg.norm(blended)), np.float32)
