"""Statements that the service tells by itself: which, what is in them, and how they reach an LRS."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from baize.adapters.fetch_httpx import FetchOptions, HttpxFetcher
from baize.adapters.lrs_httpx import HttpxRecordStore
from baize.api.app import create_app
from baize.api.statement_wire import StatementBody
from baize.bootstrap import House
from baize.domain.platform import Platform
from baize.domain.statement import StatementQuery
from baize.errors import DependencyUnavailable
from baize.services.in_need import LateWrites
from baize.services.tell import Telling, TellingAnswers
from baize.settings import Server
from baize.testing.held_clock import HeldClock
from baize.testing.memory_answers import MemoryAnswers
from tests.integration.test_who_asks import OTHER_SECRET, QUESTION, SECRET, Door, token
from tests.servers.lrs import PASSWORD, USER, RecordStoreServer
from tests.unit.api.library import client_of, opens, settings

pytestmark = pytest.mark.anyio


@pytest.fixture
def lrs() -> Iterator[RecordStoreServer]:
    with RecordStoreServer() as server:
        yield server


@pytest.fixture
async def door(lrs: RecordStoreServer) -> AsyncIterator[Door]:
    """`default` tells, `other` does not; the clock stands, so that the test says what is due."""
    houses: list[House] = []

    def prepare(house: House) -> None:
        http = HttpxFetcher(
            FetchOptions(hosts=(lrs.host,), private_hosts=("127.0.0.1",), setting="lrs.hosts")
        )
        house.__dict__["record_store"] = HttpxRecordStore(
            http, url=f"{lrs.host}/{{platform_id}}/xapi", username=USER, password=PASSWORD
        )
        house.__dict__["telling"] = Telling(
            statements=house.statements,
            outbox=house.outbox,
            store=house.record_store,
            doorkeeper=house.doorkeeper,
            clock=(clock := HeldClock(1_800_000_000.0)),
            meter=house.meter,
        )
        house.__dict__["held"] = clock
        house.__dict__["answers"] = TellingAnswers(house.telling, MemoryAnswers(house.clock), LateWrites())
        houses.append(house)

    app = create_app(settings(server=Server(require_key=True)), open_house=opens(prepare=prepare))
    async with client_of(app) as client:
        await houses[0].platforms.put(Platform("default", secret=SECRET, tells=True))
        await houses[0].platforms.put(Platform("other", secret=OTHER_SECRET))
        yield Door(client, houses[0])


async def told(door: Door, platform_id: str = "default") -> list[dict[str, Any]]:
    found = await door.house.statements.find(platform_id, StatementQuery(ascending=True), 100)
    return [json.loads(one.body) for one in found]


async def act(door: Door, headers: dict[str, str]) -> dict[str, Any]:
    """Ask, answer, jump and complete."""
    client = door.client
    answer = (await client.post("/v1/answers", json=QUESTION, headers=headers)).json()
    assert (
        await client.post("/v1/quiz/health-01~q1/attempts", json={"text": "五分钟"}, headers=headers)
    ).status_code == 200
    jump = await client.post(f"/v1/answers/{answer['answer_id']}/jumps", json={"marker": 1}, headers=headers)
    assert jump.status_code == 204, jump.text
    for _ in range(2):
        done = await client.put(
            "/v1/learners/lin/progress/health-01", json={"completed": True}, headers=headers
        )
        assert done.status_code == 200
    return dict(answer)


async def test_what_a_learner_does_is_told(door: Door) -> None:
    """Four statements that validate, of the account, without what was asked or answered."""
    answer = await act(door, token("lin"))
    found = await told(door)
    assert sorted(one["verb"]["display"]["en-US"] for one in found) == [
        "answered",
        "asked",
        "completed",
        "jumped",
    ]
    for one in found:
        StatementBody.model_validate(one)
        assert one["actor"]["account"] == {"homePage": "urn:baize:platform:default", "name": "lin"}
        assert "name" not in one["actor"]
    text = json.dumps(found, ensure_ascii=False)
    assert QUESTION["question"] not in text
    assert answer["text"] not in text
    assert "五分钟" not in text
    jumped = next(one for one in found if one["verb"]["display"]["en-US"] == "jumped")
    assert jumped["object"]["id"] == "urn:baize:lesson:default:health-01"
    assert jumped["result"]["extensions"]["https://w3id.org/xapi/video/extensions/time-to"] == 0.0
    served = (await door.client.get("/v1/statements", headers=token("lin"))).json()["statements"]
    assert {one["id"] for one in served} == {one["id"] for one in found}


async def test_a_platform_that_does_not_want_it_tells_nothing(door: Door) -> None:
    """Nor is anything told of nobody in particular."""
    await door.client.post("/v1/answers", json=QUESTION, headers=await door.key())
    foreign = token("lin", OTHER_SECRET, iss="other")
    await door.client.post("/v1/answers", json=QUESTION, headers=foreign)
    assert await told(door) == await told(door, "other") == []


@pytest.mark.parametrize(
    ("learner", "marker", "status"),
    [("wang", 1, 404), ("lin", 99, 404), ("lin", 0, 422)],
)
async def test_jumps_are_of_ones_own_citations(door: Door, learner: str, marker: int, status: int) -> None:
    """Of an answer of the learner's, to a place that it cites."""
    answer = (await door.client.post("/v1/answers", json=QUESTION, headers=token("lin"))).json()
    path = f"/v1/answers/{answer['answer_id']}/jumps"
    told = await door.client.post(path, json={"marker": marker}, headers=token(learner))
    assert told.status_code == status


async def test_statements_reach_the_store_once(door: Door, lrs: RecordStoreServer) -> None:
    """Those that came in, too; not before they are stored, and not again."""
    await act(door, token("lin"))
    own = {
        "actor": {"account": {"homePage": "https://learn.example", "name": "lin"}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
        "object": {"id": "urn:x:1"},
    }
    assert (await door.client.post("/v1/statements", json=own, headers=token("lin"))).status_code == 200
    assert await door.house.telling.send_due() == 0
    held(door).at += 10
    assert await door.house.telling.send_due() == 5
    assert set(lrs.kept) == {one["id"] for one in await told(door)}
    assert await door.house.telling.send_due() == 0
    assert lrs.calls == 1


async def test_what_the_store_does_not_take_is_sent_again(door: Door, lrs: RecordStoreServer) -> None:
    """After a while; and it is there once, though the store had it already."""
    await act(door, token("lin"))
    ids = {one["id"] for one in await told(door)}
    lrs.failing = 2
    for _ in range(2):
        held(door).at += 60
        assert await door.house.telling.send_due() == 0
    assert await door.house.telling.send_due() == 0
    lrs.kept |= {min(ids): {}}
    held(door).at += 600
    assert await door.house.telling.send_due() == 4
    assert set(lrs.kept) == ids


async def test_one_bad_statement_holds_nobody_up(door: Door, lrs: RecordStoreServer) -> None:
    """The others arrive; it is tried again, and given up at last."""
    await act(door, token("lin"))
    bad = (await told(door))[0]["id"]
    lrs.hated = {bad}
    held(door).at += 10
    assert await door.house.telling.send_due() == 3
    for _ in range(70):
        held(door).at += 4000
        await door.house.telling.send_due()
    assert bad not in lrs.kept
    assert await door.house.outbox.due(4e9, 10) == []


async def test_nothing_waits_of_an_erased_statement(door: Door, lrs: RecordStoreServer) -> None:
    """What went with its learner is not sent any more."""
    await act(door, token("lin"))
    door.house.statements._kept.clear()  # type: ignore[attr-defined]  # the double's
    held(door).at += 10
    assert await door.house.telling.send_due() == 0
    assert lrs.calls == 0
    assert await door.house.outbox.due(4e9, 10) == []


async def test_what_cannot_be_stored_is_counted(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """The learner goes on; the operator sees how much was lost."""

    async def away(_statements: object) -> None:
        raise DependencyUnavailable("The database does not answer.", remedy="Start it.")

    monkeypatch.setattr(door.house.statements, "put", away)
    await act(door, token("lin"))
    assert await told(door) == []
    counted = door.house.meter.exposition().decode()
    for verb, n in (("asked", 1.0), ("answered", 1.0), ("jumped", 1.0), ("completed", 2.0)):
        assert f'baize_statements_lost_total{{verb="{verb}"}} {n}' in counted


def held(door: Door) -> HeldClock:
    clock: HeldClock = door.house.__dict__["held"]
    return clock
