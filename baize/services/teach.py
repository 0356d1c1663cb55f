"""The answer service as learners meet it: graded items are locked, and each mode does what it promises.

`services.answer` explains; this stands in front of it, in every mode, so that no door to answers leads past
the lock. What a mode may say is decided here and in `services.guide` by code, not by a prompt.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from baize.answering.courtesy import Courtesy, courtesy_of, reply_to
from baize.answering.wants_person import wants_person
from baize.domain.chat import Answer, AnswerEvent, Completed, Refusal, Released, Started, Turn
from baize.domain.practice import Exercise, Mode
from baize.domain.search import Moment, Query
from baize.domain.sentences import detect_language
from baize.errors import DependencyUnavailable
from baize.ports import Answers, Catalog
from baize.retrieval.rewrite import may_mean
from baize.services.answer import Answering, Prepared, Question
from baize.services.examine import Examiner, TestPlan
from baize.services.exercises import ExerciseBook
from baize.services.find import checked, resolve_scope, storable
from baize.services.guide import Guide, HintPlan, open_step, sealed_nearest

_N_TURNS = 20
_LOCKED = {
    "zh": "这是要计分的题目，现在不能帮您解答。可以先回到课里的这几处看看：",
    "en": "This item counts towards a mark, so nobody helps with it now. These moments may help:",
}
_LOCKED_BARE = {
    "zh": "这是要计分的题目，现在不能帮您解答。",
    "en": "This item counts towards a mark, so nobody helps with it now.",
}
_PERSON = {
    "zh": "这里由 AI 作答，我不是真人。要找真人，请转平台客服。",
    "en": "An AI answers here. For a person, turn to customer service.",
}


@dataclass(frozen=True, slots=True)
class LockedPlan:
    """A graded item was asked for."""

    exercise_id: str


@dataclass(frozen=True, slots=True)
class CourtesyPlan:
    """A greeting, thanks or the like, and nothing else: it is returned."""

    courtesy: Courtesy


@dataclass(frozen=True, slots=True)
class PersonPlan:
    """A person is asked for: no course answers that, customer service hands over."""


class Teaching:
    """`prepare` and `stream` as those of `Answering`, in whichever mode the question asks for.

    Args:
        hands_over: whether there is customer service; without it a course may know whom to ask.
    """

    def __init__(
        self,
        *,
        explaining: Answering,
        guide: Guide,
        examiner: Examiner,
        book: ExerciseBook,
        answers: Answers,
        catalog: Catalog,
        hands_over: bool = False,
    ) -> None:
        self._explaining = explaining
        self._guide = guide
        self._examiner = examiner
        self._book = book
        self._answers = answers
        self._catalog = catalog
        self._hands_over = hands_over

    async def prepare(self, question: Question) -> Prepared:
        """Everything up to the evidence, as `Answering.prepare`; a graded item gets no further.

        Raises:
            InvalidInput, NotFound, IndexUnavailable: as `Answering.prepare`.
        """
        text = checked(question.text, "question")
        platform_id = question.scope.platform_id
        if locked := await self._book.locked(platform_id, (text,), question.item_id):
            return await self._locked(question, locked)
        aside = self._aside(text)
        if question.mode == "explain":
            if aside:
                return await self._beside(question, aside)
            prepared = await self._explaining.prepare(question)
            # "Answer the question above" is the question above.
            if locked := await self._book.locked(platform_id, may_mean(text, prepared.earlier)):
                return await self._locked(question, locked)
            return prepared
        turns = await self._turns(question)
        if aside and not _is_waiting(question.mode, turns):
            return await self._beside(question, aside)
        if question.mode == "test":
            return await self._examiner.prepare(question, turns)
        return await self._guide.prepare(question, turns)

    async def stream(self, prepared: Prepared) -> AsyncGenerator[AnswerEvent]:
        """The events of one answer, as `Answering.stream`."""
        match prepared.plan:
            case HintPlan() as plan:
                events = self._guide.stream(prepared, plan)
            case TestPlan() as plan:
                events = self._examiner.stream(prepared, plan)
            case LockedPlan():
                texts = _LOCKED if prepared.nearest else _LOCKED_BARE
                text = texts.get(prepared.turn.query.language, texts["en"])
                events = self._said(prepared, Refusal("graded_item", prepared.nearest), text)
            case CourtesyPlan(courtesy):
                text = reply_to(courtesy, prepared.turn.query.language)
                events = self._said(prepared, Refusal("out_of_scope"), text)
            case PersonPlan():
                text = _PERSON.get(prepared.turn.query.language, _PERSON["en"])
                events = self._said(prepared, Refusal("person"), text)
            case _:
                events = self._explaining.stream(prepared)
        async with aclosing(events) as told:
            async for event in told:
                yield event

    async def _locked(self, question: Question, exercise: Exercise) -> Prepared:
        return _unasked(question, LockedPlan(exercise.id), await self._nearest(question, exercise))

    def _aside(self, text: str) -> CourtesyPlan | PersonPlan | None:
        if courtesy := courtesy_of(text):
            return CourtesyPlan(courtesy)
        return PersonPlan() if self._hands_over and wants_person(text) else None

    async def _beside(self, question: Question, plan: CourtesyPlan | PersonPlan) -> Prepared:
        scope = await resolve_scope(question.scope, self._catalog)
        prepared = _unasked(question, plan)
        if question.language or detect_language(question.text, ""):
            return prepared
        # 👍 has no language: that of the courses, as where such signs are looked up.
        query = prepared.turn.query
        spoken = await self._catalog.languages(scope) or [query.language]
        language = query.language if query.language in spoken else spoken[0]
        return replace(prepared, turn=replace(prepared.turn, query=replace(query, language=language)))

    async def _nearest(self, question: Question, exercise: Exercise) -> tuple[Moment, ...]:
        """Where to look again, with gaps in place of the solution."""
        asked = replace(question, text=exercise.question, conversation_id="", position=None, thinking=False)
        found = await self._explaining.prepare(asked)
        return sealed_nearest(found.nearest, exercise)

    async def _said(self, prepared: Prepared, refusal: Refusal, text: str) -> AsyncGenerator[AnswerEvent]:
        """Words of the server's own, about nothing in the course."""
        query = prepared.turn.query
        yield Started(prepared.answer_id, prepared.conversation_id, query.language, "extractive", "", False)
        yield Released(text)
        yield refusal
        answer = Answer(
            prepared.answer_id,
            prepared.scope.platform_id,
            prepared.conversation_id,
            query.question,
            query.language,
            "extractive",
            "",
            text=text,
            refusal=refusal,
            learner_id=prepared.learner_id,
        )
        yield Completed(await self._explaining.keep(answer, prepared))

    async def _turns(self, question: Question) -> Sequence[Answer]:
        """What was said before; without the database, a taught conversation begins anew."""
        if not question.conversation_id:
            return ()
        try:
            return await self._answers.turns(
                question.scope.platform_id,
                question.conversation_id,
                _N_TURNS,
                learner_id=question.learner_id,
            )
        except DependencyUnavailable:
            return ()


def _is_waiting(mode: Mode, turns: Sequence[Answer]) -> bool:
    """Whether an exercise waits for the learner: then “yes” or “hello” may be what it asks for."""
    if mode == "guide":
        return open_step(turns) is not None
    return any(turn.step and turn.step.mode == "test" and turn.step.item_id for turn in turns[-1:])


def _unasked(
    question: Question, plan: LockedPlan | CourtesyPlan | PersonPlan, nearest: tuple[Moment, ...] = ()
) -> Prepared:
    """A question that no course is asked for."""
    text = storable(question.text.strip())
    language = question.language or detect_language(text)
    return Prepared(
        str(uuid.uuid4()),
        question.conversation_id or str(uuid.uuid4()),
        question.scope,
        Turn(Query(text, text, language, ()), ()),
        nearest,
        False,
        question.learner_id,
        plan=plan,
    )
