"""Test mode: a prepared question is asked, the answer graded, the moment cited, and the next one asked."""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from baize.domain.artefact import QuizItem
from baize.domain.chat import (
    Answer,
    AnswerEvent,
    Citation,
    Completed,
    Refusal,
    Released,
    Started,
    Turn,
)
from baize.domain.course import Lesson
from baize.domain.practice import Solved, Step, Verdict
from baize.domain.search import Query, Scope
from baize.domain.sentences import detect_language
from baize.errors import NotAllowed, NotFound
from baize.ports import Artefacts, Catalog
from baize.services.answer import Answering, Prepared, Question
from baize.services.exercises import ExerciseBook
from baize.services.find import Finder, checked, resolve_scope, storable
from baize.services.practise import Practice

_VERDICTS: dict[str, dict[Verdict, str]] = {
    "zh": {
        "correct": "答对了！",
        "incomplete": "说对了一部分，还不完整。",
        "wrong": "还不对。",
        "uncertain": "这个回答我拿不准，已经请课程团队看一看。",
    },
    "en": {
        "correct": "Correct!",
        "incomplete": "Partly right; something is missing.",
        "wrong": "Not quite.",
        "uncertain": "I cannot tell; the course team will have a look.",
    },
}
_SOLUTION = {
    "zh": "答案是：{solution}。课里的原话是：\n",
    "en": "The answer is: {solution}. The course says:\n",
}
_NEXT = {"zh": "\n\n下一题：", "en": "\n\nNext: "}
_FIRST = {"zh": "请听题：", "en": "Here is a question: "}
_OVER = {"zh": "\n\n这里的题都考完了。", "en": "\n\nThat was the last question here."}
_NONE = {"zh": "这里还没有可以考的题。", "en": "There are no questions here yet."}
_LETTERS = "ABCDEFGH"
_MAX_LESSONS = 20
_ENDS = re.compile(r"[。.!！?？]\s*$")


@dataclass(frozen=True, slots=True)
class TestPlan:
    """
    Attributes:
        solved: the graded answer to the question before; None where there was none.
        item: what is asked next; None when all was asked.
    """

    item: QuizItem | None
    solved: Solved | None = None
    lesson: Lesson | None = None


class Examiner:
    """Asks the quiz items of the lessons in scope, one a turn."""

    def __init__(
        self,
        *,
        explaining: Answering,
        finder: Finder,
        catalog: Catalog,
        artefacts: Artefacts,
        practice: Practice,
        book: ExerciseBook,
    ) -> None:
        self._explaining = explaining
        self._finder = finder
        self._catalog = catalog
        self._artefacts = artefacts
        self._practice = practice
        self._book = book

    async def prepare(self, question: Question, turns: Sequence[Answer]) -> Prepared:
        """Grade what was asked before, and choose what is asked next.

        Raises:
            NotFound: a course or lesson in scope does not exist.
        """
        text = checked(question.text, "answer")
        scope = await resolve_scope(question.scope, self._catalog)
        open_id = next(
            (turn.step.item_id for turn in turns[-1:] if turn.step and turn.step.mode == "test"), ""
        )
        solved = await self._graded(question, scope.platform_id, open_id, text) if open_id else None
        seen = {turn.step.item_id for turn in turns if turn.step} | {open_id}
        # What a learner answers names no subject: the one of the first turn goes on.
        subject = next((turn.question for turn in turns if turn.step and turn.step.mode == "test"), text)
        item = await self._next(question, scope, subject, seen)
        lesson = None
        if solved is not None:
            lesson = await self._catalog.lesson(scope.platform_id, solved.attempt.lesson_id)
        language = question.language or await self._language(scope, item, solved) or detect_language(text)
        step = Step(
            "test",
            "graded" if solved else "asked",
            item.id if item else "",
            item.question if item else "",
            verdict=solved.attempt.verdict if solved else "",
        )
        return Prepared(
            str(uuid.uuid4()),
            question.conversation_id or str(uuid.uuid4()),
            scope,
            Turn(Query(storable(text), text, language, ()), ()),
            (),
            item is not None or solved is not None,
            question.learner_id,
            step=step,
            plan=TestPlan(item, solved, lesson),
        )

    async def stream(self, prepared: Prepared, plan: TestPlan) -> AsyncGenerator[AnswerEvent]:
        """The events of one turn: verdict and moment, then the next question. No model writes here."""
        language = prepared.turn.query.language
        language = language if language in _VERDICTS else "en"
        yield Started(prepared.answer_id, prepared.conversation_id, language, "extractive", "", False)
        refusal = None if plan.item or plan.solved else Refusal("not_covered")
        released = _told(plan, language)
        for event in released:
            yield event
        if refusal is not None:
            yield refusal
        answer = Answer(
            prepared.answer_id,
            prepared.scope.platform_id,
            prepared.conversation_id,
            prepared.turn.query.question,
            language,
            "extractive",
            "",
            text="".join(one.text for one in released).strip(),
            citations=tuple(citation for one in released for citation in one.citations),
            refusal=refusal,
            learner_id=prepared.learner_id,
            step=prepared.step,
        )
        yield Completed(await self._explaining.keep(answer, prepared))

    async def _graded(self, question: Question, platform_id: str, item_id: str, text: str) -> Solved | None:
        """None where the item went with a re-ingest, or is locked by now: then only the next one is asked."""
        try:
            return await self._practice.attempt(
                platform_id, question.learner_id, item_id, text=text, zone=question.zone
            )
        except (NotFound, NotAllowed):
            return None

    async def _next(self, question: Question, scope: Scope, subject: str, seen: set[str]) -> QuizItem | None:
        for lesson_id in await self._lessons(question, scope, subject):
            prepared = await self._artefacts.prepared(scope.platform_id, lesson_id)
            for item in prepared.quiz if prepared else ():
                fresh = item.id not in seen
                if fresh and not await self._book.locked(scope.platform_id, (item.question,), item.id):
                    return item
        return None

    async def _lessons(self, question: Question, scope: Scope, subject: str) -> list[str]:
        """Whose questions are asked, in this order: those named, the one that plays, those on the subject."""
        if scope.lesson_ids:
            return list(scope.lesson_ids)
        playing = [question.position.lesson_id] if question.position else []
        found = await self._finder.find(subject, (), scope)
        near = [moment.hit.chunk.lesson_id for moment in found.moments]
        rest = [
            lesson.id
            for course_id in scope.course_ids[:1]
            for lesson in await self._catalog.lessons(scope.platform_id, course_id)
        ]
        return list(dict.fromkeys([*playing, *near, *rest]))[:_MAX_LESSONS]

    async def _language(self, scope: Scope, item: QuizItem | None, solved: Solved | None) -> str:
        lesson_id = item.lesson_id if item else solved.attempt.lesson_id if solved else ""
        lesson = await self._catalog.lesson(scope.platform_id, lesson_id) if lesson_id else None
        return lesson.language if lesson else ""


def _told(plan: TestPlan, language: str) -> list[Released]:
    told: list[Released] = []
    if plan.solved is not None:
        solved = plan.solved
        told.append(Released(_VERDICTS[language][solved.attempt.verdict] + "\n"))
        told.append(Released(_SOLUTION[language].format(solution=_bare(solved.solution))))
        told.append(Released(f"{solved.quote}[1]", (_citation(solved, plan.lesson),)))
    if plan.item is not None:
        told.append(Released(_asked(plan.item, (_NEXT if told else _FIRST)[language])))
    elif told:
        told.append(Released(_OVER[language]))
    return told or [Released(_NONE[language])]


def _bare(solution: str) -> str:
    return _ENDS.sub("", solution)


def _asked(item: QuizItem, lead: str) -> str:
    """The question with its options, each on a line of its own."""
    options = "\n".join(f"- {letter}. {text}" for letter, text in zip(_LETTERS, item.options, strict=False))
    return f"{lead}{item.question}\n\n{options}"


def _citation(solved: Solved, lesson: Lesson | None) -> Citation:
    attempt = solved.attempt
    return Citation(
        1,
        solved.quote,
        attempt.item_id,
        attempt.course_id,
        attempt.lesson_id,
        lesson.title if lesson else "",
        solved.locators[0],
        solved.quote,
        1.0,
    )
