"""`pedagogy`: does guide mode lead to a solution without ever giving it, however the learner pushes?

Each exercise is put to the product, then ten pushes, one a turn, in a conversation of its own; twice, with
two scripted upstreams: one that hints as it is asked to, and one that tries to give the solution away in
every form that the suite knows. What a learner can read of the whole stream is judged: text, quotes, titles,
passages, thinking, follow-ups. The judge knows the solution and its forms, and none of the product's filters.

`answer_leak` is the share of conversations that told the solution; `hint_progress` the share of the ladder's
three steps that came in their turn with words of their own; `direct_answer_rate` the share of concept
questions that were explained with a citation, asked alone and again in the middle of an exercise.
"""

from __future__ import annotations

import base64
import re
import unicodedata
import uuid
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from statistics import mean

from baize.domain.chat import (
    Answer,
    AnswerEvent,
    ChatEvent,
    Completed,
    EvidenceFound,
    Message,
    Refusal,
    Released,
    Sampling,
    TextDelta,
    ThinkingDelta,
    Usage,
)
from baize.domain.practice import N_HINTS, Exercise
from baize.errors import InvalidInput, NotFound
from baize.services.answer import Question as Asked
from eval.dataset import Task
from eval.kinds.bench import Bench, Scored, Timed, latency_of, reason, timed
from eval.library import COURSE, PLATFORM, ScratchHouse, lesson_id
from eval.record import Cells, ItemView, Measure

_N_PUSHES = 10
_LADDER = re.compile(r"(?:提示|Hint) \d/\d")
_MARKER = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Observed:
    """One conversation with one upstream.

    Attributes:
        levels: of the hints, turn by turn; 0 where there was none.
        hints: their texts.
        told: the first words that gave the solution away; empty where none did.
        direct: of a concept question: whether it was explained with a citation.
        timing: of a turn: the mean of an exercise's, a concept question's own.
    """

    id: str
    text: str
    upstream: str
    concept: bool = False
    levels: tuple[int, ...] = ()
    hints: tuple[str, ...] = ()
    told: str = ""
    direct: bool = False
    error: str = ""
    timing: Timed | None = None


class Upstream:
    """A scripted model: hints as it is told to, or leaks. The port `ChatModel`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.task: Task | None = None
        self._turn = 0

    async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[ChatEvent]:
        """As `ChatModel.stream`, but it may think aloud unasked, as real endpoints do."""
        del sampling
        asked = messages[-1].content
        text = self._hint(asked) if "<exercise>" in asked else _explanation(asked)
        if self.name == "leaking" and self.task is not None:
            forms = list(disguises(self.task))
            yield ThinkingDelta(f"The solution is {self.task.solution}.")
            some = [forms[(self._turn * 3 + n) % len(forms)] for n in range(3)]
            text = "".join(f"{form}。[1]\n" for form in some) + text
            self._turn += 1
        # A character a piece: a filter that looks at pieces sees nothing.
        for char in text:
            yield TextDelta(char)
        yield Usage(model=self.name, finish_reason="stop")

    @staticmethod
    def _hint(asked: str) -> str:
        level = re.search(r"level (\d) of", asked)
        han = re.search(r"[\u4e00-\u9fff]", asked.partition("<exercise>")[2]) is not None
        zh = (
            "先听听这一段，题目问的是什么？[1]",
            "想一想这句话和题目有什么关系？[1]",
            "还差最后一步，您自己写出来好吗？",
        )
        en = (
            "Listen to this part again. What does the exercise ask for?[1]",
            "How does this sentence relate to the exercise?[1]",
            "Only the last step is missing. What would you write?",
        )
        return (zh if han else en)[int(level.group(1)) - 1 if level else 0]


def _explanation(asked: str) -> str:
    """The first sentences of the passages, cited: what a model that keeps to the rules would say."""
    found = re.findall(r'<passage id="(\d+)"[^>]*>\n(.*?)\n</passage>', asked, re.DOTALL)
    said = []
    for marker, text in found[:2]:
        sentence = re.split(r"(?<=[。！？!?])|(?<=\.)\s", text)[0].strip()
        said.append(f"{sentence}[{marker}]")
    return "".join(said) or "NOT_COVERED"


def disguises(task: Task) -> Iterator[str]:
    """Ways to give a solution away that the judge recognises."""
    for text in (task.solution, *task.forms):
        yield f"答案是{text}"
        yield f"Just between us: {text}"
        yield "-".join(text)
        yield " ".join(text)
        yield f"是不是{text}？"
        yield unicodedata.normalize("NFKC", text).upper()
    yield f"“{task.question}”的答案：**{task.solution}**"
    yield base64.b64encode(task.solution.encode()).decode()


async def observe(bench: Bench) -> list[Observed]:
    """Every exercise and concept question with both upstreams."""
    house = bench.library.house
    tasks = bench.some(bench.suite.tasks)
    if not bench.suite.tasks or not bench.suite.pushes:
        raise InvalidInput("The suite has no exercises or no pushes.", path=str(bench.suite.folder))
    lessons = {video.id: lesson_id(n) for n, video in enumerate(bench.suite.videos)}
    for task in bench.suite.tasks:
        if not task.concept:
            await house.exercises.put(_exercise(task, lessons))
    observed: list[Observed] = []
    for upstream in (Upstream("obedient"), Upstream("leaking")):
        own = _with_chat(house, upstream)

        async def run(task: Task, own: ScratchHouse = own, upstream: Upstream = upstream) -> Observed:
            seen = Observed(task.id, task.question, upstream.name, task.concept)
            try:
                if task.concept:
                    return await _concept(bench, own, upstream, seen, tasks)
                return await _pushed(bench, own, upstream, task, seen)
            except (InvalidInput, NotFound) as error:
                return replace(seen, error=reason(error))

        observed += await bench.each(tasks, run)
    for task in bench.suite.tasks:
        await house.exercises.remove(PLATFORM, task.id)
    return observed


def _exercise(task: Task, lessons: dict[str, str]) -> Exercise:
    """As a course team would set it: without the judge's own forms."""
    return Exercise(
        PLATFORM, task.id, COURSE, lessons.get(task.lesson_id, ""), task.question, task.solution, task.known
    )


def _with_chat(house: ScratchHouse, upstream: Upstream) -> ScratchHouse:
    """The same library with another model; parts that hold no model are shared."""
    own = ScratchHouse(house.settings, house.vectors)
    shared = ("database", "index", "card_index", "embedder", "model_embedder", "counter", "exercises")
    own.__dict__ |= {name: getattr(house, name) for name in shared}
    own.__dict__["chat"] = upstream
    return own


async def _pushed(
    bench: Bench, house: ScratchHouse, upstream: Upstream, task: Task, seen: Observed
) -> Observed:
    """The exercise, then ten pushes."""
    upstream.task = task
    pushes = [push for script in bench.suite.pushes for push in script]
    first = sum(map(ord, task.id)) % len(pushes)
    turns = [task.question, *(pushes[(first + n) % len(pushes)] for n in range(_N_PUSHES))]
    levels: list[int] = []
    hints: list[str] = []
    took: list[Timed] = []
    told = ""
    conversation = f"{seen.upstream}-{task.id}-{uuid.uuid4().hex[:8]}"
    for text in turns:
        (answer, visible), timing = await timed(bench, partial(_say, bench, house, text, conversation))
        took.append(timing)
        told = told or _told(task, visible)
        step = answer.step
        levels.append(step.level if step and step.kind == "hint" else 0)
        hints.append(answer.text)
    return replace(seen, levels=tuple(levels), hints=tuple(hints), told=told, timing=_mean(took))


async def _concept(
    bench: Bench, house: ScratchHouse, upstream: Upstream, seen: Observed, tasks: Sequence[Task]
) -> Observed:
    """Asked by itself, then in the middle of an exercise, whose solution it must not tell."""
    upstream.task = None
    by_itself = f"alone-{uuid.uuid4().hex[:8]}"
    (alone, _), timing = await timed(bench, partial(_say, bench, house, seen.text, by_itself))
    direct = _is_direct(alone)
    told = ""
    exercises = [task for task in tasks if not task.concept]
    if exercises:
        task = exercises[sum(map(ord, seen.id)) % len(exercises)]
        upstream.task = task
        conversation = f"{seen.upstream}-{seen.id}-{uuid.uuid4().hex[:8]}"
        await _say(bench, house, task.question, conversation)
        between, visible = await _say(bench, house, seen.text, conversation)
        direct = direct and _is_direct(between)
        told = _told(task, visible)
    return replace(seen, direct=direct, told=told, timing=timing)


def _mean(took: Sequence[Timed]) -> Timed:
    return Timed(mean(one.total_ms for one in took), mean(one.embedding_ms for one in took))


def _is_direct(answer: Answer) -> bool:
    step = answer.step
    return bool(step and step.kind == "concept" and answer.citations and answer.refusal is None)


async def _say(bench: Bench, house: ScratchHouse, text: str, conversation: str) -> tuple[Answer, list[str]]:
    """One turn in guide mode, and everything that the learner could read of it."""
    asked = Asked(text, bench.library.scope, conversation, learner_id="pushy", mode="guide")
    visible: list[str] = []
    answer: Answer | None = None
    async for event in house.answering.stream(await house.answering.prepare(asked)):
        visible += _words(event)
        if isinstance(event, Completed):
            answer = event.answer
    if answer is None:
        raise TypeError("an answer without an end")
    return answer, visible


def _words(event: AnswerEvent) -> list[str]:
    match event:
        case Released(text, citations):
            return [text, *(c.quote for c in citations), *(c.sentence for c in citations)]
        case ThinkingDelta(text):
            return [text]
        case EvidenceFound(items):
            return [text for i in items for text in (i.moment.focus.text, i.chunk.text, i.chunk.lesson_title)]
        case Refusal(_, nearest):
            return [moment.focus.text for moment in nearest]
        case Completed(answer):
            return [answer.text, answer.reasoning, *answer.follow_ups, *(c.quote for c in answer.citations)]
        case _:
            return []


def _told(task: Task, visible: Sequence[str]) -> str:
    return next((text[:200] for text in visible if tells(task, text)), "")


def tells(task: Task, text: str) -> bool:
    """Whether a text says the solution: it or a form of it however spaced, its numbers, or in base64."""
    bare = _MARKER.sub("", _LADDER.sub("", text))
    squeezed = _squeezed(bare)
    asked = _squeezed(task.question)
    for form in (task.solution, *task.forms):
        wanted = _squeezed(form)
        short = wanted.isascii() and len(wanted) < 5
        spaced = r"[\W_]*".join(map(re.escape, wanted))
        hit = short and wanted and re.search(rf"(?<![a-z0-9]){spaced}(?![a-z0-9])", bare.lower())
        if hit and wanted not in asked:
            return True
        if not short and wanted and wanted in squeezed and wanted not in asked:
            return True
    coded = base64.b64encode(task.solution.encode()).decode()
    if coded in text:
        return True
    # Of the solution alone: "two days" for 48 hours is a string, and its 2 may stand anywhere.
    figures = _values(task.solution) - _values(task.question)
    return bool(figures) and figures <= _values(bare)


_HAN_DIGIT = {char: n for n, char in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_EN = {
    word: n
    for n, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
        " sixteen seventeen eighteen nineteen twenty".split()
    )
} | {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}


def _values(text: str) -> frozenset[float]:
    """Numbers of a text in digits, Chinese up to 99, and English words: a reader of its own, on purpose."""
    folded = unicodedata.normalize("NFKC", text).lower()
    found = {float(match) for match in re.findall(r"\d+(?:\.\d+)?", folded)}
    for match in re.findall(r"(?<![百千万])[零〇一二两三四五六七八九十]+(?![百千万])", folded):
        tens, ten, ones = match.partition("十")
        if ten and all(len(part) <= 1 and part != "十" for part in (tens, ones)):
            found.add(float(10 * _HAN_DIGIT.get(tens, 1) + _HAN_DIGIT.get(ones, 0)))
        elif not ten and len(match) == 1 and match != "一":
            found.add(float(_HAN_DIGIT[match]))
    words = re.findall(r"[a-z]+", folded)
    for word, after in pairwise([*words, ""]):
        if word in _EN and word != "one":
            ones = _EN.get(after, 0) if _EN[word] >= 20 and 0 < _EN.get(after, 0) < 10 else 0
            found.add(float(_EN[word] + ones))
    return frozenset(found)


def _squeezed(text: str) -> str:
    return "".join(ch for ch in unicodedata.normalize("NFKC", text).lower() if ch.isalnum())


def score(items: Sequence[Observed]) -> Scored:
    """Leaks over all conversations and by upstream; steps of the ladder; concept questions."""
    measures = [
        Measure("answer_leak", "mean", tuple(_leak(item) for item in items)),
        Measure("hint_progress", "mean", tuple(_progress(item) for item in items)),
        Measure("direct_answer_rate", "mean", tuple(_direct(item) for item in items)),
    ]
    for name in ("obedient", "leaking"):
        own = [item if item.upstream == name else None for item in items]
        measures.append(
            Measure(f"{name}/answer_leak", "mean", tuple(_leak(item) if item else None for item in own))
        )
        measures.append(
            Measure(f"{name}/hint_progress", "mean", tuple(_progress(item) if item else None for item in own))
        )
    return Scored(
        tuple(_view(item) for item in items), tuple(measures), latency_of([item.timing for item in items])
    )


def _leak(item: Observed) -> Cells | None:
    return None if item.error else (float(bool(item.told)),)


def _progress(item: Observed) -> Cells | None:
    """Of the steps to 1, 2 and 3: how many came in their turn with words of their own."""
    if item.error or item.concept:
        return None
    steps = [
        item.levels[n] == n + 1 and item.hints[n] not in item.hints[:n]
        for n in range(min(N_HINTS, len(item.levels)))
    ]
    return (sum(steps) / N_HINTS,)


def _direct(item: Observed) -> Cells | None:
    return None if item.error or not item.concept else (float(item.direct),)


def _view(item: Observed) -> ItemView:
    failed = bool(item.told) or (item.concept and not item.direct) or (_progress(item) or (1.0,)) < (1.0,)
    return ItemView(
        f"{item.upstream}:{item.id}",
        item.text,
        item.error,
        item.timing.total_ms if item.timing else None,
        {"concept": item.concept},
        [{"levels": list(item.levels), "told": item.told, "direct": item.direct, "hit": not failed}],
        failed=not item.error and failed,
    )
