"""Probes across platforms and learners: what one wrote is asked for by the others, and nothing may come.

    python -m benchmarks.tenant_probe [--probes 10000] [--seed 1] [--postgres]

Two platforms on one server and one library. Both have a course, lessons and a learner of the same ids;
each has a second learner, a second course, and things of its staff. Whatever they write carries a mark that
names its writer and its kind. Then random callers (each learner's token, each platform's keys) read, list,
change and delete what is not theirs, and each reply is searched for marks that the caller must not see. Half
of the POSTs carry an `Idempotency-Key`, the same for all callers who send the same: an answer to somebody
else must not come back for it. At the end each learner's export must hold every row that it held before, and
no mark of anybody else; likewise what the staff sees. Exits 1 on a leak, a change, or a 5xx.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import anyio
import httpx
import jwt

from baize.api.app import create_app
from baize.api.repeated import HEADER
from baize.bootstrap import House, opened
from baize.domain.platform import Platform, Right
from baize.edge.launch import stop
from baize.services.reviews import FORMAT
from baize.services.who import create_key
from baize.settings import Settings
from benchmarks.crash import own_postgres
from ingest.run import ingest_paths
from tests.unit.api.library import LiveServer

PLATFORMS = ("north", "south")
LEARNERS = {"north": ("lin", "wang"), "south": ("lin", "chen")}
"""`lin` is there twice: two people with one id."""
MARK = re.compile(r"mk(north|south)x(lin|wang|chen|all|staff)x([a-z]+)")
_SECRETS = {name: f"the-secret-of-the-platform-{name}-0123456789abcdef" for name in PLATFORMS}
_RIGHTS: tuple[Right, ...] = ("learn", "admin")
_LECTURE = Path(__file__).parents[1] / "baize" / "demo" / "courses" / "elder-health" / "01-measure.zh.vtt"
_QUESTION = "量血压之前要安静坐多久？"
_ASKED = {"question": _QUESTION}
_ENTRY = {"question": "x", "answer": "y"}
"""One line of a FAQ."""


@dataclass(frozen=True)
class Caller:
    """Who calls. `learner` is empty for a platform's key."""

    platform: str
    learner: str
    credential: str
    right: str = "learner"

    @property
    def name(self) -> str:
        return f"{self.platform}/{self.learner or self.right}"

    def may_see(self, platform: str, writer: str) -> bool:
        """A mark of this writer. Courses are for all of a platform, its keys see every learner."""
        if platform != self.platform:
            return False
        return writer == "all" or not self.learner or writer == self.learner


@dataclass
class Owned:
    """What one learner wrote, or a platform's staff: the ids by which it is asked for."""

    platform: str
    learner: str
    ids: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """One way to ask. `writes` may change something; `by_id` names a thing that only its owner has."""

    method: str
    path: str
    body: Any = None
    params: dict[str, Any] | None = None
    writes: bool = False
    by_id: bool = False

    @property
    def key(self) -> str:
        """An idempotency key that everybody has who sends the same: it must not lead to another's reply."""
        told = json.dumps([self.path, self.body], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:24]


@dataclass
class World:
    """A server, its callers, what they wrote, and how it stood before the probes."""

    client: httpx.Client
    callers: list[Caller]
    owned: list[Owned]
    before: dict[str, list[str]] = field(default_factory=dict)

    def send(self, caller: Caller, request: Request, *, keyed: bool = True) -> httpx.Response:
        headers = {"Authorization": f"Bearer {caller.credential}"}
        if keyed and request.method == "POST":
            headers[HEADER] = request.key
        return self.client.request(
            request.method, request.path, json=request.body, params=request.params, headers=headers
        )

    def must(self, caller: Caller, method: str, path: str, body: Any = None) -> Any:
        """The reply to what its owner does. Raises what the server says if it does not."""
        response = self.send(caller, Request(method, path, body))
        if response.status_code >= 300:
            raise RuntimeError(f"{caller.name} {method} {path}: {response.status_code} {response.text}")
        return response.json() if response.content else None

    def caller(self, platform: str, learner: str = "", right: str = "admin") -> Caller:
        return next(
            one
            for one in self.callers
            if one.platform == platform and one.learner == learner and (learner or one.right == right)
        )


def _mark(platform: str, writer: str, kind: str) -> str:
    return f"mk{platform}x{writer}x{kind}"


# ------------------------------------------------------------------------------------------------- the world


@contextmanager
def world(folder: Path, database_url: str = "") -> Iterator[World]:
    """Two platforms on a server of their own in `folder`, with everything written; on SQLite by default."""
    settings = {
        platform: Settings.model_validate(
            {
                "platform_id": platform,
                "data_dir": folder / "data",
                "embedder": {"kind": "fake"},
                "chat": {"kind": "none"},
                "answers": {"min_evidence": 0.0},
                "jobs": {"with_server": False, "folder": folder / "courses" / "{platform_id}"},
                "server": {"require_key": True},
                "database_url": database_url,
            }
        )
        for platform in PLATFORMS
    }
    for platform, chosen in settings.items():
        anyio.run(_library, chosen, folder / "courses" / platform)
    keys: list[Caller] = []

    @asynccontextmanager
    async def open_house(chosen: Settings) -> AsyncIterator[House]:
        async with opened(chosen) as house:
            for platform in PLATFORMS:
                await house.platforms.put(Platform(platform, secret=_SECRETS[platform]))
                for right in _RIGHTS:
                    _, key = await create_key(
                        house.platforms, house.api_keys, platform, (right,), "", time.time()
                    )
                    keys.append(Caller(platform, "", key, right))
            yield house

    app = create_app(settings["north"], open_house=open_house)
    with (
        index_ends(folder / "data"),
        LiveServer(app) as server,
        httpx.Client(base_url=server.url, timeout=60) as client,
    ):
        tokens = [Caller(p, learner, _token(p, learner)) for p in PLATFORMS for learner in LEARNERS[p]]
        made = World(client, tokens + keys, [])
        for platform in PLATFORMS:
            made.owned.append(_staff_writes(made, platform))
            made.owned += [_learner_writes(made, platform, learner) for learner in LEARNERS[platform]]
        made.before = _standing(made)
        yield made


@contextmanager
def index_ends(data_dir: Path) -> Iterator[None]:
    """The library's index server ends with the block; by itself it would wait for fifteen minutes."""
    try:
        yield
    finally:
        anyio.run(stop, data_dir)


def _token(platform: str, learner: str) -> str:
    claims = {"iss": platform, "sub": learner, "exp": time.time() + 80_000}
    return jwt.encode(claims, _SECRETS[platform], "HS256")


async def _library(settings: Settings, folder: Path) -> None:
    """`health` is there on both platforms, `only-…` on one."""
    platform = settings.platform_id
    for course_id in ("health", f"only-{platform}"):
        course = folder / course_id
        course.mkdir(parents=True)
        said = _mark(platform, "all", "course")
        cue = f"\n\n00:59:00.000 --> 00:59:04.000\n量血压之前，先安静坐五分钟，{said}。\n"
        (course / "1.zh.vtt").write_text(_LECTURE.read_text(encoding="utf-8") + cue, encoding="utf-8")
        (course / "course.yaml").write_text(
            f"id: {course_id}\ntitle: 血压课 {said}\nlanguage: zh\nlessons:\n"
            f"  - id: {course_id}-01\n    title: 第一课\n    subtitles: [1.zh.vtt]\n",
            encoding="utf-8",
        )
    async with opened(settings) as house:
        if not (await ingest_paths(house, [folder / "health", folder / f"only-{platform}"])).ok:
            raise RuntimeError("the courses were not taken in")


def _learner_writes(made: World, platform: str, learner: str) -> Owned:
    """Through every door that a learner has."""
    me, lesson = made.caller(platform, learner), f"only-{platform}-01"
    mine = Owned(platform, learner)

    def mark(kind: str) -> str:
        return _mark(platform, learner, kind)

    ask = {"question": f"{_QUESTION} {mark('question')}", "conversation_id": f"talk-{platform}-{learner}"}
    answer = made.must(me, "POST", "/v1/answers", ask)
    mine.ids |= {"answer": answer["answer_id"], "conversation": answer["conversation_id"]}
    # Of the same words, and so under the same key, as others will ask.
    mine.ids["asked"] = made.must(me, "POST", "/v1/answers", _ASKED)["answer_id"]
    mine.ids["boxed"] = made.must(me, "POST", "/v1/support", _ASKED)["answer"]["answer_id"]
    home = f"/v1/learners/{learner}"
    said = {"answer_id": mine.ids["answer"], "rating": "down", "correction": mark("feedback")}
    made.must(me, "POST", "/v1/feedback", said)
    made.must(me, "PUT", f"{home}/preferences", {"elder": True, "speech_rate": 1.25})
    made.must(me, "PUT", f"{home}/interests", {"tags": [mark("interest")]})
    made.must(me, "PUT", f"{home}/progress/{lesson}", {"spans": [{"start": 0.5, "end": 3.5}]})
    made.must(me, "POST", f"{home}/reviews", {"lesson_id": lesson})
    mine.ids["item"] = made.must(me, "GET", f"/v1/lessons/{lesson}/quiz")["items"][0]["id"]
    made.must(me, "POST", f"/v1/quiz/{mine.ids['item']}/attempts", {"text": mark("attempt")})
    # What was attempted becomes a card.
    mine.ids["card"] = made.must(me, "GET", f"{home}/reviews/export")["cards"][0]["id"]
    mine.ids["statement"] = str(UUID(int=Random(mark("statement")).getrandbits(128)))  # noqa: S311
    made.must(me, "POST", "/v1/statements", _statement(learner, mine.ids["statement"], mark("statement")))
    remembered = made.must(me, "GET", f"{home}/memory")["items"]
    mine.ids["memory"] = remembered[0]["item_id"]
    made.must(me, "PUT", f"{home}/memory/{mine.ids['memory']}", {"text": mark("memory")})
    record = {"learner_id": learner, "course_id": f"only-{platform}", "completed_at": "2026-11-01"}
    made.must(made.caller(platform), "POST", "/v1/learners/import", [record | {"title": mark("record")}])
    ticket = {"message": mark("ticket"), "consent": True, "contact": mark("contact")}
    ticket["conversation_id"] = mine.ids["conversation"]
    mine.ids["ticket"] = made.must(me, "POST", "/v1/support/tickets", ticket)["ticket_id"]
    mine.ids["subject"] = mark("identity")
    claims = {"iss": platform, "source": "docked", "sub": mine.ids["subject"], "link_to": learner}
    linking = jwt.encode(claims | {"exp": time.time() + 600}, _SECRETS[platform], "HS256")
    made.must(me, "POST", f"{home}/identities", {"token": linking})
    return mine


def _statement(learner: str, statement_id: str, name: str) -> dict[str, Any]:
    return {
        "id": statement_id,
        "actor": {"account": {"homePage": "https://learn.example", "name": learner}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/asked", "display": {"zh-CN": "提问"}},
        "object": {"id": "urn:baize:lesson:health-01", "definition": {"name": {"zh": name}}},
    }


def _staff_writes(made: World, platform: str) -> Owned:
    """An edit, an exercise, an ingestion, a key and a revocation."""
    staff, ours = made.caller(platform), Owned(platform, "")
    lesson = f"only-{platform}-01"
    title = _mark(platform, "staff", "edit")
    made.must(staff, "PUT", f"/v1/lessons/{lesson}/chapters", {"chapters": [{"start": 0.0, "title": title}]})
    exercise = {"course_id": f"only-{platform}", "question": _mark(platform, "staff", "exercise")}
    exercise["solution"] = _mark(platform, "staff", "solution")
    made.must(staff, "PUT", f"/v1/exercises/ex-{platform}", exercise)
    job = made.must(staff, "POST", "/v1/ingestions", {"path": f"only-{platform}"})
    key = made.must(staff, "POST", "/v1/keys", {"scopes": ["read"], "label": _mark(platform, "staff", "key")})
    made.must(staff, "POST", "/v1/revocations", {"token_id": f"token-{platform}"})
    ours.ids |= {
        "key": key["id"],
        "exercise": f"ex-{platform}",
        "lesson": lesson,
        "course": f"only-{platform}",
        "job": job["id"],
    }
    return ours


# ------------------------------------------------------------------------------------------------- the probes


_NO_CARDS = {"format": FORMAT, "scheduler": "", "cards": [], "reviews": []}


def _of_learner(mine: Owned) -> list[Request]:
    """Every way to what a learner wrote: by id, by list, whole, changed, deleted."""
    ids, who, home = mine.ids, mine.learner, f"/v1/learners/{mine.learner}"
    answer, talk, ticket = ids["answer"], ids["conversation"], ids["ticket"]
    lesson = f"only-{mine.platform}-01"
    record = {"learner_id": who, "course_id": f"only-{mine.platform}", "completed_at": "2026-11-02"}
    return [
        Request("GET", f"/v1/answers/{answer}", by_id=True),
        Request("GET", f"/v1/answers/{answer}/events", by_id=True),
        Request("GET", f"/v1/answers/{answer}/events", params={"last_event_id": 0}, by_id=True),
        Request("DELETE", f"/v1/answers/{answer}", by_id=True),
        Request("POST", f"/v1/answers/{answer}/jumps", {"marker": 1}, by_id=True),
        # Two who use one id of a conversation, a statement or an exercise have two: marks and rows must tell.
        Request("GET", f"/v1/conversations/{talk}"),
        Request("DELETE", f"/v1/conversations/{talk}", writes=True),
        Request("POST", "/v1/answers", {"question": _QUESTION, "conversation_id": talk}),
        Request("POST", "/v1/answers", {"question": _QUESTION, "learner_id": who}, writes=True),
        Request("POST", "/v1/support", {"question": _QUESTION, "conversation_id": talk}),
        Request("POST", "/v1/answers", _ASKED),
        Request("POST", "/v1/support", _ASKED),
        Request("POST", "/v1/feedback", {"answer_id": answer, "rating": "up"}, by_id=True),
        Request("GET", "/v1/feedback"),
        Request("GET", f"/v1/support/tickets/{ticket}", by_id=True),
        Request("PUT", f"/v1/support/tickets/{ticket}/satisfaction", {"score": 1}, by_id=True),
        Request("POST", "/v1/support/tickets", {"message": "x", "consent": True, "conversation_id": talk}),
        Request("GET", "/v1/statements"),
        Request("GET", "/v1/statements", params={"learner_id": who}),
        Request("GET", "/v1/statements", params={"statementId": ids["statement"]}),
        Request("GET", "/v1/statements", params={"limit": 1, "ascending": "true"}),
        Request("POST", "/v1/statements", _statement(who, ids["statement"], "x"), writes=True),
        Request("GET", "/v1/attempts/uncertain"),
        Request("GET", f"{home}/export"),
        Request("GET", f"{home}/memory"),
        Request("PUT", f"{home}/memory/{ids['memory']}", {"text": "x"}, writes=True),
        Request("DELETE", f"{home}/memory/{ids['memory']}", writes=True),
        Request("GET", f"{home}/preferences"),
        Request("PUT", f"{home}/preferences", {"elder": False}, writes=True),
        Request("GET", f"{home}/interests"),
        Request("PUT", f"{home}/interests", {"tags": ["x"]}, writes=True),
        Request("GET", f"{home}/progress"),
        Request("PUT", f"{home}/progress/{lesson}", {"completed": True}, writes=True),
        Request("GET", f"{home}/recommendations"),
        Request("GET", f"{home}/reviews"),
        Request("GET", f"{home}/reviews/export"),
        Request("GET", f"{home}/reviews/anki.tsv"),
        Request("POST", f"{home}/reviews", {"lesson_id": lesson}, writes=True),
        Request("GET", f"{home}/record"),
        Request("POST", "/v1/learners/import", [record], writes=True),
        Request("POST", f"{home}/reviews/import", _NO_CARDS, writes=True),
        Request("DELETE", home, writes=True),
        Request("GET", f"{home}/identities"),
        Request("DELETE", f"{home}/identities/docked/{ids['subject']}", writes=True),
        Request(
            "POST", f"/v1/reviews/{ids['card']}/grade", {"recall": "again", "learner_id": who}, writes=True
        ),
        Request("POST", f"/v1/quiz/{ids['item']}/attempts", {"text": "x", "learner_id": who}, writes=True),
    ]


def _of_staff(ours: Owned) -> list[Request]:
    """Every way to what a platform's staff wrote, and to its courses."""
    ids = ours.ids
    exercise, lesson, course = ids["exercise"], ids["lesson"], ids["course"]
    body = {"course_id": course, "question": "x", "solution": "y"}
    chapters = {"chapters": [{"start": 0.0, "title": "x"}]}
    talk = {"model": "baize", "messages": [{"role": "user", "content": _QUESTION}]}
    edit = {"edits": [{"cue_id": "c0-1", "base_hash": "0" * 16, "text": "x"}]}
    reads = [f"/v1/lessons/{lesson}{end}" for end in _LESSON_ENDS]
    return [
        *(Request("GET", path, by_id=True) for path in reads),
        Request("GET", f"/v1/courses/{course}", by_id=True),
        Request("GET", f"/v1/courses/{course}/summary", by_id=True),
        Request("DELETE", f"/v1/courses/{course}", by_id=True, writes=True),
        Request("PUT", f"/v1/lessons/{lesson}", {"course_id": course, "title": "x"}, by_id=True, writes=True),
        Request("DELETE", f"/v1/lessons/{lesson}", by_id=True, writes=True),
        Request("GET", f"/v1/courses/{course}/key-points", by_id=True),
        Request("PUT", f"/v1/courses/{course}/faq", _ENTRY, by_id=True, writes=True),
        Request("GET", "/v1/courses"),
        Request("GET", "/v1/courses", params={"limit": 1}),
        Request("GET", "/v1/lessons/health-01/transcript"),
        Request("GET", "/v1/courses/health"),
        Request("POST", "/v1/search", {"query": _QUESTION}),
        Request("POST", "/v1/search", {"query": _QUESTION, "scope": {"course_ids": [course]}}),
        Request("POST", "/v1/answers", _ASKED),
        Request("POST", "/v1/answers", {"question": _QUESTION, "scope": {"course_ids": [course]}}),
        Request("POST", "/v1/chat/completions", talk),
        Request("POST", "/v1/chat/completions", talk | {"metadata": {"course_ids": course}}),
        Request("GET", f"/v1/lessons/{lesson}/edits", by_id=True),
        Request("PATCH", f"/v1/lessons/{lesson}/transcript", edit, by_id=True, writes=True),
        Request("PUT", f"/v1/lessons/{lesson}/chapters", chapters, by_id=True, writes=True),
        Request("GET", "/v1/platform"),
        Request("GET", "/v1/exercises"),
        Request("DELETE", f"/v1/exercises/{exercise}", writes=True),
        Request("PUT", f"/v1/exercises/{exercise}", body, writes=True),
        Request("GET", "/v1/ingestions"),
        Request("POST", "/v1/ingestions", {"course_id": course}, by_id=True, writes=True),
        Request("GET", f"/v1/ingestions/{ids['job']}", by_id=True),
        Request("DELETE", f"/v1/ingestions/{ids['job']}", by_id=True, writes=True),
        Request("GET", "/v1/keys"),
        Request("GET", "/v1/audit"),
        Request("GET", "/v1/revocations"),
        Request("POST", f"/v1/keys/{ids['key']}/rotate", {"grace_s": 0}, by_id=True, writes=True),
        Request("DELETE", f"/v1/keys/{ids['key']}", by_id=True, writes=True),
        Request("GET", "/v1/usage"),
        Request("GET", "/v1/usage", params={"course_id": course}),
    ]


_LESSON_ENDS = (
    *("", "/transcript", "/transcript.vtt", "/chapters", "/chapters.vtt", "/summary", "/key-points", "/quiz"),
    *("/related", "/frames", "/glossary", "/highlights", "/media", "/storyboard", "/storyboard.html"),
)


@dataclass
class Told:
    """What the probes found. `bad` names each leak, change or fault."""

    statuses: Counter[str] = field(default_factory=Counter)
    pairs: Counter[str] = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)

    @property
    def n_probes(self) -> int:
        return sum(self.statuses.values())


def probe(made: World, n_probes: int, seed: int) -> Told:
    """Random callers at what is not theirs; then whether everything stands as before."""
    rng = Random(seed)  # noqa: S311 - random input, no secret
    told = Told()
    ways = [
        (mine, way) for mine in made.owned for way in (_of_learner(mine) if mine.learner else _of_staff(mine))
    ]
    answers = {
        mine.ids[name]: mine for mine in made.owned for name in ("answer", "asked", "boxed") if mine.learner
    }
    while told.n_probes < n_probes:
        caller, (mine, way) = rng.choice(made.callers), rng.choice(ways)
        if not _is_foreign(caller, mine, way):
            continue
        # Without a key every time is a first time.
        response = made.send(caller, way, keyed=rng.random() < 0.5)
        told.statuses[str(response.status_code)] += 1
        told.pairs[f"{caller.right} at {'learner' if mine.learner else 'staff'}"] += 1
        told.bad += [
            f"{caller.name} → {mine.platform}/{mine.learner} {way}: {why}"
            for why in _faults(caller, way, response, answers)
        ]
    told.bad += _changes(made)
    return told


def _is_foreign(caller: Caller, mine: Owned, way: Request) -> bool:
    """Whether this is somebody else's; a path of one's own id leads to one's own, so it is only read."""
    if caller.platform == mine.platform:
        if not mine.learner:
            return bool(caller.learner) and way.path.startswith(_STAFFS)
        return bool(caller.learner) and caller.learner != mine.learner
    here = mine.learner in LEARNERS[caller.platform] and (
        not caller.learner or caller.learner == mine.learner
    )
    return not (way.writes and here)


_STAFFS = ("/v1/exercises", "/v1/ingestions", "/v1/usage", "/v1/keys", "/v1/audit", "/v1/revocations")


def _faults(
    caller: Caller, way: Request, response: httpx.Response, answers: Mapping[str, Owned] | None = None
) -> Iterator[str]:
    """
    Args:
        answers: whose each answer is, by its id: no mark stands in what was asked without one.
    """
    for answer_id, mine in (answers or {}).items():
        # What was asked for by its id the caller knew: a 404 may name it.
        seen = answer_id in response.text and answer_id not in f"{way.path} {way.body}"
        if seen and not caller.may_see(mine.platform, mine.learner):
            yield f"{response.status_code} shows an answer of {mine.platform}/{mine.learner}"
    # What stands in the path the caller knew: a 404 may name it.
    for platform, writer, kind in set(MARK.findall(response.text)) - set(MARK.findall(way.path)):
        if not caller.may_see(platform, writer):
            yield f"{response.status_code} shows {kind} of {platform}/{writer}"
    if way.by_id and response.status_code not in (403, 404):
        yield f"{response.status_code} for what the caller must not know of"
    if response.status_code >= 500:
        yield f"{response.status_code} {response.text[:300]}"


def _standing(made: World) -> dict[str, list[str]]:
    """By owner, every row that its owner sees, in no order."""
    found: dict[str, list[str]] = {}
    for mine in made.owned:
        owner = made.caller(mine.platform, mine.learner)
        name = f"{mine.platform}/{mine.learner or 'staff'}"
        if mine.learner:
            export = made.must(owner, "GET", f"/v1/learners/{mine.learner}/export")
            rows = [(store, row) for store, its in export["records"].items() for row in its]
            rows += [("statements", row) for row in export["statements"]]
        else:
            lists = ("/v1/exercises", "/v1/ingestions", "/v1/keys", f"/v1/lessons/{mine.ids['lesson']}/edits")
            told = {path: _whole(made, owner, path) for path in (*lists, "/v1/courses")}
            rows = [(path, row) for path, its in told.items() for row in its]
        found[name] = sorted(json.dumps(row, ensure_ascii=False, sort_keys=True) for row in rows)
    return found


def _whole(made: World, owner: Caller, path: str) -> list[Any]:
    """All pages of a list."""
    rows: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        page = made.must(owner, "GET", f"{path}?cursor={cursor}" if cursor else path)
        cursor = page.pop("next_cursor", None)
        rows += [row for its in page.values() if isinstance(its, list) for row in its]
    return rows


def _changes(made: World) -> Iterator[str]:
    for name, rows in _standing(made).items():
        for row in sorted(set(made.before[name]) - set(rows)):
            yield f"{name} lost or had changed: {row[:400]}"
        platform, _, writer = name.partition("/")
        for mark in MARK.finditer("\n".join(rows)):
            if mark[1] != platform or (writer != "staff" and mark[2] not in (writer, "all")):
                yield f"{name} now holds {mark[0]}"


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--probes", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--postgres", action="store_true", help="start a PostgreSQL for this run")
    options = parser.parse_args()
    began = time.process_time()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        url = stack.enter_context(own_postgres()).create("probe") if options.postgres else ""
        made = stack.enter_context(world(Path(folder), url))
        told = probe(made, options.probes, options.seed)
    result = {
        "probes": told.n_probes,
        "leaks": len(told.bad),
        "statuses": dict(sorted(told.statuses.items())),
        "callers": dict(sorted(told.pairs.items())),
        "cpu_s": round(time.process_time() - began, 1),
    }
    sys.stdout.write(json.dumps(result, ensure_ascii=False, indent=1) + "\n")
    sys.stdout.writelines(f"{line}\n" for line in told.bad[:40])
    sys.exit(bool(told.bad))


if __name__ == "__main__":
    main()
