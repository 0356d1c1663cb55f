"""More questions than the endpoint takes, and a server that is told to end: nobody gets an error."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import httpx
import pytest

from baize.api.app import create_app
from baize.domain.chat import ChatEvent, Message, Sampling, TextDelta, Usage
from tests.servers.ports import free_port
from tests.unit.api.library import LiveServer, opens, settings

pytestmark = pytest.mark.anyio

QUESTION = {"question": "量血压之前坐多久？"}
SSE = {"Accept": "text/event-stream"}


class CountingModel:
    """Notes how many of its streams are open at once."""

    def __init__(self, n_sentences: int, pause_s: float) -> None:
        self.name = "counting"
        self._n, self._pause_s = n_sentences, pause_s
        self._lock = threading.Lock()
        self.n_open = self.most_open = self.n_asked = 0

    async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[ChatEvent]:
        """As `ChatModel.stream`."""
        with self._lock:
            self.n_open += 1
            self.n_asked += 1
            self.most_open = max(self.most_open, self.n_open)
        try:
            for _ in range(self._n):
                await asyncio.sleep(self._pause_s)
                yield TextDelta("量血压之前，先安静坐五分钟。[1]\n")
            yield Usage(model=self.name, finish_reason="stop")
        finally:
            with self._lock:
                self.n_open -= 1


async def ask(client: httpx.AsyncClient, url: str) -> dict[str, object]:
    """`done` of one stream."""
    response = await client.post(f"{url}/v1/answers", json=QUESTION, headers=SSE)
    assert response.status_code == 200
    found: dict[str, object] = json.loads(re.findall(r"event: done\ndata: (.*)\n", response.text)[0])
    return found


async def crowd(url: str, n: int) -> list[dict[str, object]]:
    limits = httpx.Limits(max_connections=n)
    async with httpx.AsyncClient(timeout=120, limits=limits) as client:
        return await asyncio.gather(*(ask(client, url) for _ in range(n)))


@pytest.mark.timeout(240)
async def test_300_offered_at_250_slots() -> None:
    """At most 250 are at the endpoint at once; the others wait for their turn and get the model too."""
    model = CountingModel(3, 2.0)
    chosen = settings(admission={"upstream_slots": 250, "wait_s": 60.0})
    with LiveServer(create_app(chosen, open_house=opens(chat=model))) as server:
        answers = await crowd(server.url, 300)
    assert model.most_open <= 250
    assert model.n_asked == len(answers) == 300
    assert [answer.get("degraded") for answer in answers] == [None] * 300


async def test_who_waits_too_long_is_answered_by_the_course() -> None:
    """No error, no call to the endpoint: evidence, then the course's sentences; `degraded` says so."""
    model = CountingModel(3, 0.4)
    chosen = settings(admission={"upstream_slots": 2, "max_waiting": 3, "wait_s": 0.2})
    with LiveServer(create_app(chosen, open_house=opens(chat=model))) as server:
        answers = await crowd(server.url, 12)
    degraded = [answer for answer in answers if answer.get("degraded") == "extractive"]
    assert model.most_open <= 2
    assert model.n_asked == 12 - len(degraded) < 12
    assert all(answer["citations"] for answer in answers)


_SERVE = """
import sys
import uvicorn
from baize.api.app import create_app
from tests.integration.test_overload import CountingModel
from tests.unit.api.library import opens, settings
chosen = settings(server={"drain_s": float(sys.argv[1])})
app = create_app(chosen, open_house=opens(chat=CountingModel(int(sys.argv[2]), 0.1)))
uvicorn.run(app, port=int(sys.argv[3]), timeout_graceful_shutdown=20, log_level="error")
"""


@pytest.mark.parametrize(("drain_s", "n_sentences", "stopped"), [(15.0, 20, False), (0.5, 200, True)])
async def test_a_server_that_is_told_to_end_finishes_its_streams(
    repo_root: Path, tmp_path: Path, drain_s: float, n_sentences: int, stopped: bool
) -> None:
    """Within `drain_s` an answer is finished; after it, it ends with what was sent: `done` either way."""
    port = free_port()
    script = tmp_path / "run.py"
    script.write_text(_SERVE)
    process = subprocess.Popen(  # noqa: ASYNC220 - quick
        [sys.executable, str(script), str(drain_s), str(n_sentences), str(port)],
        env={"PYTHONPATH": str(repo_root), "BAIZE_TESTING": "1", "BAIZE_DATA_DIR": str(tmp_path)},
    )
    try:
        url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(timeout=60) as client:
            await _until_ready(client, url)
            read = ""
            async with client.stream("POST", f"{url}/v1/answers", json=QUESTION, headers=SSE) as response:
                async for part in response.aiter_text():
                    told = "event: delta" in read
                    read += part
                    if not told and "event: delta" in read:
                        process.send_signal(signal.SIGTERM)
        returned = await asyncio.to_thread(process.wait, 30)
    finally:
        process.kill()
        process.wait()
    done = json.loads(re.findall(r"event: done\ndata: (.*)\n", read)[0])
    assert done.get("stopped", False) is stopped
    assert done["citations"]
    assert returned in (0, -signal.SIGTERM)


async def _until_ready(client: httpx.AsyncClient, url: str) -> None:
    for _ in range(600):
        try:
            if (await client.get(f"{url}/readyz")).status_code == 200:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.1)
    raise AssertionError("the server did not become ready")
