"""The connection to a Qdrant: opened at the first call, opened again when the server went away.

`qdrant_client` takes half a second to import, so that happens at the first call, too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

import anyio

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


class QdrantLink:
    """Calls a Qdrant, and turns every failure into IndexUnavailable.

    Args:
        connect: gives the endpoint; asked at the first call, and once more when the endpoint turns out
            to be gone, as an embedded server is that ended for idleness.
        make_client: opens a client for an endpoint.

    Attributes:
        url: of the endpoint that was used last.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Endpoint]],
        make_client: Callable[[Endpoint], AsyncQdrantClient] = open_client,
    ) -> None:
        self._connect = connect
        self._make_client = make_client
        self._client: AsyncQdrantClient | None = None
        self._connecting = anyio.Lock()
        self.url = ""

    async def call(self, ask: Callable[[AsyncQdrantClient], Awaitable[_T]]) -> _T:
        """What `ask` gives. It must be harmless to repeat: when the server is gone it is asked once more.

        Raises:
            IndexUnavailable: the server does not answer, or answers with an error.
        """
        from qdrant_client.common.client_exceptions import QdrantException
        from qdrant_client.http.exceptions import ApiException

        client = await self._connected()
        try:
            return await ask(client)
        except (ApiException, QdrantException) as error:
            if not _is_gone(error):
                raise self._unavailable(error) from error
            await self._drop(client)
        try:
            return await ask(await self._connected())
        except (ApiException, QdrantException) as error:
            raise self._unavailable(error) from error

    async def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        if self._client is not None:
            await self._drop(self._client)

    async def _connected(self) -> AsyncQdrantClient:
        async with self._connecting:
            if self._client is None:
                endpoint = await self._connect()
                self.url = endpoint.url
                self._client = self._make_client(endpoint)
            return self._client

    async def _drop(self, client: AsyncQdrantClient) -> None:
        """Forget this client, unless somebody else has already replaced it."""
        if self._client is client:
            self._client = None
            await client.close()

    def _unavailable(self, error: Exception) -> IndexUnavailable:
        message = f"The vector store at {self.url} failed: {_said(error)}."
        return IndexUnavailable(message, remedy="Run `baize doctor`.")


def _said(error: Exception) -> str:
    from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

    if isinstance(error, UnexpectedResponse):
        return f"status {error.status_code}, {error.content[:_N_QUOTED_BYTES].decode('utf-8', 'replace')}"
    cause = error.source if isinstance(error, ResponseHandlingException) else error
    return f"{type(cause).__name__}, {cause}".rstrip(", ")


def _is_gone(error: Exception) -> bool:
    """Refused, reset or closed; or somebody else answers there now, who does not know the token."""
    import httpx
    from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

    if isinstance(error, ResponseHandlingException):
        cause = error.source
        return isinstance(cause, httpx.TransportError) and not isinstance(cause, httpx.TimeoutException)
    return isinstance(error, UnexpectedResponse) and error.status_code in (401, 403)
