"""A learning record store on a loopback port, as scripted: `POST …/statements`, checked."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from baize.api.statement_wire import StatementBody

USER, PASSWORD = "baize", "lrs-password"


class RecordStoreServer:
    """A server in a thread.

    Attributes:
        kept: statements by id.
        failing: how many of the next calls it answers with 503.
        hated: ids that it refuses with 400, and all that come with them.
        calls: how many came, refused ones too.
    """

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {}
        self.failing = 0
        self.hated: set[str] = set()
        self.calls = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.host = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> RecordStoreServer:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=30)

    def _status(self, path: str, headers: Any, body: bytes) -> int:
        self.calls += 1
        wanted = f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"
        if headers["Authorization"] != wanted:
            return 401
        if headers["X-Experience-API-Version"] != "1.0.3" or not path.endswith("/statements"):
            return 400
        if self.failing:
            self.failing -= 1
            return 503
        statements = json.loads(body)
        for one in statements:
            StatementBody.model_validate(one)
        if self.hated & {one["id"] for one in statements}:
            return 400
        if any(one["id"] in self.kept for one in statements):
            return 409
        self.kept |= {one["id"]: one for one in statements}
        return 200

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        store = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(store._status(self.path, self.headers, body))
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"[]")

            def log_message(self, *_: object) -> None: ...

        return Handler
