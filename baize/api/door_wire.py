"""Keys, revocations and linked identities on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, model_validator

from baize.api.instants import AskedInstant, instant, instant_or_none
from baize.api.requests import Id, RequestBody
from baize.domain.platform import ApiKey, Identity, Revocation, Right
from baize.services.who import MAX_KEY_COURSES


class KeyBody(BaseModel):
    """A platform key, without its text."""

    id: str
    scopes: list[Right]
    label: str
    courses: list[str] = Field(description="The only ones that it opens; empty for all.")
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class NewKeyBody(KeyBody):
    """A key that was just made."""

    key: str = Field(description="The key itself: shown here and never again.")


class KeyPage(BaseModel):
    items: list[KeyBody]
    next_cursor: str | None = Field(description="Pass it as `cursor` for what follows; null at the end.")


class KeyRequest(RequestBody):
    scopes: Annotated[list[Right], Field(min_length=1, max_length=20)]
    """Roles (learn, teach, admin: each includes those before) or single ones (read, ask, edit, …)."""
    label: Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    courses: list[Id] = Field([], max_length=MAX_KEY_COURSES)
    expires_at: AskedInstant | None = None
    """Left out, it does not expire."""


class RotationRequest(RequestBody):
    grace_s: Annotated[float, Field(ge=0, le=2_592_000, allow_inf_nan=False)] = 86_400.0
    """How long the old key is good beside the new one."""


class RevocationRequest(RequestBody):
    """Exactly one of `token_id`, `learner_id` and `all`."""

    token_id: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    """`jti` of one token."""
    learner_id: Id | None = None
    """All tokens of a learner."""
    all: Literal[True] | None = None
    """All tokens of the platform."""
    before: AskedInstant | None = None
    """Only those that were issued (`iat`) before this; now, where it is left out."""

    @model_validator(mode="after")
    def _one(self) -> RevocationRequest:
        if sum(given is not None for given in (self.token_id, self.learner_id, self.all)) != 1:
            raise ValueError("give exactly one of token_id, learner_id and all")
        return self


class RevocationBody(BaseModel):
    """Refused tokens. Which token or learner is not told: only a digest of it is kept."""

    kind: Literal["token", "learner", "platform"]
    before: datetime = Field(description="Tokens issued before this, or without `iat`, are refused.")
    until: datetime = Field(description="By then all of them have expired.")


class RevocationPage(BaseModel):
    items: list[RevocationBody]
    next_cursor: str | None = Field(description="Pass it as `cursor` for what follows; null at the end.")


class IdentityBody(BaseModel):
    """A learner of a docked source who is this learner of the platform."""

    source: str
    subject: str
    linked_at: datetime


class IdentityPage(BaseModel):
    items: list[IdentityBody]
    next_cursor: str | None = Field(description="Pass it as `cursor` for what follows; null at the end.")


class LinkRequest(RequestBody):
    token: Annotated[str, Field(min_length=1, max_length=8192)]
    """Signed by the platform: `source`, `sub`, and `link_to`, which is this learner."""


def key_body(key: ApiKey) -> KeyBody:
    return KeyBody(
        id=key.id,
        scopes=list(key.rights),
        label=key.label,
        courses=list(key.courses),
        created_at=instant(key.created_at),
        expires_at=instant_or_none(key.expires_at),
        revoked_at=instant_or_none(key.revoked_at),
    )


def new_key_body(key: ApiKey, text: str) -> NewKeyBody:
    return NewKeyBody(**key_body(key).model_dump(), key=text)


def revocation_body(one: Revocation) -> RevocationBody:
    return RevocationBody(kind=one.kind, before=instant(one.before), until=instant(one.until))


def identity_body(one: Identity) -> IdentityBody:
    return IdentityBody(source=one.source, subject=one.subject, linked_at=instant(one.linked_at))
