"""What an administrator sees and sets of the platform itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from baize.api.requests import RequestBody, Words
from baize.domain.platform import Platform, Role


class PlatformPut(RequestBody):
    """What is left out is the server's."""

    player_url: Annotated[
        Words, Field(max_length=1000, examples=["https://learn.example/{course_id}/{lesson_id}?t={start}"])
    ] = ""
    """Template of links into the platform's player: https, with the fields `{platform_id}`, `{course_id}`,
    `{lesson_id}`, `{start}` and `{end}` (seconds). It fills `url` of evidence, moments and lessons."""
    timezone: Annotated[Words, Field(max_length=64, examples=["Asia/Urumqi"])] = ""
    """IANA time zone whose midnight ends a learner's day of reviews, where the token has no `zoneinfo`."""


class PlatformBody(BaseModel):
    """The platform of the caller."""

    id: str
    title: str
    origins: list[str] = Field(description="Web origins whose pages may call.")
    token_role: Role = Field(description="The highest `role` that its learner tokens may claim.")
    statements: bool = Field(description="Whether xAPI statements of what its learners do are made.")
    player_url: str = Field(description="Its own template; empty where the server's is used.")
    timezone: str = Field(description="Its own; empty where the server's is used.")


def platform_body(platform: Platform) -> PlatformBody:
    return PlatformBody(
        id=platform.id,
        title=platform.title,
        origins=list(platform.origins),
        token_role=platform.token_role,
        statements=platform.tells,
        player_url=platform.player_url,
        timezone=platform.timezone,
    )
