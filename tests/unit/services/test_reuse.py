"""Earlier answers to equal questions, and the prompts of earlier turns."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from baize.domain.chat import AnswerEvent, Completed, Message
from baize.domain.course import Lesson
from baize.domain.library import BuiltLesson
from baize.domain.search import Scope
from baize.services.answer import Question
from baize.testing.scripted_chat_model import Script, ScriptedChatModel
from tests.unit.services.world import PLATFORM, PRESSURE, World, make_world

pytestmark = pytest.mark.anyio

HEALTH = Scope(PLATFORM, course_ids=("health",))
QUESTION = "量血压之前要休息多久？"
PARAPHRASE = "请问量血压前需要休息多长时间？"


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


async def test_an_erased_answer_is_not_told_again(world: World) -> None:
    """The cache holds its id only."""
    chat = ScriptedChatModel(respond=quoting)
    first = answer_of(await ask(world, chat, QUESTION)).answer
    del world.answers._answers[PLATFORM, first.id]
    await ask(world, chat, QUESTION)
    assert len(chat.asked) == 2


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
