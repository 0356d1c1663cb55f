"""Who changed what: one line for each write of course teams, administrators and operators."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """No words of learners, and no learner's id: where one is the object, a digest of it stands.

    Attributes:
        at: seconds since the epoch.
        who: the key, the token's person or the user at the command line.
        action: method and route, or the command.
        what: the objects, as `name=id` with spaces between.
        status: HTTP status, or 0 for a command that ended well; None where it was cut off.
    """

    platform_id: str
    id: str
    at: float
    who: str
    action: str
    what: str
    status: int | None = None
