"""The vectors of a point: one dense leg, and sparse legs whose terms the store weighs by their IDF.

The models are built with `model_construct`: checking half a thousand floats against each shape that
Qdrant's vectors may have costs more than the search itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from baize.adapters.qdrant_payload import PassageWriter, payload_of
from baize.domain.search import DenseQuery, IndexedChunk, SparseQuery, SparseVector, Vector

if TYPE_CHECKING:
    from qdrant_client import models

DENSE = "dense"
DENSE_PARAMS = {"hnsw_ef": 320, "quantization": {"rescore": True, "oversampling": 2.0}}
"""How the graph is searched: 320 candidates by their quantized vectors, twice as many as are wanted scored by
the real ones. At 100,000 chunks and a filter on a language that finds .983 of the 100 nearest; 256 candidates
without quantization find .984 for 1.6 times the CPU. Vectors that are not in the graph, or not quantized yet,
are searched as they are (docs/retrieval.md)."""
SPARSE = ("lexical", "pinyin")
"""Sparse legs, each named as the field of `IndexedChunk` that holds its vector."""


def vector_params(dim: int) -> tuple[dict[str, models.VectorParams], dict[str, models.SparseVectorParams]]:
    """Parameters of the dense and of the sparse legs, by name."""
    from qdrant_client import models

    # Not cosine: a vector's length says how well its sentence fits its passage (`ingest.embed`).
    dense = models.VectorParams(size=dim, distance=models.Distance.DOT, quantization_config=quantization())
    return {DENSE: dense}, {leg: models.SparseVectorParams(modifier=models.Modifier.IDF) for leg in SPARSE}


def quantization() -> models.ScalarQuantization:
    """Eight bits a number, in memory, beside the vectors themselves; see `DENSE_PARAMS`."""
    from qdrant_client import models

    return models.ScalarQuantization(
        scalar=models.ScalarQuantizationConfig(type=models.ScalarType.INT8, quantile=0.99, always_ram=True)
    )


def wire_point(point: IndexedChunk, writer: PassageWriter) -> dict[str, Any]:
    """As `QdrantWire.upsert` sends it. A leg without terms is left out."""
    vectors: dict[str, Any] = {DENSE: point.dense}
    for leg in SPARSE:
        vector: SparseVector = getattr(point, leg)
        if vector.indices:
            vectors[leg] = {"indices": vector.indices, "values": vector.values}
    return {"id": point.chunk.id, "vector": vectors, "payload": payload_of(point, writer)}


def point_struct(sent: dict[str, Any]) -> models.PointStruct:
    """What `wire_point` gives, for qdrant-client."""
    from qdrant_client import models

    vectors = {
        leg: models.SparseVector.model_construct(**vector) if leg in SPARSE else vector.tolist()
        for leg, vector in sent["vector"].items()
    }
    return models.PointStruct.model_construct(id=sent["id"], vector=vectors, payload=sent["payload"])


def wire_query(query: DenseQuery | SparseQuery) -> Vector | dict[str, Any]:
    """As `QdrantWire.query_batch` sends it."""
    if isinstance(query, DenseQuery):
        return query.vector
    return {"indices": query.vector.indices, "values": query.vector.values}


def query_request(search: dict[str, Any]) -> models.QueryRequest:
    """What `wire_query` is part of, for qdrant-client."""
    from qdrant_client import models

    vector = search["query"]
    numbers = vector if isinstance(vector, dict) else vector.tolist()
    return models.QueryRequest(**{**search, "query": numbers})
