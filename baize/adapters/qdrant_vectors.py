"""The vectors of a point: one dense leg, and sparse legs whose terms the store weighs by their IDF.

The models are built with `model_construct`: checking half a thousand floats against each shape that
Qdrant's vectors may have costs more than the search itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from baize.adapters.qdrant_payload import PassageWriter, payload_of
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


def wire_point(point: IndexedChunk, writer: PassageWriter) -> dict[str, Any]:
    """As it is sent. A leg without terms is left out."""
    vectors: dict[str, Any] = {DENSE: point.dense.tolist()}
    for leg in SPARSE:
        vector: SparseVector = getattr(point, leg)
        if vector.indices:
            vectors[leg] = {"indices": vector.indices, "values": vector.values}
    return {"id": point.chunk.id, "vector": vectors, "payload": payload_of(point, writer)}


def point_struct(sent: dict[str, Any]) -> models.PointStruct:
    """What `wire_point` gives, for qdrant-client."""
    from qdrant_client import models

    vectors = {
        leg: models.SparseVector.model_construct(**vector) if leg in SPARSE else vector
        for leg, vector in sent["vector"].items()
    }
    return models.PointStruct.model_construct(id=sent["id"], vector=vectors, payload=sent["payload"])


def query_vector(query: DenseQuery | SparseQuery) -> list[float] | dict[str, Any]:
    if isinstance(query, DenseQuery):
        numbers: list[float] = query.vector.tolist()
        return numbers
    return {"indices": query.vector.indices, "values": query.vector.values}
