"""Wire model → bytes. One encoder, so that the same thing is the same bytes wherever it is sent."""

from __future__ import annotations

from functools import partial
from operator import is_
from typing import Annotated, TypeVar

from pydantic import BaseModel, Field
from starlette.responses import Response

_T = TypeVar("_T")

# `is_`, which runs in C, for it is asked for every such field of every event.
OmitIfNone = Annotated[_T | None, Field(exclude_if=partial(is_, None))]
"""A field that is left out, rather than sent as null, when there is nothing to say."""


def encode(model: BaseModel) -> bytes:
    """Compact JSON in UTF-8, on one line."""
    return model.model_dump_json().encode()


def json_response(
    model: BaseModel, headers: dict[str, str] | None = None, *, status_code: int = 200
) -> Response:
    return Response(encode(model), status_code, headers, "application/json")
