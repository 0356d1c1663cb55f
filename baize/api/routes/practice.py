"""Practice: attempts at quiz items, and the exercises and graded windows of course teams."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from baize.api.auth import AskingCaller, TeachingCaller, learner_of
from baize.api.depends import CurrentHouse, WarmHouse
from baize.api.encoding import json_response
from baize.api.openapi import problems
from baize.api.paging import Cursor, Limit, offset_of, page_of, page_within
from baize.api.practice_wire import (
    AttemptBody,
    AttemptRequest,
    ExerciseBody,
    ExercisePage,
    ExerciseRequest,
    UncertainItem,
    UncertainPage,
    attempt_body,
    exercise_body,
    uncertain_item,
)
from baize.api.requests import ID_REGEX
from baize.bootstrap import House
from baize.domain.platform import Caller
from baize.domain.practice import Attempt
from baize.errors import NotFound

router = APIRouter(tags=["practice"])

ItemId = Annotated[str, Path(pattern=ID_REGEX)]
ExerciseId = Annotated[str, Path(pattern=ID_REGEX)]


@router.post(
    "/quiz/{item_id}/attempts",
    summary="Answer a quiz item",
    responses=problems(401, 403, 404, 422, 503),
    response_model=AttemptBody,
)
async def attempt(item_id: ItemId, body: AttemptRequest, caller: AskingCaller, house: WarmHouse) -> Response:
    """The verdict, with the solution and the moment that answers it: before an attempt neither is sent.

    An attempt of a named learner makes the item one of the learner's cards, to be reviewed when it is due.
    """
    learner_id = learner_of(caller, body.learner_id)
    _, course_id = await house.practice.item(caller.platform_id, item_id)
    if not caller.sees(course_id):
        raise NotFound(f"There is no quiz item {item_id!r}.", remedy="The learner token names its courses.")
    solved = await house.practice.attempt(
        caller.platform_id,
        learner_id,
        item_id,
        option=body.option,
        text=body.text,
        zone=caller.clock_zone,
    )
    await house.telling.answered(solved.attempt)
    return json_response(attempt_body(solved))


@router.get(
    "/attempts/uncertain",
    summary="Answers that nobody could grade",
    responses=problems(401, 403, 422),
    response_model=UncertainPage,
)
async def uncertain(
    caller: TeachingCaller,
    house: CurrentHouse,
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Response:
    """For the course team, newest first, each with its question and solution."""
    offset = offset_of(cursor)
    found = await house.attempts.uncertain(caller.platform_id, limit + 1, offset=offset)
    given, following = page_of(found, limit, offset)
    seen = [one for one in given if caller.sees(one.course_id)]
    return json_response(
        UncertainPage(items=[await _uncertain(house, one) for one in seen], next_cursor=following)
    )


async def _uncertain(house: House, attempt: Attempt) -> UncertainItem:
    try:
        item, _ = await house.practice.item(attempt.platform_id, attempt.item_id)
    except NotFound:
        return uncertain_item(attempt, None, None)
    return uncertain_item(attempt, item.question, item.options[item.answer])


@router.get("/exercises", summary="Exercises", responses=problems(401, 403, 422), response_model=ExercisePage)
async def exercises(
    caller: TeachingCaller, house: CurrentHouse, limit: Limit = 100, cursor: Cursor = ""
) -> Response:
    """With their solutions, for the course team."""
    now = house.clock.now()
    found = [one for one in await house.exercises.all(caller.platform_id) if caller.sees(one.course_id)]
    given, following = page_within(found, limit, cursor)
    return json_response(
        ExercisePage(items=[exercise_body(one, now) for one in given], next_cursor=following)
    )


@router.put(
    "/exercises/{exercise_id}",
    summary="Set an exercise, or its graded window",
    responses=problems(401, 403, 413, 422),
    response_model=ExerciseBody,
)
async def put_exercise(
    exercise_id: ExerciseId, body: ExerciseRequest, caller: TeachingCaller, house: CurrentHouse
) -> Response:
    """Guide mode leads to its solution and never gives it; while it is graded, no mode helps with it.

    The id of a quiz item locks that item too. It holds within ten seconds in every process.
    """
    await _check_course(house, caller, exercise_id, body.course_id)
    exercise = body.to_exercise(caller.platform_id, exercise_id)
    await house.exercises.put(exercise)
    house.exercise_book.forget(caller.platform_id)
    return json_response(exercise_body(exercise, house.clock.now()))


@router.delete(
    "/exercises/{exercise_id}",
    summary="Remove an exercise",
    status_code=204,
    responses=problems(401, 403, 404, 422),
    response_class=Response,
)
async def remove_exercise(exercise_id: ExerciseId, caller: TeachingCaller, house: CurrentHouse) -> Response:
    """Its window ends with it."""
    await _check_course(house, caller, exercise_id)
    if not await house.exercises.remove(caller.platform_id, exercise_id):
        raise NotFound(f"There is no exercise {exercise_id!r}.", remedy="GET /v1/exercises lists them.")
    house.exercise_book.forget(caller.platform_id)
    return Response(status_code=204)


async def _check_course(house: House, caller: Caller, exercise_id: str, course_id: str = "") -> None:
    """
    Raises:
        NotFound: it is, or would be, of a course that the caller does not see.
    """
    if not caller.courses:
        return
    known = {one.course_id for one in await house.exercises.all(caller.platform_id) if one.id == exercise_id}
    if not all(caller.sees(one) for one in known | {course_id} - {""}):
        raise NotFound("The caller does not open this course.", remedy="Its key or token names its courses.")
