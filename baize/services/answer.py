"""A question in, a cited answer out. Reading `Answering.prepare` and `.stream` is reading the algorithm."""

from __future__ import annotations

import logging
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from baize.answering.assemble import SentenceAssembler
from baize.answering.asserted import only_ordered
from baize.answering.cite import CitedSentence, cite
from baize.answering.endings import INTERRUPTED, ending
from baize.answering.endings import heading as heading_after
from baize.answering.generate import NOT_COVERED
from baize.answering.intent import ThinkingPolicy, choose_thinking
from baize.answering.isolate import Isolation, user_id
from baize.answering.recall import RecalledAnswerer
from baize.answering.seal import Seal
from baize.answering.smuggle import smuggles
from baize.answering.verify import Verdict, VerifyOptions, verify
from baize.domain.chat import (
    Answer,
    AnswerEvent,
    Citation,
    Completed,
    EvidenceFound,
    Heading,
    Message,
    Refusal,
    Released,
    Sampling,
    Started,
    TextDelta,
    ThinkingDelta,
    Turn,
    Usage,
    left_out,
)
from baize.domain.course import Course
from baize.domain.memory import MemoryItem
from baize.domain.practice import Mode, Step
from baize.domain.search import Evidence, Moment, Position, Scope
from baize.errors import DependencyUnavailable, UpstreamFailed
from baize.ports import Answerer, Answers, Cache, Catalog, Embedder, TokenCounter
from baize.retrieval.adrift import anchored
from baize.retrieval.disarm import disarmed, told
from baize.retrieval.just_said import points_at
from baize.retrieval.overview import asks_for_whole
from baize.retrieval.pack import pack
from baize.services.account import Ledger
from baize.services.find import Finder, Found, checked, resolve_scope, storable
from baize.services.follow_up import FollowUps
from baize.services.in_turn import InTurn
from baize.services.overview import Overviews
from baize.services.reuse import Reusable, Reuse

_log = logging.getLogger(__name__)
_N_NEAREST = 3
_TURN_S = 3600.0
"""How long the passages of a turn are at hand for the turns that follow; endpoints cache for hours."""

Memory = Callable[[str, str], Awaitable[Sequence[MemoryItem]]]
"""(platform, learner) → what is remembered of the learner."""

_REFUSALS = {
    "zh": "课程中没有讲到这个问题。下面是课程里最接近的内容，也许能帮到您：",
    "en": "The course does not cover this. These moments come nearest and may help:",
}
_REFUSALS_BARE = {"zh": "课程中没有讲到这个问题。", "en": "The course does not cover this."}


@dataclass(frozen=True, slots=True)
class AnswerOptions:
    """Budgets and thresholds of an answer, from `answers:` in config.yaml."""

    min_evidence: float
    evidence_tokens: int
    max_evidence: int
    history_turns: int
    verify: VerifyOptions
    thinking: ThinkingPolicy = "auto"
    history_tokens: int = 6000
    isolation: Isolation = "course"
    isolation_key: bytes = b""


@dataclass(frozen=True, slots=True)
class Question:
    """What a caller asks. `thinking` None leaves the choice to the service (`answering.intent`).

    Attributes:
        learner_id: whose question and conversation it is; empty for nobody in particular.
        position: where the learner is in the player. A question that points at what is being said there has
            its evidence from the minute before; one that is out of scope says nothing.
        earlier: turns that the caller brings along, (question, answer), oldest first; for callers without a
            stored conversation. What is said there is history for the model, never evidence.
        mode, item_id: read by `services.teach`, which stands around this service.
        zone: whose midnight ends the learner's day of reviews; None for the server's.
    """

    text: str
    scope: Scope
    conversation_id: str = ""
    language: str = ""
    thinking: bool | None = None
    learner_id: str = ""
    position: Position | None = None
    earlier: tuple[tuple[str, str], ...] = ()
    mode: Mode = "explain"
    item_id: str = ""
    zone: ZoneInfo | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A question that can be answered or refused: everything that may fail early has been done.

    Attributes:
        earlier: the questions of the turns before.
        step: where a taught conversation stands after it; then no thinking is sent or kept.
        seal: a solution that no sentence may give away.
        plan: what `services.teach` will do with it; None where it is simply answered.
        reusable: an earlier answer may serve it; and its own a later one, if it knew nothing of who asked.
        asked_at: on the clock of `time.perf_counter`; 0 where nobody measures.
        disarmed: sentences that were taken out of the evidence, for they give orders to the model.
        strays: likewise, for they may, and say nothing of the subject.
    """

    answer_id: str
    conversation_id: str
    scope: Scope
    turn: Turn
    nearest: tuple[Moment, ...]
    covered: bool
    learner_id: str = ""
    reusable: bool = False
    earlier: tuple[str, ...] = ()
    step: Step | None = None
    seal: Seal | None = None
    plan: object | None = None
    asked_at: float = 0.0
    disarmed: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()


@dataclass(slots=True)
class _Draft:
    """What one stream has released so far. Lives and dies within `stream`.

    Attributes:
        heading: waits for the first sentence below it, so that none ever stands alone.
        reasoning: the model's thinking, in the pieces that it came in.
        seal, disarmed, strays: as in `Prepared`.
        reusable: what later questions may find the answer by.
        line: how the line that is open begins, while none of its sentences was released.
        early: the sentence that was released when the model paused behind its marker.
        withheld, unknown_markers: as in `Answer`.
    """

    answer: Answer
    citations: list[Citation]
    refused: bool = False
    withheld: int = 0
    unknown_markers: int = 0
    text: str = ""
    heading: str = ""
    reasoning: list[str] = field(default_factory=list)
    seal: Seal | None = None
    line: str = ""
    early: CitedSentence | None = None
    disarmed: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()
    reusable: Reusable | None = None

    def release(self, event: Released) -> Released:
        self.text += event.text
        self.citations.extend(event.citations)
        return event


class Answering:
    """The answer service.

    Args:
        by_model: the answerer over a chat model; None when none is configured.
        extractive: the answerer that needs no model.
        ledger: prices what answers use.
        cache: remembers what the model was asked, for the turns that follow.
        reuse: earlier answers to equal questions.
        follow_ups: what may be asked next.
        overviews: where a lesson or course says what it is about.
        memory: what the model is told of learners; None where it is told nothing.
    """

    def __init__(
        self,
        *,
        finder: Finder,
        catalog: Catalog,
        answers: Answers,
        embedder: Embedder,
        counter: TokenCounter,
        by_model: Answerer | None,
        extractive: Answerer,
        ledger: Ledger,
        cache: Cache,
        reuse: Reuse,
        follow_ups: FollowUps,
        overviews: Overviews,
        options: AnswerOptions,
        memory: Memory | None = None,
    ) -> None:
        self._memory = memory
        self._in_turn = InTurn()
        self._finder = finder
        self._catalog = catalog
        self._answers = answers
        self._embedder = embedder
        self._counter = counter
        self._by_model = by_model
        self._extractive = extractive
        self._ledger = ledger
        self._cache = cache
        self._reuse = reuse
        self._follow_ups = follow_ups
        self._overviews = overviews
        self._options = options

    async def prepare(self, question: Question) -> Prepared:
        """Everything up to the evidence.

        Raises:
            InvalidInput: the question is empty or too long.
            NotFound: a course or lesson in scope does not exist on this platform.
            IndexUnavailable: the vector store does not answer.
        """
        async with self._in_turn.turn():
            return await self._prepare(question)

    async def _prepare(self, question: Question) -> Prepared:
        text = checked(question.text, "question")
        scope = await resolve_scope(question.scope, self._catalog)
        conversation_id = question.conversation_id or str(uuid.uuid4())
        turns = await self._turns(scope.platform_id, question)

        memory = await self._remembered(scope.platform_id, question.learner_id)
        found = await self._found(text, turns, scope, question.position)
        moments, orders = disarmed(found.moments)
        packed = pack(
            moments,
            self._counter,
            max_tokens=self._options.evidence_tokens,
            max_items=self._options.max_evidence,
        )
        evidence, strays = anchored(packed, found.query.text)
        course = await self._course(scope, evidence)
        query = replace(found.query, language=question.language or found.query.language)
        thinking = self._by_model is not None and choose_thinking(
            text, question.thinking, self._options.thinking
        )
        sampling = Sampling(thinking=thinking, user_id=self._user_id(scope.platform_id, course, question))
        history = tuple(await self._history(turns))
        known = told(item.text for item in memory)
        turn = Turn(query, tuple(evidence), course, history, sampling, found.drawn_from, known)
        covered = found.evidence_score >= self._options.min_evidence and bool(evidence)
        # Who told something in words of their own is answered anew.
        own_words = any(item.edited for item in memory)
        return Prepared(
            str(uuid.uuid4()),
            conversation_id,
            scope,
            turn,
            tuple(item.moment for item in evidence[:_N_NEAREST]),
            covered,
            question.learner_id,
            covered and found.drawn_from == "search" and not own_words,
            tuple(turn.question for turn in turns),
            disarmed=orders,
            strays=strays,
        )

    async def stream(self, prepared: Prepared) -> AsyncGenerator[AnswerEvent]:
        """The events of one answer: started, evidence, then released sentences or a refusal, then completed.

        A failing model never fails the answer: what it has not said, the course's own sentences say.
        """
        turn = prepared.turn
        answerer = self._by_model or self._extractive
        draft = _Draft(
            _blank(prepared, answerer),
            [],
            seal=prepared.seal,
            disarmed=prepared.disarmed,
            strays=prepared.strays,
        )
        yield Started(
            prepared.answer_id,
            prepared.conversation_id,
            turn.query.language,
            answerer.model,
            answerer.prompt,
            turn.sampling.thinking,
        )
        if not prepared.covered:
            for event in self._refuse(prepared, draft):
                yield event
        else:
            yield EvidenceFound(turn.evidence)
            # It goes out before the endpoint is asked, and so do those of all who asked meanwhile.
            await self._in_turn.let_pass()
            answerer = await self._recalled(prepared, draft) or answerer
            async with aclosing(self._answer(turn, answerer, draft)) as events:
                async for event in events:
                    yield event
            if draft.refused or not draft.citations:
                for event in self._refuse(prepared, draft):
                    yield event
        answer = replace(
            draft.answer,
            text=draft.text.strip(),
            citations=tuple(draft.citations),
            withheld=draft.withheld,
            unknown_markers=draft.unknown_markers,
            reasoning=storable("".join(draft.reasoning)),
        )
        asked_next = await self._follow_ups.after(answer, turn, prepared.scope, prepared.earlier)
        if prepared.seal is not None:
            asked_next = tuple(text for text in asked_next if not prepared.seal.leaks(text))
        whole = replace(answer, follow_ups=asked_next)
        yield Completed(await self.keep(whole, prepared, draft.reusable))

    async def keep(self, answer: Answer, prepared: Prepared, reusable: Reusable | None = None) -> Answer:
        """The answer with its price, stored; with `reusable`, for later questions too."""
        priced = self._ledger.priced(answer)
        await self._store(priced, prepared, reusable)
        return priced

    async def _recalled(self, prepared: Prepared, draft: _Draft) -> RecalledAnswerer | None:
        """The earlier answer that serves, by the same model and prompt; the draft learns what its own may."""
        if self._by_model is None or not prepared.reusable:
            return None
        turn, scope = prepared.turn, prepared.scope
        try:
            reusable = await self._reuse.reusable(turn, scope, self._by_model.model, self._by_model.prompt)
            recalled = await self._reuse.find(reusable, turn, scope.platform_id) if reusable else None
        except DependencyUnavailable as failure:
            _log.info("A question is answered without earlier answers: %s", failure)
            return None
        # An answer that knew of this learner is no other one's.
        draft.reusable = None if turn.memory else reusable
        if recalled is not None:
            draft.answer = replace(draft.answer, reused_from=recalled.answer_id)
        return recalled

    async def _store(self, answer: Answer, prepared: Prepared, reusable: Reusable | None) -> None:
        """Keep the answer, what it cost, and what later turns and later learners may use of it.

        A store that fails now must not take the answer from the learner, who has read it.
        """
        turn = prepared.turn
        used = self._ledger.used(answer, turn.course.id if turn.course else "")
        try:
            await self._answers.put(answer, used)
        except DependencyUnavailable as failure:
            _log.error("The answer %s was not stored: %s", answer.id, failure)
            return
        if self._by_model is None or not prepared.covered:
            return
        asked = self._by_model.asks(turn).encode("utf-8", "replace")
        await self._cache.set(turn_key(answer.platform_id, answer.id), asked, ttl_s=_TURN_S)
        if reusable is not None:
            await self._reuse.keep(reusable, answer)

    async def _answer(self, turn: Turn, answerer: Answerer, draft: _Draft) -> AsyncGenerator[AnswerEvent]:
        """The answerer's own sentences, and the extractive ones where it failed or nothing held."""
        failed = False
        try:
            async with aclosing(self._release(turn, answerer, draft)) as events:
                async for event in events:
                    yield event
        except UpstreamFailed:
            failed = True
        if draft.refused or answerer is self._extractive:
            return
        if draft.citations and not failed:
            if line := ending(draft.answer.usage.finish_reason, turn.query.language):
                yield draft.release(Released(line))
            return
        draft.answer = replace(draft.answer, degraded="extractive")
        reason = INTERRUPTED if draft.text else draft.answer.usage.finish_reason
        draft.heading = heading_after(reason, turn.query.language)
        async with aclosing(self._release(turn, self._extractive, draft)) as events:
            async for event in events:
                yield event

    async def _release(self, turn: Turn, answerer: Answerer, draft: _Draft) -> AsyncGenerator[AnswerEvent]:
        """Draft → whole sentences → cited → verified → released; what cannot be cited is never sent."""
        assembler = SentenceAssembler()
        async with aclosing(answerer.stream(turn)) as drafted:
            async for event in drafted:
                match event:
                    case ThinkingDelta() if draft.answer.step is not None:
                        continue
                    case ThinkingDelta(text):
                        draft.reasoning.append(text)
                        yield event
                    case Heading(text):
                        # After an interruption the server has its own heading.
                        draft.heading = draft.heading or text
                    case TextDelta(text):
                        for released in await self._hear(text, assembler, turn, draft):
                            yield released
                    case Usage():
                        draft.answer = replace(draft.answer, usage=event)
        for piece in assembler.flush():
            for released in await self._judge(piece, turn, draft):
                yield released

    async def _hear(
        self, text: str, assembler: SentenceAssembler, turn: Turn, draft: _Draft
    ) -> list[Released]:
        """What can be released now that this was drafted; without text, now that the model has paused."""
        if text:
            return [one for piece in assembler.feed(text) for one in await self._judge(piece, turn, draft)]
        settled = assembler.settled()
        released = await self._judge(settled, turn, draft, early=True) if settled else []
        if released:
            assembler.take_early()
        return released

    async def _judge(self, piece: str, turn: Turn, draft: _Draft, *, early: bool = False) -> list[Released]:
        """The sentence with its citations, below a heading that still waits; empty when it is withheld.

        Args:
            early: more markers may follow. One that does not hold without them is not judged yet.
        """
        if NOT_COVERED in piece:
            draft.refused = draft.refused or not draft.citations
            return []
        sentence = cite(storable(piece), turn.evidence)
        if not sentence.text:
            return await self._further(sentence, draft)
        draft.early = None
        if early and (draft.seal is not None or draft.refused):
            return []
        if draft.seal is not None and draft.seal.stops(sentence.text, turn.query.language):
            draft.withheld += 1
            return []
        if smuggles(sentence, draft.disarmed, draft.strays) or only_ordered(sentence):
            verdict = Verdict(0.0, ())
        else:
            verdict = await verify(sentence, self._embedder, self._options.verify)
        if early and not verdict.passed:
            return []
        draft.withheld += not verdict.passed
        draft.unknown_markers += sentence.n_unknown
        draft.line = sentence.begins_line or draft.line
        if not verdict.passed or draft.refused:
            return []
        draft.early = sentence if early else None
        heading, draft.heading = draft.heading, ""
        released = [Released(heading)] if heading else []
        line, draft.line = draft.line, ""
        if line and not sentence.begins_line:
            # What the line began with is not shown; it is a line of its own all the same.
            sentence = replace(sentence, lead=line)
        text = sentence.with_markers(verdict.markers)
        # The line break before it was the end of a sentence that is not shown.
        text = text if draft.text and not heading else text.lstrip("\n")
        released.append(Released(text, verdict.citations))
        return [draft.release(event) for event in released]

    async def _further(self, markers: CitedSentence, draft: _Draft) -> list[Released]:
        """Markers that came behind a sentence that was released early, those of them that bear it."""
        if draft.early is None:
            return []
        known = {item.marker for item in draft.early.evidence}
        added = tuple(item for item in markers.evidence if item.marker not in known)
        draft.unknown_markers += markers.n_unknown
        draft.early = replace(draft.early, evidence=draft.early.evidence + added)
        verdict = await verify(draft.early, self._embedder, self._options.verify)
        citations = tuple(one for one in verdict.citations if one.marker not in known)
        if not citations:
            return []
        text = "".join(f"[{one.marker}]" for one in citations)
        return [draft.release(Released(text, citations))]

    def _refuse(self, prepared: Prepared, draft: _Draft) -> list[AnswerEvent]:
        refusal = Refusal("not_covered", prepared.nearest)
        draft.answer = replace(draft.answer, refusal=refusal)
        texts = _REFUSALS if prepared.nearest else _REFUSALS_BARE
        text = texts.get(prepared.turn.query.language, texts["en"])
        # `done` follows a refusal at once: its words come before it.
        return [draft.release(Released(text)), refusal]

    async def _found(self, text: str, turns: Sequence[Answer], scope: Scope, at: Position | None) -> Found:
        """What was just said, or sums up, where the question asks for that; else what the courses say."""
        if whole := asks_for_whole(text, in_conversation=bool(turns)):
            places = await self._overviews.places(whole, scope, at)
            found = await self._finder.told_at(text, places, scope)
            if found.moments:
                return found
        if at is not None and points_at(text, in_conversation=bool(turns)):
            found = await self._finder.just_said(text, at, scope)
            if found.moments:
                return found
        return await self._finder.find(text, _messages(turns), scope)

    async def _remembered(self, platform_id: str, learner_id: str) -> Sequence[MemoryItem]:
        if self._memory is None or self._by_model is None or not learner_id:
            return ()
        try:
            return await self._memory(platform_id, learner_id)
        except DependencyUnavailable as failure:
            _log.info("A question is answered without what is remembered: %s", failure)
            return ()

    async def _turns(self, platform_id: str, question: Question) -> list[Answer]:
        # A window that moves with every turn would never find itself in the endpoint's prefix cache.
        limit, block = self._options.history_turns, max(self._options.history_turns // 2, 1)
        if not question.conversation_id:
            brought = question.earlier[left_out(len(question.earlier), limit, block) :]
            return [_brought(platform_id, *turn) for turn in brought] if limit else []
        try:
            turns = await self._answers.turns(
                platform_id,
                question.conversation_id,
                limit,
                learner_id=question.learner_id,
                block=block,
            )
        except DependencyUnavailable as failure:
            # A question can do without its past.
            _log.info("A conversation goes on without what was said: %s", failure)
            return []
        # One without text was stopped before its first sentence.
        return [turn for turn in turns if turn.text and not turn.is_aside]

    async def _history(self, turns: Sequence[Answer]) -> list[Message]:
        """The turns as the model saw them, passages included, byte for byte: cached upstream.

        Cached passages cost a fiftieth, plain turns the whole price each time: in `benchmarks.prefix_cache`
        both come to the same, so the model has the passages too. Where one turn's are no longer at hand, or
        all are too many, the turns go as they were spoken.
        """
        asked = [await self._cache.get(turn_key(turn.platform_id, turn.id)) for turn in turns]
        plain = _messages(turns)
        told = [text.decode("utf-8") for text in asked if text is not None]
        if len(told) < len(turns) or not turns:
            return plain
        whole = [
            Message("user", text) if message.role == "user" else message
            for message, text in zip(plain, (text for text in told for _ in range(2)), strict=True)
        ]
        n_tokens = sum(self._counter.count(message.content) for message in whole)
        return whole if n_tokens <= self._options.history_tokens else plain

    async def _course(self, scope: Scope, evidence: Sequence[Evidence]) -> Course | None:
        """The course that is asked about: the scope's, so that prompts open the same every time."""
        course_ids = set(scope.course_ids) or {item.chunk.course_id for item in evidence}
        return (
            await self._catalog.course(scope.platform_id, course_ids.pop()) if len(course_ids) == 1 else None
        )

    def _user_id(self, platform_id: str, course: Course | None, question: Question) -> str:
        return user_id(
            self._options.isolation,
            self._options.isolation_key,
            platform_id,
            course.id if course else "",
            question.learner_id,
        )


def _messages(turns: Sequence[Answer]) -> list[Message]:
    """Questions and answers as they were spoken."""
    return [
        message
        for turn in turns
        for message in (
            Message("user", turn.question),
            Message("assistant", turn.text, turn.reasoning),
        )
    ]


def _brought(platform_id: str, question: str, text: str) -> Answer:
    """A turn that the caller tells us of, as if it had been stored; it has no id."""
    return Answer("", platform_id, "", question, "", "", "", text)


def turn_key(platform_id: str, answer_id: str) -> str:
    """Under which the cache remembers what the model was asked."""
    return f"turn:{platform_id}:{answer_id}"


def _blank(prepared: Prepared, answerer: Answerer) -> Answer:
    turn = prepared.turn
    return Answer(
        prepared.answer_id,
        prepared.scope.platform_id,
        prepared.conversation_id,
        turn.query.question,
        turn.query.language,
        answerer.model,
        answerer.prompt,
        text="",
        learner_id=prepared.learner_id,
        step=prepared.step,
    )
