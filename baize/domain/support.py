"""Customer service: what is asked, what the FAQ says, what the platform reports, and who takes over."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

Intent = Literal["course", "faq", "account", "person"]
"""What a question wants: a course's subject, the platform's rules, one's own record, or a person."""

INTENTS: tuple[Intent, ...] = get_args(Intent)

RecordKind = Literal["certificates", "credits", "enrolments", "orders", "grades"]
"""What a platform may tell of a learner."""

TicketState = Literal["waiting", "sent", "failed"]
"""`waiting` to be sent to the service desk, or tried again; `failed` when it was given up."""


@dataclass(frozen=True, slots=True)
class Routed:
    """Where a question goes.

    Attributes:
        confidence: 0..1, from the distance between the best two.
    """

    intent: Intent
    confidence: float

    @property
    def is_service(self) -> bool:
        return self.intent != "course"


@dataclass(frozen=True, slots=True)
class FaqItem:
    """One entry of a FAQ, word for word."""

    course_id: str
    entry_id: str
    question: str
    answer: str
    language: str


@dataclass(frozen=True, slots=True)
class FaqMatch:
    """An entry with how surely it answers the question, 0..1."""

    item: FaqItem
    confidence: float


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """One line of what the platform reports, as it reports it; nothing of it is computed here.

    Attributes:
        title: what it is about: a course, an order.
        value: what the platform says of it: `12.5`, `issued`.
        at: the platform's own date; empty where it gives none.
        url: the platform's own page for it; empty where it gives none.
    """

    kind: RecordKind
    title: str
    value: str
    at: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class TicketLine:
    """One turn of the conversation that goes along."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """A question that a person answers.

    Attributes:
        id: given once; the receiver drops what it has seen (`webhook-id`).
        consent: the learner agreed that the conversation goes along; without it, `conversation` is empty.
        contact: how the learner wants to be reached, as written; empty where not said.
        created_at: seconds since the epoch.
        n_attempts: how often it was sent.
        next_at: when it is sent (again), seconds since the epoch.
        satisfaction: 1 (bad) to 5, once the learner said so; 0 before.
    """

    id: str
    platform_id: str
    learner_id: str
    message: str
    consent: bool
    language: str
    created_at: float
    contact: str = ""
    conversation_id: str = ""
    conversation: tuple[TicketLine, ...] = ()
    state: TicketState = "waiting"
    n_attempts: int = 0
    next_at: float = 0.0
    satisfaction: int = 0


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WEEK = 7
_DAY, _TIME = rf"({'|'.join(_DAYS)})", r"((?:[01]\d|2[0-3]):[0-5]\d)"
_HOURS = re.compile(rf"{_DAY}(?:-{_DAY})? {_TIME}-{_TIME}")
_HOURS_REMEDY = "write hours as `Mon-Fri 09:00-18:00`"


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """When people answer.

    Attributes:
        spans: weekday (0 = Monday), first and last time; none means always.
        holidays: dates on which nobody answers, as 2026-10-01.
    """

    spans: Sequence[tuple[int, time, time]]
    zone: ZoneInfo
    holidays: frozenset[str] = frozenset()

    def is_open(self, at: float) -> bool:
        """At this instant, seconds since the epoch."""
        now = datetime.fromtimestamp(at, self.zone)
        if not self.spans:
            return True
        return now.date().isoformat() not in self.holidays and any(
            day == now.weekday() and first <= now.time() < last for day, first, last in self.spans
        )

    def opens_at(self, at: float) -> float | None:
        """The next opening after this instant; None while it is open, or where it never opens."""
        if self.is_open(at):
            return None
        now = datetime.fromtimestamp(at, self.zone)
        for ahead in range(8 * _WEEK):
            date = (now + timedelta(days=ahead)).date()
            if date.isoformat() in self.holidays:
                continue
            starts = [
                datetime.combine(date, first, self.zone)
                for day, first, _ in self.spans
                if day == date.weekday()
            ]
            later = [start.timestamp() for start in starts if start > now]
            if later:
                return min(later)
        return None


def parse_hours(text: str) -> list[tuple[int, time, time]]:
    """`Mon-Fri 09:00-18:00` or `Sat 10:00-12:00` → one span a day.

    Raises:
        ValueError: it is none.
    """
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        raise ValueError(_HOURS_REMEDY)
    first_day, last_day, opens, closes = found.groups()
    first, last = _DAYS.index(first_day), _DAYS.index(last_day or first_day)
    start, end = time.fromisoformat(opens), time.fromisoformat(closes)
    if last < first or end <= start:
        raise ValueError(_HOURS_REMEDY)
    return [(day, start, end) for day in range(first, last + 1)]
