"""Who is asking, and from where the server may be reached. Every request has a caller and a platform."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from baize.api.audited import ENTRY
from baize.api.cors import CALLER, doorkeeper_of, is_own_page
from baize.api.metered import route_of
from baize.domain.platform import Caller, Right
from baize.errors import InvalidSettings, NotAllowed, Unauthorised
from baize.services.audit import Auditing
from baize.services.who import KEY_PREFIX
from baize.settings import Server, Settings

_OF_STAFF = frozenset({"edit", "eval", "ingest", "admin"})

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="platform key or learner token",
    description=(
        "A platform key (`bz_…`, from `baize keys create`), or a learner token: a JWT that the platform "
        "signed (`iss` platform, `sub` learner, `exp`, optional `courses`, `lesson`, `role`, `locale`, "
        "`zoneinfo`, `scopes`, `up_to`, `source`, `jti`, `iat`). "
        "A server on loopback without a key needs neither."
    ),
)


Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


async def caller_by(request: Request, given: HTTPAuthorizationCredentials | None) -> Caller:
    """The caller of this request, which knows it from now on.

    Raises:
        Unauthorised: there is no key or token, or one that is not good.
        NotAllowed: it comes from a page that is none of the platform's.
    """
    caller = await _known(request, given.credentials if given else "")
    request.scope.setdefault("state", {})[CALLER] = caller
    await _check_origin(request, caller)
    return caller


async def known_caller(request: Request) -> Caller:
    """The caller, for what comes behind `depends.stay_within`, which has asked who it is; else asked now.

    Called by dependencies, not depended on: FastAPI goes through what one needs anew wherever it is needed.

    Raises:
        Unauthorised, NotAllowed: as for every other route.
    """
    caller: Caller | None = request.scope.get("state", {}).get(CALLER)
    return caller or await caller_of(request)


async def caller_of(request: Request) -> Caller:
    """The caller of a request to a route that looks by itself.

    Raises:
        Unauthorised, NotAllowed: as for every other route.
    """
    return await caller_by(request, await _bearer(request))


async def _check_origin(request: Request, caller: Caller) -> None:
    origin = request.headers.get("origin", "") or _embedding_page(request)
    if not origin or is_own_page(origin, request.headers.get("host", "")):
        return
    if not await doorkeeper_of(request.scope).admits(caller.platform_id, origin):
        raise NotAllowed(
            f"Pages of this web origin may not call for the platform {caller.platform_id!r}.",
            remedy=f"Run: baize tenants update {caller.platform_id} --origin https://…",
        )


def _embedding_page(request: Request) -> str:
    """Of what another site's page embeds from an open server (an `<img>`, a `<video>`): its origin.

    Such a request says no `Origin`, and there is no key that the page would lack; but browsers say where it
    comes from (https://www.w3.org/TR/fetch-metadata/). Links are followed.
    """
    headers = request.headers
    embedded = headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-dest") != "document"
    if not embedded or not is_open(request.app.state.settings.server):
        return ""
    page = urlsplit(headers.get("referer", ""))
    return f"{page.scheme}://{page.netloc}" if page.netloc else "null"


async def _known(request: Request, credential: str) -> Caller:
    settings: Settings = request.app.state.settings
    if _is_servers_key(settings.server, credential):
        return await doorkeeper_of(request.scope).operator(settings.platform_id, "key of the server")
    ours = credential.startswith(KEY_PREFIX) or credential.count(".") == 2
    # A program that must send some key may send any to an open server; ours are always checked.
    if not ours and is_open(settings.server):
        return await doorkeeper_of(request.scope).operator(settings.platform_id, "open server")
    if not credential:
        raise Unauthorised(
            "This needs `Authorization: Bearer …`.", remedy="Send a platform key or a learner token."
        )
    return await doorkeeper_of(request.scope).caller(credential)


def _is_servers_key(server: Server, given: str) -> bool:
    key = server.api_key
    return key is not None and hmac.compare_digest(given.encode(), key.get_secret_value().encode())


def check_right(caller: Caller, right: Right) -> None:
    """
    Raises:
        NotAllowed: the caller's key or token does not have it.
    """
    if not caller.may(right):
        raise NotAllowed(
            f"This needs the scope `{right}`.",
            remedy=f"Use a platform key with it (`baize keys create --scope {right}`), or a token whose role "
            "has it.",
        )


def _is_told(method: str, right: Right, caller: Caller) -> bool:
    """Writes of staff are; of what a platform does for its learners, only that one was erased."""
    if method in ("GET", "HEAD", "OPTIONS"):
        return False
    return right in _OF_STAFF or (right == "learners" and method == "DELETE" and not caller.learner_id)


async def _begin(request: Request, caller: Caller) -> None:
    auditing: Auditing = request.app.state.house.auditing
    action = f"{request.method} {route_of(request.scope)}"
    request.scope["state"][ENTRY] = await auditing.begin(caller, action, request.path_params)


def _needs(right: Right) -> Callable[[Request], Awaitable[Caller]]:
    async def check(request: Request) -> Caller:
        caller = await known_caller(request)
        check_right(caller, right)
        if _is_told(request.method, right, caller):
            await _begin(request, caller)
        return caller

    return check


CurrentCaller = Annotated[Caller, Depends(known_caller)]
"""Whoever is known: for what tells callers about themselves. Every other route names a right."""
ReadingCaller = Annotated[Caller, Depends(_needs("read"))]
AskingCaller = Annotated[Caller, Depends(_needs("ask"))]
LearnersCaller = Annotated[Caller, Depends(_needs("learners"))]
"""May open records of learners: a token its own learner's, a platform all of its own."""
TeachingCaller = Annotated[Caller, Depends(_needs("edit"))]
"""May change what a course says."""
HearingCaller = Annotated[Caller, Depends(_needs("eval"))]
"""May read what learners said."""
IngestingCaller = Annotated[Caller, Depends(_needs("ingest"))]
AdminCaller = Annotated[Caller, Depends(_needs("admin"))]
"""May change the platform: keys, revocations, imports, usage."""


def learner_of(caller: Caller, named: str | None) -> str:
    """Whose the request is: the token's learner, or the one that a platform names; empty for nobody.

    Raises:
        NotAllowed: a learner token names another learner.
    """
    if caller.learner_id and named not in (None, "", caller.learner_id):
        raise NotAllowed("A learner token speaks for its own learner only.", remedy="Leave learner_id out.")
    return caller.learner_id or named or ""


def check_owner(caller: Caller, learner_id: str) -> None:
    """
    Raises:
        NotAllowed: a learner token opens somebody else's things.
    """
    if not caller.owns(learner_id):
        raise NotAllowed("A learner token opens its own learner only.", remedy="Use its `sub` in the path.")


def is_open(server: Server) -> bool:
    """Whether whoever reaches the server is let in: on loopback, while no key is asked for."""
    return server.api_key is None and not server.require_key and is_loopback(server.host)


def check_binding(settings: Settings) -> None:
    """Refuse to open a server without a key to other machines.

    Raises:
        InvalidSettings: the host is no loopback interface, and there is no key or an empty one, and callers
            need not bring a platform's own key either.
    """
    key = settings.server.api_key
    if key is not None and not key.get_secret_value():
        raise InvalidSettings("server.api_key is empty.", remedy="Give BAIZE_SERVER__API_KEY a value.")
    if key is None and not settings.server.require_key and not is_loopback(settings.server.host):
        raise InvalidSettings(
            f"server.host {settings.server.host} is reachable from other machines, and there is no key.",
            remedy="Set BAIZE_SERVER__API_KEY, or make keys (`baize keys create`) and set "
            "BAIZE_SERVER__REQUIRE_KEY=true, or bind to 127.0.0.1.",
        )


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine, without asking a name server."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
