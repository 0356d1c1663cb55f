"""Files from other machines, only from hosts that the operator names, and never from inside his network.

A name is resolved once, every address that it has is checked, and the connection goes to a checked one: a
name that changes its mind between check and use (DNS rebinding) is not asked again. Each redirect is a new
URL, checked from the start.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urljoin, urlsplit

import anyio
import httpx

from baize.domain.remote import RemoteFile
from baize.errors import InvalidInput, UnreadableSource, UpstreamBusy

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port → numeric addresses."""

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_BUSY = frozenset((429, 500, 502, 503, 504))
_PORTS = {"https": 443, "http": 80}
_BLOCK = 1 << 18


_FETCH = "fetch.hosts"


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """`fetch:` in config.yaml.

    Attributes:
        hosts: `media.example`, `*.example` (not itself), with `:8443` for another port than the usual one,
            with `http://` in front for one without TLS.
        private_hosts: those of them that may have private addresses.
        max_bytes: of one file.
        timeout_s: of one file, redirects included; and of a silence within it.
    """

    hosts: tuple[str, ...] = ()
    private_hosts: tuple[str, ...] = ()
    max_bytes: int = 8_000_000_000
    timeout_s: float = 3600.0
    silence_s: float = 30.0
    max_redirects: int = 3
    setting: str = _FETCH
    """Where the operator admits hosts; for messages."""


class HttpxFetcher:
    """Implements the port `Fetcher`.

    Args:
        resolve: asks the system by default.
    """

    def __init__(self, options: FetchOptions, resolve: Resolver | None = None) -> None:
        self._options = options
        self._resolve = resolve or _ask_system

    def check(self, url: str) -> None:
        """As the port says."""
        self._checked(url)

    async def download(self, url: str, into: Path, *, etag: str = "") -> RemoteFile:
        """As the port says; nothing stands under `into` before all of it is there."""
        async with self._response(url, {"If-None-Match": etag} if etag else {}) as response:
            if response.status_code == httpx.codes.NOT_MODIFIED:
                return RemoteFile(etag, changed=False)
            await anyio.to_thread.run_sync(lambda: into.parent.mkdir(parents=True, exist_ok=True))
            handle, temporary = tempfile.mkstemp(dir=into.parent, suffix=".part")
            try:
                with os.fdopen(handle, "wb") as file:
                    async for block in self._blocks(response, self._options.max_bytes):
                        await anyio.to_thread.run_sync(file.write, block)
                await anyio.Path(temporary).replace(into)
            except BaseException:
                await anyio.Path(temporary).unlink(missing_ok=True)
                raise
            return RemoteFile(response.headers.get("etag", ""), changed=True)

    async def read(self, url: str, *, max_bytes: int) -> bytes:
        """As the port says."""
        async with self._response(url, {}) as response:
            return b"".join([block async for block in self._blocks(response, max_bytes)])

    async def send(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes = b"", max_bytes: int
    ) -> tuple[int, bytes]:
        """Status and body of one request to an admitted host; redirects are not followed.

        Raises:
            InvalidInput, UnreadableSource, UpstreamBusy: as `Fetcher.download`; a status raises nothing.
        """
        try:
            async with asyncio.timeout(self._options.timeout_s):
                async with httpx.AsyncClient(timeout=self._options.silence_s, trust_env=False) as client:
                    request = await self._request(client, url, dict(headers), method=method, content=content)
                    response = await client.send(request, stream=True)
                    try:
                        body = b"".join([block async for block in self._blocks(response, max_bytes)])
                    finally:
                        await response.aclose()
                    return response.status_code, body
        except TimeoutError as error:
            raise UpstreamBusy(f"{shown(url)} is too slow.", remedy="Try again later.") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UpstreamBusy(
                f"{shown(url)} does not answer ({type(error).__name__}).", remedy="Try again later."
            ) from error

    @asynccontextmanager
    async def _response(self, url: str, headers: dict[str, str]) -> AsyncIterator[httpx.Response]:
        """The answer to a URL, after its redirects; its body is not read yet."""
        asked = url
        timeout = httpx.Timeout(self._options.silence_s)
        try:
            async with asyncio.timeout(self._options.timeout_s):
                # No proxy of the environment: it would resolve the name by itself.
                async with httpx.AsyncClient(timeout=timeout, trust_env=False) as client:
                    for _ in range(self._options.max_redirects + 1):
                        request = await self._request(client, url, headers)
                        response = await client.send(request, stream=True)
                        try:
                            if response.status_code not in _REDIRECTS:
                                _check_status(response, asked)
                                yield response
                                return
                            url = urljoin(url, response.headers.get("location", ""))
                        finally:
                            await response.aclose()
            raise _unreadable(asked, f"it redirects more than {self._options.max_redirects} times")
        except TimeoutError as error:
            raise _unreadable(asked, f"it took longer than {self._options.timeout_s:.0f} s") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UpstreamBusy(
                f"{shown(asked)} does not answer ({type(error).__name__}).", remedy="Try again later."
            ) from error

    async def _request(
        self,
        client: httpx.AsyncClient,
        url: str,
        headers: dict[str, str],
        *,
        method: str = "GET",
        content: bytes = b"",
    ) -> httpx.Request:
        """A request to a checked address, for the host by name."""
        parts = self._checked(url)
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        address = await self._address(host, port)
        shown_port = "" if port == _PORTS[parts.scheme] else f":{port}"
        numeric = f"[{address}]" if ":" in address else address
        return client.build_request(
            method,
            httpx.URL(f"{parts.scheme}://{numeric}:{port}", raw_path=_target(parts)),
            headers={
                "Host": f"{host}{shown_port}",
                # What is unpacked on the way has no known size.
                "Accept-Encoding": "identity",
                "User-Agent": "baize",
                **headers,
            },
            content=content or None,
            extensions={"sni_hostname": host},
        )

    def _checked(self, url: str) -> SplitResult:
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").rstrip("."), parts.port
        except ValueError as error:
            raise self._refused(url, "it is no web address") from error
        if parts.scheme not in _PORTS or not host or parts.username or parts.password:
            raise self._refused(url, "only https addresses without a user name are fetched")
        if not any(_matches(entry, parts.scheme, host, port) for entry in self._options.hosts):
            raise self._refused(
                url, f"{parts.scheme}://{host}{f':{port}' if port else ''} is not in {self._options.setting}"
            )
        return parts

    def _refused(self, url: str, cause: str) -> InvalidInput:
        of_course = self._options.setting == _FETCH
        instead = ", or put the file into the course folder" if of_course else ""
        return InvalidInput(
            f"{shown(url)} is not {'fetched' if of_course else 'asked'}: {cause}.",
            remedy=f"Ask the operator to admit it in {self._options.setting}{instead}.",
        )

    async def _address(self, host: str, port: int) -> str:
        try:
            addresses = await self._resolve(host, port)
        except OSError as error:
            raise UpstreamBusy(f"The host {host} cannot be resolved.", remedy="Check its name.") from error
        if not addresses:
            raise UpstreamBusy(f"The host {host} has no address.", remedy="Check its name.")
        # Spelled as in `hosts`, or by the name alone: a name has its addresses whatever the scheme and port.
        names = [entry.rpartition("://")[2].partition(":")[0] for entry in self._options.private_hosts]
        private = any(_matches(name, "https", host, None) for name in names)
        # One bad address among good ones is an attack or a mistake: neither is guessed at.
        if not private and not all(_is_public(address) for address in addresses):
            section = self._options.setting.partition(".")[0]
            raise self._refused(
                host, f"it has an address inside a private network ({section}.private_hosts admits it)"
            )
        return addresses[0]

    async def _blocks(self, response: httpx.Response, max_bytes: int) -> AsyncIterator[bytes]:
        declared = response.headers.get("content-length", "")
        url = str(response.request.headers["host"])
        if response.headers.get("content-encoding", "identity") != "identity":
            raise _unreadable(url, "it is sent packed, though this was not asked for")
        if declared.isdecimal() and int(declared) > max_bytes:
            raise _unreadable(url, f"it holds {int(declared):,} bytes, {max_bytes:,} are admitted")
        n_bytes = 0
        async for block in response.aiter_raw(_BLOCK):
            n_bytes += len(block)
            if n_bytes > max_bytes:
                raise _unreadable(url, f"it is larger than the {max_bytes:,} bytes that are admitted")
            yield block
        if declared.isdecimal() and n_bytes < int(declared):
            raise _unreadable(url, f"it was cut off after {n_bytes:,} of {int(declared):,} bytes")


def shown(url: str) -> str:
    """A URL for messages: without its query, which may hold a signature."""
    return url.split("?", 1)[0].split("#", 1)[0][:200]


def _matches(entry: str, scheme: str, host: str, port: int | None) -> bool:
    entry_scheme, _, rest = entry.rpartition("://")
    name, _, entry_port = rest.partition(":")
    entry_scheme = entry_scheme or "https"
    same_port = (port or _PORTS[scheme]) == int(entry_port or _PORTS.get(entry_scheme, 0))
    if entry_scheme != scheme or not (same_port or port is None):
        return False
    host, name = host.lower(), name.lower()
    return host.endswith(name[1:]) and host != name[2:] if name.startswith("*.") else host == name


def _is_public(address: str) -> bool:
    """Neither of this machine, nor of a private, shared, local, multicast or reserved network."""
    try:
        ip = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        # An IPv4 address in IPv6 clothes is judged as what it is.
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is not None:
            ip = inner
        elif ip in ipaddress.ip_network("64:ff9b::/96"):
            ip = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _target(parts: SplitResult) -> bytes:
    path = parts.path or "/"
    return (f"{path}?{parts.query}" if parts.query else path).encode("ascii", "ignore")


def _check_status(response: httpx.Response, url: str) -> None:
    status = response.status_code
    if status in _BUSY:
        after = response.headers.get("retry-after", "")
        raise UpstreamBusy(
            f"{shown(url)} answers {status}.",
            remedy="Try again later.",
            status=status,
            retry_after_s=float(after) if after.isdecimal() else None,
        )
    if status not in (httpx.codes.OK, httpx.codes.NOT_MODIFIED):
        raise _unreadable(url, f"it answers {status}")


def _unreadable(url: str, cause: str) -> UnreadableSource:
    return UnreadableSource(
        f"The file cannot be fetched: {cause}.", remedy="Check the address in a browser.", path=shown(url)
    )


async def _ask_system(host: str, port: int) -> Sequence[str]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(info[4][0]) for info in found]
