"""A file on another machine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """What a download found out.

    Attributes:
        etag: the server's name for this version; empty where it gives none.
        changed: False when the version that was there is still the one.
    """

    etag: str
    changed: bool
