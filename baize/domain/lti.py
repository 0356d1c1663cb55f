"""LTI 1.3: learning platforms that launch the companion as a tool (https://www.imsglobal.org/spec/lti/v1p3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class LtiRegistration:
    """A learning platform (an LMS) that may launch us, for one platform of ours.

    Attributes:
        issuer: `iss` of its messages; with `client_id`, our name there, it is the only one of its kind.
        auth_url: where it tells who is logged in; its origin is the one that we exchange messages with.
        jwks_url: where its public keys are; or `jwks`, the keys themselves.
        deployments: `deployment_id`s that may launch; empty for any of this registration.
        private_key: signs what we send back (PEM); its public half stands at /lti/jwks.
    """

    platform_id: str
    issuer: str
    client_id: str
    auth_url: str
    jwks_url: str = ""
    jwks: str = ""
    deployments: tuple[str, ...] = ()
    private_key: str = ""


@dataclass(frozen=True, slots=True)
class LtiLogin:
    """The way to the platform's login, and what its page keeps for us until it is back.

    Attributes:
        key: under which `secret` is kept in the platform's own storage, by `postMessage`.
        target: the platform's frame that keeps it (`_parent`, or a name).
    """

    url: str
    key: str
    secret: str
    target: str


@dataclass(frozen=True, slots=True)
class LtiState:
    """What we sent along and get back, signed by us.

    Attributes:
        secret_digest: SHA-256 of what the platform's storage keeps: only the page that began can show it.
    """

    issuer: str
    client_id: str
    nonce: str
    key: str
    secret_digest: str
    target: str


@dataclass(frozen=True, slots=True)
class LtiMessage:
    """A verified launch.

    Attributes:
        subject: the LMS's own id of the person.
        custom: parameters of the link, as a deep link set them.
        return_url: where a deep link goes; `data` goes back with it.
    """

    kind: Literal["resource", "deep-link"]
    subject: str
    deployment: str
    is_teacher: bool
    locale: str
    custom: dict[str, str]
    return_url: str = ""
    data: str = ""


@dataclass(frozen=True, slots=True)
class DeepLinking:
    """A deep link that is being chosen: signed by us, so that nobody sends links to other addresses."""

    issuer: str
    client_id: str
    deployment: str
    return_url: str
    data: str
