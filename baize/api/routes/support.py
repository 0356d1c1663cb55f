"""/v1/support: one box for course and service questions, and the way to a person."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Path
from starlette.responses import Response

from baize.api.auth import AskingCaller, learner_of
from baize.api.depends import CurrentHouse, CurrentMapper, WarmHouse
from baize.api.encoding import json_response
from baize.api.openapi import problems
from baize.api.requests import ID_REGEX
from baize.api.support_wire import (
    SatisfactionRequest,
    SupportBody,
    SupportRequest,
    TicketBody,
    TicketRequest,
    support_body,
    ticket_body,
)
from baize.bootstrap import House
from baize.domain.support import Ticket
from baize.services.who import within

router = APIRouter(prefix="/support", tags=["support"])

TicketId = Annotated[str, Path(pattern=ID_REGEX)]
IdempotencyKey = Annotated[str, Header(alias="Idempotency-Key", max_length=128)]


@router.post(
    "",
    summary="Ask anything",
    responses=problems(401, 403, 404, 413, 422, 503),
    response_model=SupportBody,
)
async def ask(
    body: SupportRequest, caller: AskingCaller, house: WarmHouse, mapper: CurrentMapper
) -> Response:
    """Routes the question: to the course, to the FAQ, to the learner's own record, or to a person.

    Nothing about the platform is ever made up: an entry of the FAQ is quoted word for word with its id, a
    record is shown as the platform reports it, and where neither is there a person is offered.
    """
    scope = await within(caller, body.scope.scope(caller.platform_id), house.kept_catalog)
    question = body.to_question(scope, learner_of(caller, body.learner_id), caller.clock_zone)
    with house.live.place():
        reply = await house.support.reply(question, locale=caller.locale, course_asked=body.course_asked)
    return json_response(support_body(reply, mapper, house.support.hours, house.clock.now()))


@router.post(
    "/tickets",
    summary="Hand over to a person",
    status_code=201,
    responses=problems(401, 403, 413, 422, 503),
    response_model=TicketBody,
)
async def hand_over(
    body: TicketRequest, caller: AskingCaller, house: CurrentHouse, key: IdempotencyKey = ""
) -> Response:
    """The message goes to the service desk; with consent, the conversation too.

    The same `Idempotency-Key` of the same learner gives the same ticket.
    """
    learner_id = learner_of(caller, body.learner_id)
    ticket = await house.hand_over.make(body.to_handover(caller.platform_id, learner_id, key))
    return _shown(house, ticket, 201)


@router.get(
    "/tickets/{ticket_id}",
    summary="How far a ticket came",
    responses=problems(401, 403, 404, 422),
    response_model=TicketBody,
)
async def ticket(ticket_id: TicketId, caller: AskingCaller, house: CurrentHouse) -> Response:
    """`waiting` until the service desk took it, then `sent`; `failed` after twenty attempts."""
    found = await house.hand_over.read(caller.platform_id, ticket_id, caller.learner_id or None)
    return _shown(house, found, 200)


@router.put(
    "/tickets/{ticket_id}/satisfaction",
    summary="Say how content one was",
    responses=problems(401, 403, 404, 422),
    response_model=TicketBody,
)
async def rate(
    ticket_id: TicketId, body: SatisfactionRequest, caller: AskingCaller, house: CurrentHouse
) -> Response:
    """1 to 5; the latest word counts."""
    rated = await house.hand_over.rate(caller.platform_id, ticket_id, caller.learner_id or None, body.score)
    return _shown(house, rated, 200)


def _shown(house: House, ticket: Ticket, status: int) -> Response:
    body = ticket_body(ticket, house.hours, house.clock.now())
    return json_response(body, status_code=status)
