"""GET what was prepared for a lesson or a course: summary, key points, glossary, quiz, highlights."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from starlette.responses import Response

from baize.api.artefact_wire import (
    CourseKeyPointsBody,
    CourseSummaryBody,
    GlossaryBody,
    HighlightsBody,
    KeyPointsBody,
    QuizBody,
    SummaryBody,
    glossary_body,
    highlights_body,
    key_points_body,
    quiz_body,
    summary_body,
)
from baize.api.auth import ReadingCaller
from baize.api.cached import cached_json
from baize.api.depends import CurrentHouse
from baize.api.requests import ID_REGEX
from baize.api.routes.lessons import CACHED, IfNoneMatch
from baize.domain.artefact import CourseSummary, Prepared
from baize.services.summarize import read_prepared, summarize_course

router = APIRouter(tags=["catalogue"])


async def _prepared(
    lesson_id: Annotated[str, Path(pattern=ID_REGEX)], caller: ReadingCaller, house: CurrentHouse
) -> Prepared:
    return await read_prepared(house.catalog, house.artefacts, caller.platform_id, lesson_id)


async def _course_summary(
    course_id: Annotated[str, Path(pattern=ID_REGEX)], caller: ReadingCaller, house: CurrentHouse
) -> CourseSummary:
    return await summarize_course(house.catalog, house.artefacts, caller.platform_id, course_id)


CurrentPrepared = Annotated[Prepared, Depends(_prepared)]
CurrentCourseSummary = Annotated[CourseSummary, Depends(_course_summary)]


@router.get("/lessons/{lesson_id}/summary", responses=CACHED, response_model=SummaryBody)
async def summary(prepared: CurrentPrepared, if_none_match: IfNoneMatch = "") -> Response:
    """Summary of a lesson, each line with its moment."""
    return cached_json(summary_body(prepared), if_none_match)


@router.get("/lessons/{lesson_id}/key-points", responses=CACHED, response_model=KeyPointsBody)
async def key_points(prepared: CurrentPrepared, if_none_match: IfNoneMatch = "") -> Response:
    """Key points of a lesson, each with its moment."""
    return cached_json(key_points_body(prepared), if_none_match)


@router.get("/lessons/{lesson_id}/glossary", responses=CACHED, response_model=GlossaryBody)
async def glossary(prepared: CurrentPrepared, if_none_match: IfNoneMatch = "") -> Response:
    """Terms of a lesson, each with the moment that explains it."""
    return cached_json(glossary_body(prepared), if_none_match)


@router.get("/lessons/{lesson_id}/quiz", responses=CACHED, response_model=QuizBody)
async def quiz(
    prepared: CurrentPrepared, caller: ReadingCaller, house: CurrentHouse, if_none_match: IfNoneMatch = ""
) -> Response:
    """Questions on a lesson, one of each chapter for its end; the solutions stay on the server."""
    lesson = await house.catalog.lesson(caller.platform_id, prepared.lesson_id)
    return cached_json(quiz_body(prepared, lesson.chapters if lesson else ()), if_none_match)


@router.get("/lessons/{lesson_id}/highlights", responses=CACHED, response_model=HighlightsBody)
async def highlights(prepared: CurrentPrepared, if_none_match: IfNoneMatch = "") -> Response:
    """What to see of a lesson first; empty where there is no recording."""
    return cached_json(highlights_body(prepared), if_none_match)


@router.get("/courses/{course_id}/summary", responses=CACHED, response_model=CourseSummaryBody)
async def course_summary(course: CurrentCourseSummary, if_none_match: IfNoneMatch = "") -> Response:
    """Summary of a course, from its lessons."""
    return cached_json(summary_body(course), if_none_match)


@router.get("/courses/{course_id}/key-points", responses=CACHED, response_model=CourseKeyPointsBody)
async def course_key_points(course: CurrentCourseSummary, if_none_match: IfNoneMatch = "") -> Response:
    """Key points of a course, from its lessons."""
    return cached_json(key_points_body(course), if_none_match)
