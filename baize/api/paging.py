"""Pages of lists: the cursor is how many come before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeVar

from fastapi import Query

from baize.errors import InvalidInput

_T = TypeVar("_T")

Cursor = Annotated[str, Query(max_length=9, description="`next_cursor` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=500)]


def offset_of(cursor: str) -> int:
    """
    Raises:
        InvalidInput: it is none of our cursors.
    """
    if cursor and not (cursor.isascii() and cursor.isdecimal()):
        raise InvalidInput("The cursor is not valid.", remedy="Pass `next_cursor` as it came.")
    return int(cursor or 0)


def page_of(found: Sequence[_T], limit: int, offset: int) -> tuple[Sequence[_T], str | None]:
    """The page and its `next_cursor`; one more than `limit` tells whether something follows."""
    return found[:limit], str(offset + limit) if len(found) > limit else None


def page_within(whole: Sequence[_T], limit: int, cursor: str) -> tuple[Sequence[_T], str | None]:
    """The same of a list that is read whole, being as short as a learner's or a platform's own things are.

    Raises:
        InvalidInput: it is none of our cursors.
    """
    offset = offset_of(cursor)
    return page_of(whole[offset : offset + limit + 1], limit, offset)
