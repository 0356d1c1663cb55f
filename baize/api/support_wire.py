"""Customer service on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from baize.api.encoding import OmitIfNone
from baize.api.instants import instant, instant_or_none
from baize.api.mapping import Mapper
from baize.api.notices import label, service_label
from baize.api.requests import AnswerRequest, Id, RequestBody, Words
from baize.api.wire import AnswerBody
from baize.domain.support import AccountRecord, FaqMatch, OpeningHours, RecordKind, Ticket, TicketState
from baize.services.support import SupportReply
from baize.services.tickets import Handover


class SupportRequest(AnswerRequest):
    """A question in the one box: about a course, about the platform, or for a person."""

    course_asked: bool = False
    """`POST /v1/answers` refused it, or cited a FAQ only: the course is not asked again."""


class FaqBody(BaseModel):
    """An entry of a FAQ, word for word."""

    course_id: str
    entry_id: str
    question: str
    answer: str
    confidence: float = Field(description="How surely it answers the question, 0..1.")


class SuggestedBody(BaseModel):
    """An entry that comes near."""

    course_id: str
    entry_id: str
    question: str


class RecordBody(BaseModel):
    """A line of the learner's account, as the platform reports it."""

    kind: RecordKind
    title: str
    value: str
    at: str
    url: str


class HandOverBody(BaseModel):
    """A person may answer: `POST /v1/support/tickets`."""

    open_now: bool
    opens_at: datetime | None = Field(description="Null while somebody is there.")


class SupportBody(BaseModel):
    """What the box says. Exactly one of `answer`, `faq`, `records` and `hand_over` is the point of it.

    None of them where the question is the course's and `course_asked` was said.
    """

    route: Literal["course", "faq", "account", "person"]
    intent: Literal["course", "faq", "account", "person"] = Field(
        description="What the question seemed to be."
    )
    confidence: float = Field(description="Of the intent, 0..1.")
    language: str
    label: str = Field(description="The notice that must stand visibly beside it.")
    text: str = Field(description="The answer; for `faq`, the entry's own words and nothing else.")
    faq: OmitIfNone[FaqBody] = None
    suggestions: list[SuggestedBody]
    records: list[RecordBody]
    answer: OmitIfNone[AnswerBody] = None
    hand_over: OmitIfNone[HandOverBody] = None
    chosen_by: OmitIfNone[str] = Field(None, description="`model` where a model chose the entry.")


class TicketRequest(RequestBody):
    """A question for a person."""

    message: Words = Field(examples=["我的证书名字写错了，改了三次没有成功。"])
    consent: bool = False
    """The conversation may go along; without it only the message does."""
    conversation_id: Id | None = None
    contact: Annotated[Words, Field(max_length=200)] = ""
    """How to reach the learner, as written."""
    language: Annotated[str, Field(pattern=r"^([A-Za-z]{2,3})?$")] = ""
    learner_id: Id | None = None
    """With a platform key: whose question it is."""

    def to_handover(self, platform_id: str, learner_id: str, key: str) -> Handover:
        return Handover(
            platform_id,
            learner_id,
            self.message,
            self.consent,
            self.language,
            self.contact,
            self.conversation_id or "",
            key,
        )


class TicketBody(BaseModel):
    """A ticket as its learner sees it."""

    ticket_id: str
    state: TicketState
    message: str
    consent: bool
    n_turns: int = Field(description="Turns of the conversation that go along.")
    created_at: datetime
    satisfaction: int = Field(description="1 to 5; 0 while the learner has not said.")
    hand_over: HandOverBody


class SatisfactionRequest(RequestBody):
    """How content the learner was."""

    score: Annotated[int, Field(ge=1, le=5)]


def support_body(reply: SupportReply, mapper: Mapper, hours: OpeningHours, now: float) -> SupportBody:
    return SupportBody(
        route=reply.kind,
        intent=reply.routed.intent,
        confidence=round(reply.routed.confidence, 4),
        language=reply.language,
        label=_label(reply),
        text=reply.text,
        faq=_faq(reply.entry) if reply.entry else None,
        suggestions=[_suggested(one) for one in reply.suggested],
        records=[_record(one) for one in reply.records],
        answer=mapper.answer(reply.answer) if reply.answer else None,
        hand_over=hand_over_body(hours, now) if reply.offer_person else None,
        chosen_by=reply.chosen_by or None,
    )


def _label(reply: SupportReply) -> str:
    if reply.answer is not None:
        return label(reply.language, reply.answer.model)
    return service_label(reply.language, quotes_faq=reply.entry is not None)


def ticket_body(ticket: Ticket, hours: OpeningHours, now: float) -> TicketBody:
    return TicketBody(
        ticket_id=ticket.id,
        state=ticket.state,
        message=ticket.message,
        consent=ticket.consent,
        n_turns=len(ticket.conversation),
        created_at=instant(ticket.created_at),
        satisfaction=ticket.satisfaction,
        hand_over=hand_over_body(hours, now),
    )


def hand_over_body(hours: OpeningHours, now: float) -> HandOverBody:
    return HandOverBody(open_now=hours.is_open(now), opens_at=instant_or_none(hours.opens_at(now)))


def _faq(match: FaqMatch) -> FaqBody:
    item = match.item
    return FaqBody(
        course_id=item.course_id,
        entry_id=item.entry_id,
        question=item.question,
        answer=item.answer,
        confidence=round(match.confidence, 4),
    )


def _suggested(match: FaqMatch) -> SuggestedBody:
    item = match.item
    return SuggestedBody(course_id=item.course_id, entry_id=item.entry_id, question=item.question)


def _record(record: AccountRecord) -> RecordBody:
    return RecordBody(kind=record.kind, title=record.title, value=record.value, at=record.at, url=record.url)
