"""/livez and /readyz: for whoever operates the service. No key is needed, nothing about courses is told."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from baize.api.depends import CurrentWarmth
from baize.api.encoding import encode
from baize.api.readiness import Readiness

router = APIRouter(tags=["operations"])


class Alive(BaseModel):
    """The process answers."""

    status: str = "alive"


@router.get("/livez", summary="Is the process alive?")
async def livez() -> Alive:
    """Always 200 while the process can answer; says nothing about its dependencies."""
    return Alive()


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
