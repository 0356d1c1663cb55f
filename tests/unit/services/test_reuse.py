"""Earlier answers to equal questions, and the prompts of earlier turns."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest

from baize.adapters.cache_memory import MemoryCache
from baize.answering.recall import recalled
from baize.answering.reuse import asked as taken_apart
from baize.domain.chat import AnswerEvent, Completed, Message, Turn
from baize.domain.course import Lesson
from baize.domain.library import BuiltLesson
from baize.domain.search import Scope, UpTo, Vector
from baize.errors import UpstreamBusy
from baize.services.answer import Question
from baize.services.reuse import Policy, Reuse, ReuseOptions
from baize.testing.hash_embedder import HashEmbedder
from baize.testing.scripted_chat_model import Script, ScriptedChatModel
from tests.unit.services.world import PLATFORM, PRESSURE, World, make_world

pytestmark = pytest.mark.anyio

HEALTH = Scope(PLATFORM, course_ids=("health",))
QUESTION = "量血压之前要休息多久？"
PARAPHRASE = "请问量血压前需要休息多长时间？"
NEARLY = "量血压之前要歇息多久？"


def quoting(messages: Sequence[Message]) -> Script:
    """Says the first sentence of every passage that is about blood pressure, cited."""
    blocks = messages[-1].content.split('<passage id="')[1:]
    numbers = [block.partition('"')[0] for block in blocks if PRESSURE[0] in block]
    return [f"{PRESSURE[0]}[{number}]\n" for number in numbers]


@pytest.fixture
async def world() -> World:
    made = await make_world()
    made.reuse = "semantic"
    return made


async def ask(world: World, chat: ScriptedChatModel, text: str, **asked: object) -> list[AnswerEvent]:
    answering = world.answering(chat)
    prepared = await answering.prepare(Question(text, **({"scope": HEALTH} | asked)))  # type: ignore[arg-type]
    return [event async for event in answering.stream(prepared)]


def answer_of(events: list[AnswerEvent]) -> Completed:
    last = events[-1]
    assert isinstance(last, Completed)
    return last


async def test_the_same_question_in_other_words_is_answered_once(world: World) -> None:
    """The second answer has an id of its own, the same text and citations, costs nothing and says so."""
    chat = ScriptedChatModel(respond=quoting)
    first = answer_of(await ask(world, chat, QUESTION)).answer
    second = answer_of(await ask(world, chat, PARAPHRASE)).answer
    assert len(chat.asked) == 1
    assert second.reused_from == first.id != second.id
    assert second.question == PARAPHRASE
    assert [c.quote for c in second.citations] == [c.quote for c in first.citations]
    assert (second.cost, second.usage.prompt_tokens) == (0.0, 0)
    (used,) = await world.answers.usage_book.between(PLATFORM, "2000-01-01", "2100-01-01")
    assert (used.n_answers, used.n_reused) == (2, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "量血压之前不要休息多久？"},
        {"scope": Scope(PLATFORM, lesson_ids=("health.01",))},
        {"scope": Scope(PLATFORM)},
        {"thinking": True},
        {"language": "en"},
        {"conversation_id": "talk"},
        {"text": "那要休息多久？"},
    ],
)
async def test_what_differs_is_asked_anew(world: World, changes: dict[str, object]) -> None:
    """Another question, scope, mode of thinking or language, history, or a word that points back."""
    chat = ScriptedChatModel(respond=quoting)
    await ask(world, chat, QUESTION, conversation_id="talk")
    asked = {"text": QUESTION} | changes
    await ask(world, chat, str(asked.pop("text")), **asked)
    assert len(chat.asked) == 2


async def test_a_re_ingested_course_is_asked_anew(world: World) -> None:
    """A new build of any lesson of the course changes the index version."""
    chat = ScriptedChatModel(respond=quoting)
    await ask(world, chat, QUESTION)
    lesson = await world.catalog.lesson(PLATFORM, "health.02")
    assert isinstance(lesson, Lesson)
    await world.catalog.publish(BuiltLesson(replace(lesson, build_id="new"), ("zh",), 1, None))
    await ask(world, chat, QUESTION)
    assert len(chat.asked) == 2


async def test_only_the_very_same_settings_share_an_answer(world: World) -> None:
    """Each part of the key parts questions, both those that are equal and those that are alike."""
    prepared = await world.answering(ScriptedChatModel()).prepare(Question(QUESTION, HEALTH))
    turn = prepared.turn
    reuse = Reuse(
        cache=world.cache,
        answers=world.answers,
        catalog=world.catalog,
        embedder=world.embedder,
        options=ReuseOptions("semantic", 60.0),
    )

    async def keys(turn: Turn, scope: Scope = HEALTH, model: str = "m", prompt: str = "p") -> tuple[str, str]:
        found = await reuse.reusable(turn, scope, model, prompt)
        assert found is not None
        return found.exact_key, found.alike_key

    at = [UpTo("health.02", seconds) for seconds in (10.0, 20.0)]
    found = [
        await keys(turn),
        await keys(turn, model="other"),
        await keys(turn, prompt="other"),
        await keys(turn, replace(HEALTH, platform_id="p2")),
        await keys(turn, Scope(PLATFORM, course_ids=("health", "sheets"))),
        await keys(turn, Scope(PLATFORM, lesson_ids=("health.01",))),
        await keys(turn, Scope(PLATFORM, lesson_ids=("health.02",))),
        await keys(turn, replace(HEALTH, up_to=at[0])),
        await keys(turn, replace(HEALTH, up_to=at[1])),
        await keys(replace(turn, query=replace(turn.query, language="en"))),
        await keys(replace(turn, sampling=replace(turn.sampling, thinking=True))),
        await keys(replace(turn, query=replace(turn.query, question="量血压之前不要休息多久？"))),
        await keys(replace(turn, query=replace(turn.query, question="为什么量血压之前要休息？"))),
    ]
    assert taken_apart("为什么量血压之前要休息？").rest == taken_apart(QUESTION).rest
    assert len({key for pair in found for key in pair}) == 2 * len(found)
    assert await keys(turn) == found[0]
    assert await keys(turn, Scope(PLATFORM, course_ids=("sheets", "health"))) == found[4]


class Alike(HashEmbedder):
    """To it, two questions mean the same, more or less."""

    cosine = 1.0

    async def embed_query(self, text: str) -> Vector:
        vector = await super().embed_query(QUESTION if text == NEARLY else text)
        if text != NEARLY:
            return vector
        aside = np.roll(vector, 1)
        aside -= (aside @ vector) * vector
        aside /= np.linalg.norm(aside)
        near: Vector = self.cosine * vector + (1 - self.cosine**2) ** 0.5 * aside
        return near


@pytest.mark.parametrize(
    ("policy", "cosine", "n_asked"),
    [("semantic", 0.97, 1), ("semantic", 0.93, 2), ("exact", 0.97, 2)],
    ids=["all but the same", "another meaning", "not to be decided by vectors"],
)
async def test_other_words_for_the_same_things_need_all_but_the_same_meaning(
    world: World, policy: Policy, cosine: float, n_asked: int
) -> None:
    """And an operator who lets vectors decide. The very question is answered once either way."""
    world.reuse, world.embedder = policy, Alike()
    world.embedder.cosine = cosine
    chat = ScriptedChatModel(respond=quoting)
    for text in (QUESTION, NEARLY, QUESTION):
        await ask(world, chat, text)
    assert len(chat.asked) == n_asked


async def test_a_degraded_answer_is_not_kept(world: World) -> None:
    """The course stood in for a model that cited nothing: the next learner gets the model."""
    chat = ScriptedChatModel(["坐五分钟。"], respond=quoting)
    assert answer_of(await ask(world, chat, QUESTION)).answer.degraded == "extractive"
    assert answer_of(await ask(world, chat, QUESTION)).answer.degraded == ""
    assert len(chat.asked) == 2


async def test_no_answer_outlives_its_time_by_being_asked_for(world: World) -> None:
    """A question that is asked every minute is answered anew after a while all the same."""
    now = [0.0]
    world.cache = MemoryCache(clock=lambda: now[0])
    chat = ScriptedChatModel(respond=quoting)
    for seconds in (0.0, 40.0, 59.0, 61.0):
        now[0] = seconds
        await ask(world, chat, QUESTION)
    assert len(chat.asked) == 2


async def test_of_questions_that_are_alike_the_latest_few_are_remembered(world: World) -> None:
    """One in other words does not push out the first; the same one again takes no second place."""
    chat = ScriptedChatModel(respond=quoting)
    texts = [f"量血压之前{word}休息多久？" for word in "才坐歇躺站靠蹲跪趴闭"]
    for text in texts:
        await ask(world, chat, text)
    assert len(chat.asked) == len(texts)
    (kept,) = [
        orjson.loads(value)
        for _, value in world.cache._entries.values()
        if value.startswith(b'[{"answer_id"')
    ]
    assert ["".join(one["rest"]) for one in kept] == [
        "".join(taken_apart(text).rest) for text in reversed(texts[-8:])
    ]


async def test_a_lesson_that_is_gone_takes_its_answers_with_it(world: World) -> None:
    """An earlier answer that cites a passage which was not found this time is not told, nor a part of it."""
    chat = ScriptedChatModel(respond=quoting)
    first = answer_of(await ask(world, chat, QUESTION)).answer
    evidence = (await world.answering(chat).prepare(Question(QUESTION, HEALTH))).turn.evidence
    cited = {citation.chunk_id for citation in first.citations}
    moved = [replace(item, marker=item.marker + 10) for item in evidence]
    told = recalled(first, moved)
    assert told is not None
    assert {int(n) for n in re.findall(r"\[(\d+)\]", told)} == {
        item.marker for item in moved if item.chunk.id in cited
    }
    assert recalled(first, [item for item in moved if item.chunk.id not in cited]) is None
    assert recalled(replace(first, text=first.text + "又一句。[99]"), moved) is None


async def test_an_erased_answer_is_not_told_again(world: World) -> None:
    """The cache holds its id only."""
    chat = ScriptedChatModel(respond=quoting)
    first = answer_of(await ask(world, chat, QUESTION)).answer
    del world.answers._answers[PLATFORM, first.id]
    await ask(world, chat, QUESTION)
    assert len(chat.asked) == 2


@pytest.mark.parametrize(
    "text", ["现在要休息多久？", "它要休息多久？", "我的血压高吗？", "How long is this?"]
)
async def test_what_points_at_something_not_said_is_answered_anew(world: World, text: str) -> None:
    """A place in the video, a day, a person: for the next learner it is another one."""
    chat = ScriptedChatModel(respond=quoting)
    reuse = world.answering(chat)._reuse
    turn = (await world.answering(chat).prepare(Question(text, HEALTH))).turn
    assert await reuse.reusable(turn, HEALTH, "m", "p") is None


async def test_an_embedder_that_fails_costs_no_answer(world: World) -> None:
    """The learner has read it when it is kept; the next one who asks the very same has it still."""
    chat = ScriptedChatModel(respond=quoting)
    answering = world.answering(chat)
    prepared = await answering.prepare(Question(QUESTION, HEALTH))

    async def fails(_: str) -> Vector:
        raise UpstreamBusy("The embedding endpoint is overloaded.")

    embed_query, world.embedder.embed_query = world.embedder.embed_query, fails  # type: ignore[method-assign]
    first = answer_of([event async for event in answering.stream(prepared)]).answer
    world.embedder.embed_query = embed_query  # type: ignore[method-assign]
    assert first.citations
    assert answer_of(await ask(world, chat, QUESTION)).answer.reused_from == first.id


@pytest.mark.parametrize("reason", ["length", "content_filter"])
async def test_an_answer_that_was_cut_is_not_kept(world: World, reason: str) -> None:
    """Nor one that was refused or degraded: the next learner may be luckier."""
    chat = ScriptedChatModel(respond=quoting)
    chat.finish_reason = reason
    await ask(world, chat, QUESTION)
    await ask(world, chat, QUESTION)
    assert len(chat.asked) == 2


async def test_off_is_off(world: World) -> None:
    """The operator may want each learner to be answered anew."""
    world.reuse = "off"
    chat = ScriptedChatModel(respond=quoting)
    await ask(world, chat, QUESTION)
    await ask(world, chat, QUESTION)
    assert len(chat.asked) == 2


# Prompts of earlier turns, and what stands first


async def test_earlier_turns_go_byte_for_byte(world: World) -> None:
    """All that the endpoint was sent for a turn is a prefix of what it is sent for the next one."""
    chat = ScriptedChatModel(respond=quoting)
    for question in (QUESTION, "那袖带要绑多高？", "降压药怎么吃？"):
        await ask(world, chat, question, conversation_id="talk")
    for before, after in zip(chat.asked, chat.asked[1:], strict=False):
        assert after.messages[: len(before.messages)] == before.messages


async def test_prompts_open_alike_for_all_learners_of_a_course(world: World) -> None:
    """Policy, course card and user id are the same whoever asks, whatever, whenever."""
    chat = ScriptedChatModel(respond=quoting)
    for n, question in enumerate((QUESTION, "降压药怎么吃？", "How do I sum?")):
        world.clock.at += 86_400
        await ask(world, chat, question, learner_id=f"learner-{n}")
    assert len({asked.messages[0] for asked in chat.asked}) == 1
    assert len({asked.sampling.user_id for asked in chat.asked}) == 1


def test_prompts_open_alike_in_every_process(repo_root: Path) -> None:
    """Neither the hash seed nor the time zone of a process shows in the first message or in the user id."""
    program = (
        "import asyncio, hashlib\n"
        "from tests.unit.services.test_reuse import QUESTION, ask, quoting\n"
        "from tests.unit.services.world import make_world\n"
        "from baize.testing.scripted_chat_model import ScriptedChatModel\n"
        "async def main():\n"
        "    chat = ScriptedChatModel(respond=quoting)\n"
        "    await ask(await make_world(), chat, QUESTION)\n"
        "    print(hashlib.sha256(repr(chat.asked[0]).encode()).hexdigest())\n"
        "asyncio.run(main())\n"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=repo_root,
            env={"PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": str(repo_root), "BAIZE_TESTING": "1"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Shanghai"))
    }
    assert len(digests) == 1
