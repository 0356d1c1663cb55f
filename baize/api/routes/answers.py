"""POST /v1/answers: a question in, a cited answer out, streamed or whole."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from baize.api.auth import AskingCaller, learner_of
from baize.api.depends import CurrentHouse, CurrentMapper, WarmHouse
from baize.api.encoding import json_response
from baize.api.openapi import ANSWER_STREAM, problems
from baize.api.requests import ID_REGEX, AnswerRequest, RequestBody
from baize.api.sse import AnswerStream, Frames, padded, while_connected
from baize.api.wire import AnswerBody
from baize.domain.chat import Answer, Completed
from baize.domain.live import AnswerKey
from baize.errors import NotFound
from baize.services.answer import Prepared
from baize.services.teach import Teaching
from baize.services.who import within

router = APIRouter(prefix="/answers", tags=["answers"])

CLIENT_CLOSED_REQUEST = 499

AnswerId = Annotated[str, Path(pattern=ID_REGEX)]
LastEventId = Annotated[int, Field(ge=0, le=1_000_000)]

_ASK_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": AnswerBody, "description": ANSWER_STREAM.description, "content": ANSWER_STREAM.content},
    **problems(401, 403, 404, 413, 422, 503),
}


@router.post("", summary="Ask a question", responses=_ASK_RESPONSES, response_model=None)
async def ask(
    body: AnswerRequest, request: Request, caller: AskingCaller, house: WarmHouse, mapper: CurrentMapper
) -> Response:
    """A cited answer from the courses in scope; where they do not cover it, a refusal with what is nearest.

    With `Accept: text/event-stream` the answer is streamed, sentence by sentence; else it comes whole.
    Nothing is sent that is not proved by a passage of the course. A stream whose connection is lost goes on
    for `answers.resume_grace_s` and can be read again from `/events`.
    """
    scope = await within(caller, body.scope.scope(caller.platform_id), house.kept_catalog)
    question = body.to_question(scope, learner_of(caller, body.learner_id), caller.clock_zone)
    prepared = await house.answering.prepare(question)
    if "text/event-stream" in request.headers.get("accept", ""):
        key = await house.live.start(prepared, house.answering.stream(prepared), Frames(mapper))
        return AnswerStream(padded(house.live.read(key)))
    with house.live.place():
        answer = await while_connected(request.receive, lambda: whole(house.answering, prepared))
    return json_response(mapper.answer(answer)) if answer else Response(status_code=CLIENT_CLOSED_REQUEST)


async def whole(answering: Teaching, prepared: Prepared) -> Answer:
    """The answer to its end, for callers who do not read along."""
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
    answer_id: AnswerId,
    caller: AskingCaller,
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


@router.get(
    "/{answer_id}/events",
    summary="The stream of an answer again",
    responses={
        200: {"description": ANSWER_STREAM.description, "content": ANSWER_STREAM.content},
        204: {"description": "There is nothing behind this event: the answer has ended."},
        **problems(401, 403, 404, 422, 503),
    },
    response_model=None,
)
async def events(
    answer_id: AnswerId,
    caller: AskingCaller,
    house: CurrentHouse,
    mapper: CurrentMapper,
    last_event_id: Annotated[LastEventId | None, Header()] = None,
    after: Annotated[LastEventId | None, Query(alias="last_event_id")] = None,
) -> Response:
    """The events behind `Last-Event-ID` (or `?last_event_id=`), byte for byte, then those to come.

    Without an id, from the first. They are kept for ten minutes after the end; the answer itself stays.
    """
    head = await house.live.head(AnswerKey(caller.platform_id, answer_id))
    if head is None or not caller.owns(head.learner_id):
        raise NotFound(
            f"There are no events of an answer {answer_id!r}.",
            remedy="They are kept for ten minutes; GET /v1/answers/{id} has what was answered.",
        )
    n_known = last_event_id if last_event_id is not None else after or 0
    if head.finished and n_known >= head.n_events:
        return Response(status_code=204)
    return AnswerStream(padded(house.live.read(head.key, n_known, partial(Frames, mapper)), at_once=True))


@router.delete(
    "/{answer_id}",
    summary="Stop an answer",
    status_code=204,
    responses=problems(401, 403, 404, 422, 503),
    response_class=Response,
)
async def stop(answer_id: AnswerId, caller: AskingCaller, house: CurrentHouse) -> Response:
    """Its stream ends with `done`, which holds what was sent until then. An answer that has ended stays."""
    head = await house.live.head(AnswerKey(caller.platform_id, answer_id))
    owner = head.learner_id if head else None
    if head is None:
        stored = await house.answers.get(caller.platform_id, answer_id)
        owner = stored.learner_id if stored else None
    if owner is None or not caller.owns(owner):
        raise NotFound(f"There is no answer {answer_id!r}.", remedy="Take the id from `start`.")
    if head is not None and not head.finished:
        await house.live.stop(head.key)
    return Response(status_code=204)


class Jump(RequestBody):
    """A citation that was followed."""

    marker: Annotated[int, Field(ge=1, le=100)]


@router.post(
    "/{answer_id}/jumps",
    summary="Tell that a citation was followed",
    status_code=204,
    responses=problems(401, 403, 404, 422, 503),
    response_class=Response,
)
async def jump(answer_id: AnswerId, body: Jump, caller: AskingCaller, house: CurrentHouse) -> Response:
    """Where the platform wants xAPI statements, one is made of it; otherwise nothing is kept."""
    answer = await house.answers.get(caller.platform_id, answer_id)
    if answer is None or not caller.owns(answer.learner_id):
        raise NotFound(f"There is no answer {answer_id!r}.", remedy="Take the id from `start`.")
    cited = next((one for one in answer.citations if one.marker == body.marker), None)
    if cited is None:
        raise NotFound(f"The answer has no citation [{body.marker}].", remedy="Take it from `citations`.")
    await house.telling.jumped(answer, cited)
    return Response(status_code=204)
