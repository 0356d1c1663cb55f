"""Customer service as its users run it: one box over an ingested FAQ, and a scripted platform behind it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from baize.api.app import create_app
from baize.bootstrap import House, opened
from baize.domain.platform import Platform
from baize.edge.launch import stop
from baize.ports import ChatModel
from baize.settings import Settings
from baize.testing.scripted_chat_model import ScriptedChatModel
from benchmarks.crash import write_subtitles
from ingest.run import ingest_paths
from tests.integration.test_who_asks import SECRET, token
from tests.servers.service_desk import KEY, ServiceDesk
from tests.unit.api.library import client_of

pytestmark = pytest.mark.anyio

FAQ = [
    {
        "id": "password",
        "question": "忘记密码了怎么办？",
        "answer": "在登录页点“忘记密码”。\n用手机号收验证码。",
    },
    {
        "id": "refund",
        "question": "可以退费吗？",
        "answer": "付款后七天内可以退。" + "退款原路返回，" * 40 + "请放心。",
    },
]
SETTINGS: dict[str, Any] = {
    "embedder": {"kind": "fake"},
    "chat": {"kind": "none"},
    "answers": {"min_evidence": 0.0},
    "server": {"require_key": True},
    "jobs": {"with_server": False},
}


@pytest.fixture
def desk() -> Iterator[ServiceDesk]:
    with ServiceDesk() as server:
        yield server


@asynccontextmanager
async def service(
    folder: Path, desk: ServiceDesk, *, chat: ChatModel | None = None, **support: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server whose library is a help course with a lesson and a FAQ."""
    connected = {
        "accounts_url": desk.host,
        "accounts_api_key": KEY,
        "tickets_url": f"{desk.host}/tickets",
        "webhook_secret": "s" * 32,
        "hosts": [desk.host],
        "private_hosts": ["127.0.0.1"],
        # Of the hashing embedder, whose cosines are lower.
        "faq_midpoint": 0.6,
        "faq_foreign_midpoint": 0.6,
    }
    settings = Settings.model_validate(
        SETTINGS | {"data_dir": folder / "data", "support": connected | support}
    )
    course = folder / "help"
    course.mkdir()
    write_subtitles(course / "1.zh.vtt", ["梯度下降沿着最陡的方向走。", "学习率决定步子的大小。"])
    lines = [json.dumps(entry, ensure_ascii=False) for entry in FAQ]
    await anyio.Path(course / "faq.jsonl").write_text("\n".join(lines), "utf-8")

    @asynccontextmanager
    async def open_house(chosen: Settings) -> AsyncIterator[House]:
        async with opened(chosen) as house:
            await house.platforms.put(Platform("default", secret=SECRET))
            assert (await ingest_paths(house, [course])).ok
            house.__dict__["chat"] = chat
            yield house
            del house.__dict__["chat"]

    async with client_of(create_app(settings, open_house=open_house), **token("lin-42")) as client:
        yield client
    await stop(settings.data_dir)


async def ask(client: httpx.AsyncClient, question: str, **body: Any) -> dict[str, Any]:
    response = await client.post("/v1/support", json={"question": question} | body)
    assert response.status_code == 200, response.text
    reply: dict[str, Any] = response.json()
    return reply


async def test_one_box_for_everything(tmp_path: Path, desk: ServiceDesk) -> None:
    """An entry word for word, however long; a record as it is reported; a course's cited answer; a person."""
    desk.records["lin-42", "credits"] = [{"title": "总学分", "value": "12.50", "at": "2026-11-01"}]
    async with service(tmp_path, desk) as client:
        for entry in FAQ:
            reply = await ask(client, entry["question"])
            assert (reply["route"], reply["faq"]["entry_id"]) == ("faq", entry["id"])
            assert reply["text"] == entry["answer"]
            assert reply["label"] == "以下为常见问题原文，由AI检索"
            assert "hand_over" not in reply
        thanks = await ask(client, "好的，谢谢！")
        assert (thanks["route"], thanks["text"]) == ("course", "不客气！还有不明白的地方，随时问我。")
        records = await ask(client, "我有多少学分")
        assert (records["route"], records["label"]) == ("account", "由AI客服自动回复")
        assert records["records"][0]["value"] == "12.50"
        assert "12.50" in records["text"]
        course = await ask(client, "什么是梯度下降", scope={"course_ids": ["help"]})
        assert (course["route"], course["label"]) == ("course", "以下为课程原文摘录，由AI检索整理")
        assert course["answer"]["citations"][0]["quote"] == "梯度下降沿着最陡的方向走。"
        for question in ("转人工服务", "发票怎么申请"):
            person = await ask(client, question)
            assert (person["route"], person["hand_over"]["open_now"]) == ("person", True)
            assert person["label"] == "由AI客服自动回复", "nothing of a course is quoted"
            assert "faq" not in person
        # As the sidebar does after a refusal: what is the course's stays the course's, unanswered.
        again = await ask(client, "什么是梯度下降", course_asked=True)
        assert again["route"] == "course"
        assert not {"answer", "faq", "hand_over"} & again.keys()
        entry = await ask(client, FAQ[0]["question"], course_asked=True)
        assert entry["faq"]["entry_id"] == "password"
        assert (await client.get("/v1/capabilities")).json()["support"]


async def test_who_asks_for_a_person_is_handed_over_wherever_that_is(
    tmp_path: Path, desk: ServiceDesk
) -> None:
    """In the course's own box, in the desk's, in an exercise, and with a matter that a record has."""
    desk.records["lin-42", "certificates"] = [{"title": "结业证书", "value": "已发"}]
    async with service(tmp_path, desk) as client:
        for question in ("我要找真人客服", "I want to talk to a human", "我的证书错了，转人工"):
            here = {"question": question, "scope": {"course_ids": ["help"]}}
            answer = (await client.post("/v1/answers", json=here)).json()
            assert answer["refusal"] == {"reason": "person", "nearest": []}, question
            assert answer["citations"] == []
            for also in ({"course_asked": True}, {}, {"mode": "guide"}):
                person = await ask(client, question, scope=here["scope"], **also)
                assert (person["route"], person["hand_over"]["open_now"]) == ("person", True), also
        asked = {"question": "人工智能是什么", "scope": {"course_ids": ["help"]}}
        answer = (await client.post("/v1/answers", json=asked)).json()
        assert answer.get("refusal", {}).get("reason") != "person"
        assert 'baize_answers_total{outcome="person"} 6.0' in (await client.get("/metrics")).text


async def test_a_platform_that_does_not_answer_is_told(tmp_path: Path, desk: ServiceDesk) -> None:
    """And a person is offered: no record is guessed."""
    desk.records["lin-42", "credits"], desk.body = [], b"<html>"
    async with service(tmp_path, desk) as client:
        reply = await ask(client, "我有多少学分")
        assert (reply["route"], reply["records"]) == ("account", [])
        assert "hand_over" in reply


async def test_a_model_only_chooses(tmp_path: Path, desk: ServiceDesk) -> None:
    """A number of the list, else nothing; whatever it writes is shown to nobody."""
    replies = [
        '{"entry": 1}',
        '{"entry": 9}',
        '{"entry": 0, "text": "可以退全款"}',
        "可以退全款",
        '{"entry": true}',
    ]
    chat = ScriptedChatModel(*([reply] for reply in replies))
    async with service(tmp_path, desk, chat=chat, min_confidence=0.99999999999) as client:
        said = [await ask(client, "可以退费吗") for _ in replies]
    assert [reply["route"] for reply in said] == ["faq", *["person"] * 4]
    assert said[0]["chosen_by"] == "model"
    assert said[0]["text"].startswith("付款后七天内可以退。")
    assert "全款" not in json.dumps(said, ensure_ascii=False)


async def test_a_ticket_reaches_the_service_desk_once(tmp_path: Path, desk: ServiceDesk) -> None:
    """With the conversation, by consent; the learner sees how far it came, others see nothing."""
    async with service(tmp_path, desk, hours=["Mon-Sun 00:00-23:59"]) as client:
        await client.post("/v1/answers", json={"question": "学习率决定什么？", "conversation_id": "c1"})
        body = {"message": "还是没懂，请老师联系我", "consent": True, "conversation_id": "c1"}
        made = [
            await client.post("/v1/support/tickets", json=body, headers={"Idempotency-Key": "k"})
            for _ in range(2)
        ]
        assert [one.status_code for one in made] == [201, 201]
        assert made[0].json() == made[1].json() or made[1].json()["state"] == "sent"
        path = f"/v1/support/tickets/{made[0].json()['ticket_id']}"
        with anyio.fail_after(120):
            while (await client.get(path)).json()["state"] != "sent":  # noqa: ASYNC110 - over HTTP
                await anyio.sleep(0.2)
        assert len(desk.sent) == 1
        assert json.loads(desk.sent[0][1])["data"]["conversation"][0]["question"] == "学习率决定什么？"
        rated = await client.put(f"{path}/satisfaction", json={"score": 4})
        assert rated.json()["satisfaction"] == 4
        for headers in (token("wang"), token("lin-42", iss="default", sub="lin-4")):
            assert (await client.get(path, headers=headers)).status_code == 404


async def test_what_is_sent_again_is_asked_once(tmp_path: Path, desk: ServiceDesk) -> None:
    """The same reply to the byte: the course's answer by its id, an entry as it was; records anew."""
    async with service(tmp_path, desk) as client:
        for question, route in (("梯度下降是什么？", "course"), (FAQ[0]["question"], "faq")):
            key = {"Idempotency-Key": f"k-{route}"}
            got = [
                await client.post("/v1/support", json={"question": question}, headers=key) for _ in range(2)
            ]
            assert got[0].json()["route"] == route
            assert got[0].content == got[1].content
            other = await client.post("/v1/support", json={"question": "可以退费吗？"}, headers=key)
            assert other.status_code == 422
        of_wang = {"Idempotency-Key": "k-course"} | token("wang")
        other = await client.post("/v1/support", json={"question": "梯度下降是什么？"}, headers=of_wang)
        first = await client.post(
            "/v1/support", json={"question": "梯度下降是什么？"}, headers={"Idempotency-Key": "k-course"}
        )
        assert other.json()["answer"]["answer_id"] != first.json()["answer"]["answer_id"]
        for value in ("12.50", "13.00"):
            desk.records["lin-42", "credits"] = [{"title": "总学分", "value": value, "at": "2026-11-01"}]
            asked = {"question": "我的学分有多少？"}
            reply = await client.post("/v1/support", json=asked, headers={"Idempotency-Key": "k-records"})
            assert [one["value"] for one in reply.json()["records"]] == [value]


async def test_an_erased_answer_is_not_given_again(tmp_path: Path, desk: ServiceDesk) -> None:
    """Nothing of it is kept under the key."""
    async with service(tmp_path, desk) as client:
        key = {"Idempotency-Key": "k-1"}
        asked = {"question": "梯度下降是什么？"}
        assert (await client.post("/v1/support", json=asked, headers=key)).json()["route"] == "course"
        assert (await client.delete("/v1/learners/lin-42")).json()["complete"]
        again = await client.post("/v1/support", json=asked, headers=key)
        assert again.status_code == 404
        assert "梯度" not in again.text
