"""The connection to a Qdrant: opened at the first call, opened again when the server went away.

`qdrant_client` takes half a second to import, so that happens at the first call, too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

import anyio

from baize.adapters.qdrant_wire import QdrantWire, WireBroken, WireRefused
from baize.errors import IndexUnavailable

if TYPE_CHECKING:
    from qdrant_client import AsyncQdrantClient

_TIMEOUT_S = 60
_KEEPALIVE_S = 30.0
_N_QUOTED_BYTES = 300
_T = TypeVar("_T")


class Endpoint(Protocol):
    """Where a Qdrant answers; the token is empty where it asks for none."""

    @property
    def url(self) -> str: ...

    @property
    def token(self) -> str: ...


def open_client(endpoint: Endpoint) -> AsyncQdrantClient:
    """A REST client that keeps its connections.

    By default qdrant-client opens a new one for each request to this machine, and httpx would send even
    those to a proxy that the environment names.
    """
    import httpx
    from qdrant_client import AsyncQdrantClient

    return AsyncQdrantClient(
        url=endpoint.url,
        # As a header, because `api_key` warns about plain HTTP, which is what loopback speaks.
        headers={"api-key": endpoint.token} if endpoint.token else None,
        prefer_grpc=False,
        check_compatibility=False,
        timeout=_TIMEOUT_S,
        limits=httpx.Limits(max_connections=32, keepalive_expiry=_KEEPALIVE_S),
        trust_env=httpx.URL(endpoint.url).host not in ("127.0.0.1", "localhost", "::1"),
    )


@dataclass(slots=True, eq=False)
class _Connection:
    """To one endpoint: a client of qdrant-client's, and a wire for the calls of every question."""

    client: AsyncQdrantClient | None = None
    wire: QdrantWire | None = None

    async def close(self) -> None:
        if self.client is not None:
            await self.client.close()
        if self.wire is not None:
            await self.wire.close()


class QdrantLink:
    """Calls a Qdrant, and turns every failure into IndexUnavailable.

    Args:
        connect: gives the endpoint; asked at the first call, and once more when the endpoint turns out
            to be gone, as an embedded server is that ended for idleness.
        make_client: opens a client for an endpoint.
        search_timeout_s: of the calls of every question.

    Attributes:
        url: of the endpoint that was used last.
        wired: whether `over_wire` can be used; another client than qdrant-client's own speaks for itself.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Endpoint]],
        make_client: Callable[[Endpoint], AsyncQdrantClient] = open_client,
        search_timeout_s: float = 10.0,
    ) -> None:
        self._connect = connect
        self._make_client = make_client
        self._search_timeout_s = search_timeout_s
        self._endpoint: Endpoint | None = None
        self._connection = _Connection()
        self._connecting = anyio.Lock()
        self.wired = make_client is open_client
        self.url = ""

    async def call(self, ask: Callable[[AsyncQdrantClient], Awaitable[_T]]) -> _T:
        """What `ask` gives. It must be harmless to repeat: when the server is gone it is asked once more.

        Raises:
            IndexUnavailable: the server does not answer, or answers with an error.
        """
        from qdrant_client.common.client_exceptions import QdrantException
        from qdrant_client.http.exceptions import ApiException

        async def asked(connection: _Connection, endpoint: Endpoint) -> _T:
            if connection.client is None:
                connection.client = self._make_client(endpoint)
            return await ask(connection.client)

        return await self._twice(asked, (ApiException, QdrantException))

    async def call_in_time(self, ask: Callable[[AsyncQdrantClient], Awaitable[_T]]) -> _T:
        """As `call`, for what a question waits for: no longer than `search_timeout_s`, once connected."""
        from qdrant_client.http.exceptions import ResponseHandlingException

        async def asked(client: AsyncQdrantClient) -> _T:
            try:
                with anyio.fail_after(self._search_timeout_s):
                    return await ask(client)
            except TimeoutError as error:
                raise ResponseHandlingException(error) from error

        return await self.call(asked)

    async def over_wire(self, ask: Callable[[QdrantWire], Awaitable[_T]]) -> _T:
        """As `call`, for the calls of every question."""

        async def asked(connection: _Connection, endpoint: Endpoint) -> _T:
            if connection.wire is None:
                connection.wire = QdrantWire(
                    endpoint.url, endpoint.token, search_timeout_s=self._search_timeout_s
                )
            return await ask(connection.wire)

        return await self._twice(asked, (WireRefused, WireBroken))

    async def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        await self._drop(self._connection)

    async def _twice(
        self, asked: Callable[[_Connection, Endpoint], Awaitable[_T]], failures: tuple[type[Exception], ...]
    ) -> _T:
        connection, endpoint = await self._connected()
        try:
            return await asked(connection, endpoint)
        except failures as error:
            if not _is_gone(error):
                raise self._unavailable(error) from error
            await self._drop(connection)
        connection, endpoint = await self._connected()
        try:
            return await asked(connection, endpoint)
        except failures as error:
            raise self._unavailable(error) from error

    async def _connected(self) -> tuple[_Connection, Endpoint]:
        if self._endpoint is None:
            async with self._connecting:
                if self._endpoint is None:
                    self._endpoint = await self._connect()
                    self.url = self._endpoint.url
                return self._connection, self._endpoint
        return self._connection, self._endpoint

    async def _drop(self, connection: _Connection) -> None:
        """Forget this connection, unless somebody else has already replaced it."""
        if self._connection is connection:
            self._connection, self._endpoint = _Connection(), None
            await connection.close()

    def _unavailable(self, error: Exception) -> IndexUnavailable:
        message = f"The vector store at {self.url} failed: {_said(error)}."
        return IndexUnavailable(
            message, remedy="Check that it runs and, for a server of your own, index.url and index.api_key."
        )


def _said(error: Exception) -> str:
    from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

    match error:
        case UnexpectedResponse(status_code=status, content=content) | WireRefused(status, content):
            return f"status {status}, {content[:_N_QUOTED_BYTES].decode('utf-8', 'replace')}"
        case WireBroken(cause) | ResponseHandlingException(source=cause):
            return f"{type(cause).__name__}, {cause}".rstrip(", ")
    return f"{type(error).__name__}, {error}".rstrip(", ")


def _is_gone(error: Exception) -> bool:
    """Refused, reset or closed; or somebody else answers there now, who does not know the token."""
    import httpx
    from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

    match error:
        case ResponseHandlingException(source=cause):
            return isinstance(cause, httpx.TransportError) and not isinstance(cause, httpx.TimeoutException)
        case UnexpectedResponse(status_code=status) | WireRefused(status):
            return status in (401, 403)
        case WireBroken(gone=gone):
            return gone
    return False
