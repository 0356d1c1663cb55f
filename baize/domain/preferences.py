"""How a learner likes the sidebar, and what a learner said of an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Theme = Literal["auto", "light", "dark"]
Rating = Literal["up", "down"]
Complaint = Literal["", "wrong", "source", "unclear", "other"]


@dataclass(frozen=True, slots=True)
class Preferences:
    """Remembered per learner, over all courses.

    Attributes:
        elder: large type, high contrast, one thing on a screen.
        read_aloud: read answers out when they are there.
        speech_rate: how fast, 1 being the voice's own pace.
    """

    elder: bool = False
    theme: Theme = "auto"
    read_aloud: bool = False
    speech_rate: float = 1.0


@dataclass(frozen=True, slots=True)
class Feedback:
    """Thumbs on one answer; the latest of a learner on an answer counts.

    Attributes:
        learner_id: who; empty where nobody in particular asked.
        correction: what would have been right, in the learner's words.
        given_at: seconds since the epoch.
    """

    platform_id: str
    answer_id: str
    learner_id: str
    rating: Rating
    reason: Complaint = ""
    correction: str = ""
    given_at: float = 0.0
