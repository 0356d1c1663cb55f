"""What a database can do wrong, in the project's own errors."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager

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


@contextmanager
def translated(url: URL) -> Generator[None]:
    """Connection, lock and disk failures become `DependencyUnavailable`; anything else passes."""
    try:
        yield
    except DBAPIError as error:
        if isinstance(error, _OURS) and not error.connection_invalidated:
            raise
        raise _unavailable(url, str(error.orig)) from error
    except PoolTimeout as error:
        raise _unavailable(url, "all its connections are in use") from error
    except _OURS_PLAIN:
        raise
    except sqlite3.Error as error:
        raise _unavailable(url, str(error)) from error
    except OSError as error:
        raise _unavailable(url, error.strerror or type(error).__name__) from error


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
