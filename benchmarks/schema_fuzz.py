"""Fuzz of the whole HTTP interface: what schemathesis makes of the OpenAPI document, valid and not; no 5xx.

    python -m benchmarks.schema_fuzz [--examples 100] [--seed 1]

A server over TCP on a library of its own: SQLite, the embedded index, the hashing embedder, no chat model.
Every operation is called with a platform's key of all rights and with a learner's token. Half of the calls
name things that exist. 503 counts only where something is away on purpose (`AWAY`). Exits 1 on any 5xx.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import httpx
import hypothesis
import jwt
import schemathesis
from fastapi import FastAPI
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.core.result import Err

from baize.api.app import create_app
from baize.bootstrap import House, opened
from baize.domain.platform import Platform, Right
from baize.services.reviews import FORMAT
from baize.services.who import create_key
from baize.settings import Settings
from benchmarks.crash import write_subtitles
from benchmarks.tenant_probe import index_ends
from ingest.run import ingest_paths
from tests.unit.api.library import LiveServer

_SECRET = "the-secret-of-the-platform-default-0123456789"  # noqa: S105 - of a server that lives for a minute
_COURSE = ["量血压之前，先安静坐五分钟。", "袖带要和心脏一样高。", "一次量两遍，取平均值。"]
AWAY = {("POST", "/v1/transcriptions")}
"""Operations that need a model which this server has not: 503 is their right answer."""
_TOLD = ("authorization", "host", "content-length", "transfer-encoding", "connection", "accept-encoding")
"""Headers that belong to the transport; what schemathesis makes of them is httpx's to refuse."""


@dataclass
class Found:
    """What came back. `statuses` by credential and class; `bad` describes each 5xx."""

    statuses: Counter[str] = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)
    n_operations: int = 0

    @property
    def n_calls(self) -> int:
        return sum(self.statuses.values())


@dataclass
class Target:
    """A running server and who calls it."""

    client: httpx.Client
    document: dict[str, Any]
    credentials: dict[str, str]
    known: dict[str, Any]


@contextmanager
def target(folder: Path) -> Iterator[Target]:
    """A server on a library made in `folder`."""
    settings = Settings.model_validate(
        {
            "data_dir": folder / "data",
            "embedder": {"kind": "fake"},
            "chat": {"kind": "none"},
            "answers": {"min_evidence": 0.0},
            "jobs": {"with_server": False, "folder": folder / "courses"},
            "server": {"require_key": True},
        }
    )
    course = folder / "courses" / "health"
    course.mkdir(parents=True)
    write_subtitles(course / "1.zh.vtt", _COURSE)
    known = anyio.run(_library, settings, course)
    keys: list[str] = []

    @asynccontextmanager
    async def open_house(chosen: Settings) -> AsyncIterator[House]:
        async with opened(chosen) as house:
            await house.platforms.put(Platform("default", secret=_SECRET))
            rights: tuple[Right, ...] = ("learn", "admin")
            _, key = await create_key(house.platforms, house.api_keys, "default", rights, "", time.time())
            keys.append(key)
            yield house

    app = create_app(settings, open_house=open_house)
    with (
        index_ends(folder / "data"),
        LiveServer(app) as server,
        httpx.Client(base_url=server.url, timeout=60) as client,
    ):
        claims = {"iss": "default", "sub": known["learner_id"], "exp": time.time() + 80_000}
        token = jwt.encode(claims, _SECRET, "HS256")
        found = Target(client, _document(app), {"key": keys[0], "learner": token}, known)
        _ask_once(found)
        yield found


def _document(app: FastAPI) -> dict[str, Any]:
    """As served; `audio/*`, for which schemathesis has no writer, as bytes."""
    document: dict[str, Any] = json.loads(json.dumps(app.openapi()))
    for methods in document["paths"].values():
        for operation in methods.values():
            content = operation.get("requestBody", {}).get("content", {})
            for media_type in [name for name in content if name.endswith("/*")]:
                content["application/octet-stream"] = content.pop(media_type)
    return document


@schemathesis.serializer("application/x-ndjson")
def _as_lines(_: Any, value: Any) -> bytes:
    """A body of text as it is, and what it ought not to be as JSON."""
    return (value if isinstance(value, str) else json.dumps(value)).encode("utf-8", "surrogatepass")


async def _library(settings: Settings, course: Path) -> dict[str, Any]:
    async with opened(settings) as house:
        if not (await ingest_paths(house, [course])).ok:
            raise RuntimeError("the course was not taken in")
        (made,) = await house.catalog.courses("default")
        (lesson,) = await house.catalog.lessons("default", made.id)
    return {"course_id": made.id, "lesson_id": lesson.id, "learner_id": "lin", "model": "baize", "n": 0} | {
        "format": FORMAT
    }


def _ask_once(found: Target) -> None:
    """So that an answer and a conversation can be named."""
    body = {"question": "量血压之前坐多久？", "learner_id": found.known["learner_id"]}
    reply = found.client.post("/v1/answers", json=body, headers=_bearer(found.credentials["key"]))
    answer = reply.raise_for_status().json()
    found.known |= {key: answer[key] for key in ("answer_id", "conversation_id")}


def _bearer(credential: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {credential}"}


def fuzz(found: Target, n_examples: int, seed: int) -> Found:
    """`n_examples` of each operation for each credential; deletions last, so that there is what is named."""
    told = Found()
    schema = schemathesis.openapi.from_dict(found.document)
    operations = [_readable(each) for each in schema.get_all_operations()]
    for operation in sorted(operations, key=_takes_away):
        told.n_operations += 1
        for who, credential in found.credentials.items():
            _fuzz_one(found, operation, who, credential, n_examples, seed, told)
    return told


def _takes_away(operation: APIOperation[Any, Any, Any, Any]) -> tuple[bool, bool]:
    """Deletions, and then the revocation of the learner's own token."""
    return operation.method.upper() == "DELETE", operation.path == "/v1/revocations"


def _readable(each: Any) -> APIOperation[Any, Any, Any, Any]:
    """An operation, or the error that says why schemathesis cannot read it."""
    if isinstance(each, Err):
        raise each.err()
    operation: APIOperation[Any, Any, Any, Any] = each.ok()
    return operation


def _fuzz_one(
    found: Target,
    operation: APIOperation[Any, Any, Any, Any],
    who: str,
    credential: str,
    n_examples: int,
    seed: int,
    told: Found,
) -> None:
    cases = operation.as_strategy(GenerationMode.POSITIVE)
    if any(True for _ in operation.iter_parameters()) or operation.body:
        cases |= operation.as_strategy(GenerationMode.NEGATIVE)

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=n_examples,
        deadline=None,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=cases, named=st.booleans())
    def run(case: Case[Any], named: bool) -> None:
        if named:
            _name_what_is_there(case, found.known)
        _call(found, case, who, credential, told)

    run()


def _name_what_is_there(case: Case[Any], known: dict[str, Any]) -> None:
    case.path_parameters = {
        name: known.get(name, value) for name, value in (case.path_parameters or {}).items()
    }
    if isinstance(case.body, dict | list):
        case.body = _named(case.body, known)


def _named(body: Any, known: dict[str, Any]) -> Any:
    """The body with each id that exists in the place of a made-up one, at any depth."""
    if isinstance(body, list):
        return [_named(item, known) for item in body]
    if not isinstance(body, dict):
        return body
    named = {key: known[key] if key in known else _named(value, known) for key, value in body.items()}
    if isinstance(body.get("course_ids"), list):
        named["course_ids"] = [known["course_id"]]
    return named


def _call(found: Target, case: Case[Any], who: str, credential: str, told: Found) -> None:
    made = case.as_transport_kwargs(base_url=str(found.client.base_url).rstrip("/"))
    headers = {name: value for name, value in made["headers"].items() if name.lower() not in _TOLD}
    body = {"json": made["json"]} if "json" in made else {"content": made.get("data")}
    try:
        request = found.client.build_request(
            made["method"],
            made["url"],
            params=made.get("params"),
            headers=headers | _bearer(credential),
            **body,
        )
    except (UnicodeEncodeError, httpx.InvalidURL, ValueError, TypeError):
        told.statuses[f"{who}: no client sends it"] += 1
        return
    response = found.client.send(request)
    told.statuses[f"{who}: {response.status_code // 100}xx"] += 1
    operation = (case.operation.method.upper(), case.operation.path)
    if response.status_code >= 500 and not (response.status_code == 503 and operation in AWAY):
        sent = request.content[:600].decode(errors="replace")
        told.bad.append(f"{who} {' '.join(operation)} {request.url} {sent}: {response.text[:400]}")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=100, help="of each operation, for each credential")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.getLogger().addHandler(logging.StreamHandler())
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder, target(Path(folder)) as found:
        told = fuzz(found, options.examples, options.seed)
    result = {
        "operations": told.n_operations,
        "calls": told.n_calls,
        "5xx": len(told.bad),
        "statuses": dict(sorted(told.statuses.items())),
        "cpu_s": round(time.process_time() - began, 1),
    }
    sys.stdout.write(json.dumps(result, ensure_ascii=False, indent=1) + "\n")
    sys.stdout.writelines(f"{line}\n" for line in told.bad[:40])
    sys.exit(bool(told.bad))


if __name__ == "__main__":
    main()
