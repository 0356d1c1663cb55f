"""/v1/conversations: what was asked and answered; each one belongs to one learner."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from baize.api.auth import AskingCaller
from baize.api.depends import CurrentHouse, CurrentMapper
from baize.api.encoding import json_response
from baize.api.openapi import problems
from baize.api.requests import ID_REGEX
from baize.api.wire import ConversationBody
from baize.services.conversations import forget_conversation, read_conversation

router = APIRouter(prefix="/conversations/{conversation_id}", tags=["answers"])

ConversationId = Annotated[str, Path(pattern=ID_REGEX)]


@router.get(
    "",
    summary="A conversation",
    responses=problems(401, 403, 404, 422),
    response_model=ConversationBody,
)
async def conversation(
    conversation_id: ConversationId, caller: AskingCaller, house: CurrentHouse, mapper: CurrentMapper
) -> Response:
    """Its latest turns, oldest first, each answer as it was sent: a reload shows exactly what was said."""
    turns = await read_conversation(
        house.answers, caller.platform_id, conversation_id, caller.learner_id or None
    )
    return json_response(mapper.conversation(conversation_id, turns))


@router.delete(
    "",
    summary="Delete a conversation",
    status_code=204,
    responses=problems(401, 403, 404, 422),
    response_class=Response,
)
async def forget(conversation_id: ConversationId, caller: AskingCaller, house: CurrentHouse) -> Response:
    """All its questions and answers go; backups keep them until they are overwritten."""
    await forget_conversation(
        house.answers, house.live, caller.platform_id, conversation_id, caller.learner_id or None
    )
    return Response(status_code=204)
