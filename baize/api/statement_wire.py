"""xAPI 1.0.3 statements as callers send them, checked by the rules of the specification.

https://github.com/adlnet/xAPI-Spec/blob/1.0.3/xAPI-Data.md. Actors are accounts: the platform's own id of the
learner and nothing that leads to a person (no mail addresses), as everywhere here.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from baize.api.requests import Id

VERSION = "1.0.3"
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_DURATION = re.compile(r"P(?=.)(\d+(\.\d+)?[YMWD])*(T(?=.)(\d+(\.\d+)?[HMS])*)?")


def _iri(value: str) -> str:
    if not _IRI.fullmatch(value):
        raise ValueError("this is no IRI with a scheme")
    return value


def _language_map(value: dict[str, str]) -> dict[str, str]:
    if any(not _LANGUAGE.fullmatch(name) for name in value):
        raise ValueError("its keys must be language tags (RFC 5646)")
    return value


def _duration(value: str) -> str:
    if not _DURATION.fullmatch(value):
        raise ValueError("this is no ISO 8601 duration")
    return value


Iri = Annotated[str, Field(max_length=2000), AfterValidator(_iri)]
LanguageMap = Annotated[dict[str, str], AfterValidator(_language_map)]
Extensions = dict[Iri, Any]


class _Part(BaseModel):
    """No property that the specification does not know, and none that is null."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _no_nulls(cls, value: Any) -> Any:
        if isinstance(value, dict) and (empty := [name for name, one in value.items() if one is None]):
            raise ValueError(f"{empty[0]} must not be null")
        return value


class Account(_Part):
    """The platform's own id of a learner."""

    homePage: Iri  # noqa: N815 - the specification's names
    name: Id


class Agent(_Part):
    objectType: Literal["Agent"] = "Agent"  # noqa: N815
    name: str | None = None
    account: Account


class Verb(_Part):
    id: Iri
    display: LanguageMap | None = None


class Definition(_Part):
    """Of an activity; interaction types are kept as they come."""

    name: LanguageMap | None = None
    description: LanguageMap | None = None
    type: Iri | None = None
    moreInfo: Iri | None = None  # noqa: N815
    extensions: Extensions | None = None


class Activity(_Part):
    objectType: Literal["Activity"] = "Activity"  # noqa: N815
    id: Iri
    definition: Definition | None = None


class StatementRef(_Part):
    objectType: Literal["StatementRef"]  # noqa: N815
    id: UUID


class Score(_Part):
    scaled: Annotated[float, Field(ge=-1, le=1)] | None = None
    raw: float | None = None
    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _in_range(self) -> Score:
        low, high, raw = self.min, self.max, self.raw
        if low is not None and high is not None and low >= high:
            raise ValueError("min must be less than max")
        if raw is not None and ((low is not None and raw < low) or (high is not None and raw > high)):
            raise ValueError("raw must be between min and max")
        return self


class Result(_Part):
    score: Score | None = None
    success: bool | None = None
    completion: bool | None = None
    response: str | None = None
    duration: Annotated[str, AfterValidator(_duration)] | None = None
    extensions: Extensions | None = None


class ContextActivities(_Part):
    parent: Activity | list[Activity] | None = None
    grouping: Activity | list[Activity] | None = None
    category: Activity | list[Activity] | None = None
    other: Activity | list[Activity] | None = None


class Context(_Part):
    registration: UUID | None = None
    contextActivities: ContextActivities | None = None  # noqa: N815
    revision: str | None = None
    platform: str | None = None
    language: Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")] | None = None
    statement: StatementRef | None = None
    extensions: Extensions | None = None


class StatementBody(_Part):
    """One statement. `stored`, `authority` and, where they are missing, `id` and `timestamp` are set here."""

    id: UUID | None = None
    actor: Agent
    verb: Verb
    object: Activity | StatementRef
    result: Result | None = None
    context: Context | None = None
    timestamp: AwareDatetime | None = None
    stored: AwareDatetime | None = None
    authority: dict[str, Any] | None = None
    version: Annotated[str, Field(pattern=r"^1\.0(\.\d+)?$")] | None = None


class StatementResult(BaseModel):
    """Some statements; `more` leads to the rest, and is empty where there is none."""

    statements: list[dict[str, Any]]
    more: str
