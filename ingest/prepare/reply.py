"""A model's JSON → entries, one by one: what is not as it was asked for is left out and counted."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

_FENCE = re.compile(r"^\s*```(?:json)?\s*|\s*```\s*$", re.IGNORECASE)

Ids = Annotated[list[int], Field(min_length=1, max_length=20)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, str_strip_whitespace=True)

    ids: Ids


class LineEntry(_Entry):
    """A sentence of a summary, or a key point."""

    text: str = Field(min_length=2, max_length=400)


class TermEntry(_Entry):
    """A term with its explanation."""

    term: str = Field(min_length=1, max_length=60)
    explanation: str = Field(min_length=2, max_length=400)


class ItemEntry(_Entry):
    """A question with options; `answer` is the place of the right one."""

    question: str = Field(min_length=4, max_length=300)
    options: list[Annotated[str, Field(min_length=1, max_length=120)]] = Field(min_length=3, max_length=6)
    answer: int = Field(ge=0)


E = TypeVar("E", LineEntry, TermEntry, ItemEntry)


class Unusable(ValueError):
    """The reply is no JSON object of the shape that was asked for."""


@dataclass(frozen=True, slots=True)
class Entries(Generic[E]):
    """Entries of the right shape, and how many were of another."""

    entries: tuple[E, ...]
    n_wrong: int


def read_reply(text: str, key: str, kind: type[E]) -> Entries[E]:
    """The entries under `key`.

    Raises:
        Unusable: no JSON object, no list under `key`, or entries of which none has the right shape. A lesson
            may have no term and no question, but there is always something to sum up.
    """
    bare = _FENCE.sub("", text)
    start, end = bare.find("{"), bare.rfind("}")
    try:
        rows = json.loads(bare[start : end + 1])[key]
    except (ValueError, KeyError, TypeError, RecursionError) as cause:
        raise Unusable(f"no json with {key!r}") from cause
    if not isinstance(rows, list):
        raise Unusable(f"{key!r} is no list")
    entries: list[E] = []
    for row in rows:
        try:
            entries.append(kind.model_validate(row))
        except ValidationError:
            continue
    if not entries and (rows or kind is LineEntry):
        raise Unusable(f"nothing under {key!r} is as it was asked for")
    return Entries(tuple(entries), len(rows) - len(entries))
