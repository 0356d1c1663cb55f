"""Guide mode: an exercise is met with hints, never with its solution, whatever the learner says.

The solution is kept out by construction: the model is not told it, the passages go out with gaps in its
place, its thinking is not sent at all, and each sentence that it drafts must pass `Seal.leaks` and `is_plain`
before it is released. A hint of our own takes the place of one that does not.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from baize.answering.assemble import SentenceAssembler
from baize.answering.cite import cite
from baize.answering.guide import HintAnswerer
from baize.answering.hints import Line, built, is_concept, is_plea, is_question
from baize.answering.numbers import numbers
from baize.answering.seal import GAP, Seal, is_plain, new_words, words_of
from baize.domain.chat import (
    Answer,
    AnswerEvent,
    Citation,
    Completed,
    EvidenceFound,
    Released,
    Started,
    TextDelta,
    Usage,
)
from baize.domain.practice import N_HINTS, Exercise, Reference, Step
from baize.domain.search import Evidence, Moment
from baize.domain.text import Segment
from baize.errors import UpstreamFailed
from baize.ports import Answerer, Catalog, ChatModel
from baize.prompting import Prompt
from baize.retrieval.overview import asks_for_whole
from baize.retrieval.phrases import key_phrases
from baize.services.answer import Answering, Prepared, Question
from baize.services.exercises import ExerciseBook
from baize.services.find import storable
from baize.services.grade import Grader

Admit = Callable[[Answerer], Answerer]

_LABELS = {"zh": "提示 {level}/{of}\n", "en": "Hint {level}/{of}\n"}
_SOLVED = {"zh": "对了！课里就是这样讲的：\n", "en": "That is right. The course says:\n"}
_SOLVED_BARE = {"zh": "对了！", "en": "That is right."}
_NOT_YET = {"zh": "还不对。", "en": "Not yet."}
_MAX_LINES = 3
_NEW_WORDS = 2
"""Content words that an open exercise does not have, from which a question is another one."""


@dataclass(frozen=True, slots=True)
class HintPlan:
    """What the next answer of a guided conversation will be.

    Attributes:
        evidence: as the course says it, for once the learner has found the solution.
        again: the last hint was given before.
    """

    step: Step
    seal: Seal
    evidence: tuple[Evidence, ...] = ()
    exercise: str = ""
    wrong: bool = False
    again: bool = False


class Guide:
    """
    Args:
        admit: puts an answerer behind the limit of calls at the endpoint.
    """

    def __init__(
        self,
        *,
        explaining: Answering,
        book: ExerciseBook,
        grader: Grader,
        catalog: Catalog,
        chat: ChatModel | None,
        prompt: Prompt,
        admit: Admit,
    ) -> None:
        self._explaining = explaining
        self._book = book
        self._grader = grader
        self._catalog = catalog
        self._chat = chat
        self._prompt = prompt
        self._admit = admit

    async def prepare(self, question: Question, turns: Sequence[Answer]) -> Prepared:
        """Decide between concept, exercise, attempt and plea; find the passages, and seal them."""
        text = question.text.strip()
        platform_id = question.scope.platform_id
        known = await self._book.matching(platform_id, text, question.item_id)
        opened = open_step(turns)
        # "……" before any exercise sets none; behind a question it is about that.
        says_nothing = opened is None and not any(map(str.isalnum, text))
        whole = asks_for_whole(text, in_conversation=opened is not None)
        if known is None and (says_nothing or whole or is_concept(text)):
            return await self._concept(question, opened)
        if opened is not None and (known is None or known.id == opened.item_id):
            found = await self._another(question, opened) if known is None else None
            if found is None:
                return await self._next(question, opened)
            closed = [await self._seal(question, opened)]
            return await self._hint(question, found, None, Step("guide", "hint", "", text, 1), closed)
        exercise = known.question if known else text
        prepared = await self._found(question, exercise, known)
        beside = [await self._seal(question, opened)] if opened else []
        step = Step("guide", "hint", known.id if known else "", exercise, 1)
        return await self._hint(question, prepared, known, step, beside)

    async def _concept(self, question: Question, opened: Step | None) -> Prepared:
        """Explained at once; but not the solution of the exercise that is open, by this door."""
        # Beside an open exercise it stands alone: what was said there is no part of it.
        asked = replace(question, thinking=False, conversation_id="" if opened else question.conversation_id)
        prepared = _own_words(await self._explaining.prepare(asked), question)
        prepared = replace(prepared, reusable=False, step=Step("guide", "concept"))
        if opened is None:
            return prepared
        seal = await self._seal(question, opened)
        turn = replace(prepared.turn, evidence=_sealed(prepared.turn.evidence, seal), history=())
        nearest = _sealed_moments(prepared.nearest, seal)
        step = replace(opened, kind="concept", verdict="")
        return replace(prepared, turn=turn, nearest=nearest, step=step, seal=seal)

    async def _another(self, question: Question, opened: Step) -> Prepared | None:
        """The passages for another question than the open exercise; None where it is only a push."""
        text = question.text
        if is_plea(text) or not is_question(text):
            return None
        new = new_words(text, words_of([opened.question]))
        if sum(not numbers(word, strict=False) for word in new) < _NEW_WORDS:
            return None
        found = await self._found(question, text, None)
        return found if found.covered else None

    async def _next(self, question: Question, opened: Step) -> Prepared:
        """The learner tried, or pleads: solved, or the next hint."""
        known = await self._book.of_id(question.scope.platform_id, opened.item_id) if opened.item_id else None
        prepared = await self._found(question, opened.question, known)
        reference = _reference(opened.question, known, prepared.turn.evidence)
        seal = Seal(reference.question, reference.solution, reference.forms)
        tried = not is_plea(question.text)
        if tried and _is_one_try(question.text, reference):
            graded = await self._grader.by_code(reference, question.text)
            if graded.verdict == "correct" and seal.leaks(question.text):
                step = replace(opened, kind="solved", verdict="correct")
                plan = HintPlan(step, seal, prepared.turn.evidence[:1])
                return replace(_own_words(prepared, question), plan=plan)
        level = min(opened.level + 1, N_HINTS)
        wrong = tried and not is_question(question.text)
        step = replace(opened, kind="hint", level=level, verdict="wrong" if wrong else "")
        again = opened.level == N_HINTS
        return await self._hint(question, prepared, known, step, again=again)

    async def _hint(
        self,
        question: Question,
        prepared: Prepared,
        known: Exercise | None,
        step: Step,
        beside: Sequence[Seal] = (),
        *,
        again: bool = False,
    ) -> Prepared:
        reference = _reference(step.question, known, prepared.turn.evidence)
        seal = Seal(reference.question, reference.solution, reference.forms, beside)
        evidence = _sealed(prepared.turn.evidence, seal) if prepared.covered else ()
        plan = HintPlan(
            step, seal, prepared.turn.evidence, step.question, wrong=step.verdict == "wrong", again=again
        )
        own = _own_words(prepared, question)
        turn = replace(own.turn, evidence=evidence, history=())
        return replace(own, turn=turn, nearest=_sealed_moments(own.nearest, seal), plan=plan)

    async def _found(self, question: Question, exercise: str, known: Exercise | None) -> Prepared:
        """The passages that an exercise rests on: of its lesson, where it has one that is there."""
        scope = question.scope
        if known and known.lesson_id and await self._catalog.lesson(scope.platform_id, known.lesson_id):
            scope = replace(scope, lesson_ids=(known.lesson_id,))
        asked = replace(
            question, text=exercise, scope=scope, thinking=False, position=None, conversation_id=""
        )
        prepared = await self._explaining.prepare(asked)
        # The team says that the lesson teaches it, however the words differ.
        covered = prepared.covered or bool(known and scope.lesson_ids and prepared.turn.evidence)
        return replace(prepared, covered=covered, reusable=False, earlier=())

    async def _seal(self, question: Question, opened: Step) -> Seal:
        """The seal of the exercise that is open."""
        known = await self._book.of_id(question.scope.platform_id, opened.item_id) if opened.item_id else None
        found = await self._found(question, opened.question, known)
        reference = _reference(opened.question, known, found.turn.evidence)
        return Seal(opened.question, reference.solution, reference.forms)

    async def stream(self, prepared: Prepared, plan: HintPlan) -> AsyncGenerator[AnswerEvent]:
        """The events of one hint, or of what is said to who has solved it."""
        turn, step = prepared.turn, plan.step
        language = turn.query.language
        answerer: Answerer | None = None
        if self._chat is not None and step.kind == "hint":
            answerer = self._admit(HintAnswerer(self._chat, self._prompt, plan.exercise, step.level))
        yield Started(
            prepared.answer_id,
            prepared.conversation_id,
            language,
            answerer.model if answerer else "extractive",
            answerer.prompt if answerer else "",
            False,
        )
        if turn.evidence:
            yield EvidenceFound(turn.evidence if step.kind == "hint" else plan.evidence)
        released: list[Released] = []
        answer = Answer(
            prepared.answer_id,
            prepared.scope.platform_id,
            prepared.conversation_id,
            turn.query.question,
            language,
            answerer.model if answerer else "extractive",
            answerer.prompt if answerer else "",
            text="",
            learner_id=prepared.learner_id,
            step=step,
        )
        if step.kind == "solved":
            released = _solved(plan, language)
        else:
            released = _opening(plan, language)
            drafted: list[Released] = []
            if answerer is not None:
                drafted, usage, withheld, failed = await self._drafted(prepared, plan, answerer)
                degraded = "extractive" if failed or not drafted else ""
                answer = replace(answer, usage=usage, withheld=withheld, degraded=degraded)
            released += drafted or _built(prepared, plan)
        for event in released:
            yield event
        answer = replace(
            answer,
            text="".join(one.text for one in released).strip(),
            citations=tuple(citation for one in released for citation in one.citations),
        )
        yield Completed(await self._explaining.keep(answer, prepared))

    async def _drafted(
        self, prepared: Prepared, plan: HintPlan, answerer: Answerer
    ) -> tuple[list[Released], Usage, int, bool]:
        """The model's hint, sentence by sentence, those left out that fail; all of it, or none, is sent.

        A sentence may be harmless and its neighbour complete it, so the whole is looked at once more.
        """
        turn, seal = prepared.turn, plan.seal
        allowed = words_of(
            (
                plan.exercise,
                *(item.chunk.text for item in turn.evidence),
                *(t for i in turn.evidence for t in i.chunk.headings),
            )
        )
        assembler = SentenceAssembler()
        pieces: list[str] = []
        usage, failed = Usage(), False
        try:
            async with aclosing(answerer.stream(turn)) as events:
                async for event in events:
                    match event:
                        case TextDelta(text):
                            pieces.extend(assembler.feed(text))
                        case Usage():
                            usage = event
                        case _:
                            # What it thinks is nobody's business but its own.
                            continue
        except UpstreamFailed:
            failed = True
        pieces.extend(assembler.flush())
        kept: list[Released] = []
        for piece in pieces:
            sentence = cite(storable(piece), turn.evidence)
            if not sentence.text or len(kept) == _MAX_LINES:
                continue
            plain = is_plain(sentence.text, allowed, plan.exercise)
            if seal.leaks(sentence.text) or GAP in sentence.text or not plain:
                continue
            citations = tuple(_citation(sentence.text, item) for item in sentence.evidence)
            markers = tuple(item.marker for item in sentence.evidence)
            kept.append(Released(sentence.with_markers(markers), citations))
        if kept and seal.leaks(" ".join(one.text for one in kept)):
            kept = []
        return kept, usage, len(pieces) - len(kept), failed


def open_step(turns: Sequence[Answer]) -> Step | None:
    """The exercise that the conversation is at; None once it was solved."""
    for answer in reversed(turns):
        step = answer.step
        if step is not None and step.mode == "guide" and step.question:
            return None if step.kind == "solved" else replace(step, kind="hint")
    return None


def _own_words(prepared: Prepared, question: Question) -> Prepared:
    """With what the learner really said, in the learner's conversation."""
    turn = prepared.turn
    query = replace(turn.query, question=storable(question.text.strip()))
    conversation_id = question.conversation_id or prepared.conversation_id
    return replace(prepared, turn=replace(turn, query=query), conversation_id=conversation_id)


def _reference(exercise: str, known: Exercise | None, evidence: Sequence[Evidence]) -> Reference:
    """The team's solution; else, for want of one, the sentence of the course that answers best."""
    quote = evidence[0].moment.focus.text if evidence else ""
    if known is not None:
        return Reference(exercise, known.solution, known.forms, quote)
    return Reference(exercise, quote, (), quote)


def _is_one_try(text: str, reference: Reference) -> bool:
    """Whether a text commits itself: a list of all numbers from one to ten would hold every solution."""
    candidates = numbers(text, strict=False) - numbers(reference.question, strict=False)
    wanted = numbers(reference.solution, strict=False) - numbers(reference.question, strict=False)
    return len(candidates) <= max(len(wanted), 1) and len(text) <= max(60, 4 * len(reference.solution))


def _sealed(evidence: Sequence[Evidence], seal: Seal) -> tuple[Evidence, ...]:
    return tuple(replace(item, moment=_sealed_moment(item.moment, seal)) for item in evidence)


def _sealed_moments(moments: Sequence[Moment], seal: Seal) -> tuple[Moment, ...]:
    return tuple(_sealed_moment(moment, seal) for moment in moments)


def sealed_nearest(moments: Sequence[Moment], exercise: Exercise) -> tuple[Moment, ...]:
    """The moments with gaps in place of the exercise's solution."""
    return _sealed_moments(moments, Seal(exercise.question, exercise.solution, exercise.forms))


def _sealed_moment(moment: Moment, seal: Seal) -> Moment:
    """The moment with gaps in place of the solution, titles included; its place stays: look there again."""
    chunk = moment.hit.chunk
    sentences = tuple(_sealed_segment(sentence, seal) for sentence in chunk.sentences)
    joined = ("" if chunk.language == "zh" else " ").join(sentence.text for sentence in sentences)
    if seal.leaks(joined):
        # No sentence says it alone, but two together do.
        sentences = tuple(replace(sentence, text=GAP) for sentence in sentences)
        joined = GAP
    focus = (
        sentences[chunk.sentences.index(moment.focus)]
        if moment.focus in chunk.sentences
        else (_sealed_segment(moment.focus, seal))
    )
    sealed = replace(
        chunk,
        sentences=sentences,
        text=joined,
        lesson_title=seal.masked(chunk.lesson_title),
        headings=tuple(seal.masked(heading) for heading in chunk.headings),
        n_tokens=0,
    )
    return replace(moment, hit=replace(moment.hit, chunk=sealed), focus=focus)


def _sealed_segment(segment: Segment, seal: Seal) -> Segment:
    return replace(segment, text=seal.masked(segment.text), headings=())


def _opening(plan: HintPlan, language: str) -> list[Released]:
    """How far the ladder is, and that a try was wrong; left out where the figures would be the solution."""
    label = _LABELS.get(language, _LABELS["en"]).format(level=plan.step.level, of=N_HINTS)
    lines = [_NOT_YET.get(language, _NOT_YET["en"]) + "\n"] if plan.wrong else []
    return [Released(line) for line in (label, *lines) if not plan.seal.leaks(line)]


def _built(prepared: Prepared, plan: HintPlan) -> list[Released]:
    evidence = prepared.turn.evidence
    words: list[str] = []
    if evidence:
        passage = evidence[0].chunk.text
        words = [
            phrase.text
            for phrase in key_phrases([passage.replace(GAP, "，")], 12)
            if phrase.text not in plan.exercise and not plan.seal.leaks(phrase.text)
        ]
    lines = built(plan.step.level, prepared.turn.query.language, evidence, words, plan.seal, again=plan.again)
    return [_released(line) for line in lines]


def _released(line: Line) -> Released:
    if line.evidence is None:
        return Released(line.text + "\n")
    return Released(f"{line.text}[{line.evidence.marker}]\n", (_citation(line.text, line.evidence),))


def _citation(sentence: str, item: Evidence) -> Citation:
    chunk, focus = item.chunk, item.moment.focus
    return Citation(
        item.marker,
        sentence,
        chunk.id,
        chunk.course_id,
        chunk.lesson_id,
        chunk.lesson_title,
        focus.locator,
        focus.text,
        1.0,
        item.moment.hit.build_id,
    )


def _solved(plan: HintPlan, language: str) -> list[Released]:
    """The learner has said it: now the course may."""
    if not plan.evidence:
        return [Released(_SOLVED_BARE.get(language, _SOLVED_BARE["en"]))]
    item = plan.evidence[0]
    text = item.moment.focus.text
    heading = _SOLVED.get(language, _SOLVED["en"])
    return [Released(heading), Released(f"{text}[{item.marker}]", (_citation(text, item),))]
