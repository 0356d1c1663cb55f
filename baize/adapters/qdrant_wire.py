"""The two calls that every question makes to a Qdrant, and the one that stores, as plain JSON over aiohttp.

qdrant-client checks each request and each answer as a tree of pydantic models and carries them over httpx:
some 8 ms of CPU for the legs and passages of one question, against 1 ms here. It keeps everything else.

Source: https://api.qdrant.tech/api-reference/search/query-batch-points, …/points/get-points,
…/points/upsert-points
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec
import numpy as np
import orjson

_TIMEOUT_S = 60
_CONNECT_S = 10
_KEEPALIVE_S = 30.0
_MAX_CONNECTIONS = 32
_HEADERS = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class WireRefused(Exception):
    """It answered with another status than 200."""

    __match_args__ = ("status", "content")

    def __init__(self, status: int, content: bytes) -> None:
        super().__init__(f"status {status}")
        self.status = status
        self.content = content


class WireBroken(Exception):
    """It did not answer, or with something else than was asked for.

    Attributes:
        gone: nobody answers there any more: refused, reset or closed.
    """

    __match_args__ = ("cause",)

    def __init__(self, cause: Exception, *, gone: bool) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.gone = gone


class _Scored(msgspec.Struct, gc=False):
    id: str
    score: float


class _Points(msgspec.Struct, gc=False):
    points: list[_Scored]


class _Searched(msgspec.Struct, gc=False):
    result: list[_Points]


class _Stored(msgspec.Struct, gc=False):
    id: str
    payload: dict[str, Any]


class _Retrieved(msgspec.Struct, gc=False):
    result: list[_Stored]


def _numbers(vector: Any) -> msgspec.Raw:
    """A dense vector, each number with the digits that make it that float32: half as many as of a double."""
    rounded = np.ascontiguousarray(vector, np.float32)
    return msgspec.Raw(orjson.dumps(rounded, option=orjson.OPT_SERIALIZE_NUMPY))


_encode = msgspec.json.Encoder(enc_hook=_numbers).encode
_searched = msgspec.json.Decoder(_Searched).decode
_retrieved = msgspec.json.Decoder(_Retrieved).decode


class QdrantWire:
    """One pool of connections to one endpoint; made where a loop runs, which it belongs to.

    Args:
        token: empty where it asks for none.
        search_timeout_s: limit of a search, and of the reading of passages; storing has a minute.
    """

    def __init__(self, url: str, token: str, *, search_timeout_s: float) -> None:
        self._url = url.rstrip("/")
        self._search_timeout = _within(search_timeout_s)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=_MAX_CONNECTIONS, keepalive_timeout=_KEEPALIVE_S),
            timeout=_within(_TIMEOUT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_HEADERS | ({"api-key": token} if token else {}),
            # A proxy that the environment names is none for this machine.
            trust_env=urlsplit(url).hostname not in _LOOPBACK,
        )

    async def query_batch(
        self, collection: str, searches: Sequence[dict[str, Any]]
    ) -> list[list[tuple[float, str]]]:
        """Scores with their ids, as each search finds them; a dense vector that is looked for is an array.

        Raises:
            WireRefused, WireBroken: it does not answer, or with an error.
        """
        body = await self._post(f"/collections/{collection}/points/query/batch", {"searches": searches})
        with _understood():
            return [[(point.score, point.id) for point in found.points] for found in _searched(body).result]

    async def retrieve(
        self, collection: str, ids: Sequence[str], fields: Sequence[str]
    ) -> list[tuple[str, Mapping[str, Any]]]:
        """Ids with these fields of their payloads; in any order, and without those that are not there.

        Raises:
            WireRefused, WireBroken: it does not answer, or with an error.
        """
        asked = {"ids": list(ids), "with_payload": list(fields)}
        body = await self._post(f"/collections/{collection}/points", asked)
        with _understood():
            return [(point.id, point.payload) for point in _retrieved(body).result]

    async def upsert(self, collection: str, points: Sequence[dict[str, Any]]) -> None:
        """Store points, their dense vectors as arrays; when it returns they can be found.

        Raises:
            WireRefused, WireBroken: it does not answer, or with an error.
        """
        path = f"/collections/{collection}/points?wait=true"
        await self._asked("PUT", path, {"points": points}, None)

    async def close(self) -> None:
        """Give back the connections."""
        await self._session.close()

    async def _post(self, path: str, body: dict[str, Any]) -> bytes:
        return await self._asked("POST", path, body, self._search_timeout)

    async def _asked(
        self, method: str, path: str, body: dict[str, Any], timeout: aiohttp.ClientTimeout | None
    ) -> bytes:
        """The body of the answer.

        Args:
            timeout: None for the session's own.
        """
        url, data = self._url + path, _encode(body)
        asking = self._session.request(
            method, url, data=data, allow_redirects=False, timeout=timeout or self._session.timeout
        )
        try:
            async with asking as got:
                content = await got.read()
        except TimeoutError as error:
            raise WireBroken(error, gone=False) from error
        except (aiohttp.ClientError, OSError, RuntimeError) as error:
            # RuntimeError: somebody else found it gone and closed the session a moment ago.
            raise WireBroken(error, gone=True) from error
        if got.status != 200:
            raise WireRefused(got.status, content)
        return content


def _within(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=seconds, sock_connect=_CONNECT_S)


@contextmanager
def _understood() -> Iterator[None]:
    try:
        yield
    except msgspec.MsgspecError as error:
        raise WireBroken(error, gone=False) from error
