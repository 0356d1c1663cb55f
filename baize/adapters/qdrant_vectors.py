"""The vectors of a point: one dense leg, and sparse legs whose terms the store weighs by their IDF.

The models are built with `model_construct`: checking half a thousand floats against each shape that
Qdrant's vectors may have costs more than the search itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from baize.adapters.qdrant_payload import payload_of
from baize.domain.search import DenseQuery, IndexedChunk, SparseQuery, SparseVector

if TYPE_CHECKING:
    from qdrant_client import models

DENSE = "dense"
SPARSE = ("lexical", "pinyin")
"""Sparse legs, each named as the field of `IndexedChunk` that holds its vector."""


def vector_params(dim: int) -> tuple[dict[str, models.VectorParams], dict[str, models.SparseVectorParams]]:
    """Parameters of the dense and of the sparse legs, by name."""
    from qdrant_client import models

    # Not cosine: a vector's length says how well its sentence fits its passage (`ingest.embed`).
    dense = models.VectorParams(size=dim, distance=models.Distance.DOT)
    return {DENSE: dense}, {leg: models.SparseVectorParams(modifier=models.Modifier.IDF) for leg in SPARSE}


def point_struct(point: IndexedChunk) -> models.PointStruct:
    """A leg without terms is left out."""
    from qdrant_client import models

    vectors: dict[str, Any] = {DENSE: point.dense.tolist()}
    for leg in SPARSE:
        vector: SparseVector = getattr(point, leg)
        if vector.indices:
            vectors[leg] = _sparse(vector)
    return models.PointStruct.model_construct(id=point.chunk.id, vector=vectors, payload=payload_of(point))


def query_vector(query: DenseQuery | SparseQuery) -> list[float] | dict[str, Any]:
    if isinstance(query, DenseQuery):
        numbers: list[float] = query.vector.tolist()
        return numbers
    return {"indices": query.vector.indices, "values": query.vector.values}


def _sparse(vector: SparseVector) -> models.SparseVector:
    from qdrant_client import models

    return models.SparseVector.model_construct(indices=list(vector.indices), values=list(vector.values))
