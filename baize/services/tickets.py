"""Hand-over to a person: a ticket is stored first, then sent to the service desk until it takes it.

The webhook is signed as Standard Webhooks has it (https://www.standardwebhooks.com): HMAC-SHA256 over
`id.timestamp.body`. The same ticket always has the same `webhook-id`, so a receiver drops repetitions.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import anyio

from baize.domain.chat import Answer
from baize.domain.support import Ticket, TicketLine, TicketState
from baize.errors import DependencyUnavailable, InvalidInput, NotFound
from baize.ports import Answers, Clock, Tickets, Webhook
from baize.services.find import checked

_log = logging.getLogger(__name__)

_NAMESPACE = uuid.UUID("b7e1a7a4-6d5e-5a53-9f0e-2f1f6f3a9c11")
_FIRST_WAIT_S = 5.0
_LONGEST_WAIT_S = 3600.0
_MOST_ATTEMPTS = 20
_BATCH = 50
_MAX_TURNS = 20
_MAX_CONTACT = 200
_LOOK_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Handover:
    """What a learner hands over.

    Attributes:
        consent: the conversation may go along.
        key: makes asking twice one ticket; empty for a new one each time.
    """

    platform_id: str
    learner_id: str
    message: str
    consent: bool
    language: str
    contact: str = ""
    conversation_id: str = ""
    key: str = ""


class HandOver:
    """Makes tickets and sends them.

    Args:
        webhook: sends to the service desk; None where none is configured: tickets then wait.
        secret: signs what is sent.
    """

    def __init__(
        self, *, tickets: Tickets, answers: Answers, webhook: Webhook | None, secret: bytes, clock: Clock
    ) -> None:
        self._tickets = tickets
        self._answers = answers
        self._webhook = webhook
        self._secret = secret
        self._clock = clock

    async def make(self, asked: Handover) -> Ticket:
        """Store a ticket; it is sent soon after. The same key gives the same ticket.

        Raises:
            InvalidInput: the message is empty or too long.
        """
        message = checked(asked.message, "message")
        if len(asked.contact) > _MAX_CONTACT:
            raise InvalidInput("The contact is too long.", remedy=f"Keep it under {_MAX_CONTACT} characters.")
        name = "|".join((asked.platform_id, asked.learner_id, asked.key))
        ticket_id = str(uuid.uuid5(_NAMESPACE, name) if asked.key else uuid.uuid4())
        known = await self._tickets.get(asked.platform_id, ticket_id)
        if known is not None:
            return known
        now = self._clock.now()
        ticket = Ticket(
            ticket_id,
            asked.platform_id,
            asked.learner_id,
            message,
            asked.consent,
            asked.language,
            now,
            asked.contact,
            asked.conversation_id,
            await self._conversation(asked),
            next_at=now,
        )
        await self._tickets.put(ticket)
        return ticket

    async def read(self, platform_id: str, ticket_id: str, learner_id: str | None) -> Ticket:
        """
        Raises:
            NotFound: there is none, or it is somebody else's.
        """
        found = await self._tickets.get(platform_id, ticket_id)
        if found is None or learner_id not in (None, found.learner_id):
            raise NotFound(
                f"There is no ticket {ticket_id!r}.", remedy="Take the id from the reply that made it."
            )
        return found

    async def rate(self, platform_id: str, ticket_id: str, learner_id: str | None, score: int) -> Ticket:
        """Remember how content the learner was, 1 to 5; the latest word counts.

        Raises:
            NotFound: as `read`.
        """
        ticket = replace(await self.read(platform_id, ticket_id, learner_id), satisfaction=score)
        await self._tickets.put(ticket)
        return ticket

    async def send_due(self) -> int:
        """Send what is due, each once; what fails is due again later. Returns how many were taken."""
        if self._webhook is None:
            return 0
        n = 0
        for ticket in await self._tickets.due(self._clock.now(), _BATCH):
            n += await self._send(self._webhook, ticket)
        return n

    async def _send(self, webhook: Webhook, ticket: Ticket) -> bool:
        body = json.dumps(payload(ticket), ensure_ascii=False, sort_keys=True).encode()
        now = self._clock.now()
        headers = signed(ticket.id, int(now), body, self._secret)
        tried = replace(ticket, n_attempts=ticket.n_attempts + 1)
        try:
            await webhook.post(body, headers)
        except (DependencyUnavailable, InvalidInput) as failure:
            _log.warning("ticket %s was not taken (attempt %d): %s", ticket.id, tried.n_attempts, failure)
            given_up = tried.n_attempts >= _MOST_ATTEMPTS
            wait_s = min(_FIRST_WAIT_S * 2**ticket.n_attempts, _LONGEST_WAIT_S)
            state: TicketState = "failed" if given_up else "waiting"
            await self._tickets.settle(replace(tried, state=state, next_at=now + wait_s))
            return False
        await self._tickets.settle(replace(tried, state="sent"))
        return True

    async def keep_sending(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.send_due()
            except Exception as error:  # noqa: BLE001 - it runs beside the API, which must not end with it
                _log.warning("tickets were not sent: %s", type(error).__qualname__)
            await anyio.sleep(_LOOK_EVERY_S)

    async def _conversation(self, asked: Handover) -> tuple[TicketLine, ...]:
        if not asked.consent or not asked.conversation_id:
            return ()
        turns: Sequence[Answer] = await self._answers.turns(
            asked.platform_id, asked.conversation_id, _MAX_TURNS, learner_id=asked.learner_id
        )
        return tuple(TicketLine(turn.question, turn.text) for turn in turns)


def payload(ticket: Ticket) -> dict[str, object]:
    """What the service desk is sent."""
    return {
        "type": "ticket.created",
        "timestamp": datetime.fromtimestamp(ticket.created_at, UTC).isoformat(timespec="seconds"),
        "data": {
            "ticket_id": ticket.id,
            "platform_id": ticket.platform_id,
            "learner_id": ticket.learner_id,
            "message": ticket.message,
            "contact": ticket.contact,
            "language": ticket.language,
            "consent": ticket.consent,
            "conversation": [
                {"question": line.question, "answer": line.answer} for line in ticket.conversation
            ],
        },
    }


def signed(message_id: str, timestamp: int, body: bytes, secret: bytes) -> dict[str, str]:
    """The headers of a Standard Webhook; unsigned without a secret."""
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "content-type": "application/json",
    }
    if not secret:
        return headers
    content = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(secret, content, hashlib.sha256).digest()
    return headers | {"webhook-signature": f"v1,{base64.b64encode(digest).decode()}"}
