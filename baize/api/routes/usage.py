"""GET /v1/usage: tokens, cache hits and cost of the platform, by day, course and model."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from baize.api.auth import AdminCaller
from baize.api.depends import CurrentHouse
from baize.api.encoding import json_response
from baize.api.openapi import problems
from baize.domain.cost import Used
from baize.errors import InvalidInput

router = APIRouter(tags=["usage"])

_DEFAULT_DAYS = 30
_MAX_DAYS = 400


class UsageSums(BaseModel):
    """Counts of answers and tokens, and what they cost."""

    answers: int
    degraded: int = Field(
        description="Answers in which the model failed and the course's sentences stood in."
    )
    reused: int = Field(description="Answers that an earlier answer to the same question gave.")
    prompt_tokens: int
    cache_hit_tokens: int = Field(description="Of the prompt tokens, those that the prefix cache held.")
    completion_tokens: int
    reasoning_tokens: int = Field(description="Of the completion tokens.")
    cost: float
    unpriced: int = Field(description="Answers of models that have no price in the settings; not in `cost`.")


class UsageLine(UsageSums):
    """One day, course and model."""

    day: str
    course_id: str | None = Field(description="null where the evidence was from several courses.")
    model: str


class UsageReport(BaseModel):
    """What the platform used."""

    platform_id: str
    first_day: str
    last_day: str
    currency: str
    items: list[UsageLine]
    total: UsageSums


@router.get("/usage", summary="What was used", responses=problems(401, 403, 422), response_model=UsageReport)
async def usage(
    caller: AdminCaller,
    house: CurrentHouse,
    first_day: Annotated[date | None, Query(alias="from", description="30 days before the last.")] = None,
    last_day: Annotated[
        date | None, Query(alias="to", description="Today, where the bill is written.")
    ] = None,
    course_id: Annotated[str | None, Query(description="Of this course only.")] = None,
) -> Response:
    """Tokens, cache hits and cost of the platform's answers, by day, course and model.

    Days are those of the price list's time zone (`prices.timezone`).
    """
    last = last_day or date.fromisoformat(house.prices.day(house.clock.now()))
    # No earlier than the first day that a calendar has.
    first = first_day or date.fromordinal(max(1, last.toordinal() - _DEFAULT_DAYS))
    if not timedelta() <= last - first <= timedelta(days=_MAX_DAYS):
        raise InvalidInput(
            f"From {first} to {last} is no span.",
            remedy=f"Ask for at most {_MAX_DAYS} days, the first first.",
        )
    found = await house.usage_book.between(caller.platform_id, first.isoformat(), last.isoformat())
    kept = [used for used in found if course_id in (None, used.course_id)]
    return json_response(
        UsageReport(
            platform_id=caller.platform_id,
            first_day=first.isoformat(),
            last_day=last.isoformat(),
            currency=house.prices.currency,
            items=[
                UsageLine(
                    day=used.day,
                    course_id=used.course_id or None,
                    model=used.model,
                    **_sums([used]).model_dump(),
                )
                for used in kept
            ],
            total=_sums(kept),
        )
    )


def _sums(used: list[Used]) -> UsageSums:
    return UsageSums(
        answers=sum(one.n_answers for one in used),
        degraded=sum(one.n_degraded for one in used),
        reused=sum(one.n_reused for one in used),
        prompt_tokens=sum(one.prompt_tokens for one in used),
        cache_hit_tokens=sum(one.cache_hit_tokens for one in used),
        completion_tokens=sum(one.completion_tokens for one in used),
        reasoning_tokens=sum(one.reasoning_tokens for one in used),
        cost=round(sum(one.cost for one in used), 6),
        unpriced=sum(one.n_unpriced for one in used),
    )
