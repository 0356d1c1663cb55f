"""Points, queries and collection parameters between Qdrant's JSON and the engine's objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import qdrant_edge as qe

from baize.edge.filters import known_fields, to_filter
from baize.errors import InvalidInput

_DISTANCES = {"Cosine": qe.Distance.Cosine, "Dot": qe.Distance.Dot, "Euclid": qe.Distance.Euclid}
_CREATE_FIELDS = ("vectors", "sparse_vectors")
_INDEX_TYPES = {qe.PayloadSchemaType.Keyword: "keyword", qe.PayloadSchemaType.Float: "float"}
_QUERY_FIELDS = ("filter", "params", "with_payload", "with_vector")


def to_config(
    spec: Any, optimizers: qe.EdgeOptimizersConfig | None = None, *, search_threads: int | None = None
) -> qe.EdgeConfig:
    """The engine's configuration for the body of a create-collection request.

    Args:
        search_threads: as many search segments at once; one is the calling thread itself.
    """
    fields = known_fields(spec, _CREATE_FIELDS, "collection")
    return qe.EdgeConfig(
        vectors={name: _dense_params(params) for name, params in fields.get("vectors", {}).items()},
        sparse_vectors={
            name: _sparse_params(params) for name, params in fields.get("sparse_vectors", {}).items()
        },
        optimizers=optimizers,
        max_search_threads=search_threads,
    )


def _dense_params(spec: Any) -> qe.EdgeVectorParams:
    fields = known_fields(spec, ("quantization_config",), "vectors", required=("size", "distance"))
    distance = _DISTANCES.get(fields["distance"])
    if distance is None:
        raise InvalidInput(f"Format error in JSON body: distance must be one of {', '.join(_DISTANCES)}")
    return qe.EdgeVectorParams(
        size=fields["size"],
        distance=distance,
        quantization_config=_quantization(fields.get("quantization_config")),
    )


def _quantization(spec: Any) -> qe.ScalarQuantizationConfig | None:
    if spec is None:
        return None
    scalar = known_fields(spec, (), "quantization_config", required=("scalar",))["scalar"]
    fields = known_fields(scalar, ("quantile", "always_ram"), "scalar", required=("type",))
    if fields["type"] != "int8":
        raise InvalidInput("Format error in JSON body: quantization must be of type int8")
    memory = qe.Memory.Pinned if fields.get("always_ram") else None
    return qe.ScalarQuantizationConfig(qe.ScalarType.Int8, quantile=fields.get("quantile"), memory=memory)


def quantized(spec: Mapping[str, Any], change: Any) -> dict[str, Any]:
    """The body of a create-collection request, its vectors quantized as a change-collection request says.

    Raises:
        InvalidInput: it changes something else, or vectors that are not there.
    """
    vectors = dict(spec.get("vectors") or {})
    for name, params in known_fields(change, tuple(vectors), "vectors").items():
        wanted = known_fields(params, (), name, required=("quantization_config",))
        vectors[name] = {**vectors[name], **wanted}
        _dense_params(vectors[name])
    return {**spec, "vectors": vectors}


def _sparse_params(spec: Any) -> qe.EdgeSparseVectorParams:
    fields = known_fields(spec, ("modifier",), "sparse_vectors")
    if fields.get("modifier", "none") not in ("none", "idf"):
        raise InvalidInput("Format error in JSON body: modifier must be none or idf")
    return qe.EdgeSparseVectorParams(modifier=qe.Modifier.Idf if fields.get("modifier") == "idf" else None)


def to_index_params(spec: Any) -> qe.KeywordIndexParams | qe.FloatIndexParams:
    """The engine's schema of a payload index: `keyword` or `float`, by name or with parameters."""
    fields: dict[str, Any] = {"type": spec} if isinstance(spec, str) else _index_fields(spec)
    match fields["type"]:
        case "keyword":
            return qe.KeywordIndexParams(is_tenant=fields.get("is_tenant"))
        case "float":
            return qe.FloatIndexParams()
        case other:
            raise InvalidInput(f"Format error in JSON body: no payload index of type {other}")


def _index_fields(spec: Any) -> dict[str, Any]:
    return known_fields(spec, ("is_tenant",), "field_schema", required=("type",))


class VectorReader:
    """Reads the vectors of one collection, checking names and sizes before the engine logs the write.

    Args:
        spec: the body of the collection's create request.
    """

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self._sizes = {name: params["size"] for name, params in (spec.get("vectors") or {}).items()}
        self._sparse = set(spec.get("sparse_vectors") or {})

    def point(self, spec: Any) -> qe.Point:
        fields = known_fields(spec, ("payload",), "point", required=("id", "vector"))
        if not isinstance(fields["vector"], Mapping):
            raise InvalidInput("Format error in JSON body: the vectors of a point must be named")
        vectors = {name: self.vector(name, value) for name, value in fields["vector"].items()}
        return qe.Point(fields["id"], vectors, fields.get("payload", {}))

    def vector(self, name: str, value: Any) -> Any:
        if name in self._sparse:
            fields = known_fields(value, (), "sparse vector", required=("indices", "values"))
            return qe.SparseVector(fields["indices"], fields["values"])
        if name not in self._sizes:
            raise InvalidInput(f"Wrong input: Not existing vector name error: {name}")
        if not isinstance(value, list) or len(value) != self._sizes[name]:
            raise InvalidInput(
                f"Wrong input: Vector dimension error: {name} needs {self._sizes[name]} numbers"
            )
        return value

    def query(self, spec: Any) -> qe.QueryRequest:
        fields = known_fields(spec, _QUERY_FIELDS, "query", required=("query", "using", "limit"))
        using = fields["using"]
        return qe.QueryRequest(
            limit=fields["limit"],
            query=qe.Query.Nearest(self.vector(using, _nearest(fields["query"])), using=using),
            filter=to_filter(fields["filter"]) if "filter" in fields else None,
            params=_search_params(fields.get("params", {})),
            with_payload=fields.get("with_payload", False),
            with_vector=fields.get("with_vector", False),
        )


def _nearest(query: Any) -> Any:
    """qdrant-client spells a plain vector out as `{"nearest": vector}`."""
    if isinstance(query, Mapping) and "nearest" in query:
        return known_fields(query, (), "query", required=("nearest",))["nearest"]
    return query


def _search_params(spec: Any) -> qe.SearchParams:
    fields = known_fields(spec, ("hnsw_ef", "exact", "indexed_only", "quantization"), "params")
    if "quantization" in fields:
        known = ("ignore", "rescore", "oversampling")
        chosen = known_fields(fields["quantization"], known, "quantization")
        fields["quantization"] = qe.QuantizationSearchParams(**chosen)
    return qe.SearchParams(**fields)


def collection_json(spec: Mapping[str, Any], info: qe.ShardInfo, *, busy: bool = False) -> dict[str, Any]:
    """Qdrant's CollectionInfo; the engine's defaults stand where a collection cannot choose."""
    optimizer = {"deleted_threshold": 0.2, "vacuum_min_vector_number": 1000, "default_segment_number": 0}
    return {
        "status": "yellow" if busy else "green",
        "optimizer_status": "ok",
        "points_count": info.points_count,
        "indexed_vectors_count": info.indexed_vectors_count,
        "segments_count": info.segments_count,
        "config": {
            "params": dict(spec),
            "hnsw_config": {"m": 16, "ef_construct": 100, "full_scan_threshold": 10000},
            "optimizer_config": optimizer | {"flush_interval_sec": 0},
        },
        "payload_schema": {
            name: {"data_type": _INDEX_TYPES[index.data_type], "points": index.points}
            for name, index in info.payload_schema.items()
        },
    }


def scored_json(points: Sequence[qe.ScoredPoint], *, bare: bool = False) -> list[dict[str, Any]]:
    """Qdrant's ScoredPoints.

    Args:
        bare: they were asked for without payload and vectors, so these need not be looked for.
    """
    # The encoder writes a UUID in a quarter of the time that its text takes to make.
    found = [{"id": point.id, "version": point.version, "score": point.score} for point in points]
    if bare:
        return found
    return [scored | _contents_json(point) for scored, point in zip(found, points, strict=True)]


def record_json(record: qe.Record) -> dict[str, Any]:
    return {"id": record.id} | _contents_json(record)


def _contents_json(point: qe.ScoredPoint | qe.Record) -> dict[str, Any]:
    # Each look at these attributes makes a new copy of the whole payload.
    payload, vector = point.payload, cast(dict[str, Any] | None, point.vector)
    contents: dict[str, Any] = {}
    if payload is not None:
        contents["payload"] = payload
    if vector is not None:
        contents["vector"] = {name: _vector_json(part) for name, part in vector.items()}
    return contents


def _vector_json(vector: Any) -> Any:
    if isinstance(vector, qe.SparseVector):
        return {"indices": vector.indices, "values": vector.values}
    return vector
