"""Artefacts worded by a model: it writes and names sentences by number, and code checks both.

A lesson is sent in parts (map); the parts' entries stand one after the other (reduce), so neither its middle
nor its times can get lost: a number leads to a sentence of the index, and only from there to a second.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TypeVar

from baize.answering.cite import CitedSentence
from baize.answering.verify import VerifyOptions, verify
from baize.domain.artefact import GlossaryTerm, KeyPoint, Prepared, QuizItem, SummaryLine
from baize.domain.chat import ChatEvent, TextDelta, Usage
from baize.domain.cost import PriceList
from baize.domain.course import Course
from baize.domain.locator import Locator, TimeSpan, locator_key
from baize.domain.search import Evidence, Hit, Moment
from baize.domain.text import Chunk
from baize.errors import UpstreamBusy
from baize.ports import ChatModel, Clock, Embedder, StepRunner, TokenCounter
from baize.prompting import PromptLibrary
from baize.retrieval.define import mentions
from baize.retrieval.lines import addresses_a_machine
from baize.retrieval.terms import normalise
from ingest.prepare.reply import E, Entries, ItemEntry, LineEntry, TermEntry, Unusable, read_reply
from ingest.prepare.text import LessonText
from ingest.report import Writing
from ingest.stages import digest

log = logging.getLogger("baize.ingest")

_TASKS = ("summary", "key_points", "glossary", "quiz")
_COURSE_TASKS = ("course_summary",)
"""Not part of a lesson's build: what they make is of the course."""
_LANGUAGE_NAMES = {"zh": "Simplified Chinese (简体中文)", "en": "English"}
_LINES, _POINTS, _TERMS, _ITEMS = 10, 6, 10, 6
"""Entries that are asked for, for a whole lesson; each part is asked for its share."""
_COVERED = 0.9
"""Share of the tenths of a lesson that its summary must speak of; else its own lines fill the gaps."""

_Line = TypeVar("_Line", SummaryLine, KeyPoint)


@dataclass(frozen=True, slots=True)
class WriterOptions:
    """
    Attributes:
        part_tokens: of a lesson's sentences in one prompt.
        off_peak_only: the model is asked only outside peak hours.
    """

    part_tokens: int = 6000
    off_peak_only: bool = True
    verify: VerifyOptions = field(default_factory=VerifyOptions)


@dataclass(frozen=True, slots=True)
class Part:
    """A run of chapters that fits into one prompt, and its share of the lesson."""

    numbers: range
    share: float


class Writer:
    """Words summaries, key points, glossaries and quizzes with a chat model.

    Attributes:
        usage: tokens of all calls so far; `n_calls`: how many there were.
        n_written: lessons that were worded; `n_waiting`: those that could not be.
        courses: ids of the courses of the worded lessons.
    """

    def __init__(
        self,
        chat: ChatModel,
        prompts: PromptLibrary,
        embedder: Embedder,
        counter: TokenCounter,
        clock: Clock,
        *,
        prices: PriceList,
        options: WriterOptions,
    ) -> None:
        self._chat = chat
        self._prompts = {task: prompts.get(task) for task in _TASKS}
        self._asked = self._prompts | {task: prompts.get(task) for task in _COURSE_TASKS}
        self._embedder = embedder
        self.counter = counter
        self._clock = clock
        self._prices = prices
        self.options = options
        self.usage = Usage()
        self.n_calls = self.n_written = self.n_waiting = 0
        self.courses: set[str] = set()

    @property
    def model(self) -> str:
        """Name of the chat model."""
        return self._chat.name

    @staticmethod
    def language_name(language: str) -> str:
        """As prompts call it."""
        return _LANGUAGE_NAMES.get(language, language)

    @property
    def digest(self) -> str:
        """Of everything that its words depend on."""
        labels = (prompt.label for prompt in self._prompts.values())
        return digest(self._chat.name, str(self.options.part_tokens), *labels)

    def may_write(self) -> bool:
        """Whether this is an hour for it."""
        return not (self.options.off_peak_only and self._prices.is_peak(self._clock.now()))

    def report(self) -> Writing:
        """What was done so far, and what it cost at the prices of this hour."""
        cost = self._prices.cost(self._chat.name, self.usage, self._clock.now())
        return Writing(
            self.n_calls,
            self.n_written,
            self.n_waiting,
            self.usage.prompt_tokens,
            self.usage.cache_hit_tokens,
            self.usage.completion_tokens,
            round(cost, 6) if cost is not None else None,
            self._prices.currency,
            len(self.courses),
        )

    async def write(
        self, course: Course, text: LessonText, extracted: Prepared, steps: StepRunner
    ) -> Prepared:
        """The lesson's artefacts in the model's words; what it says without proof is left out.

        What its words leave open is filled with the lesson's own sentences, each under its own `origin`.

        Raises:
            UpstreamFailed: the model cannot be used, or gave no usable reply twice.
        """
        session = _Session(self, course, text, steps)
        summary: list[SummaryLine] = []
        points: list[KeyPoint] = []
        terms: list[GlossaryTerm] = []
        items: list[QuizItem] = []
        for part in parts(text, self.counter, self.options.part_tokens):
            # One after the other: the second prompt finds the sentences of the first in the prefix cache.
            summary += await session.lines("summary", part, _LINES, SummaryLine)
            points += await session.lines("key_points", part, _POINTS, KeyPoint)
            terms += await session.terms(part)
            items += await session.items(part)
        self.n_written += 1
        self.courses.add(course.id)
        return replace(
            extracted,
            summary=_filled(text, summary, extracted.summary),
            key_points=_in_order(points) or extracted.key_points,
            glossary=_united(terms, extracted.glossary),
            quiz=tuple(items) or extracted.quiz,
            model=self._chat.name,
            prompts=tuple(prompt.label for prompt in self._prompts.values()),
            dropped=session.n_dropped,
        )

    async def ask(
        self, task: str, values: dict[str, str], key: str, kind: type[E], steps: StepRunner
    ) -> Entries[E]:
        """Entries of one task for one part; asked once, then remembered.

        Raises:
            UpstreamFailed: the model cannot be used, or gave no usable reply twice.
        """
        prompt = self._asked[task]
        messages = prompt.render(values)
        identity = digest(self._chat.name, prompt.label, *(message.content for message in messages))

        async def usable() -> str:
            for sampling in (prompt.sampling, replace(prompt.sampling, json=False)):
                reply = await self._reply(self._chat.stream(messages, sampling))
                try:
                    read_reply(reply, key, kind)
                except Unusable as fault:
                    log.warning("%s: %s; asked again without JSON mode", prompt.label, fault)
                else:
                    return reply
            raise UpstreamBusy(
                f"{self._chat.name} gave no usable {task}, twice.", remedy="Ingest the course again later."
            )

        return read_reply(await steps("write", identity, str, usable), key, kind)

    async def verified(self, said: str, text: LessonText, ids: Sequence[int]) -> tuple[Locator, ...]:
        """Places of the cited sentences that bear what is said; empty when they do not, or do not exist."""
        bearing = await self.bearing(said, text, ids)
        return tuple(dict.fromkeys(text.sentences[number].locator for number in bearing))

    async def bearing(self, said: str, text: LessonText, ids: Sequence[int]) -> list[int]:
        """Numbers of the cited sentences that bear what is said, in order."""
        known = [number for number in dict.fromkeys(ids) if 0 <= number < len(text.sentences)]
        evidence = tuple(_evidence(text, number) for number in sorted(known))
        verdict = await verify(CitedSentence("", said, evidence, 0), self._embedder, self.options.verify)
        return sorted({int(citation.chunk_id) for citation in verdict.citations})

    async def _reply(self, stream: AsyncGenerator[ChatEvent]) -> str:
        said: list[str] = []
        self.n_calls += 1
        async with aclosing(stream) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    said.append(event.text)
                elif isinstance(event, Usage):
                    self.usage = _sum(self.usage, event)
        return "".join(said)


class _Session:
    """One lesson: its prompts, and how many entries were dropped."""

    def __init__(self, writer: Writer, course: Course, text: LessonText, steps: StepRunner) -> None:
        self._writer = writer
        self._course = course
        self._text = text
        self._steps = steps
        self.n_dropped = 0

    async def lines(self, task: str, part: Part, n: int, make: Callable[..., _Line]) -> list[_Line]:
        """Verified lines of a summary, or key points."""
        made: list[_Line] = []
        for entry in await self._entries(task, part, n, "lines", LineEntry):
            places = await self._writer.verified(entry.text, self._text, self._inside(part, entry.ids))
            if places:
                made.append(make(entry.text, self._text.lesson_id, places, "model"))
        self.n_dropped -= len(made)
        return made

    async def terms(self, part: Part) -> list[GlossaryTerm]:
        """Terms that stand in the lesson, with verified explanations."""
        made: list[GlossaryTerm] = []
        for entry in await self._entries("glossary", part, _TERMS, "terms", TermEntry):
            ids = self._inside(part, entry.ids)
            said = f"{entry.term}: {entry.explanation}"
            used = any(mentions(self._text.folded[number], normalise(entry.term)) for number in ids)
            places = await self._writer.verified(said, self._text, ids) if used else ()
            if places:
                made.append(
                    GlossaryTerm(entry.term, entry.explanation, self._text.lesson_id, places, True, "model")
                )
        self.n_dropped -= len(made)
        return made

    async def items(self, part: Part) -> list[QuizItem]:
        """Questions whose right option, and no other, the cited sentences give."""
        made: list[QuizItem] = []
        for entry in await self._entries("quiz", part, _ITEMS, "items", ItemEntry):
            item = await self._item(entry, self._inside(part, entry.ids))
            if item is not None:
                made.append(item)
        self.n_dropped -= len(made)
        return made

    async def _item(self, entry: ItemEntry, ids: list[int]) -> QuizItem | None:
        options = list(dict.fromkeys(entry.options))
        if len(options) != len(entry.options) or entry.answer >= len(options):
            return None
        answer = options[entry.answer]
        if normalise(answer) in normalise(entry.question):
            return None
        places = await self._writer.verified(f"{entry.question} {answer}", self._text, ids)
        if not places or not await self._writer.verified(answer, self._text, ids):
            return None
        quote = " ".join(self._text.texts[number] for number in ids)
        lesson_id = self._text.lesson_id
        identity = hashlib.sha256(
            "\0".join((lesson_id, *map(locator_key, places), entry.question)).encode()
        ).hexdigest()[:10]
        return QuizItem(
            f"{lesson_id}~{identity}",
            "choice",
            entry.question,
            tuple(options),
            entry.answer,
            lesson_id,
            places,
            quote,
            "model",
        )

    async def _entries(self, task: str, part: Part, n: int, key: str, kind: type[E]) -> tuple[E, ...]:
        """What the model gave; all of it counts as dropped until it is verified."""
        found = await self._writer.ask(task, self._values(part, n), key, kind, self._steps)
        self.n_dropped += found.n_wrong + len(found.entries)
        return found.entries

    def _values(self, part: Part, n: int) -> dict[str, str]:
        return {
            "course_card": course_card(self._course),
            "lesson_title": _fenced(self._text.title),
            "sentences": numbered(self._text, part),
            "language": self._writer.language_name(self._text.language),
            "n": str(max(1, round(n * part.share))),
        }

    def _inside(self, part: Part, ids: Sequence[int]) -> list[int]:
        """Numbers of sentences that the model was given: the closed list. It counts from 1."""
        return [
            number - 1
            for number in ids
            if number - 1 in part.numbers and not addresses_a_machine(self._text.texts[number - 1])
        ]


def numbered(text: LessonText, part: Part) -> str:
    """Its sentences as the model is given them, by number from 1; none that speaks to a machine."""
    return "\n".join(
        f"[{number + 1}] {_fenced(text.texts[number])}"
        for number in part.numbers
        if not addresses_a_machine(text.texts[number])
    )


def parts(text: LessonText, counter: TokenCounter, part_tokens: int) -> list[Part]:
    """Chapters together while they fit; a chapter that does not fit is cut between sentences."""
    costs = [counter.count(said) + 5 for said in text.texts]
    parts: list[range] = []
    for chapter in text.chapters:
        for number in chapter:
            run = parts[-1] if parts else range(0)
            fits = parts and sum(costs[run.start : number + 1]) <= part_tokens
            starts = number == chapter.start
            whole = sum(costs[run.start : chapter.stop]) <= part_tokens if starts and parts else True
            if fits and whole:
                parts[-1] = range(run.start, number + 1)
            else:
                parts.append(range(number, number + 1))
    total = max(sum(costs), 1)
    return [Part(numbers, sum(costs[numbers.start : numbers.stop]) / total) for numbers in parts]


def _filled(
    text: LessonText, written: Sequence[SummaryLine], own: Sequence[SummaryLine]
) -> tuple[SummaryLine, ...]:
    """The model's lines; where they leave tenths of the lesson out, the lesson's own lines of these."""
    tenths = text.tenths(min(10, max(1, len(own))))
    number_of = {locator_key(sentence.locator): n for n, sentence in enumerate(text.sentences)}

    def covers(line: SummaryLine, tenth: range) -> bool:
        return any(number_of.get(locator_key(locator), -1) in tenth for locator in line.locators)

    missing = [tenth for tenth in tenths if not any(covers(line, tenth) for line in written)]
    if written and len(missing) <= (1 - _COVERED) * len(tenths):
        return _in_order(written)
    return _in_order([*written, *(line for line in own if any(covers(line, tenth) for tenth in missing))])


def _in_order(lines: Sequence[_Line]) -> tuple[_Line, ...]:
    def start(line: _Line) -> float:
        locator = line.locators[0]
        return locator.start if isinstance(locator, TimeSpan) else 0.0

    return tuple(sorted(lines, key=start))


def _united(written: Sequence[GlossaryTerm], own: Sequence[GlossaryTerm]) -> tuple[GlossaryTerm, ...]:
    """The model's terms, each once, then the lesson's own that it left out."""
    found: dict[str, GlossaryTerm] = {}
    for term in (*written, *own):
        found.setdefault(normalise(term.term), term)
    return tuple(found.values())


def _evidence(text: LessonText, number: int) -> Evidence:
    """One sentence as a passage that can be cited; its marker is the number that the model was given."""
    sentence = text.sentences[number]
    chunk = Chunk(
        str(number),
        "",
        "",
        text.lesson_id,
        text.title,
        "",
        text.language,
        (),
        sentence.text,
        (sentence,),
        sentence.locator,
        number,
    )
    return Evidence(number + 1, Moment(Hit(chunk, 1, 1.0, "prepared"), sentence))


def course_card(course: Course) -> str:
    """Byte-stable for a course: it stands in the prefix of all its prompts."""
    lines = [f"Course: {_fenced(course.title)}"]
    if course.glossary:
        lines.append(f"Terms: {_fenced(', '.join(course.glossary))}")
    return "\n".join(lines)


def _fenced(text: str) -> str:
    """On one line, and nothing in it that could close the fence."""
    return " ".join(text.split()).replace("<", "‹")


def _sum(a: Usage, b: Usage) -> Usage:
    return Usage(
        a.prompt_tokens + b.prompt_tokens,
        a.cache_hit_tokens + b.cache_hit_tokens,
        a.completion_tokens + b.completion_tokens,
        a.reasoning_tokens + b.reasoning_tokens,
        b.model or a.model,
        b.finish_reason,
    )
