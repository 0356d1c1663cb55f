"""Spaced review: what a learner is asked today, over all courses."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import PlainTextResponse, Response

from baize.api.auth import LearnersCaller, check_owner, learner_of
from baize.api.depends import CurrentHouse
from baize.api.encoding import json_response
from baize.api.openapi import problems
from baize.api.requests import ID_REGEX
from baize.api.review_wire import (
    AddCardsRequest,
    AddedBody,
    CardBody,
    GradeRequest,
    ImportedBody,
    ReviewsBody,
    ReviewsExport,
    card_body,
    reviews_body,
)
from baize.errors import InvalidInput
from baize.services.read import no_lesson
from baize.services.reviews import anki_tsv

router = APIRouter(tags=["practice"])

LearnerId = Annotated[str, Path(pattern=ID_REGEX)]
CardId = Annotated[str, Path(pattern=ID_REGEX)]


@router.get(
    "/learners/{learner_id}/reviews",
    summary="What a learner reviews today",
    responses=problems(401, 403, 422),
    response_model=ReviewsBody,
)
async def today(learner_id: LearnerId, caller: LearnersCaller, house: CurrentHouse) -> Response:
    """A few cards (`practice.daily`), the most endangered first, courses in turns; and what comes when.

    Days are the learner's (`zoneinfo` of the token), else those of `practice.timezone`.
    """
    check_owner(caller, learner_id)
    found = await house.reviews.today(caller.platform_id, learner_id, caller.sees, caller.clock_zone)
    return json_response(reviews_body(found))


@router.post(
    "/learners/{learner_id}/reviews",
    summary="Take a lesson's terms as flashcards",
    responses=problems(401, 403, 404, 422),
    response_model=AddedBody,
)
async def add(
    learner_id: LearnerId, body: AddCardsRequest, caller: LearnersCaller, house: CurrentHouse
) -> Response:
    """Quiz items become cards by being attempted, a lesson's terms by this; a second time adds nothing."""
    check_owner(caller, learner_id)
    lesson = await house.catalog.lesson(caller.platform_id, body.lesson_id)
    if lesson is None or not caller.sees(lesson.course_id):
        raise no_lesson(body.lesson_id)
    added = await house.reviews.add_lesson(caller.platform_id, learner_id, body.lesson_id)
    return json_response(AddedBody(cards=[card_body(card) for card in added]))


@router.post(
    "/reviews/{card_id}/grade",
    summary="Grade a review",
    responses=problems(401, 403, 404, 422),
    response_model=CardBody,
)
async def grade(card_id: CardId, body: GradeRequest, caller: LearnersCaller, house: CurrentHouse) -> Response:
    """The card with the day on which it is due again, by FSRS."""
    learner_id = learner_of(caller, body.learner_id)
    if not learner_id:
        raise InvalidInput("Whose card is it?", remedy="Send `learner_id`, or use a learner token.")
    card = await house.reviews.grade(caller.platform_id, learner_id, card_id, body.recall, caller.sees)
    return json_response(card_body(card))


@router.get(
    "/learners/{learner_id}/reviews/export",
    summary="All cards with their schedule",
    responses=problems(401, 403, 422),
    response_model=ReviewsExport,
)
async def export(learner_id: LearnerId, caller: LearnersCaller, house: CurrentHouse) -> Response:
    """JSON that `import` restores exactly: stability, difficulty, due days and the log of reviews."""
    check_owner(caller, learner_id)
    data = await house.reviews.export(caller.platform_id, learner_id)
    return json_response(ReviewsExport(**data))


@router.post(
    "/learners/{learner_id}/reviews/import",
    summary="Restore cards with their schedule",
    responses=problems(401, 403, 413, 422),
    response_model=ImportedBody,
)
async def restore(
    learner_id: LearnerId, body: ReviewsExport, caller: LearnersCaller, house: CurrentHouse
) -> Response:
    """What `export` gave, of whichever learner or server; a card that is there is replaced."""
    check_owner(caller, learner_id)
    n = await house.reviews.load(caller.platform_id, learner_id, body.model_dump())
    return json_response(ImportedBody(n_cards=n))


@router.get(
    "/learners/{learner_id}/reviews/anki.tsv",
    summary="Cards for Anki",
    responses={
        200: {"content": {"text/tab-separated-values": {}}, "description": "For Anki's File → Import."},
        **problems(401, 403, 422),
    },
    response_class=PlainTextResponse,
)
async def anki(learner_id: LearnerId, caller: LearnersCaller, house: CurrentHouse) -> Response:
    """Front, back with the course's sentence, and tags. The schedule stays here: Anki has its own."""
    check_owner(caller, learner_id)
    cards = await house.reviews.all(caller.platform_id, learner_id)
    text = anki_tsv([card for card in cards if caller.sees(card.course_id)])
    return Response(text, media_type="text/tab-separated-values; charset=utf-8")
