"""The routes: the part of Qdrant's REST API that `baize/adapters/index_qdrant.py` uses.

Every handler calls the engine directly on the event loop. The engine holds the GIL in each call, so a
thread would give no concurrency, and this way requests are served one after the other: one writer at a
time, and no reader in the middle of a write, without a lock.

Source: https://api.qdrant.tech/api-reference
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Any

import msgspec
import orjson
import qdrant_edge as qe
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from baize.edge.filters import known_fields, to_filter
from baize.edge.store import Collection, Store
from baize.edge.wire import collection_json, quantized, record_json, scored_json, to_index_params
from baize.errors import BaizeError, Conflict, InvalidInput, NotFound

_STATUS: dict[type[Exception], int] = {InvalidInput: 400, NotFound: 404, Conflict: 409}
_log = logging.getLogger(__name__)

Handler = Callable[[Request], Awaitable[Any]]


def build_app(store: Store) -> Starlette:
    """The application, without its guard."""
    routes = _Routes(store)
    one, points = "/collections/{name}", "/collections/{name}/points"
    # The two of every question first: a request goes along the table until one fits.
    table: list[tuple[str, str, Handler]] = [
        ("POST", f"{points}/query/batch", routes.query_batch),
        ("POST", points, routes.retrieve),
        ("GET", "/collections", routes.list_collections),
        ("GET", f"{one}/exists", routes.exists),
        ("GET", one, routes.describe),
        ("PUT", one, routes.create),
        ("PATCH", one, routes.change),
        ("DELETE", one, routes.drop),
        ("PUT", f"{one}/index", routes.create_index),
        ("PUT", points, routes.upsert),
        ("POST", f"{points}/payload", routes.set_payload),
        ("PUT", f"{points}/payload", routes.overwrite_payload),
        ("POST", f"{points}/delete", routes.delete),
        ("POST", f"{points}/scroll", routes.scroll),
        ("POST", f"{points}/count", routes.count),
    ]
    return Starlette(
        routes=[
            Route("/", _root, methods=["GET"]),
            *(Route(path, _answering(handler), methods=[method]) for method, path, handler in table),
        ],
        exception_handlers={
            BaizeError: _refused,
            TypeError: _malformed,
            ValueError: _malformed,
            Exception: _broken,
        },
    )


async def _root(_: Request) -> Response:
    return _json(200, {"title": "baize index server - qdrant-edge", "version": version("qdrant-edge-py")})


def _answering(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        began_s = time.perf_counter()
        result = await handler(request)
        return _json(200, {"result": result, "status": "ok", "time": time.perf_counter() - began_s})

    return answer


def _json(status: int, body: Any) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")


def _failed(status: int, message: str) -> Response:
    return _json(status, {"status": {"error": message}, "time": 0.0})


def _refused(_: Request, error: Exception) -> Response:
    return _failed(_STATUS.get(type(error), 500), str(error))


def _malformed(request: Request, error: Exception) -> Response:
    """The engine's own objects refuse a wrong type or a malformed id with these two."""
    _log.warning("%s %s refused: %s", request.method, request.url.path, error)
    return _failed(400, f"Format error in JSON body: {error}")


def _broken(_: Request, error: Exception) -> Response:
    return _failed(500, f"Service internal error: {error}")


async def _body(request: Request, *known: str, required: tuple[str, ...] = ()) -> dict[str, Any]:
    return known_fields(orjson.loads(await request.body()), known, "body", required=required)


class _Routes:
    def __init__(self, store: Store) -> None:
        self._store = store

    def _collection(self, request: Request) -> Collection:
        return self._store.get(request.path_params["name"])

    async def _write(self, request: Request, operation: qe.UpdateOperation, n_points: int) -> dict[str, Any]:
        wait = request.query_params.get("wait") == "true"
        await self._collection(request).writable.wait()
        # Asked again: it may have been dropped meanwhile.
        collection = self._collection(request)
        collection.write(operation, n_points, flush=wait)
        return {"operation_id": collection.n_writes, "status": "completed" if wait else "acknowledged"}

    async def list_collections(self, _: Request) -> dict[str, Any]:
        return {"collections": [{"name": name} for name in self._store.names()]}

    async def exists(self, request: Request) -> dict[str, bool]:
        return {"exists": self._store.exists(request.path_params["name"])}

    async def describe(self, request: Request) -> dict[str, Any]:
        collection = self._collection(request)
        return collection_json(collection.spec, collection.shard.info(), busy=collection.vacuum_due)

    async def create(self, request: Request) -> bool:
        spec = await _body(request, "vectors", "sparse_vectors")
        self._store.create(request.path_params["name"], spec)
        return True

    async def change(self, request: Request) -> bool:
        """With a `deleted_threshold` of 0, deleted points leave the files; `describe` tells green then.

        With a quantization of the vectors, they are quantized when the graph is built next, which is soon.
        """
        body = await _body(request, "optimizers_config", "vectors")
        known = ("deleted_threshold", "vacuum_min_vector_number")
        chosen = known_fields(body.get("optimizers_config", {}), known, "optimizers_config")
        collection = self._collection(request)
        if "vectors" in body:
            collection.change(quantized(collection.spec, body["vectors"]))
        if chosen.get("deleted_threshold") == 0:
            collection.ask_vacuum()
        return True

    async def drop(self, request: Request) -> bool:
        return self._store.drop(request.path_params["name"])

    async def create_index(self, request: Request) -> dict[str, Any]:
        body = await _body(request, required=("field_name", "field_schema"))
        schema = to_index_params(body["field_schema"])
        operation = qe.UpdateOperation.create_field_index(body["field_name"], schema)
        return await self._write(request, operation, 0)

    async def upsert(self, request: Request) -> dict[str, Any]:
        body = await _body(request, required=("points",))
        vectors = self._collection(request).vectors
        points = [vectors.point(point) for point in body["points"]]
        return await self._write(request, qe.UpdateOperation.upsert_points(points), len(points))

    async def set_payload(self, request: Request) -> dict[str, Any]:
        body = await _body(request, required=("payload", "points"))
        operation = qe.UpdateOperation.set_payload(body["points"], body["payload"])
        return await self._write(request, operation, len(body["points"]))

    async def overwrite_payload(self, request: Request) -> dict[str, Any]:
        body = await _body(request, required=("payload", "points"))
        operation = qe.UpdateOperation.overwrite_payload(body["points"], body["payload"])
        return await self._write(request, operation, len(body["points"]))

    async def delete(self, request: Request) -> dict[str, Any]:
        body = await _body(request, "points", "filter")
        if "points" in body:
            operation = qe.UpdateOperation.delete_points(body["points"])
        else:
            operation = qe.UpdateOperation.delete_points_by_filter(to_filter(body.get("filter")))
        return await self._write(request, operation, 0)

    async def retrieve(self, request: Request) -> list[dict[str, Any]]:
        body = await _body(request, "with_payload", "with_vector", required=("ids",))
        with_payload, with_vector = body.get("with_payload", True), body.get("with_vector", False)
        records = self._collection(request).shard.retrieve(body["ids"], with_payload, with_vector)
        return [record_json(record) for record in records]

    async def query_batch(self, request: Request) -> list[dict[str, Any]]:
        body = await _body(request, required=("searches",))
        answers = self._collection(request).query(body["searches"])
        bare = not any(search.get("with_payload") or search.get("with_vector") for search in body["searches"])
        return [{"points": scored_json(points, bare=bare)} for points in answers]

    async def scroll(self, request: Request) -> dict[str, Any]:
        body = await _body(request, "filter", "offset", "with_payload", "with_vector", required=("limit",))
        if "filter" in body:
            body["filter"] = to_filter(body["filter"])
        records, following = self._collection(request).shard.scroll(qe.ScrollRequest(**body))
        next_offset = None if following is None else str(following)
        return {"points": [record_json(record) for record in records], "next_page_offset": next_offset}

    async def count(self, request: Request) -> dict[str, int]:
        body = await _body(request, "filter", "exact")
        counted = to_filter(body["filter"]) if "filter" in body else None
        return {"count": self._collection(request).shard.count(qe.CountRequest(filter=counted))}
