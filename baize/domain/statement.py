"""An xAPI statement as it is kept: who, what, to which thing, and when."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Statement:
    """What somebody did (xAPI 1.0.3).

    Attributes:
        id: a UUID, in lower case.
        verb: its IRI; so is `activity`, the id of the object, empty where the object is no activity.
        stored_at: seconds since the epoch.
        body: the whole statement as JSON.
    """

    platform_id: str
    id: str
    learner_id: str
    verb: str
    activity: str
    stored_at: float
    body: str


@dataclass(frozen=True, slots=True)
class StatementQuery:
    """Which statements are wanted; empty fields ask for any.

    Attributes:
        since: stored after this; `until`: at this or before.
        after: (stored_at, id) of the last one that was read already.
    """

    learner_id: str = ""
    verb: str = ""
    activity: str = ""
    since: float | None = None
    until: float | None = None
    ascending: bool = False
    after: tuple[float, str] | None = None
