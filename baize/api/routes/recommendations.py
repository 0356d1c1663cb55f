"""What a learner did, likes, and could do next."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from baize.api.auth import LearnersCaller, ReadingCaller, check_owner
from baize.api.depends import CurrentHouse, WarmHouse
from baize.api.encoding import json_response
from baize.api.openapi import problems
from baize.api.paging import Cursor, Limit, page_within
from baize.api.recommend_wire import (
    InterestsBody,
    ProgressBody,
    ProgressPage,
    ProgressRequest,
    RecommendationPage,
    progress_body,
    recommendation_page,
)
from baize.api.requests import ID_REGEX
from baize.api.routes.lessons import CurrentLesson
from baize.domain.learner import RecommendationKind
from baize.domain.platform import Caller
from baize.services.progress import report
from baize.services.recommend import MAX_K, Asked

router = APIRouter(tags=["recommendations"])

LearnerId = Annotated[str, Path(pattern=ID_REGEX)]
Language = Annotated[Literal["zh", "en"] | None, Query(description="Of the sentences; null: the token's.")]
HowMany = Annotated[int, Query(ge=1, le=MAX_K)]


@router.get(
    "/learners/{learner_id}/progress",
    summary="What a learner saw",
    responses=problems(401, 403, 422),
    response_model=ProgressPage,
)
async def progress(
    learner_id: LearnerId,
    caller: LearnersCaller,
    house: CurrentHouse,
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Response:
    """Every lesson that was touched."""
    check_owner(caller, learner_id)
    rows = await house.progress.of_learner(caller.platform_id, learner_id)
    given, following = page_within([row for row in rows if caller.sees(row.course_id)], limit, cursor)
    return json_response(ProgressPage(items=[progress_body(row) for row in given], next_cursor=following))


@router.put(
    "/learners/{learner_id}/progress/{lesson_id}",
    summary="Tell what a learner saw of a lesson",
    responses=problems(401, 403, 404, 422),
    response_model=ProgressBody,
)
async def tell(
    learner_id: LearnerId,
    body: ProgressRequest,
    lesson: CurrentLesson,
    caller: LearnersCaller,
    house: CurrentHouse,
) -> Response:
    """Spans are joined to those that are known: sent twice, a report counts once."""
    check_owner(caller, learner_id)
    now = await report(house.progress, house.clock, learner_id, lesson, body.to_report())
    if now.completed_at is not None:
        await house.telling.completed(now)
    return json_response(progress_body(now))


@router.get(
    "/learners/{learner_id}/interests",
    summary="What a learner is interested in",
    responses=problems(401, 403, 422),
    response_model=InterestsBody,
)
async def interests(learner_id: LearnerId, caller: LearnersCaller, house: CurrentHouse) -> Response:
    """Tags of courses."""
    check_owner(caller, learner_id)
    return json_response(
        InterestsBody(tags=list(await house.progress.interests(caller.platform_id, learner_id)))
    )


@router.put(
    "/learners/{learner_id}/interests",
    summary="Remember what a learner is interested in",
    responses=problems(401, 403, 422),
    response_model=InterestsBody,
)
async def choose(
    learner_id: LearnerId, body: InterestsBody, caller: LearnersCaller, house: CurrentHouse
) -> Response:
    """All of them at once; an empty list forgets them."""
    check_owner(caller, learner_id)
    tags = list(dict.fromkeys(body.tags))
    await house.progress.put_interests(caller.platform_id, learner_id, tags)
    return json_response(InterestsBody(tags=tags))


@router.get(
    "/learners/{learner_id}/recommendations",
    summary="What a learner could do next",
    responses=problems(401, 403, 422, 503),
    response_model=RecommendationPage,
)
async def recommendations(
    learner_id: LearnerId,
    caller: LearnersCaller,
    house: WarmHouse,
    kind: RecommendationKind = "courses",
    k: HowMany = 10,
    language: Language = None,
) -> Response:
    """Each with reasons as data, every one of which can be looked up, and a sentence."""
    check_owner(caller, learner_id)
    asked = Asked(
        caller.platform_id, learner_id, kind, k, language or _language(caller), tuple(caller.courses)
    )
    return json_response(recommendation_page(await house.recommending.recommend(asked)))


@router.get(
    "/lessons/{lesson_id}/related",
    summary="Moments in other courses that speak of this lesson's terms",
    responses=problems(401, 403, 404, 422, 503),
    response_model=RecommendationPage,
)
async def related(
    lesson: CurrentLesson,
    caller: ReadingCaller,
    house: WarmHouse,
    k: HowMany = 5,
    language: Language = None,
) -> Response:
    """Each says the term that its reason names."""
    asked = Asked(caller.platform_id, "", "moments", k, language or _language(caller), tuple(caller.courses))
    return json_response(recommendation_page(await house.recommending.related(asked, lesson)))


def _language(caller: Caller) -> str:
    return "en" if caller.locale.lower().startswith("en") else "zh"
