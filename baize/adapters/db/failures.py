"""What a database can do wrong, in the project's own errors."""

from __future__ import annotations

import sqlite3

from sqlalchemy import URL
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from baize.errors import DependencyUnavailable

# These are faults of ours, not of the database: they must not look like an outage.
_OURS = (DataError, IntegrityError, NotSupportedError, ProgrammingError)
_OURS_PLAIN = (
    *(sqlite3.DataError, sqlite3.IntegrityError, sqlite3.NotSupportedError, sqlite3.ProgrammingError),
)
"""The same of the driver itself, which `worded` speaks to."""


class translated:  # noqa: N801 - read as a word of its own: `with translated(url):`
    """Connection, lock and disk failures become `DependencyUnavailable`; anything else passes.

    A class, for a generator is started and ended around each of the five reads of a question.
    """

    def __init__(self, url: URL) -> None:
        self._url = url

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if error is not None and (reason := _reason(error)):
            raise _unavailable(self._url, reason) from error


def _reason(error: BaseException) -> str:
    """Why the database cannot be used; empty for what is no failure of it."""
    match error:
        case DBAPIError() if isinstance(error, _OURS) and not error.connection_invalidated:
            return ""
        case DBAPIError():
            return str(error.orig)
        case PoolTimeout():
            return "all its connections are in use"
        case sqlite3.Error():
            return "" if isinstance(error, _OURS_PLAIN) else str(error) or type(error).__name__
        case OSError():
            return error.strerror or type(error).__name__
    return ""


def _unavailable(url: URL, reason: str) -> DependencyUnavailable:
    reason = " ".join(reason.split()).rstrip(".")
    if url.get_backend_name() == "sqlite":
        return DependencyUnavailable(
            f"The catalogue file {url.database} cannot be used: {reason}.",
            remedy="Check that its folder can be written, that the disk is not full, and that no other "
            "program holds the file.",
        )
    return DependencyUnavailable(
        f"PostgreSQL at {url.host or 'the local socket'} cannot be used: {reason}.",
        remedy="Check that the server runs and that database_url is right.",
    )
