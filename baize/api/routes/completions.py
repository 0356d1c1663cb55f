"""POST /v1/chat/completions and GET /v1/models: the companion as OpenAI's clients know a model."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from baize.api.auth import AskingCaller, learner_of
from baize.api.completion_wire import MODEL, Completion, CompletionRequest, ModelCard, ModelList
from baize.api.completions import Annotator, Chunks, completion, without_closing
from baize.api.depends import CurrentHouse, CurrentMapper, WarmHouse, links_of
from baize.api.encoding import json_response
from baize.api.notices import LABELS
from baize.api.openai_errors import openai_problems
from baize.api.openapi import COMPLETION_STREAM
from baize.api.routes.answers import CLIENT_CLOSED_REQUEST, whole
from baize.api.sse import AnswerStream, Frames, padded, while_connected
from baize.errors import NotFound
from baize.services.answer import Question
from baize.services.who import within

router = APIRouter(tags=["openai"])

_SINCE = 1_761_955_200
"""When the model's card says that it was made: 2025-11-01."""

ANSWER_ID = "X-Answer-Id"
"""Names the answer in the headers too: some clients drop every field that they do not know."""


@router.post(
    "/chat/completions",
    summary="Ask as OpenAI's clients do",
    responses={
        200: {
            "model": Completion,
            "description": COMPLETION_STREAM.description,
            "content": COMPLETION_STREAM.content,
        },
        **openai_problems(400, 401, 403, 404, 413, 503),
    },
    response_model=None,
)
async def complete(
    body: CompletionRequest, request: Request, caller: AskingCaller, house: WarmHouse, mapper: CurrentMapper
) -> Response:
    """The cited answer of `POST /v1/answers`, in the shape of OpenAI's Chat Completions.

    Each sentence carries `[n]`; `annotations` say where it was said. `GET /v1/answers/{id}` has the same
    answer, with the id in `baize.answer_id` and in the header `X-Answer-Id`.
    """
    asked = body.to_answer_request()
    scope = await within(caller, asked.scope.scope(caller.platform_id), house.kept_catalog)
    question = _with_earlier(
        asked.to_question(scope, learner_of(caller, asked.learner_id), caller.clock_zone), body
    )
    prepared = await house.answering.prepare(question)
    annotator = Annotator(caller.platform_id, links_of(request), str(request.base_url))
    created = int(house.clock.now())
    headers = {ANSWER_ID: prepared.answer_id}
    if body.stream:
        chunks = Chunks(
            annotator,
            created=created,
            with_label=body.label,
            with_usage=body.stream_options is not None and body.stream_options.include_usage,
        )
        key = await house.live.start(prepared, house.answering.stream(prepared), Frames(mapper))
        return AnswerStream(padded(chunks.stream(house.live.read(key))), headers=headers)
    with house.live.place():
        answer = await while_connected(request.receive, lambda: whole(house.answering, prepared))
    if answer is None:
        return Response(status_code=CLIENT_CLOSED_REQUEST)
    told = completion(mapper.answer(answer), annotator, created=created, with_label=body.label)
    return json_response(told, headers)


def _with_earlier(question: Question, body: CompletionRequest) -> Question:
    """A stored conversation wins over the turns that the client repeats."""
    if question.conversation_id:
        return question
    turns = tuple((asked, without_closing(said, LABELS)) for asked, said in body.earlier())
    return replace(question, earlier=turns)


@router.get("/models", summary="The model's card, in a list", responses=openai_problems(401, 403))
async def models(caller: AskingCaller) -> ModelList:
    """One model: which endpoint writes its sentences is the operator's choice."""
    del caller
    return ModelList(data=[_card()])


@router.get("/models/{model}", summary="The model's card", responses=openai_problems(401, 403, 404))
async def model(
    model: Annotated[str, Path(max_length=200)], caller: AskingCaller, house: CurrentHouse
) -> ModelCard:
    """What `model` may be."""
    del caller, house
    if model != MODEL:
        raise NotFound(f"There is no model {model!r}.", remedy=f"Use {MODEL!r}.")
    return _card()


def _card() -> ModelCard:
    return ModelCard(id=MODEL, created=_SINCE, owned_by="baize")
