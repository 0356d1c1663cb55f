"""Conversations: what is shown of a long one, what a deletion takes, and what goes by itself."""

from __future__ import annotations

import anyio
import pytest

from baize.adapters.event_log_memory import MemoryEventLog
from baize.domain.chat import Answer
from baize.domain.live import AnswerKey
from baize.errors import DependencyUnavailable, NotFound
from baize.services import conversations
from baize.services.conversations import MAX_TURNS, forget_conversation, keep_tidy, read_conversation
from baize.services.live import Live
from baize.testing.held_clock import HeldClock
from baize.testing.memory_answers import MemoryAnswers

pytestmark = pytest.mark.anyio

_DAY_S = 86_400.0


def turn(n: int, learner_id: str = "lin", conversation_id: str = "talk") -> Answer:
    return Answer(
        f"{learner_id}{n}", "p", conversation_id, f"q{n}", "zh", "m", "v1", text="a", learner_id=learner_id
    )


class FailingLog(MemoryEventLog):
    """Cannot remove anything just now."""

    async def forget(self, key: AnswerKey) -> None:
        raise DependencyUnavailable("Redis does not answer.")


def live(log: MemoryEventLog) -> Live:
    return Live(log=log, answers=MemoryAnswers(), grace_s=1.0, max_live=1)


async def test_of_a_long_conversation_the_latest_turns_are_shown() -> None:
    """Oldest first; a reply has a size that a browser and a database can take."""
    answers = MemoryAnswers()
    for n in range(MAX_TURNS + 5):
        await answers.put(turn(n))
    shown = await read_conversation(answers, "p", "talk", "lin")
    assert [one.question for one in shown] == [f"q{n}" for n in range(5, MAX_TURNS + 5)]


@pytest.mark.parametrize(
    ("platform_id", "conversation_id", "learner_id"),
    [("p", "talk", "wang"), ("q", "talk", "lin"), ("p", "other", "lin"), ("p", "talk", "")],
)
async def test_somebody_elses_looks_like_none_at_all(
    platform_id: str, conversation_id: str, learner_id: str
) -> None:
    """To read and to delete; afterwards it is all there. The platform itself sees whoever's it is."""
    answers = MemoryAnswers()
    await answers.put(turn(1))
    asked = (platform_id, conversation_id, learner_id)
    with pytest.raises(NotFound) as caught:
        await read_conversation(answers, *asked)
    assert caught.value.remedy
    with pytest.raises(NotFound):
        await forget_conversation(answers, live(MemoryEventLog(keep_s=60)), *asked)
    assert await read_conversation(answers, "p", "talk", None) == [turn(1)]


async def test_it_is_deleted_although_its_events_cannot_be_yet() -> None:
    """They go by themselves in ten minutes; the answer must not stay for it."""
    answers = MemoryAnswers()
    for n in (1, 2):
        await answers.put(turn(n))
    await forget_conversation(answers, live(FailingLog(keep_s=60)), "p", "talk", "lin")
    with pytest.raises(NotFound):
        await read_conversation(answers, "p", "talk", "lin")


async def test_what_is_too_old_goes_again_and_again_and_whatever_happens(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """By the clock; a database that was away for one round is tidied in the next. No word of it is logged."""
    monkeypatch.setattr(conversations, "_TIDY_EVERY_S", 0.01)
    clock = HeldClock()

    class Once(MemoryAnswers):
        n_rounds = 0

        async def expire(self, before: float) -> int:
            self.n_rounds += 1
            if self.n_rounds == 1:
                raise RuntimeError("the answers to the secret question")
            return await super().expire(before)

    answers = Once(clock)
    await answers.put(turn(1))
    clock.at += 180 * _DAY_S - 1
    await answers.put(turn(2))
    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(keep_tidy, answers, clock, 180.0)
            while answers.n_rounds < 3:  # noqa: ASYNC110 - it tells nobody
                await anyio.sleep(0.01)
            assert len(await read_conversation(answers, "p", "talk", "lin")) == 2
            clock.at += 2
            while len(await read_conversation(answers, "p", "talk", "lin")) == 2:  # noqa: ASYNC110 - as above
                await anyio.sleep(0.01)
            tasks.cancel_scope.cancel()
    assert await read_conversation(answers, "p", "talk", "lin") == [turn(2)]
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text
