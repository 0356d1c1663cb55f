"""POST /v1/answers: a question in, a cited answer out, streamed or whole."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from baize.api.auth import CurrentCaller, learner_of
from baize.api.depends import CurrentHouse, CurrentMapper, WarmHouse
from baize.api.encoding import json_response
from baize.api.openapi import ANSWER_STREAM, problems
from baize.api.requests import ID_REGEX, AnswerRequest
from baize.api.sse import AnswerStream, frames, while_connected
from baize.api.wire import AnswerBody
from baize.domain.chat import Answer, Completed
from baize.errors import NotFound
from baize.services.answer import Answering, Prepared
from baize.services.who import within

router = APIRouter(prefix="/answers", tags=["answers"])

_CLIENT_CLOSED_REQUEST = 499

_ASK_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": AnswerBody, "description": ANSWER_STREAM.description, "content": ANSWER_STREAM.content},
    **problems(401, 403, 404, 413, 422, 503),
}


@router.post("", summary="Ask a question", responses=_ASK_RESPONSES, response_model=None)
async def ask(
    body: AnswerRequest, request: Request, caller: CurrentCaller, house: WarmHouse, mapper: CurrentMapper
) -> Response:
    """A cited answer from the courses in scope; where they do not cover it, a refusal with what is nearest.

    With `Accept: text/event-stream` the answer is streamed, sentence by sentence; else it comes whole.
    Nothing is sent that is not proved by a passage of the course. Closing the connection stops the answer.
    """
    scope = await within(caller, body.scope.scope(caller.platform_id), house.catalog)
    question = body.to_question(scope, learner_of(caller, body.learner_id))
    prepared = await house.answering.prepare(question)
    if "text/event-stream" in request.headers.get("accept", ""):
        return AnswerStream(frames(house.answering.stream(prepared), mapper))
    answer = await while_connected(request.receive, lambda: _whole(house.answering, prepared))
    return json_response(mapper.answer(answer)) if answer else Response(status_code=_CLIENT_CLOSED_REQUEST)


async def _whole(answering: Answering, prepared: Prepared) -> Answer:
    last = [event async for event in answering.stream(prepared)][-1]
    if not isinstance(last, Completed):
        raise TypeError(f"an answer ended with {type(last).__name__}")
    return last.answer


@router.get(
    "/{answer_id}",
    summary="A finished answer",
    responses=problems(401, 403, 404, 422),
    response_model=AnswerBody,
)
async def answer(
    answer_id: Annotated[str, Path(pattern=ID_REGEX)],
    caller: CurrentCaller,
    house: CurrentHouse,
    mapper: CurrentMapper,
) -> Response:
    """The answer as `done` sent it, byte for byte."""
    stored = await house.answers.get(caller.platform_id, answer_id)
    # Somebody else's answer must look like none at all.
    if stored is None or not caller.owns(stored.learner_id):
        raise NotFound(
            f"There is no answer {answer_id!r}.", remedy="Take the id from `start` or from the reply."
        )
    return json_response(mapper.answer(stored))
