"""A small OAI-PMH 2.0 repository on loopback: pages, tokens, deletions, datestamps, a busy answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

_HEAD = '<?xml version="1.0" encoding="UTF-8"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
_DC = (
    '<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/">{}</oai_dc:dc>'
)


@dataclass(frozen=True)
class Record:
    """`dublin_core` is (element, text) pairs; `lom` its XML. A deleted one has neither."""

    identifier: str
    datestamp: str
    dublin_core: tuple[tuple[str, str], ...] = ()
    lom: str = ""
    deleted: bool = False


@dataclass
class OaiRepository:
    """What it holds, and how it behaves."""

    records: list[Record] = field(default_factory=list)
    page_size: int = 2
    now: str = "2026-11-28T12:00:00Z"
    deleted_record: str = "persistent"
    busy: int = 0
    same_token: bool = False
    body: bytes = b""
    asked: list[dict[str, str]] = field(default_factory=list)

    def answer(self, query: dict[str, str]) -> tuple[int, bytes]:
        """(status, body) of a request."""
        self.asked.append(query)
        if self.busy:
            self.busy -= 1
            return 503, b""
        if self.body:
            return 200, self.body
        inner = self._identify() if query.get("verb") == "Identify" else self._list(query)
        text = f"{_HEAD}<responseDate>{self.now}</responseDate><request/>{inner}</OAI-PMH>"
        return 200, text.encode()

    def _identify(self) -> str:
        return (
            "<Identify><repositoryName>r</repositoryName><protocolVersion>2.0</protocolVersion>"
            f"<deletedRecord>{self.deleted_record}</deletedRecord>"
            "<granularity>YYYY-MM-DDThh:mm:ssZ</granularity></Identify>"
        )

    def _list(self, query: dict[str, str]) -> str:
        prefix, since, start = query.get("metadataPrefix", ""), query.get("from", ""), 0
        if token := query.get("resumptionToken"):
            prefix, since, offset = token.split("|")
            start = int(offset)
        if prefix not in ("oai_dc", "lom"):
            return '<error code="cannotDisseminateFormat">no</error>'
        found = [record for record in self.records if record.datestamp >= since]
        if not found:
            return '<error code="noRecordsMatch"/>'
        page = found[start : start + self.page_size]
        end = start + len(page)
        more = f"{prefix}|{since}|{0 if self.same_token else end}" if end < len(found) else ""
        body = "".join(self._record(record, prefix) for record in page)
        return f"<ListRecords>{body}<resumptionToken>{escape(more)}</resumptionToken></ListRecords>"

    def _record(self, record: Record, prefix: str) -> str:
        status = ' status="deleted"' if record.deleted else ""
        header = (
            f"<header{status}><identifier>{escape(record.identifier)}</identifier>"
            f"<datestamp>{record.datestamp}</datestamp></header>"
        )
        if record.deleted:
            return f"<record>{header}</record>"
        dublin_core = "".join(f"<dc:{name}>{escape(text)}</dc:{name}>" for name, text in record.dublin_core)
        metadata = record.lom if prefix == "lom" else _DC.format(dublin_core)
        return f"<record>{header}<metadata>{metadata}</metadata></record>"


@contextmanager
def serving(repository: OaiRepository) -> Iterator[int]:
    """The port it listens on."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
            status, body = repository.answer(query)
            self.send_response(status)
            if status == 503:
                self.send_header("Retry-After", "0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing on the test's terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
