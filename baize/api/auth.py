"""Who is asking, and from where the server may be reached. Every request has a caller and a platform."""

from __future__ import annotations

import hmac
import ipaddress
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from baize.errors import InvalidSettings
from baize.settings import Server, Settings


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf a request is made. The platform bounds everything that it can see."""

    platform_id: str


_bearer = HTTPBearer(
    auto_error=False, scheme_name="platform key", description="The server's key; none on a loopback server."
)


def _caller(
    request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
) -> Caller:
    """The caller of this request.

    Raises:
        HTTPException: 401; a key is configured and the request does not carry it.
    """
    settings: Settings = request.app.state.settings
    if not _may_enter(settings.server, given.credentials if given else ""):
        raise HTTPException(
            401,
            "This needs `Authorization: Bearer …` with the platform's key.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return Caller(settings.platform_id)


CurrentCaller = Annotated[Caller, Depends(_caller)]


def _may_enter(server: Server, given: str) -> bool:
    if server.api_key is None:
        return True
    return hmac.compare_digest(given.encode(), server.api_key.get_secret_value().encode())


def check_binding(settings: Settings) -> None:
    """Refuse to open a server without a key to other machines.

    Raises:
        InvalidSettings: the host is no loopback interface, and there is no key or an empty one.
    """
    key = settings.server.api_key
    if key is not None and not key.get_secret_value():
        raise InvalidSettings("server.api_key is empty.", remedy="Give BAIZE_SERVER__API_KEY a value.")
    if key is None and not is_loopback(settings.server.host):
        raise InvalidSettings(
            f"server.host {settings.server.host} is reachable from other machines, and there is no key.",
            remedy="Set BAIZE_SERVER__API_KEY, or bind to 127.0.0.1.",
        )


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine, without asking a name server."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
