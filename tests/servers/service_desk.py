"""A platform's account service and service desk on a loopback port, as scripted: `GET …/learners/{id}/{kind}`
and `POST /tickets`, which remembers what it was sent."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

KEY = "connector-key"


class ServiceDesk:
    """A server in a thread.

    Attributes:
        records: items by (learner, kind).
        refusing: how many of the next tickets it answers with 503.
        sent: (headers, body) of every ticket, refused ones too.
        body: in place of the records, whatever they are.
    """

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[dict[str, str]]] = {}
        self.refusing = 0
        self.sent: list[tuple[dict[str, str], bytes]] = []
        self.body: bytes | None = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.host = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> ServiceDesk:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=30)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        desk = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                *_, learner, kind = self.path.split("/")
                items = desk.records.get((unquote(learner), kind))
                if self.headers["Authorization"] != f"Bearer {KEY}":
                    self._answer(401, b"")
                elif self.path.startswith("/moved/"):
                    self._answer(302, b"", Location="http://127.0.0.1:9/")
                elif items is None:
                    self._answer(404, b"")
                else:
                    self._answer(200, desk.body or json.dumps({"items": items}).encode())

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                desk.sent.append(({name.lower(): value for name, value in self.headers.items()}, body))
                desk.refusing -= 1
                self._answer(503 if desk.refusing >= 0 else 202, b"")

            def _answer(self, status: int, body: bytes, **headers: str) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                """Silent."""

        return Handler
