"""An OpenAI-compatible `/v1/audio/transcriptions` endpoint on loopback that hears how loud a recording is.

    with SpeechServer() as server:
        server.failures.append((429, {"retry-after": "0"}))
        server.style = "text"
        ... server.base_url ...
        server.uploads[0].fields["prompt"]

Each stretch of sound is one sentence of `server.said`, in order, with its true times. Styles: `words` (as
OpenAI's own: words without punctuation), `segments`, `text` (refuses verbose_json, as SenseVoice servers
do), `bare` (takes verbose_json and gives a text only).
"""

from __future__ import annotations

import email
import email.policy
import io
import json
import re
import threading
import wave
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

_FRAME = 800
_PAUSE_FRAMES = 6


@dataclass(frozen=True)
class Upload:
    """One request: its form fields, and how long its sound is."""

    fields: dict[str, str]
    seconds: float
    n_bytes: int
    authorization: str


class SpeechServer:
    """Runs in a thread of its own from `__enter__` to `__exit__`.

    Attributes:
        failures: (status, headers) of the next responses; 0 breaks the connection.
        said: what the stretches say, again from the start after the last.
        echo: answers with the prompt, whatever is heard.
    """

    def __init__(self) -> None:
        self.uploads: list[Upload] = []
        self.reset()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                outer._answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)

    def __enter__(self) -> SpeechServer:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(timeout=10)

    def reset(self) -> None:
        """Forget uploads, failures and what was set."""
        self.uploads.clear()
        self.failures: list[tuple[int, dict[str, str]]] = []
        self.said = ["Hello world."]
        self.style = "words"
        self.echo = False
        self.language = "english"
        self._n_said = 0

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["content-length"]))
        if not request.path.endswith("/v1/audio/transcriptions"):
            return _send(request, 404, {"error": {"message": "no such route", "type": "not_found"}})
        fields, sound = _parts(request.headers["content-type"], body)
        samples = _samples(sound)
        self.uploads.append(
            Upload(fields, len(samples) / 16_000, len(sound), request.headers.get("authorization", ""))
        )
        if self.failures:
            status, headers = self.failures.pop(0)
            if not status:
                request.close_connection = True
                return None
            return _send(request, status, {"error": {"message": "scripted", "type": "scripted"}}, headers)
        verbose = fields.get("response_format") == "verbose_json"
        if self.style == "text" and verbose:
            return _send(request, 400, {"error": {"message": "json only", "type": "invalid_request_error"}})
        heard = [(start, end, self._next(fields)) for start, end in _stretches(samples)]
        return _send(request, 200, self._reply(heard, len(samples) / 16_000, verbose))

    def _next(self, fields: dict[str, str]) -> str:
        if self.echo and fields.get("prompt"):
            return fields["prompt"]
        self._n_said += 1
        return self.said[(self._n_said - 1) % len(self.said)]

    def _reply(self, heard: list[tuple[float, float, str]], seconds: float, verbose: bool) -> dict[str, Any]:
        reply: dict[str, Any] = {"text": " ".join(text for _, _, text in heard)}
        if not verbose or self.style in ("text", "bare"):
            return reply
        reply |= {"task": "transcribe", "language": self.language, "duration": seconds}
        reply["segments"] = [
            {"id": n, "start": start, "end": end, "text": text, "avg_logprob": -0.25, "no_speech_prob": 0.01}
            for n, (start, end, text) in enumerate(heard)
        ]
        if self.style == "words":
            reply["words"] = [word for start, end, text in heard for word in _words(start, end, text)]
        return reply


def _words(start: float, end: float, text: str) -> list[dict[str, Any]]:
    words = re.findall(r"[\u3400-\u9fff]|[\w']+", text)
    step = (end - start) / max(len(words), 1)
    return [
        {"word": word, "start": start + n * step, "end": start + (n + 1) * step}
        for n, word in enumerate(words)
    ]


def _stretches(samples: np.ndarray) -> list[tuple[float, float]]:
    """Where it is loud, in seconds; a pause shorter than 0.3 s is none."""
    n_frames = len(samples) // _FRAME
    loud = np.abs(samples[: n_frames * _FRAME]).reshape(n_frames, _FRAME).max(axis=1, initial=0) > 0.01
    found: list[list[int]] = []
    for frame in np.flatnonzero(loud):
        if found and frame - found[-1][1] <= _PAUSE_FRAMES:
            found[-1][1] = int(frame) + 1
        else:
            found.append([int(frame), int(frame) + 1])
    return [(start * _FRAME / 16_000, end * _FRAME / 16_000) for start, end in found]


def _parts(content_type: str, body: bytes) -> tuple[dict[str, str], bytes]:
    whole = f"Content-Type: {content_type}\r\n\r\n".encode() + body
    message = email.message_from_bytes(whole, policy=email.policy.HTTP)
    fields: dict[str, str] = {}
    sound = b""
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        data = part.get_payload(decode=True)
        if name == "file":
            sound = data
        else:
            fields[str(name)] = data.decode()
    return fields, sound


def _samples(sound: bytes) -> np.ndarray:
    with wave.open(io.BytesIO(sound)) as file:
        assert (file.getnchannels(), file.getframerate()) == (1, 16_000)
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.float32) / 32768


def _send(
    request: BaseHTTPRequestHandler, status: int, body: object, headers: dict[str, str] | None = None
) -> None:
    data = json.dumps(body).encode()
    request.send_response(status)
    sent = {"content-type": "application/json", "content-length": str(len(data))} | (headers or {})
    for name, value in sent.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(data)
