"""The vector store: one Qdrant collection per embedding space (decisions 3, 16).

The same code speaks to the embedded index server, to a Qdrant server and to a cluster; only `connect`
differs. `qdrant_client` takes half a second to import, so that happens at the first call.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from baize.adapters.qdrant_link import Endpoint, QdrantLink, open_client
from baize.adapters.qdrant_payload import (
    BUILDS,
    CHUNK,
    INDEXES,
    PassageWriter,
    chunk_of,
    filter_of,
    index_schema,
    lessons_filter,
)
from baize.adapters.qdrant_vectors import (
    DENSE,
    DENSE_PARAMS,
    point_struct,
    quantization,
    query_request,
    vector_params,
    wire_point,
    wire_query,
)
from baize.adapters.qdrant_wire import QdrantWire
from baize.domain.search import DenseQuery, IndexedChunk, Run, Scope, SparseQuery, StoredChunk
from baize.errors import IndexUnavailable

if TYPE_CHECKING:
    from qdrant_client import AsyncQdrantClient, models

_UPSERT_BATCH = 256
_SCROLL_PAGE = 1000
_DELETED_SHARE, _VACUUM_MIN = 0.2, 1000
"""Qdrant's own: so much of a segment is deleted before it is rewritten, and so many points it has."""
_VACUUM_LEAST = 100
"""The lowest number that Qdrant admits."""
_VACUUM_S = 1800.0
_VACUUM_POLL_S = 0.2
_T = TypeVar("_T")


class QdrantChunkIndex:
    """A `ChunkIndex` in the collection `space`, which the first write creates.

    Args:
        connect: gives the endpoint; asked at the first call, and once more when the endpoint turns out
            to be gone, as an embedded server is that ended for idleness.
        space: name of the collection; one per embedding space. ASCII letters, digits and `_.~+-`.
        dim: length of the dense vectors.
        make_client: opens a client for an endpoint.
        search_timeout_s: how long a search, and the reading of passages, may take each.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Endpoint]],
        *,
        space: str,
        dim: int,
        make_client: Callable[[Endpoint], AsyncQdrantClient] = open_client,
        search_timeout_s: float = 10.0,
    ) -> None:
        self._link = QdrantLink(connect, make_client, search_timeout_s)
        self._space = space
        self._dim = dim
        self._exists = False
        self._prepared = False

    async def upsert(self, points: Sequence[IndexedChunk]) -> None:
        """As the port says; batches of 256, each durable when the next one starts."""
        if points:
            await self._prepare()
        for batch in _batches(points, _UPSERT_BATCH):
            await self._upsert_batch(batch)

    async def delete(self, platform_id: str, lesson_ids: Sequence[str], *, keep_builds: Sequence[str]) -> int:
        """As the port says."""
        if not lesson_ids or not await self._found():
            return 0
        await self._leave_builds(platform_id, tuple(lesson_ids), set(keep_builds))
        orphans = _filter(lessons_filter(platform_id, tuple(lesson_ids), tuple(keep_builds)))
        counted = await self._call(lambda client: client.count(self._space, orphans))
        if counted.count:
            await self._call(lambda client: client.delete(self._space, orphans))
        return counted.count

    async def erase(self, platform_id: str, lesson_ids: Sequence[str]) -> int:
        """As the port says: in every collection that is ours, those of other embedders and layouts too.

        Raises:
            IndexUnavailable: the store does not answer, or has not rewritten its files within half an hour.
        """
        if not lesson_ids:
            return 0
        meant = _filter(lessons_filter(platform_id, tuple(lesson_ids), ()))
        found = await self._call(lambda client: client.get_collections())
        n_points = 0
        for collection in found.collections:
            n_points += await self._erase_in(collection.name, meant)
        return n_points

    async def search(self, queries: Sequence[DenseQuery | SparseQuery], scope: Scope, k: int) -> list[Run]:
        """As the port says. Equal scores rank by chunk id; a sparse score of 0 is no match."""
        runs = [Run(query.leg, query.language) for query in queries]
        asked = [n for n, query in enumerate(queries) if _asks(query)]
        if k < 1 or not asked or scope.build_ids == () or not await self._found():
            return runs
        searches = [self._search(queries[n], scope, k) for n in asked]
        for n, points in zip(asked, await self._query_batch(searches), strict=True):
            runs[n] = _run(points, queries[n])
        return runs

    async def chunks(self, platform_id: str, chunk_ids: Sequence[str]) -> dict[str, StoredChunk]:
        """As the port says."""
        if not chunk_ids or not await self._found():
            return {}
        found: dict[str, StoredChunk] = {}
        for point_id, payload in await self._retrieve(chunk_ids, [*CHUNK, BUILDS]):
            stored = StoredChunk(chunk_of(point_id, payload), tuple(payload[BUILDS]))
            if stored.chunk.platform_id == platform_id:
                found[point_id] = stored
        return found

    async def ids(self, scope: Scope) -> list[str]:
        """As the port says."""
        if scope.build_ids == () or not await self._found():
            return []
        return sorted([str(record.id) async for record in self._scroll(_filter(filter_of(scope)), [])])

    async def count(self, scope: Scope) -> int:
        """As the port says."""
        if scope.build_ids == () or not await self._found():
            return 0
        within = _filter(filter_of(scope))
        return (await self._call(lambda client: client.count(self._space, within))).count

    async def ready(self) -> str:
        """One line for `baize doctor`: who answers, where, and how much is in the collection.

        Raises:
            IndexUnavailable: nobody answers.
        """
        server = await self._call(lambda client: client.info())
        said = f"{server.title} {server.version} at {self._link.url}, {self._space}:"
        if not await self._found():
            return f"{said} 0 points"
        n_points = (await self._call(lambda client: client.count(self._space))).count
        described = await self._call(lambda client: client.get_collection(self._space))
        later = "" if _is_quantized(described) else ", not quantized yet: the next ingest has it done"
        return f"{said} {n_points} points{later}"

    @property
    def space(self) -> str:
        """The name of the collection."""
        return self._space

    async def others(self) -> list[str]:
        """Names of our other collections on this server: of other embedders and layouts, and of catalogues.

        Raises:
            IndexUnavailable: the store does not answer.
        """
        listed = await self._call(lambda client: client.get_collections())
        names = [one.name for one in listed.collections if one.name != self._space]
        return sorted([name for name in names if await self._is_ours(name)])

    async def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        await self._link.close()

    async def _call(self, ask: Callable[[AsyncQdrantClient], Awaitable[_T]]) -> _T:
        try:
            return await self._link.call(ask)
        except IndexUnavailable:
            self._exists = self._prepared = False
            raise

    async def _over_wire(self, ask: Callable[[QdrantWire], Awaitable[_T]]) -> _T:
        try:
            return await self._link.over_wire(ask)
        except IndexUnavailable:
            self._exists = self._prepared = False
            raise

    async def _found(self) -> bool:
        if not self._exists:
            self._exists = await self._link.call_in_time(lambda client: client.collection_exists(self._space))
        return self._exists

    async def _prepare(self) -> None:
        """Before the first write: the collection exists, with vectors of our size and every index."""
        if self._prepared:
            return
        if not await self._found():
            await self._create()
        described = await self._call(lambda client: client.get_collection(self._space))
        self._check_size(described.config.params.vectors)
        if not _is_quantized(described):
            await self._quantize()
        for field in INDEXES.keys() - described.payload_schema.keys():
            await self._index(field)
        self._prepared = True

    async def _quantize(self) -> None:
        """A collection of an older version: its points stay, the store quantizes them by and by."""
        from qdrant_client import models

        change = {DENSE: models.VectorParamsDiff(quantization_config=quantization())}
        await self._call(lambda client: client.update_collection(self._space, vectors_config=change))

    async def _index(self, field: str) -> None:
        schema = index_schema(field)
        await self._call(lambda client: client.create_payload_index(self._space, field, schema, wait=False))

    async def _create(self) -> None:
        vectors, sparse = vector_params(self._dim)
        try:
            await self._call(
                lambda client: client.create_collection(self._space, vectors, sparse_vectors_config=sparse)
            )
        except IndexUnavailable:
            # Two writers may find it missing at once; one of them is refused.
            if not await self._found():
                raise

    async def _erase_in(self, space: str, meant: models.Filter) -> int:
        if space != self._space and not await self._is_ours(space):
            return 0
        n_points = (await self._call(lambda client: client.count(space, meant))).count
        if n_points:
            # Before, so that a crash in between leaves it asked for; and after, as it may be done by then.
            await self._vacuum(space, 0.0)
            await self._call(lambda client: client.delete(space, meant))
            await self._vacuum(space, 0.0)
        await self._wait_green(space)
        if n_points:
            await self._vacuum(space, None)
        return n_points

    async def _is_ours(self, space: str) -> bool:
        """A server may hold what others keep there."""
        described = await self._call(lambda client: client.get_collection(space))
        return INDEXES.keys() <= described.payload_schema.keys()

    async def _vacuum(self, space: str, threshold: float | None) -> None:
        """How much of a segment must be deleted before it is rewritten; None is the store's own share."""
        from qdrant_client import models

        chosen = models.OptimizersConfigDiff(
            deleted_threshold=_DELETED_SHARE if threshold is None else threshold,
            vacuum_min_vector_number=_VACUUM_MIN if threshold is None else _VACUUM_LEAST,
        )
        await self._call(lambda client: client.update_collection(space, optimizers_config=chosen))

    async def _wait_green(self, space: str) -> None:
        with anyio.move_on_after(_VACUUM_S):
            while await self._busy(space):  # noqa: ASYNC110 - it is another process that works
                await anyio.sleep(_VACUUM_POLL_S)
            return
        raise IndexUnavailable(
            f"The collection {space} still holds what was deleted in its files.",
            remedy="It is being rewritten; run the command again to wait for it.",
        )

    async def _busy(self, space: str) -> bool:
        return (await self._call(lambda client: client.get_collection(space))).status != "green"

    def _check_size(self, vectors: Any) -> None:
        size = vectors[DENSE].size
        if size != self._dim:
            raise IndexUnavailable(
                f"The collection {self._space} holds vectors of {size} numbers, not of {self._dim}.",
                remedy="Give each embedder a name of its own, or load again with `baize ingest --reindex`.",
            )

    def _search(self, query: DenseQuery | SparseQuery, scope: Scope, k: int) -> dict[str, Any]:
        search: dict[str, Any] = {
            "query": wire_query(query),
            "using": query.leg,
            "filter": filter_of(scope, query.language),
            "limit": k,
            "with_payload": False,
        }
        return search | {"params": DENSE_PARAMS} if isinstance(query, DenseQuery) else search

    async def _query_batch(self, searches: Sequence[dict[str, Any]]) -> list[list[tuple[float, str]]]:
        """Scores with their ids."""
        if self._link.wired:
            return await self._over_wire(lambda wire: wire.query_batch(self._space, searches))
        requests = [query_request(search) for search in searches]
        answers = await self._call(lambda client: client.query_batch_points(self._space, requests))
        return [[(point.score, str(point.id)) for point in answer.points] for answer in answers]

    async def _retrieve(
        self, ids: Sequence[str], fields: Sequence[str]
    ) -> list[tuple[str, Mapping[str, Any]]]:
        """Ids with these fields of their payloads; in any order, and without those that are not there."""
        if self._link.wired:
            return await self._over_wire(lambda wire: wire.retrieve(self._space, ids, fields))
        records = await self._call(
            lambda client: client.retrieve(self._space, list(ids), with_payload=list(fields))
        )
        return [(str(record.id), record.payload or {}) for record in records]

    async def _upsert_batch(self, points: Sequence[IndexedChunk]) -> None:
        known = await self._builds([point.chunk.id for point in points])
        fresh: dict[str, dict[str, Any]] = {}
        writer = PassageWriter()
        gained: dict[str, list[str]] = {}
        for point in points:
            builds = known.setdefault(point.chunk.id, [])
            if not builds:
                fresh[point.chunk.id] = wire_point(point, writer)
            elif point.build_id not in builds:
                gained[point.chunk.id] = builds
            if point.build_id not in builds:
                builds.append(point.build_id)
        if fresh:
            await self._store(list(fresh.values()))
        await self._set_builds(gained)

    async def _store(self, points: Sequence[dict[str, Any]]) -> None:
        if self._link.wired:
            await self._over_wire(lambda wire: wire.upsert(self._space, points))
        else:
            structs = [point_struct(point) for point in points]
            await self._call(lambda client: client.upsert(self._space, structs))

    async def _builds(self, ids: Sequence[str]) -> dict[str, list[str]]:
        found = await self._retrieve(ids, [BUILDS])
        return {point_id: list(payload[BUILDS]) for point_id, payload in found}

    async def _leave_builds(self, platform_id: str, lesson_ids: tuple[str, ...], keep: set[str]) -> None:
        """Take every other build off the points that a kept one lists."""
        scope = Scope(platform_id, lesson_ids=lesson_ids, build_ids=tuple(keep))
        changed: dict[str, list[str]] = {}
        async for record in self._scroll(_filter(filter_of(scope)), [BUILDS]):
            builds = _builds_of(record)
            if not keep.issuperset(builds):
                changed[str(record.id)] = [build for build in builds if build in keep]
        await self._set_builds(changed)

    async def _set_builds(self, changed: Mapping[str, list[str]]) -> None:
        ids_by_builds: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for point_id, builds in changed.items():
            ids_by_builds[tuple(builds)].append(point_id)
        for shared, ids in ids_by_builds.items():
            for batch in _batches(ids, _SCROLL_PAGE):
                await self._set_payload({BUILDS: list(shared)}, batch)

    async def _set_payload(self, payload: dict[str, Any], ids: Sequence[str]) -> None:
        await self._call(lambda client: client.set_payload(self._space, payload, points=list(ids)))

    async def _scroll(self, within: models.Filter, fields: list[str]) -> AsyncIterator[models.Record]:
        offset: models.ExtendedPointId | None = None
        while True:
            page, offset = await self._page(within, fields, offset)
            for record in page:
                yield record
            if offset is None:
                return

    async def _page(
        self, within: models.Filter, fields: list[str], offset: models.ExtendedPointId | None
    ) -> tuple[list[models.Record], models.ExtendedPointId | None]:
        return await self._call(
            lambda client: client.scroll(
                self._space, within, limit=_SCROLL_PAGE, offset=offset, with_payload=fields or False
            )
        )


def _filter(spec: dict[str, Any]) -> models.Filter:
    from qdrant_client import models

    return models.Filter(**spec)


def _is_quantized(described: models.CollectionInfo) -> bool:
    """By the collection, or by an operator's choice for all of its vectors."""
    vectors: Any = described.config.params.vectors
    chosen = vectors[DENSE].quantization_config or described.config.quantization_config
    return chosen is not None


def _asks(query: DenseQuery | SparseQuery) -> bool:
    """A question without a single term asks the lexical leg nothing."""
    return isinstance(query, DenseQuery) or bool(query.vector.indices)


def _run(points: Sequence[tuple[float, str]], query: DenseQuery | SparseQuery) -> Run:
    # They come best first, those of equal scores in whatever order.
    best_first = sorted([(-score, point_id) for score, point_id in points])
    if not isinstance(query, DenseQuery):
        best_first = [point for point in best_first if point[0] < 0]
    ids, scores = tuple([point[1] for point in best_first]), tuple([-point[0] for point in best_first])
    return Run(query.leg, query.language, ids, scores)


def _builds_of(record: models.Record) -> list[str]:
    return list((record.payload or {})[BUILDS])


def _batches(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    return (items[at : at + size] for at in range(0, len(items), size))
