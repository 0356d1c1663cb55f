"""What the sidebar needs besides answers: capabilities, preferences, feedback and spoken questions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from baize.api.auth import (
    AskingCaller,
    CurrentCaller,
    HearingCaller,
    LearnersCaller,
    check_owner,
    learner_of,
)
from baize.api.depends import CurrentHouse
from baize.api.encoding import json_response
from baize.api.instants import instant
from baize.api.openapi import problems
from baize.api.paging import Cursor, Limit, offset_of, page_of
from baize.api.requests import ID_REGEX, MODES
from baize.api.sidebar_wire import (
    CapabilitiesBody,
    FeedbackItem,
    FeedbackPage,
    FeedbackRequest,
    PreferencesBody,
    RecordingLimits,
    TranscriptionBody,
    feedback_of,
    preferences_body,
)
from baize.bootstrap import House
from baize.domain.preferences import Feedback
from baize.errors import NotFound
from baize.services.dictate import MAX_BYTES, MAX_SECONDS

router = APIRouter(tags=["learners"])

LearnerId = Annotated[str, Path(pattern=ID_REGEX)]


@router.get(
    "/capabilities",
    summary="What the server can do for this caller",
    responses=problems(401),
    response_model=CapabilitiesBody,
)
async def capabilities(caller: CurrentCaller, house: CurrentHouse) -> Response:
    """Asked once by the sidebar: which modes there are, whether one may speak, and who is asking."""
    limits = RecordingLimits(max_bytes=MAX_BYTES, max_seconds=MAX_SECONDS)
    return json_response(
        CapabilitiesBody(
            learner_id=caller.learner_id or None,
            locale=caller.locale or None,
            modes=list(MODES),
            feedback=True,
            preferences=True,
            recommendations=True,
            support=house.settings.support.is_set_up,
            transcriptions=limits if house.may_hear else None,
        )
    )


@router.get(
    "/learners/{learner_id}/preferences",
    summary="How a learner likes the sidebar",
    responses=problems(401, 403, 422),
    response_model=PreferencesBody,
)
async def preferences(learner_id: LearnerId, caller: LearnersCaller, house: CurrentHouse) -> Response:
    """Empty while the learner has chosen nothing: then the page that embeds the sidebar decides."""
    check_owner(caller, learner_id)
    kept = await house.preferences.get(caller.platform_id, learner_id)
    return json_response(preferences_body(kept)) if kept else Response("{}", media_type="application/json")


@router.put(
    "/learners/{learner_id}/preferences",
    summary="Remember how a learner likes the sidebar",
    responses=problems(401, 403, 422),
    response_model=PreferencesBody,
)
async def choose(
    learner_id: LearnerId, body: PreferencesBody, caller: LearnersCaller, house: CurrentHouse
) -> Response:
    """All of them at once; what is left out goes back to its default."""
    check_owner(caller, learner_id)
    await house.preferences.put(caller.platform_id, learner_id, body.to_preferences())
    return json_response(body)


@router.post(
    "/feedback",
    summary="Say whether an answer helped",
    status_code=204,
    responses=problems(401, 403, 404, 422),
    response_class=Response,
)
async def say(body: FeedbackRequest, caller: AskingCaller, house: CurrentHouse) -> Response:
    """The latest word of a learner on an answer counts. The course team reads it."""
    answer = await house.answers.get(caller.platform_id, body.answer_id)
    if answer is None or not caller.owns(answer.learner_id):
        raise NotFound(f"There is no answer {body.answer_id!r}.", remedy="Take the id from `start`.")
    learner_id = learner_of(caller, body.learner_id)
    await house.feedback.put(feedback_of(body, caller.platform_id, learner_id, house.clock.now()))
    return Response(status_code=204)


@router.get(
    "/feedback", summary="What learners said", responses=problems(401, 403, 422), response_model=FeedbackPage
)
async def heard(
    caller: HearingCaller,
    house: CurrentHouse,
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Response:
    """For the course team, newest first: each with its question, so that it can become an eval case."""
    offset = offset_of(cursor)
    found = await house.feedback.latest(caller.platform_id, limit + 1, offset=offset)
    said, following = page_of(found, limit, offset)
    return json_response(FeedbackPage(items=[await _item(house, one) for one in said], next_cursor=following))


async def _item(house: House, feedback: Feedback) -> FeedbackItem:
    answer = await house.answers.get(feedback.platform_id, feedback.answer_id)
    return FeedbackItem(
        answer_id=feedback.answer_id,
        rating=feedback.rating,
        reason=feedback.reason,
        correction=feedback.correction,
        given_at=instant(feedback.given_at),
        question=answer.question if answer else None,
        text=answer.text if answer else None,
        lesson_ids=sorted({citation.lesson_id for citation in answer.citations}) if answer else [],
    )


@router.post(
    "/transcriptions",
    summary="Write down a spoken question",
    responses=problems(401, 413, 422, 503),
    response_model=TranscriptionBody,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"audio/*": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def transcribe(
    request: Request,
    caller: AskingCaller,
    house: CurrentHouse,
    language: Annotated[str, Query(pattern=r"^([a-z]{2})?$", description="ISO 639-1; empty: detect.")] = "",
) -> Response:
    """The body is the recording: WebM, MP4, Ogg, WAV … of at most a minute. It is deleted once heard."""
    del caller
    text = await house.dictation.write(await request.body(), language=language)
    return json_response(TranscriptionBody(text=text))
