"""What may be fetched, from where, and how much: over a real server on loopback and an injected resolver."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from baize.adapters.fetch_httpx import FetchOptions, HttpxFetcher, _is_public
from baize.errors import BaizeError, InvalidInput, UnreadableSource, UpstreamBusy

pytestmark = pytest.mark.anyio

Answer = Callable[[BaseHTTPRequestHandler], None]


class Site:
    """A server that answers each path by a function; remembers what it was asked."""

    def __init__(self) -> None:
        self.paths: dict[str, Answer] = {}
        self.asked: list[tuple[str, str]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append((self.headers["Host"], self.path))
                site.paths[self.path](self)

            def log_message(self, *_: object) -> None:
                """Nothing on the test's terminal."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def url(self, path: str, host: str = "media.example") -> str:
        return f"http://{host}:{self.port}{path}"

    def fetcher(
        self, *, resolve: Sequence[str] = ("127.0.0.1",), private: bool = True, **limits: float
    ) -> HttpxFetcher:
        async def resolver(host: str, _port: int) -> Sequence[str]:
            self.resolved.append(host)
            return resolve

        self.resolved: list[str] = []
        options = FetchOptions(
            hosts=(f"http://media.example:{self.port}", f"http://*.cdn.example:{self.port}"),
            private_hosts=("media.example", "*.cdn.example") if private else (),
            **limits,  # type: ignore[arg-type]  # numbers by name
        )
        return HttpxFetcher(options, resolver)


def body(data: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in ({"Content-Length": str(len(data))} | headers).items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(data)

    return answer


@pytest.fixture
def site() -> Iterator[Site]:
    served = Site()
    yield served
    served.close()


async def test_a_file_of_an_admitted_host(site: Site, tmp_path: Path) -> None:
    """The host is asked by name, the connection goes to the address that was checked."""
    site.paths["/a%20b.mp4?sig=1"] = body(b"x" * 100_000, ETag='"v1"')
    found = await site.fetcher().download(site.url("/a%20b.mp4?sig=1"), tmp_path / "in" / "a.mp4")
    assert (tmp_path / "in" / "a.mp4").read_bytes() == b"x" * 100_000
    assert (found.etag, found.changed) == ('"v1"', True)
    assert site.asked == [(f"media.example:{site.port}", "/a%20b.mp4?sig=1")]


async def test_an_unchanged_file_is_not_sent_again(site: Site, tmp_path: Path) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        body(b"", 304 if handler.headers.get("If-None-Match") == '"v1"' else 200)(handler)

    site.paths["/a"] = answer
    assert not (await site.fetcher().download(site.url("/a"), tmp_path / "a", etag='"v1"')).changed


@pytest.mark.parametrize(
    "url",
    [
        "http://other.example/a", "http://media.example.evil.example/a", "http://evil-media.example/a",
        "file:///etc/hosts",
        "ftp://media.example/a", "http://cdn.example/a", "http://user:pw@media.example/a", "http://127.0.0.1/a",
        "http://[::1]/a", "http://media.example@127.0.0.1/a", "https://media.example/a", "http://media.example:1/a",
        "http:///a",
    ],
)  # fmt: skip
async def test_other_places_are_refused_before_they_are_resolved(site: Site, url: str) -> None:
    fetcher = site.fetcher()
    for port in ("", f":{site.port}"):
        asked = url.replace("/a", f"{port}/a") if port and "media.example/a" not in url else url
        with pytest.raises(InvalidInput, match="is not fetched"):
            await fetcher.read(asked, max_bytes=10)
    assert site.resolved == []
    assert site.asked == []


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0", "224.0.0.1",  # noqa: S104
        "255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1", "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "fe80::1%eth0", "nonsense",
    ],
)  # fmt: skip
async def test_no_way_into_a_private_network(site: Site, address: str) -> None:
    """Also when it hides behind a public one."""
    assert not _is_public(address)
    for addresses in ([address], ["93.184.215.14", address]):
        with pytest.raises(InvalidInput, match="private network"):
            await site.fetcher(resolve=addresses, private=False).read(site.url("/a"), max_bytes=10)
    assert site.asked == []


async def test_a_private_host_may_be_spelled_as_in_hosts(site: Site) -> None:
    """With scheme and port, too: the name is what has the addresses."""
    site.paths["/a"] = body(b"ok")
    entry = f"http://127.0.0.1:{site.port}"
    fetcher = HttpxFetcher(FetchOptions(hosts=(entry,), private_hosts=(entry,)))
    assert await fetcher.read(site.url("/a", "127.0.0.1"), max_bytes=10) == b"ok"


def test_public_addresses() -> None:
    assert all(_is_public(address) for address in ("93.184.215.14", "2606:2800:21f:cb07::1", "8.8.8.8"))


async def test_a_name_is_resolved_once(site: Site) -> None:
    """A name that changes its mind after the check (DNS rebinding) is not asked again."""
    site.paths["/a"] = body(b"ok")
    fetcher = site.fetcher()
    assert await fetcher.read(site.url("/a"), max_bytes=10) == b"ok"
    assert site.resolved == ["media.example"]


async def test_each_redirect_is_checked_from_the_start(site: Site) -> None:
    site.paths["/in"] = body(b"", 302, Location="/moved")
    site.paths["/moved"] = body(b"there")
    site.paths["/out"] = body(b"", 302, Location="http://169.254.169.254/latest/meta-data")
    site.paths["/cdn"] = body(b"", 307, Location=f"http://x.cdn.example:{site.port}/moved")
    site.paths["/file"] = body(b"", 301, Location="file:///etc/passwd")
    site.paths["/loop"] = body(b"", 302, Location="/loop")
    fetcher = site.fetcher()
    assert await fetcher.read(site.url("/in"), max_bytes=10) == b"there"
    assert await fetcher.read(site.url("/cdn"), max_bytes=10) == b"there"
    for path in ("/out", "/file"):
        with pytest.raises(InvalidInput, match="is not fetched"):
            await fetcher.read(site.url(path), max_bytes=10)
    with pytest.raises(UnreadableSource, match="redirects more than 3"):
        await fetcher.read(site.url("/loop"), max_bytes=10)


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    try:
        for _ in range(10_000):
            handler.wfile.write(b"x" * 10_000)
    except OSError:
        return


def cut_off(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"x" * 10)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (body(b"x" * 2_000_000), "2,000,000 bytes"),
        (endless, "larger than"),
        (body(b"x", Content_Encoding="gzip"), "packed"),
        (body(b"no", 404), "answers 404"),
        (body(b"no", 503, Retry_After="7"), "answers 503"),
        (body(b"no", 502, Retry_After="\u00b2"), "answers 502"),
        (cut_off, "does not answer"),
    ],
)
async def test_limits_leave_nothing_behind(site: Site, tmp_path: Path, answer: Answer, message: str) -> None:
    site.paths["/a?secret=1"] = answer
    with pytest.raises(BaizeError, match=message) as caught:
        await site.fetcher(max_bytes=1_000_000).download(site.url("/a?secret=1"), tmp_path / "a")
    assert "secret" not in str(caught.value)
    assert not [*tmp_path.iterdir()]  # noqa: ASYNC240 - a test may block
    if isinstance(caught.value, UpstreamBusy) and "503" in message:
        assert caught.value.retry_after_s == 7.0


async def test_a_slow_server_is_given_up(site: Site, tmp_path: Path) -> None:
    """By the limit of the whole file, though it never falls silent."""
    stop = threading.Event()

    def slow(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while not stop.wait(0.05):
                handler.wfile.write(b"x")
        except OSError:
            return

    site.paths["/a"] = slow
    try:
        with pytest.raises(UnreadableSource, match="longer than"):
            await site.fetcher(timeout_s=0.5).download(site.url("/a"), tmp_path / "a")
    finally:
        stop.set()
