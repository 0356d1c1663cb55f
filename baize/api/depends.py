"""What routes are given: the house, warmed up where they search, and the mapper of the caller's platform."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from baize.api.auth import CurrentCaller
from baize.api.mapping import Mapper
from baize.api.readiness import Warmth
from baize.bootstrap import House


def _house(request: Request) -> House:
    house: House = request.app.state.house
    return house


def _warmth(request: Request) -> Warmth:
    warmth: Warmth = request.app.state.warmth
    return warmth


CurrentHouse = Annotated[House, Depends(_house)]
CurrentWarmth = Annotated[Warmth, Depends(_warmth)]


async def _warm_house(house: CurrentHouse, warmth: CurrentWarmth) -> House:
    await warmth.wait()
    return house


def _mapper(request: Request, caller: CurrentCaller) -> Mapper:
    return Mapper(caller.platform_id, request.app.state.links)


WarmHouse = Annotated[House, Depends(_warm_house)]
CurrentMapper = Annotated[Mapper, Depends(_mapper)]
