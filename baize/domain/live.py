"""An answer while it is being written, and for some minutes after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Word = Literal["stop", "heard", "forget"]
"""What one process tells the others about an answer: end it; somebody here is reading it; remove it."""


@dataclass(frozen=True, slots=True)
class AnswerKey:
    """Names an answer: ids are unique per platform only."""

    platform_id: str
    answer_id: str


@dataclass(frozen=True, slots=True)
class LogHead:
    """What is known of an answer's events.

    Attributes:
        n_events: how many there are so far; the last one's id.
        finished: no more will come.
    """

    key: AnswerKey
    learner_id: str
    n_events: int = 0
    finished: bool = False
