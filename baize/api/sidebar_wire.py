"""What the sidebar sends and gets besides answers: capabilities, preferences, feedback, spoken questions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from baize.api.requests import Id, RequestBody, Words
from baize.domain.practice import Mode
from baize.domain.preferences import Complaint, Feedback, Preferences, Rating, Theme


class RecordingLimits(BaseModel):
    """How much may be said at once."""

    max_bytes: int
    max_seconds: float


class CapabilitiesBody(BaseModel):
    """What this server can do for this caller."""

    learner_id: str | None = Field(description="Whom the caller speaks for; null for a whole platform.")
    locale: str | None = Field(description="Of the learner token; null where it names none.")
    modes: list[Mode]
    feedback: bool
    preferences: bool
    recommendations: bool = Field(description="Whether GET /v1/learners/{id}/recommendations answers.")
    support: bool = Field(description="Whether the operator has set customer service up.")
    transcriptions: RecordingLimits | None = Field(description="Null where no speech engine is installed.")


class PreferencesBody(RequestBody):
    """How a learner likes the sidebar."""

    elder: bool = False
    theme: Theme = "auto"
    read_aloud: bool = False
    speech_rate: Annotated[float, Field(ge=0.25, le=4)] = 1.0

    def to_preferences(self) -> Preferences:
        return Preferences(self.elder, self.theme, self.read_aloud, self.speech_rate)


class FeedbackRequest(RequestBody):
    """Thumbs on an answer."""

    answer_id: Id
    rating: Rating
    reason: Complaint = ""
    correction: Annotated[Words, Field(max_length=2000)] = ""
    learner_id: Id | None = None
    """With a platform key: who says so."""


class FeedbackItem(BaseModel):
    """What a learner said of an answer, with what there still is of the answer."""

    answer_id: str
    rating: Rating
    reason: Complaint
    correction: str
    given_at: datetime
    question: str | None = Field(description="Null once the answer has been deleted.")
    text: str | None
    lesson_ids: list[str] = Field(description="What the answer cited.")


class FeedbackPage(BaseModel):
    """Newest first."""

    items: list[FeedbackItem]
    next_cursor: str | None = Field(description="Pass it as `cursor` for what follows; null at the end.")


class TranscriptionBody(BaseModel):
    """What was said."""

    text: str = Field(description="Empty when nobody spoke.")


def preferences_body(preferences: Preferences) -> PreferencesBody:
    return PreferencesBody(
        elder=preferences.elder,
        theme=preferences.theme,
        read_aloud=preferences.read_aloud,
        speech_rate=preferences.speech_rate,
    )


def feedback_of(body: FeedbackRequest, platform_id: str, learner_id: str, now: float) -> Feedback:
    return Feedback(
        platform_id, body.answer_id, learner_id, body.rating, body.reason, body.correction, given_at=now
    )
