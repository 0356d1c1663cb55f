"""A scripted API for the sidebar, and host pages around it: what a test wants to happen happens.

Answers go on in the background and keep a log of their events, as the real service does; a script may cut
the connection after some events, hold the answer until it is told to go on, or send anything at all.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from baize.api.routes.sidebar import file as sidebar_file
from baize.testing.still_footage import PICTURE

COURSE, LESSON, OTHER = "c1", "c1-01", "c1-02"
VIDEOS = Path(str(resources.files("baize.demo").joinpath("courses", "elder-health")))
DURATIONS = {LESSON: 95.6, OTHER: 97.0}
"""Replaced by the real ones of the sample videos in `lesson_of`."""

# Nothing inline, nothing of others: what an answer says cannot become code, and the sidebar needs neither.
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; "
    "connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'none'"
)


def place(n: int, text: str, *, lesson: str = LESSON, start: float = 20.0) -> dict[str, Any]:
    """Evidence, a nearest moment or (with `sentence`) a citation."""
    locator = {"kind": "time", "start": start, "end": start + 5}
    title = "在家量血压" if lesson == LESSON else "看懂血压"
    ids = {"course_id": COURSE, "lesson_id": lesson, "lesson_title": title}
    return {
        "marker": n,
        **ids,
        "locator": locator,
        "text": text,
        "quote": text,
        "sentence": text,
        "url": None,
    }


@dataclass
class Script:
    """What one question gets.

    Attributes:
        events: (name, data) in order; `start` and `done` are added where they are missing.
        cut_after: the first connection is torn down after so many events.
        hold_after: nothing more comes after so many events until `release`.
        pause_s: between events.
    """

    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    cut_after: int | None = None
    hold_after: int | None = None
    pause_s: float = 0.0
    title: str = ""


def answer(text: str, citations: list[dict[str, Any]] | None = None, **more: Any) -> Script:
    """A script that releases `text` sentence by sentence, each citation behind its own."""
    cited = citations or []
    events: list[tuple[str, dict[str, Any]]] = [("evidence", {"items": cited})] if cited else []
    waiting = list(cited)
    for piece in _sentences(text):
        events.append(("delta", {"text": piece}))
        while waiting and f"[{waiting[0]['marker']}]" in piece:
            events.append(("citation", waiting.pop(0)))
    return Script([*events, ("done", {"text": text, "citations": cited, **more})])


def _sentences(text: str) -> list[str]:
    pieces, start = [], 0
    for at, char in enumerate(text):
        if char == "]" and text[at + 1 : at + 2] != "[":
            pieces.append(text[start : at + 1])
            start = at + 1
    return [*pieces, text[start:]] if text[start:] else pieces


@dataclass
class _Log:
    answer_id: str
    conversation_id: str
    question: str
    script: Script
    frames: list[bytes] = field(default_factory=list)
    grown: asyncio.Condition = field(default_factory=asyncio.Condition)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    is_over: bool = False
    n_connections: int = 0
    done: dict[str, Any] = field(default_factory=dict)


class SidebarApi:
    """The scripted API. `app` is what a `LiveServer` runs.

    Args:
        scripts: by question; others get an answer of one sentence.
        pages: host pages by name; `{sidebar}` in them is the script tag.

    Attributes:
        requests: (method, path, headers, body) of each call under `/v1`.
        takes_tickets: whether `POST /v1/support/tickets` works.
    """

    def __init__(
        self,
        scripts: Mapping[str, Script] | None = None,
        pages: Mapping[str, str] | None = None,
        files: Mapping[str, Path] | None = None,
    ) -> None:
        self.scripts = dict(scripts or {})
        self.pages = dict(pages or {})
        self.files = dict(files or {})
        self.modes = ["explain"]
        self.has_pictures = False
        self.service: dict[str, Any] | None = None
        """What `POST /v1/support` says; None: there is no service desk."""
        self.takes_tickets = True
        self.lesson_durations: dict[str, float | None] = {}
        self.transcript: list[dict[str, Any]] = [
            {
                "text": f"第 {n} 句，讲的是血压。",
                "locator": {"kind": "time", "start": 3.0 * n, "end": 3.0 * n + 3},
            }
            for n in range(30)
        ]
        self.title = "在家量血压"
        self.requests: list[tuple[str, str, dict[str, str], Any]] = []
        self.preferences: dict[str, Any] = {}
        self._logs: dict[str, _Log] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._known = threading.Lock()
        self.app: Any = Starlette(
            routes=[
                Route("/sidebar/{name}", self._sidebar),
                Route("/host/{name}", self._page),
                Route("/files/{name:path}", self._file),
                Route("/v1/answers", self._ask, methods=["POST"]),
                Route("/v1/answers/{id}", self._answer, methods=["GET", "DELETE"]),
                Route("/v1/answers/{id}/events", self._events),
                Route("/v1/lessons/{id}/frames/{n:int}", self._frame),
                Route("/v1/{path:path}", self._other, methods=["GET", "POST", "PUT"]),
            ]
        )

    def release(self) -> None:
        """Answers that are held go on."""
        assert self._loop is not None
        for log in list(self._logs.values()):
            self._loop.call_soon_threadsafe(log.released.set)

    def called(self, method: str, path: str) -> list[tuple[dict[str, str], Any]]:
        """Headers and body of each call of this method to a path that ends so."""
        return [
            (headers, body)
            for how, where, headers, body in self.requests
            if how == method and where.endswith(path)
        ]

    async def _sidebar(self, request: Request) -> Response:
        return await sidebar_file(request.path_params["name"], request.headers.get("accept-encoding", ""))

    async def _page(self, request: Request) -> Response:
        page = self.pages[request.path_params["name"]]
        script = '<script type="module" src="/sidebar/baize-sidebar.js"></script>'
        return Response(
            page.replace("{sidebar}", script),
            media_type="text/html; charset=utf-8",
            headers={"Content-Security-Policy": CSP},
        )

    async def _file(self, request: Request) -> Response:
        return FileResponse(self.files[request.path_params["name"]])

    async def _note(self, request: Request) -> Any:
        raw = await request.body()
        try:
            body = json.loads(raw) if raw else None
        except ValueError:
            body = raw
        self.requests.append((request.method, request.url.path, dict(request.headers), body))
        return body

    async def _ask(self, request: Request) -> Response:
        body = await self._note(request)
        self._loop = asyncio.get_running_loop()
        script = self.scripts.get(body["question"]) or answer(
            "课程里讲了这一点。[1]", [place(1, "讲了这一点。")]
        )
        if script.title:
            return JSONResponse({"title": script.title, "status": 503, "detail": "出错了。"}, 503)
        n = len(self._logs) + 1
        log = _Log(f"a{n}", body.get("conversation_id") or f"v{n}", body["question"], script)
        self._logs[log.answer_id] = log
        task = asyncio.create_task(self._produce(log))
        self._tasks.add(task)
        return self._stream(log, 0)

    async def _events(self, request: Request) -> Response:
        await self._note(request)
        log = self._logs.get(request.path_params["id"])
        if log is None:
            return JSONResponse({"title": "gone", "status": 404, "detail": "gone"}, 404)
        return self._stream(log, int(request.headers.get("last-event-id", "0")))

    async def _answer(self, request: Request) -> Response:
        await self._note(request)
        log = self._logs.get(request.path_params["id"])
        if request.method == "DELETE":
            return Response(status_code=204)
        if log is None or not log.done:
            return JSONResponse({"title": "gone", "status": 404, "detail": "gone"}, 404)
        return JSONResponse(log.done)

    async def _produce(self, log: _Log) -> None:
        head = {
            "answer_id": log.answer_id,
            "conversation_id": log.conversation_id,
            "language": "zh",
            "label": "内容由AI生成",
        }
        events = list(log.script.events)
        if not events or events[0][0] != "start":
            events.insert(0, ("start", {**head, "model": "m", "prompt": "", "thinking": False}))
        if events[-1][0] not in ("done", "error"):
            text = "".join(data["text"] for name, data in events if name == "delta")
            events.append(("done", {"text": text, "citations": [d for n, d in events if n == "citation"]}))
        for n, (name, data) in enumerate(events, 1):
            if log.script.pause_s:
                await asyncio.sleep(log.script.pause_s)
            if name == "done":
                data = {**head, "follow_ups": [], "withheld": 0, **data}
                log.done = data
            frame = f"id: {n}\nevent: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
            async with log.grown:
                log.frames.append(frame)
                log.is_over = n == len(events)
                log.grown.notify_all()
            if n == log.script.hold_after:
                await log.released.wait()

    def _stream(self, log: _Log, after: int) -> Response:
        return StreamingResponse(self._tail(log, after), media_type="text/event-stream")

    async def _tail(self, log: _Log, after: int) -> AsyncIterator[bytes]:
        log.n_connections += 1
        first = log.n_connections == 1
        sent = after
        while True:
            async with log.grown:
                while len(log.frames) == sent and not log.is_over:
                    await log.grown.wait()
            while sent < len(log.frames):
                yield log.frames[sent]
                sent += 1
                if first and log.script.cut_after == sent:
                    await asyncio.sleep(0.05)
                    raise ConnectionAbortedError
            if log.is_over and sent == len(log.frames):
                return

    async def _frame(self, request: Request) -> Response:
        await self._note(request)
        return Response(PICTURE, media_type="image/jpeg")

    async def _other(self, request: Request) -> Response:
        body = await self._note(request)
        path = request.path_params["path"]
        found = self._prepared(path, request.method, body)
        if found is None:
            return JSONResponse({"title": "none", "status": 404, "detail": "none"}, 404)
        return JSONResponse(found)

    def _prepared(self, path: str, method: str, body: Any) -> Any:
        lesson, _, what = path.removeprefix("lessons/").partition("/")
        title = self.title if lesson == LESSON else "看懂血压"
        head = {"language": "zh", "label": "由AI整理"}
        line = {"text": "先坐五分钟。", "lesson_id": LESSON, "locators": [place(1, "")["locator"]]}
        chapters = [
            {
                "title": f"{self.title} {n}",
                "locator": {"kind": "time", "start": 30.0 * n, "end": 30.0 * n + 30},
            }
            for n in range(3)
        ]
        known: dict[str, Any] = {
            "": {"id": lesson, "course_id": COURSE, "title": title, "language": "zh",
                 "duration_s": self.lesson_durations.get(lesson)},
            "chapters": {"chapters": chapters},
            "transcript": {"cues": self.transcript},
            "storyboard": {
                "scenes": [
                    {"n": n, "caption": "先坐五分钟。", "chapter": self.title, "locator": chapter["locator"]}
                    for n, chapter in enumerate(chapters)
                    if self.has_pictures
                ]
            },
            "key-points": {**head, "key_points": [line]},
            "summary": {**head, "lines": [line]},
            "glossary": {**head, "terms": [{**line, "term": "收缩压", "explanation": "高的那个数。"}]},
        }  # fmt: skip
        match path.split("/"):
            case ["lessons", *_]:
                return known.get(what)
            case ["capabilities"]:
                hears = {"max_bytes": 4_000_000, "max_seconds": 60}
                return {"learner_id": "u1", "locale": None, "modes": self.modes, "feedback": True,
                        "preferences": True, "support": self.service is not None,
                        "transcriptions": hears}  # fmt: skip
            case ["learners", _, "preferences"]:
                if method == "PUT":
                    self.preferences = body
                return self.preferences
            case ["conversations", wanted]:
                done = [log for log in self._logs.values() if log.done and log.conversation_id == wanted]
                return {"turns": [{"question": log.question, "answer": log.done} for log in done]}
            case ["search"]:
                return {"results": [{**place(1, f"找到 {body['query']}"), "rank": 1, "course_title": "课"}]}
            case ["support"]:
                return self.service
            case ["support", "tickets"]:
                hours = {"open_now": False, "opens_at": "2026-05-28T20:26:40Z"}
                return {"ticket_id": "t-7", "hand_over": hours} if self.takes_tickets else None
            case ["answers", _, "jumps"]:
                return {}
            case ["feedback"] | ["transcriptions"]:
                return {"text": "忘了吃药怎么办？"}
        return None
