"""One box: a question → the course, an entry of the FAQ, the learner's own record, or a person.

Nothing about the platform is ever worded here or by a model: an entry is quoted whole, with its id; a record
is shown as the platform reports it; anything else is offered to a person. A model may choose between entries.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from baize.answering.courtesy import courtesy_of
from baize.answering.route import Router
from baize.answering.service_terms import matters
from baize.answering.wants_person import wants_person
from baize.domain.chat import Answer, Completed, TextDelta
from baize.domain.locator import FaqEntry
from baize.domain.sentences import detect_language
from baize.domain.support import AccountRecord, FaqMatch, OpeningHours, RecordKind, Routed
from baize.errors import BaizeError, DependencyUnavailable
from baize.ports import Accounts, ChatModel, Clock
from baize.prompting import Prompt
from baize.services.answer import Question
from baize.services.faq import FaqDesk
from baize.services.find import checked
from baize.services.teach import Teaching

_log = logging.getLogger(__name__)

Kind = Literal["course", "faq", "account", "person"]

_SURE = 0.95
"""An entry so near to the question answers it, wherever the question seems to belong."""
_MAYBE = 0.1
_N_SUGGESTED = 3
_N_CHOICES = 5

_TEXTS = {
    "zh": {
        "person": "这个问题需要人工来回答。您同意的话，我把问题和对话转给客服人员。",
        "no_entry": "常见问题里没有讲到这一点，我不替平台作答。您同意的话，我转给客服人员。",
        "records": "平台记录如下：",
        "no_records": "平台没有查到相关记录。",
        "sign_in": "请先登录，我才能查您自己的记录。",
        "no_connector": "这里查不了个人记录。您同意的话，我转给客服人员。",
        "away": "平台的记录暂时查不到，请稍后再试，或者转给客服人员。",
    },
    "en": {
        "person": "A person has to answer this. If you agree, I will pass on your question.",
        "no_entry": "The FAQ does not say, and I will not guess. If you agree, I will ask a person for you.",
        "records": "The platform reports:",
        "no_records": "The platform reports no such record.",
        "sign_in": "Please sign in first: I can only look up your own record.",
        "no_connector": "Records cannot be looked up here. If you agree, I will ask a person for you.",
        "away": "The platform's records cannot be read just now. Try again later, or ask a person.",
    },
}

SAID = frozenset(text for words in _TEXTS.values() for text in words.values())
"""Everything that is ever said besides entries, records and answers of courses."""

_KINDS: tuple[tuple[RecordKind, frozenset[str]], ...] = (
    ("certificates", frozenset({"certificate"})),
    ("orders", frozenset({"refund", "payment", "buy", "invoice"})),
    ("credits", frozenset({"credits"})),
    ("grades", frozenset({"grades", "exam"})),
)
_ORDER = re.compile(r"订单|\borders?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SupportReply:
    """What the box says.

    Attributes:
        kind: who answers.
        text: all that is said: an entry's own words, or one of a few fixed sentences.
        entry: the entry that is quoted; None otherwise.
        suggested: entries that come near, by their questions only.
        records: what the platform reports of the learner.
        answer: the course's answer, for `course`.
        offer_person: whether handing over is offered.
        chosen_by: `model` where a model chose the entry.
    """

    kind: Kind
    routed: Routed
    language: str
    text: str
    entry: FaqMatch | None = None
    suggested: tuple[FaqMatch, ...] = ()
    records: tuple[AccountRecord, ...] = ()
    answer: Answer | None = None
    offer_person: bool = False
    chosen_by: str = ""


class Support:
    """The service desk's first line.

    Args:
        accounts: what the platform reports of its learners; None where it is not connected.
        chat: chooses between entries where the words leave doubt; None works too.
    """

    def __init__(
        self,
        *,
        router: Router,
        desk: FaqDesk,
        answering: Teaching,
        accounts: Accounts | None,
        clock: Clock,
        hours: OpeningHours,
        min_confidence: float,
        chat: ChatModel | None = None,
        prompt: Prompt | None = None,
    ) -> None:
        self._router = router
        self._desk = desk
        self._answering = answering
        self._accounts = accounts
        self._clock = clock
        self._hours = hours
        self._min_confidence = min_confidence
        self._chat = chat
        self._prompt = prompt

    @property
    def hours(self) -> OpeningHours:
        return self._hours

    async def reply(
        self, question: Question, *, locale: str = "", course_asked: bool = False
    ) -> SupportReply:
        """
        Args:
            course_asked: the course was asked before, and either had nothing to say or cited its FAQ only:
                it is not asked again.

        Raises:
            InvalidInput: the question is empty or too long.
            NotFound: a course or lesson in scope does not exist.
            IndexUnavailable: the vector store does not answer.
        """
        text = checked(question.text, "question")
        language = question.language or detect_language(text, default=locale.partition("-")[0] or "zh")
        if question.mode != "explain":
            # What is said in a lesson's exercise is about the lesson.
            return await self._from_course(question, Routed("course", 1.0), language, ())
        if courtesy_of(text):
            return await self._from_course(question, Routed("course", 1.0), language, ())
        routed = Routed("person", 1.0) if wants_person(text) else await self._router.route(text)
        if routed.intent == "person":
            return _to_person(routed, language)
        if routed.intent == "account":
            return await self._look_up(text, question, routed, language)
        matches = await self._desk.look_up(text, question.scope)
        best = matches[0] if matches else None
        if routed.intent == "course" and course_asked:
            if best is not None and best.confidence >= self._min_confidence:
                return await self._from_faq(text, routed, language, matches)
            return SupportReply("course", routed, language, "")
        if routed.intent == "course" and (best is None or best.confidence < _SURE):
            return await self._from_course(question, routed, language, matches)
        return await self._from_faq(text, routed, language, matches)

    async def _from_faq(
        self, text: str, routed: Routed, language: str, matches: Sequence[FaqMatch]
    ) -> SupportReply:
        chosen, by = await self._choose(text, matches)
        if chosen is None:
            words = _TEXTS.get(language, _TEXTS["en"])
            near = tuple(one for one in matches if one.confidence >= _MAYBE)[:_N_SUGGESTED]
            return SupportReply(
                "person", routed, language, words["no_entry"], suggested=near, offer_person=True
            )
        others = tuple(one for one in matches if one is not chosen and one.confidence >= _MAYBE)
        return SupportReply(
            "faq",
            routed,
            language,
            chosen.item.answer,
            entry=chosen,
            suggested=others[:_N_SUGGESTED],
            chosen_by=by,
        )

    async def _choose(self, text: str, matches: Sequence[FaqMatch]) -> tuple[FaqMatch | None, str]:
        """The entry that answers; by the model only where the best one is likely, but not sure."""
        if not matches:
            return None, ""
        if matches[0].confidence >= self._min_confidence:
            return matches[0], ""
        likely = [one for one in matches if one.confidence >= _MAYBE][:_N_CHOICES]
        if not likely or self._chat is None or self._prompt is None:
            return None, ""
        try:
            number = await self._asked_to_choose(self._chat, self._prompt, text, likely)
        except BaizeError as failure:
            # Without a model there is still a person.
            _log.info("no model chose an entry: %s", type(failure).__name__)
            return None, ""
        return (likely[number - 1], "model") if 1 <= number <= len(likely) else (None, "")

    async def _asked_to_choose(
        self, chat: ChatModel, prompt: Prompt, text: str, likely: Sequence[FaqMatch]
    ) -> int:
        """The number of an entry from 1, or 0; whatever else the model says counts as 0."""
        entries = "\n".join(
            f"{number}. {one.item.question}\n{one.item.answer}" for number, one in enumerate(likely, 1)
        )
        messages = prompt.render({"question": text, "entries": entries})
        said = ""
        async for event in chat.stream(messages, prompt.sampling):
            if isinstance(event, TextDelta):
                said += event.text
        try:
            number = json.loads(said)["entry"]
        except (ValueError, TypeError, KeyError):
            return 0
        return number if isinstance(number, int) and not isinstance(number, bool) else 0

    async def _from_course(
        self, question: Question, routed: Routed, language: str, matches: Sequence[FaqMatch]
    ) -> SupportReply:
        """The course's own answer; where it refuses, an entry that is sure enough after all."""
        prepared = await self._answering.prepare(question)
        last = [event async for event in self._answering.stream(prepared)][-1]
        if not isinstance(last, Completed):
            raise TypeError(f"an answer ended with {type(last).__name__}")
        answer = last.answer
        if answer.refusal and answer.refusal.reason == "person":
            return _to_person(Routed("person", 1.0), language)
        cites_faq_only = answer.citations and all(isinstance(c.locator, FaqEntry) for c in answer.citations)
        sure = bool(matches) and matches[0].confidence >= self._min_confidence
        if cites_faq_only or (answer.refusal and sure):
            # Sentences of a FAQ, picked out of their entry, may say another rule than the whole.
            return await self._from_faq(question.text, routed, language, matches)
        return SupportReply("course", routed, language, answer.text, answer=answer)

    async def _look_up(self, text: str, question: Question, routed: Routed, language: str) -> SupportReply:
        words = _TEXTS.get(language, _TEXTS["en"])
        if self._accounts is None:
            return SupportReply("person", routed, language, words["no_connector"], offer_person=True)
        if not question.learner_id:
            return SupportReply("account", routed, language, words["sign_in"])
        platform_id = question.scope.platform_id
        try:
            found = await self._accounts.look_up(platform_id, question.learner_id, kind_of(text))
        except DependencyUnavailable as failure:
            _log.warning("the accounts of platform %s cannot be read: %s", platform_id, failure)
            return SupportReply("account", routed, language, words["away"], offer_person=True)
        said = words["records"] if found else words["no_records"]
        lines = [said, *(_line(record) for record in found)]
        return SupportReply("account", routed, language, "\n".join(lines), records=tuple(found))


def _to_person(routed: Routed, language: str) -> SupportReply:
    words = _TEXTS.get(language, _TEXTS["en"])
    return SupportReply("person", routed, language, words["person"], offer_person=True)


def kind_of(text: str) -> RecordKind:
    """What of the learner's record is asked for; courses where nothing else is named."""
    if _ORDER.search(text):
        return "orders"
    about = matters(text)
    return next((kind for kind, named in _KINDS if about & named), "enrolments")


def _line(record: AccountRecord) -> str:
    return " · ".join(part for part in (record.title, record.value, record.at) if part)
