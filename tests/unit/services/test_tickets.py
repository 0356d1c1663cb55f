"""Hand-over: signed, repeated until it is taken, once in the end, and the conversation with consent only."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator

import pytest

from baize.adapters.fetch_httpx import FetchOptions, HttpxFetcher
from baize.adapters.webhook_httpx import HttpxWebhook
from baize.domain.chat import Answer
from baize.errors import InvalidInput, NotFound
from baize.services.tickets import HandOver, Handover
from baize.testing.held_clock import HeldClock
from baize.testing.memory_answers import MemoryAnswers
from baize.testing.memory_tickets import MemoryTickets
from tests.servers.service_desk import ServiceDesk

pytestmark = pytest.mark.anyio

SECRET = b"a secret of the service desk"
ASKED = Handover("p", "lin", "证书名字错了", True, "zh", conversation_id="c", key="k1")


@pytest.fixture
def desk() -> Iterator[ServiceDesk]:
    with ServiceDesk() as server:
        yield server


class Desk:
    """A hand-over over doubles and a real webhook."""

    def __init__(self, url: str = "", host: str = "") -> None:
        self.tickets, self.answers, self.clock = MemoryTickets(), MemoryAnswers(), HeldClock(1_795_000_000.0)
        http = HttpxFetcher(FetchOptions(hosts=(host,), private_hosts=("127.0.0.1",)))
        self.hand_over = HandOver(
            tickets=self.tickets,
            answers=self.answers,
            webhook=HttpxWebhook(http, url) if url else None,
            secret=SECRET,
            clock=self.clock,
        )


async def test_a_ticket_is_signed_and_sent_again_until_it_is_taken(desk: ServiceDesk) -> None:
    """Twice refused, with the same id each time; once taken it is not sent again."""
    made = Desk(f"{desk.host}/tickets", desk.host)
    await made.answers.put(
        Answer("a", "p", "c", "证书在哪？", "zh", "m", "", "在我的证书里。", learner_id="lin")
    )
    ticket = await made.hand_over.make(ASKED)
    desk.refusing = 2
    states = []
    for _ in range(4):
        await made.hand_over.send_due()
        states.append((await made.hand_over.read("p", ticket.id, "lin")).state)
        made.clock.at += 60.0
    assert states == ["waiting", "waiting", "sent", "sent"]
    assert [headers["webhook-id"] for headers, _ in desk.sent] == [ticket.id] * 3
    for headers, body in desk.sent:
        content = f"{ticket.id}.{headers['webhook-timestamp']}.".encode() + body
        signature = base64.b64encode(hmac.new(SECRET, content, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{signature}"
    data = json.loads(desk.sent[-1][1])["data"]
    assert data["conversation"] == [{"question": "证书在哪？", "answer": "在我的证书里。"}]
    assert (data["learner_id"], data["consent"]) == ("lin", True)


async def test_without_consent_only_the_message_goes() -> None:
    """Nor does somebody else's conversation, whatever id is named."""
    made = Desk()
    await made.answers.put(Answer("a", "p", "c", "问", "zh", "m", "", "答", learner_id="lin"))
    quiet = await made.hand_over.make(Handover("p", "lin", "m", False, "zh", conversation_id="c"))
    other = await made.hand_over.make(Handover("p", "wang", "m", True, "zh", conversation_id="c"))
    assert quiet.conversation == ()
    assert other.conversation == ()


async def test_the_same_key_is_the_same_ticket() -> None:
    """Of one learner; without a key each call makes one, and without a desk it waits."""
    made = Desk()
    first = await made.hand_over.make(ASKED)
    assert await made.hand_over.make(ASKED) == first
    assert (await made.hand_over.make(Handover("p", "wang", "m", True, "zh", key="k1"))).id != first.id
    new = Handover("p", "lin", "m", True, "zh")
    assert (await made.hand_over.make(new)).id != (await made.hand_over.make(new)).id
    assert await made.hand_over.send_due() == 0
    assert first.state == "waiting"


async def test_it_is_given_up_at_last(desk: ServiceDesk) -> None:
    """After twenty attempts, hours apart in the end."""
    made = Desk(f"{desk.host}/tickets", desk.host)
    ticket = await made.hand_over.make(ASKED)
    desk.refusing = 1_000
    for _ in range(25):
        await made.hand_over.send_due()
        made.clock.at += 3600.0
    assert (await made.hand_over.read("p", ticket.id, None)).state == "failed"
    assert len(desk.sent) == 20


async def test_satisfaction_is_the_learners_own() -> None:
    """Somebody else's ticket looks like none; an empty message is none."""
    made = Desk()
    ticket = await made.hand_over.make(ASKED)
    assert (await made.hand_over.rate("p", ticket.id, "lin", 5)).satisfaction == 5
    for platform_id, learner_id in (("p", "wang"), ("q", "lin")):
        with pytest.raises(NotFound):
            await made.hand_over.rate(platform_id, ticket.id, learner_id, 1)
    with pytest.raises(InvalidInput):
        await made.hand_over.make(Handover("p", "lin", " ", True, "zh"))
