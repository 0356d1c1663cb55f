"""The web application: settings in, FastAPI out. `baize serve` runs it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version

import anyio
from fastapi import Depends, FastAPI
from starlette.routing import Route

from baize import settings as config
from baize.api import openapi, problems
from baize.api.audited import Audited
from baize.api.auth import is_open
from baize.api.cors import Cors
from baize.api.depends import stay_within
from baize.api.drain import draining
from baize.api.guards import BodyLimit, Heads, LastCatch, LoopbackNamesOnly
from baize.api.labelled import Labelled
from baize.api.links import PlayerLinks
from baize.api.mcp_door import McpDoor
from baize.api.metered import Metered
from baize.api.openai_errors import OpenAIErrors
from baize.api.readiness import Warmth
from baize.api.repeated import Repeated
from baize.api.routes import (
    answers,
    archive,
    artefacts,
    audit,
    completions,
    conversations,
    courses,
    demo,
    docs,
    edits,
    embed,
    health,
    identities,
    ingestions,
    keys,
    learners,
    lessons,
    lti,
    media,
    platform,
    practice,
    recommendations,
    record,
    reviews,
    search,
    sidebar,
    statements,
    support,
    usage,
)
from baize.bootstrap import House, opened
from baize.services.conversations import keep_tidy

_DESCRIPTION = (
    "Answers a learner's questions about courses from the courses themselves, down to the second.\n\n"
    "Errors are `application/problem+json` (RFC 9457). Times are float seconds. Ids are the platform's own."
)

OpenHouse = Callable[[config.Settings], AbstractAsyncContextManager[House]]


def create_app(
    settings: config.Settings, *, open_house: OpenHouse = opened, warmed: Callable[[], None] | None = None
) -> FastAPI:
    """The application. Nothing is opened before it starts, so that its OpenAPI document is cheap.

    Args:
        open_house: opens the parts when the application starts, and closes them when it ends.
        warmed: called when they are warm, before anybody is answered.

    Raises:
        InvalidSettings: `server.player_url` is no template.
    """
    app = FastAPI(
        title="Bai Ze 白泽",
        version=version("baize"),
        description=_DESCRIPTION,
        lifespan=_lifespan(open_house, warmed),
        docs_url=None,
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.links = PlayerLinks(settings.server.player_url)
    app.state.mcp = McpDoor()
    _add_routes(app, with_demo=is_open(settings.server))
    _add_guards(app, loopback_only=is_open(settings.server))
    problems.install(app)
    openapi.install(app)
    return app


def _add_routes(app: FastAPI, *, with_demo: bool) -> None:
    # Each by itself: FastAPI goes through a router of routers twice for every request.
    for module in (
        answers,
        completions,
        conversations,
        search,
        courses,
        lessons,
        artefacts,
        edits,
        media,
        ingestions,
        learners,
        identities,
        keys,
        platform,
        audit,
        archive,
        statements,
        record,
        practice,
        recommendations,
        reviews,
        support,
        usage,
    ):
        app.include_router(module.router, prefix="/v1", dependencies=[Depends(stay_within)])
    app.include_router(health.router)
    app.include_router(docs.router)
    app.include_router(sidebar.router)
    app.router.routes.append(Route("/mcp", app.state.mcp, include_in_schema=False))
    app.include_router(embed.router)
    app.include_router(lti.router)
    # The page carries no key: it belongs to a server on one's own machine.
    if with_demo:
        app.include_router(demo.router)


def _add_guards(app: FastAPI, *, loopback_only: bool) -> None:
    """Each one stands around those before it, so the last catch is outermost."""
    app.add_middleware(Heads)
    app.add_middleware(Repeated, stream_kept_s=app.state.settings.answers.events_keep_s)
    app.add_middleware(Labelled, producer=app.state.settings.server.ai_producer)
    app.add_middleware(BodyLimit)
    app.add_middleware(Cors)
    if loopback_only:
        app.add_middleware(LoopbackNamesOnly)
    app.add_middleware(LastCatch)
    app.add_middleware(Audited)
    app.add_middleware(OpenAIErrors)
    app.add_middleware(Metered)


@asynccontextmanager
async def _draining(house: House) -> AsyncIterator[None]:
    with draining(house.live, house.settings.server.drain_s):
        yield


def _lifespan(
    open_house: OpenHouse, warmed: Callable[[], None] | None
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with (
            open_house(app.state.settings) as house,
            house.live.running(),
            _draining(house),
            app.state.mcp.running(),
            anyio.create_task_group() as background,
        ):
            app.state.house = house
            app.state.warmth = Warmth(house, warmed)
            background.start_soon(app.state.warmth.warm_up)
            background.start_soon(keep_tidy, house.answers, house.clock, app.state.settings.answers.keep_days)
            background.start_soon(house.hand_over.keep_sending)
            background.start_soon(house.telling.keep_sending)
            background.start_soon(house.auditing.keep_tidy, app.state.settings.audit.keep_days)
            yield
            background.cancel_scope.cancel()

    return lifespan
