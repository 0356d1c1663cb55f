"""Chunks → chunks with vectors. Comes after `chunk`; `load` follows."""

from __future__ import annotations

from collections.abc import Sequence

from baize.domain.search import IndexedChunk
from baize.domain.text import Chunk
from baize.ports import Embedder, Progress
from baize.retrieval.terms import passage_vector, pinyin_terms, terms

_BATCH = 16


async def embed(
    chunks: Sequence[Chunk], build_id: str, embedder: Embedder, progress: Progress
) -> list[IndexedChunk]:
    """Dense and lexical vectors of every chunk, in order; progress in chunks."""
    points: list[IndexedChunk] = []
    for start in range(0, len(chunks), _BATCH):
        batch = chunks[start : start + _BATCH]
        dense = await embedder.embed_passages([c.indexed_text for c in batch])
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
