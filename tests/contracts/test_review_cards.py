"""What `ReviewCards` promises: in memory, on SQLite and on PostgreSQL. And the scheduler behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from baize.adapters.db.engine import Database
from baize.adapters.db.reviews import SqlReviewCards
from baize.adapters.schedule_fsrs import FsrsScheduler
from baize.domain.locator import TimeSpan
from baize.domain.review import RECALLS, Memory, Review, ReviewCard
from baize.ports import ReviewCards, Scheduler
from baize.testing.memory_review_cards import MemoryReviewCards

pytest_plugins = ["tests.servers.postgres"]

NEW = Memory("new", 1_790_000_000.25)
CARD = ReviewCard(
    "p", "lin", "l1~q1", "c1", "l1", "坐____？", "五分钟", "安静坐五分钟。", (TimeSpan(1.5, 2.25),), NEW, 3.0
)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def cards(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ReviewCards]:
    if request.param == "memory":
        yield MemoryReviewCards()
        return
    sqlite = request.param == "sqlite"
    database = Database(f"sqlite:///{tmp_path}/x.db" if sqlite else request.getfixturevalue("postgres_url"))
    await database.migrate()
    yield SqlReviewCards(database)
    await database.close()


@pytest.mark.anyio
async def test_cards_belong_to_a_learner_and_keep_every_digit(cards: ReviewCards) -> None:
    """By due day; what comes back is equal; a review is stored with the card that it made."""
    later = replace(CARD, id="l1~q2", memory=Memory("review", 1.9e9 + 0.1, None, 3.1261717, 5.3, 1.8e9 + 0.3))
    review = Review("p", "lin", "l1~q2", 1.8e9 + 0.3, "hard")
    await cards.put(CARD)
    await cards.put(later, review)
    await cards.put(replace(CARD, learner_id="wu"))
    await cards.put(replace(CARD, platform_id="q"))

    assert await cards.of_learner("p", "lin") == [CARD, later]
    assert await cards.get("p", "lin", "l1~q2") == later
    assert await cards.get("p", "wu", "l1~q2") is None
    assert await cards.reviews("p", "lin") == [review]
    assert await cards.reviews("p", "wu") == []

    assert await cards.forget("p", "lin") == 2
    assert await cards.of_learner("p", "lin") == []
    assert await cards.reviews("p", "lin") == []
    assert await cards.forget_course("p", "c1") == 1
    assert len(await cards.of_learner("q", "lin")) == 1


@pytest.mark.anyio
async def test_reviews_of_a_platform_come_by_learner_and_whole(cards: ReviewCards) -> None:
    """A fit needs each card's history from its first review on, and no other platform's."""
    log = [
        Review("p", learner, card, at, "good")
        for learner in ("a", "b")
        for card, at in (("x", 5.0), ("x", 9.0), ("y", 1.0))
    ]
    for learner, platform in (("a", "p"), ("b", "p"), ("a", "q")):
        for card in ("x", "y"):
            await cards.put(replace(CARD, platform_id=platform, learner_id=learner, id=card))
    await cards.add([*reversed(log), Review("q", "a", "x", 1.0, "easy")])
    assert await cards.of_platform("p", 6) == log
    assert await cards.of_platform("p", 5) == log[:3]
    assert await cards.of_platform("p", 2) == []


@pytest.mark.anyio
async def test_reviews_of_the_cards_that_were_reviewed_last(cards: ReviewCards) -> None:
    """Each card's from its first one on, as far as there is room; no other learner's or platform's."""
    log = [
        Review("p", "a", card, at, "good")
        for card, at in (("x", 1.0), ("y", 2.0), ("z", 3.0), ("y", 4.0), ("x", 5.0))
    ]
    for card in ("x", "y", "z"):
        for platform, learner in (("p", "a"), ("p", "b"), ("q", "a")):
            await cards.put(replace(CARD, platform_id=platform, learner_id=learner, id=card))
    await cards.add([*reversed(log), Review("p", "b", "x", 9.0, "easy"), Review("q", "a", "z", 9.0, "easy")])
    assert await cards.recent("p", "a", cards=2, most=9) == [log[0], log[1], log[3], log[4]]
    assert await cards.recent("p", "a", cards=2, most=3) == [log[0], log[1], log[3]]
    assert await cards.recent("p", "a", cards=9, most=9) == log
    assert await cards.recent("p", "c", cards=9, most=9) == []


def test_a_better_recall_waits_longer() -> None:
    """The first interval is a day or more, and a lapse comes back soonest."""
    scheduler: Scheduler = FsrsScheduler(retention=0.9)
    now = 1_790_000_000.0
    first = [scheduler.after(scheduler.new(now), recall, now) for recall in RECALLS]
    assert [memory.due for memory in first] == sorted(memory.due for memory in first)
    assert first[0].due >= now + 86_400
    good = first[2]
    assert scheduler.recall(good, good.due) == pytest.approx(0.9, abs=0.02)
    assert scheduler.recall(good, now) > scheduler.recall(good, good.due)
    assert scheduler.after(good, "good", good.due).due - good.due > good.due - now
    assert scheduler.recall(scheduler.new(now), now) == 0.0
