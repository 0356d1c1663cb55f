"""What routes are given: the house, warmed up where they search, and the mapper of the caller's platform."""

from __future__ import annotations

import math
from collections.abc import Mapping
from hashlib import blake2b
from typing import Annotated

from fastapi import Depends, Request

from baize.api.auth import Credentials, caller_by, known_caller
from baize.api.cors import CALLER
from baize.api.links import PlayerLinks
from baize.api.mapping import Mapper
from baize.api.readiness import Warmth
from baize.bootstrap import House
from baize.domain.platform import Caller
from baize.errors import NotFound, TooOften


def links_of(request: Request) -> PlayerLinks:
    """Into the player of the caller's platform. From the request, which knows its caller by then."""
    links: PlayerLinks = request.app.state.links
    caller: Caller = request.scope["state"][CALLER]
    return links.of(caller.player_url)


# Async, though nothing is awaited: FastAPI hands plain functions to a thread, which costs more than they do.
async def _house(request: Request) -> House:
    house: House = request.app.state.house
    return house


async def _warmth(request: Request) -> Warmth:
    warmth: Warmth = request.app.state.warmth
    return warmth


CurrentHouse = Annotated[House, Depends(_house)]
CurrentWarmth = Annotated[Warmth, Depends(_warmth)]


# Called here, not depended on: FastAPI goes through what a dependency needs anew wherever it is needed.
async def _warm_house(request: Request) -> House:
    await (await _warmth(request)).wait()
    return await _house(request)


async def _links(request: Request) -> PlayerLinks:
    return links_of(request)


CurrentLinks = Annotated[PlayerLinks, Depends(_links)]


async def _mapper(request: Request) -> Mapper:
    return Mapper((await known_caller(request)).platform_id, links_of(request))


WarmHouse = Annotated[House, Depends(_warm_house)]
CurrentMapper = Annotated[Mapper, Depends(_mapper)]


async def stay_within(request: Request, given: Credentials) -> None:
    """Before every route of `/v1`, so that none can forget it: who calls, and its limits and its courses.

    What costs something is asked for by POST: so often and no oftener, by learner and by platform. A token
    for some courses opens no others.

    Raises:
        Unauthorised, NotAllowed: as `caller_by`.
        TooOften: it is too often.
        NotFound: the path names a course or lesson outside the token's courses.
    """
    caller = await caller_by(request, given)
    house = await _house(request)
    if request.method == "POST":
        await check_limits(caller, house)
    if caller.courses:
        await _check_courses(request.path_params, caller, house)


async def check_limits(caller: Caller, house: House) -> None:
    """
    Raises:
        TooOften: one request more would be too many.
    """
    chosen = house.settings.limits
    limits = [("platform", caller.platform_id, chosen.platform_per_minute)]
    if caller.learner_id:
        # The learner first: who floods must not use up what the others have.
        # By a digest: who is erased must not stand in a count.
        name = blake2b(f"{caller.platform_id}/{caller.learner_id}".encode(), digest_size=16).hexdigest()
        limits.insert(0, ("learner", name, chosen.learner_per_minute))
    for kind, name, per_minute in limits:
        if per_minute and (wait_s := await house.rate_limits.take(f"{kind}:{name}", per_minute)):
            raise TooOften(
                f"This {kind} may send {per_minute} requests a minute.",
                remedy=f"Ask again in {math.ceil(wait_s)} s.",
                retry_after_s=wait_s,
            )


async def _check_courses(path: Mapping[str, str], caller: Caller, house: House) -> None:
    course_id, lesson_id = path.get("course_id"), path.get("lesson_id")
    if lesson_id is not None:
        lesson = await house.catalog.lesson(caller.platform_id, lesson_id)
        # The same words for what is elsewhere and for what is nowhere.
        if lesson is None or not caller.sees(lesson.course_id):
            raise NotFound(
                f"There is no lesson {lesson_id!r}.", remedy="The learner token names its courses."
            )
    if course_id is not None and not caller.sees(course_id):
        raise NotFound("The learner token does not open this course.", remedy="It names its courses.")
