"""Carries the openai SDK's requests over aiohttp, whose responses can be read without the SDK's cost.

The SDK keeps what it is good at: authentication, request building and errors by status. Reading a stream
through its models costs some 150 µs of CPU per token, through httpx's layers another 20; so `chat_openai`
takes the body from the response's extensions and reads the bytes themselves.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx2

BODY = "baize.body"
"""The key among a response's extensions that holds its `aiohttp.ClientResponse`."""

_CONNECT_S = 10.0
_KEEP_S = 60.0
"""How long an idle connection is kept for the next question."""


class AiohttpTransport(httpx2.AsyncBaseTransport):
    """One pool of connections, made at the first request. Its size is unlimited: admission bounds the calls.

    Args:
        base_url: decides whether the machine's proxy settings apply.
    """

    def __init__(self, base_url: str) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._proxy = _proxy_for(base_url)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """As httpx2 asks for it."""
        with _as_httpx():
            response = await self._opened().request(
                request.method,
                str(request.url),
                headers=request.headers.multi_items(),
                data=await request.aread() or None,
                allow_redirects=False,
                proxy=self._proxy,
            )
        # aiohttp has undone any compression; these two speak of what came over the wire.
        headers = [
            (name, value)
            for name, value in response.raw_headers
            if name.lower() not in (b"content-encoding", b"content-length")
        ]
        return httpx2.Response(
            response.status, headers=headers, stream=_Body(response), extensions={BODY: response}
        )

    async def aclose(self) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            connector = aiohttp.TCPConnector(
                limit=0, keepalive_timeout=_KEEP_S, ttl_dns_cache=300, ssl=_certificates()
            )
            # The caller holds the clock; only a connection that does not come about is limited here.
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S)
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session


class _Body(httpx2.AsyncByteStream):
    """For what the SDK itself reads: error bodies and the list of models."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx():
            async for part in self._response.content.iter_any():
                yield part

    async def aclose(self) -> None:
        self._response.close()


@contextmanager
def _as_httpx() -> Iterator[None]:
    """What aiohttp raises, as httpx2 would, so that the SDK knows it."""
    try:
        yield
    except TimeoutError as cause:
        raise httpx2.ReadTimeout(type(cause).__name__) from None
    except (aiohttp.ClientError, OSError) as cause:
        raise httpx2.NetworkError(type(cause).__name__) from None


def _certificates() -> ssl.SSLContext:
    return httpx2.create_ssl_context()


def _proxy_for(base_url: str) -> str | None:
    """The proxy of the environment for this address, as other programs would use it."""
    parts = urlsplit(base_url)
    if not parts.hostname or proxy_bypass(parts.hostname):
        return None
    return getproxies().get(parts.scheme)
