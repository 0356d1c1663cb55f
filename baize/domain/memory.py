"""What is remembered of a learner: a few plain sentences, each of which the learner may change or delete."""

from __future__ import annotations

from dataclasses import dataclass

MOST_ITEMS = 5


@dataclass(frozen=True, slots=True)
class MemoryItem:
    """One sentence.

    Attributes:
        id: names the sentence; another fact gives another id.
        edited: the learner wrote it.
    """

    id: str
    text: str
    edited: bool = False


@dataclass(frozen=True, slots=True)
class MemoryEdit:
    """What a learner did to a sentence.

    Attributes:
        text: in the learner's own words; empty where it was deleted.
        at: seconds since the epoch.
    """

    platform_id: str
    learner_id: str
    item_id: str
    text: str
    at: float
