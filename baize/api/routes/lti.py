"""/lti: a learning platform launches the companion as a tool (LTI 1.3), inside an iframe without cookies."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse, Response

from baize.api.depends import CurrentHouse
from baize.api.encoding import json_response
from baize.api.lti_pages import SCRIPT, STYLE, page
from baize.api.requests import RequestBody
from baize.bootstrap import House
from baize.domain.lti import LtiRegistration
from baize.errors import InvalidInput
from baize.services.lti import allowed_origins, origin_of
from baize.services.who import read_platform

router = APIRouter(prefix="/lti", include_in_schema=False)

_WAIT_MS = 15_000
_FILES = {"Cache-Control": "public, max-age=300"}
_MAX_FIELDS = 50


class SessionRequest(RequestBody):
    state: Annotated[str, Field(min_length=1, max_length=8192)]
    kept: Annotated[str, Field(max_length=200)]
    id_token: Annotated[str, Field(min_length=1, max_length=64_000)]


class SessionBody(BaseModel):
    token: str
    course: str
    lesson: str
    locale: str
    linking: str


class LinkRequest(RequestBody):
    linking: Annotated[str, Field(min_length=1, max_length=64_000)]
    course_id: Annotated[str, Field(min_length=1, max_length=200)]
    lesson_id: Annotated[str, Field(max_length=200)] = ""


class LinkBody(BaseModel):
    return_url: str
    jwt: str


async def _fields(request: Request) -> dict[str, str]:
    """Of the query, and of a form; the last of a name counts.

    Raises:
        InvalidInput: they cannot be read.
    """
    try:
        body = (await request.body()).decode() if request.method == "POST" else ""
        given = parse_qsl(body, max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise InvalidInput("The form cannot be read.", remedy="Send it as UTF-8.") from None
    return dict(request.query_params) | dict(given)


Fields = Annotated[dict[str, str], Depends(_fields)]


@router.api_route("/login", methods=["GET", "POST"])
async def login(request: Request, asked: Fields, house: CurrentHouse) -> HTMLResponse:
    """The platform says who wants to come; its page keeps a secret for us, and we ask it to log them in."""
    place = house.settings.lti.public_url.rstrip("/") or str(request.base_url).rstrip("/")
    given = asked | {"redirect_uri": f"{place}/lti/launch"}
    registration, way = await house.lti.login(given)
    told = {
        "step": "login",
        "key": way.key,
        "secret": way.secret,
        "url": way.url,
        "target": way.target,
    }
    return await _page(house, registration, told)


@router.post("/launch")
async def launch(asked: Fields, house: CurrentHouse) -> HTMLResponse:
    """The platform sends who came. The page fetches the secret and shows both; only then it opens."""
    state, token = asked.get("state", ""), asked.get("id_token", "")
    if not state or not token:
        problem = asked.get("error_description") or asked.get("error") or "it has no state or no id_token"
        raise InvalidInput(f"This is no launch: {problem[:200]}.", remedy="Start again from the course.")
    registration, begun = await house.lti.begun(state)
    told = {"step": "launch", "key": begun.key, "state": state, "id_token": token, "target": begun.target}
    return await _page(house, registration, told)


async def _page(house: House, registration: LtiRegistration, told: dict[str, str]) -> HTMLResponse:
    platform = await read_platform(house.platforms, registration.platform_id)
    said = told | {"origin": origin_of(registration.auth_url)}
    return page(said | {"wait_ms": _WAIT_MS}, allowed_origins(registration, platform))


@router.post("/session")
async def session(body: SessionRequest, house: CurrentHouse) -> Response:
    """A launch that is good opens a learner token, once."""
    opened = await house.lti.launch(body.state, body.kept, body.id_token)
    return json_response(
        SessionBody(
            token=opened.token,
            course=opened.course_id,
            lesson=opened.lesson_id,
            locale=opened.locale,
            linking=opened.linking,
        ),
        {"Cache-Control": "no-store"},
    )


@router.post("/link")
async def link(body: LinkRequest, house: CurrentHouse) -> Response:
    """The signed answer to a deep link request."""
    url, message = await house.lti.link(body.linking, body.course_id, body.lesson_id)
    return json_response(LinkBody(return_url=url, jwt=message), {"Cache-Control": "no-store"})


@router.get("/jwks")
async def jwks(house: CurrentHouse) -> dict[str, list[dict[str, str]]]:
    """Public keys that sign deep links."""
    return {"keys": await house.lti.keys()}


@router.get("/lti.js")
async def script() -> Response:
    """The pages' script."""
    return Response(SCRIPT, media_type="text/javascript; charset=utf-8", headers=_FILES)


@router.get("/lti.css")
async def style() -> Response:
    """The pages' style."""
    return Response(STYLE, media_type="text/css; charset=utf-8", headers=_FILES)
