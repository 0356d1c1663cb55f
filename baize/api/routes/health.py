"""/livez, /readyz and /metrics: for whoever operates the service. They tell nothing about courses."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import PlainTextResponse, Response

from baize.api.auth import caller_of
from baize.api.depends import CurrentHouse, CurrentWarmth
from baize.api.encoding import encode
from baize.api.openapi import problems
from baize.api.readiness import Readiness
from baize.errors import NotAllowed, NotFound

router = APIRouter(tags=["operations"])


class Alive(BaseModel):
    """The process answers."""

    status: str = "alive"


@router.get("/livez", summary="Is the process alive?")
async def livez() -> Alive:
    """Always 200 while the process can answer; says nothing about its dependencies."""
    return Alive()


@router.get(
    "/metrics",
    summary="Counts and times for Prometheus",
    response_class=PlainTextResponse,
    responses=problems(401, 403, 404),
)
async def metrics(request: Request, house: CurrentHouse) -> Response:
    """Latency by stage, tokens, cost, refusals, slots, requests; of all workers of this server.

    `server.metrics` says who may read it. Nothing in it tells platforms, courses or learners apart.
    """
    who = house.settings.server.metrics
    if who == "off":
        raise NotFound("There are no metrics here.", remedy="Set server.metrics to open or key.")
    if who == "key" and not (await caller_of(request)).may("admin"):
        raise NotAllowed("This needs the scope `admin`.", remedy="Use a platform key with it: --scope admin.")
    return Response(house.meter.exposition(), media_type=house.meter.content_type)


@router.get(
    "/readyz",
    summary="Can it answer questions?",
    response_model=Readiness,
    responses={
        503: {"model": Readiness, "description": "A part is starting or does not answer; `parts` says which."}
    },
)
async def readyz(warmth: CurrentWarmth) -> Response:
    """Probes the database, the embedding model and the index."""
    report = await warmth.report()
    return Response(encode(report), 200 if report.status == "ready" else 503, media_type="application/json")
