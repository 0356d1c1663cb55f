"""Proposals come with the answer, and never keep it waiting."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from baize.domain.artefact import GlossaryTerm, Prepared
from baize.domain.chat import Turn
from baize.domain.library import BuiltLesson
from baize.domain.locator import TimeSpan
from baize.errors import DependencyUnavailable
from baize.services.follow_up import FollowUps
from tests.unit.answering.test_follow_up import answered, turn_of
from tests.unit.services.world import ALL, PLATFORM, ask, completed, make_world

pytestmark = pytest.mark.anyio

CUFF = GlossaryTerm("心脏", "心脏就是泵。", "health.01", (TimeSpan(5, 10),), explained=True)


class Failing:
    """Artefacts of a database that is away, or that never answers."""

    def __init__(self, failure: Exception | None) -> None:
        self._failure = failure
        self.n_asked = 0

    async def prepared(self, platform_id: str, lesson_id: str) -> Prepared | None:
        del platform_id, lesson_id
        self.n_asked += 1
        if self._failure:
            raise self._failure
        await asyncio.sleep(60)
        return None


async def test_the_answer_ends_with_what_may_come_next() -> None:
    """A term of the cited lesson; stored with the answer; not again in the turn after."""
    world = await make_world()
    lesson = await world.catalog.lesson(PLATFORM, "health.01")
    assert lesson is not None
    prepared = Prepared("health.01", "zh", glossary=(CUFF,))
    await world.catalog.publish(BuiltLesson(lesson, ("zh",), 1, None, prepared))
    question = "早上几点量一次？"
    first = completed((await ask(world, question, conversation="talk"))[1]).answer
    assert first.follow_ups == ("什么是心脏？",)
    assert await world.answers.get(PLATFORM, first.id) == first
    again = completed((await ask(world, first.follow_ups[0], conversation="talk"))[1]).answer
    assert again.citations
    assert (
        "什么是心脏？"
        not in completed((await ask(world, question, conversation="talk"))[1]).answer.follow_ups
    )


@pytest.mark.parametrize("failure", [DependencyUnavailable("away"), None])
async def test_nobody_waits_for_the_database(failure: Exception | None) -> None:
    """Half a second at most, and once a minute."""
    artefacts = Failing(failure)
    proposing = FollowUps(artefacts)  # type: ignore[arg-type]
    turn: Turn = turn_of()
    for _ in range(2):
        async with asyncio.timeout(30):
            assert await proposing.after(replace(answered()), turn, ALL) == ()
    assert artefacts.n_asked == 1
