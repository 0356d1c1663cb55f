"""LTI 1.3 messages by PyLTI1p3: the port `LtiMessages`. No cookie, no session and no request of its own.

The library checks messages and writes deep links. What ties a launch to the page that began it is not its
cookie but a state that we sign and a secret in the platform's storage; keys are given to it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pylti1p3.cookie import CookieService
from pylti1p3.deep_link import DeepLink
from pylti1p3.deep_link_resource import DeepLinkResource
from pylti1p3.exception import LtiException, OIDCException
from pylti1p3.message_launch import MessageLaunch
from pylti1p3.oidc_login import OIDCLogin
from pylti1p3.redirect import Redirect
from pylti1p3.registration import Registration
from pylti1p3.request import Request
from pylti1p3.session import SessionService
from pylti1p3.tool_config.dict import ToolConfDict

from baize.domain.lti import DeepLinking, LtiLogin, LtiMessage, LtiRegistration, LtiState
from baize.errors import Unauthorised

_CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
_SETTINGS = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"
_ITEMS = "https://purl.imsglobal.org/spec/lti-dl/claim/content_items"
_STATE_S = 600.0
_LINKING_S = 3600.0
_MAX_CHARS = 64_000
_LEEWAY_S = 60.0
_REMEDY = "Start again from the course."
_FORMAT = {
    "algorithms": ["HS256"],
    "options": {"require": ["exp", "aud"], "verify_exp": False, "verify_iat": False, "verify_nbf": False},
}


class PyLti1p3Messages:
    """The port `LtiMessages`."""

    def login(
        self, registration: LtiRegistration, asked: Mapping[str, str], secret: str, now: float
    ) -> LtiLogin:
        """As `LtiMessages.login`."""
        kept, target = secrets.token_urlsafe(32), asked.get("lti_storage_target", "")
        digest = sha256(kept.encode()).hexdigest()
        state = LtiState(
            registration.issuer,
            registration.client_id,
            secrets.token_urlsafe(32),
            f"baize_{secrets.token_hex(8)}",
            digest,
            target,
        )
        signed = _signed(asdict(state), "lti-state", secret, now + _STATE_S)
        request = _Given(asked)
        way = _Login(request, _config(registration), SessionService(request), _NoCookies())
        way.state, way.nonce = signed, state.nonce
        try:
            url = way._prepare_redirect_url(asked["redirect_uri"])
        except (LtiException, OIDCException) as error:
            raise Unauthorised(f"This is no login of LTI: {error}.", remedy=_REMEDY) from None
        return LtiLogin(url, state.key, kept, target)

    def state(self, signed: str, secret: str, now: float) -> LtiState:
        """As `LtiMessages.state`."""
        return LtiState(**_read(signed, "lti-state", secret, now))

    def issuer(self, token: str) -> tuple[str, str]:
        """As `LtiMessages.issuer`."""
        claims = _unverified(token)
        audience = claims.get("aud")
        client = audience[0] if isinstance(audience, list) and audience else audience
        return str(claims.get("iss", "")), str(client or "")

    def needs_key(self, token: str, jwks: str) -> bool:
        """As `LtiMessages.needs_key`."""
        kid = _header(token).get("kid")
        return all(entry.get("kid") != kid for entry in json.loads(jwks)["keys"])

    def read(
        self, registration: LtiRegistration, jwks: str, state: LtiState, token: str, now: float
    ) -> LtiMessage:
        """As `LtiMessages.read`."""
        if _header(token).get("alg") != "RS256":
            raise Unauthorised("The launch is not signed with RS256.", remedy=_REMEDY)
        claims = _unverified(token)
        deployment = str(claims.get(f"{_CLAIM}deployment_id", ""))
        known = LtiRegistration(
            registration.platform_id,
            registration.issuer,
            registration.client_id,
            registration.auth_url,
            jwks=jwks,
            deployments=registration.deployments or (deployment,),
        )
        request = _Given({"id_token": token, "state": "-"})
        launch = _Launch(request, _config(known), SessionService(request), _NoCookies())
        launch.nonce = state.nonce
        try:
            launch.validate()
        # The library indexes what a hostile message may leave out.
        except (LtiException, jwt.PyJWTError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise Unauthorised(f"The launch is not good ({type(error).__name__}).", remedy=_REMEDY) from None
        _check_times(claims, now)
        return _message(claims, deployment)

    def linking(self, linking: DeepLinking, secret: str, now: float) -> str:
        """As `LtiMessages.linking`."""
        return _signed(asdict(linking), "lti-link", secret, now + _LINKING_S)

    def chosen(self, signed: str, secret: str, now: float) -> DeepLinking:
        """As `LtiMessages.chosen`."""
        return DeepLinking(**_read(signed, "lti-link", secret, now))

    def named(self, signed: str) -> tuple[str, str]:
        """As `LtiMessages.named`."""
        claims = _unverified(signed)
        return str(claims.get("issuer", "")), str(claims.get("client_id", ""))

    def link(
        self, registration: LtiRegistration, linking: DeepLinking, title: str, custom: dict[str, str]
    ) -> str:
        """As `LtiMessages.link`."""
        known = Registration()
        known.set_issuer(registration.issuer).set_client_id(registration.client_id)
        known.set_tool_private_key(registration.private_key)
        settings: Any = {"data": linking.data} if linking.data else {}
        link = DeepLink(known, linking.deployment, settings)
        resource = DeepLinkResource().set_title(title).set_custom_params(custom)
        message = link.get_message_jwt([resource])
        # What is not there is left out, not null: `data`, and the address, which is the tool's own.
        message = {name: value for name, value in message.items() if value is not None}
        message[_ITEMS] = [_without_nulls(item.to_dict()) for item in [resource]]
        headers = {"kid": _kid(registration.private_key)}
        return jwt.encode(message, registration.private_key, "RS256", headers=headers)

    def new_key(self) -> str:
        """As `LtiMessages.new_key`."""
        made = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
        return made.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    def public_key(self, private_key: str) -> dict[str, str]:
        """As `LtiMessages.public_key`."""
        entry: dict[str, str] = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(_public(private_key)))
        keep = {name: entry[name] for name in ("kty", "n", "e")}
        return keep | {"kid": _kid(private_key), "alg": "RS256", "use": "sig"}


class _Given(Request):
    """Parameters that were read already."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given

    @property
    def session(self) -> dict[str, Any]:
        return {}

    def is_secure(self) -> bool:
        return True

    def get_param(self, key: str) -> str:
        return self._given.get(key, "")


class _NoCookies(CookieService):
    def get_cookie(self, name: str) -> str | None:  # noqa: ARG002
        return None

    def set_cookie(self, name: str, value: str | int, exp: int | None = 3600) -> None: ...


class _Login(OIDCLogin[_Given, ToolConfDict, SessionService, _NoCookies, str]):
    state = nonce = ""

    def get_redirect(self, url: str) -> Redirect[str]:
        # Abstract in the library and never called: the route redirects by itself.
        raise NotImplementedError

    def _get_uuid(self) -> str:
        return self.state

    def _generate_nonce(self) -> str:
        return self.nonce


class _Launch(MessageLaunch[_Given, ToolConfDict, SessionService, _NoCookies]):
    """State is checked before; the nonce is the state's."""

    nonce = ""

    def _get_request_param(self, key: str) -> str:
        return self._request.get_param(key)

    def validate_state(self) -> _Launch:
        return self

    def validate_nonce(self) -> _Launch:
        given = str(self._get_jwt_body().get("nonce", ""))
        if not secrets.compare_digest(given.encode(), self.nonce.encode()):
            raise LtiException("the nonce is another one")
        return self

    def save_launch_data(self) -> _Launch:
        return self


def _without_nulls(item: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in item.items() if value is not None}


def _config(registration: LtiRegistration) -> ToolConfDict:
    one: Any = {
        "default": True,
        "client_id": registration.client_id,
        "auth_login_url": registration.auth_url,
        "auth_token_url": "",
        "key_set": _usable(registration.jwks),
        "deployment_ids": list(registration.deployments),
    }
    config: ToolConfDict = ToolConfDict({registration.issuer: [one]})
    config.set_private_key(registration.issuer, registration.private_key or "-", registration.client_id)
    return config


def _usable(jwks: str) -> Any:
    """RSA keys only: a key of another kind must never be used with a header's algorithm."""
    keys = json.loads(jwks)["keys"] if jwks else []
    return {"keys": [entry for entry in keys if entry.get("kty") == "RSA" and "d" not in entry]}


def _message(claims: Mapping[str, Any], deployment: str) -> LtiMessage:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= 255:
        raise Unauthorised("The launch names nobody.", remedy="Let the platform send who launches (`sub`).")
    named = claims.get(f"{_CLAIM}roles")
    roles = named if isinstance(named, list) else []
    given = claims.get(f"{_CLAIM}custom")
    custom = {k: v for k, v in given.items() if isinstance(v, str)} if isinstance(given, dict) else {}
    presented = claims.get(f"{_CLAIM}launch_presentation")
    locale = presented.get("locale") if isinstance(presented, dict) else None
    settings = claims.get(_SETTINGS)
    linking = settings if isinstance(settings, dict) else {}
    return LtiMessage(
        "deep-link" if claims.get(f"{_CLAIM}message_type") == "LtiDeepLinkingRequest" else "resource",
        subject,
        deployment,
        any(isinstance(role, str) and role.endswith(("#Instructor", "#ContentDeveloper")) for role in roles),
        locale if isinstance(locale, str) and len(locale) <= 35 and locale.isprintable() else "",
        custom,
        str(linking.get("deep_link_return_url", "")),
        str(linking.get("data") or ""),
    )


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    ends, began = claims.get("exp"), claims.get("iat")
    if not isinstance(ends, int | float) or now >= ends + _LEEWAY_S:
        raise Unauthorised("The launch has expired.", remedy=_REMEDY)
    if not isinstance(began, int | float) or now < began - _LEEWAY_S:
        raise Unauthorised("The launch is not valid yet.", remedy="Compare the clocks.")


def _signed(values: dict[str, Any], audience: str, secret: str, ends_at: float) -> str:
    return jwt.encode(values | {"aud": audience, "exp": ends_at}, secret, "HS256")


def _read(text: str, audience: str, secret: str, now: float) -> dict[str, Any]:
    try:
        values = jwt.decode(text.removeprefix("state-"), secret, audience=audience, **_FORMAT)  # type: ignore[arg-type]
    except jwt.InvalidTokenError:
        raise Unauthorised("This is not what was sent.", remedy=_REMEDY) from None
    if now >= values["exp"]:
        raise Unauthorised("It took too long.", remedy=_REMEDY)
    return {name: value for name, value in values.items() if name not in ("aud", "exp")}


def _unverified(token: str) -> dict[str, Any]:
    if len(token) > _MAX_CHARS:
        raise Unauthorised("The launch is too long.", remedy=_REMEDY)
    try:
        claims: dict[str, Any] = jwt.decode(token.removeprefix("state-"), options={"verify_signature": False})
    except jwt.InvalidTokenError:
        raise Unauthorised("This is no launch.", remedy=_REMEDY) from None
    return claims


def _header(token: str) -> Mapping[str, Any]:
    try:
        header: Mapping[str, Any] = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError:
        raise Unauthorised("This is no launch.", remedy=_REMEDY) from None
    return header


def _public(private_key: str) -> rsa.RSAPublicKey:
    key = serialization.load_pem_private_key(private_key.encode(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("a tool's key is an RSA key")
    return key.public_key()


def _kid(private_key: str) -> str:
    return sha256(
        _public(private_key).public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    ).hexdigest()[:16]
