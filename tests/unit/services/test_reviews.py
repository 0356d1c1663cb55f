"""What is asked today, over all courses; and taking it along."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from baize.adapters.schedule_fsrs import FsrsScheduler
from baize.domain.archive import Completion
from baize.domain.artefact import GlossaryTerm, Prepared, QuizItem
from baize.domain.course import Course, Lesson
from baize.domain.library import BuiltLesson
from baize.domain.locator import TimeSpan
from baize.domain.practice import Exercise
from baize.domain.review import Memory, ReviewCard
from baize.errors import InvalidInput, NotFound
from baize.ports import Scheduler
from baize.services.exercises import ExerciseBook
from baize.services.reviews import Reviews, anki_tsv, choose
from baize.testing.hash_embedder import HashEmbedder
from baize.testing.held_clock import HeldClock
from baize.testing.memory_archive import MemoryArchive
from baize.testing.memory_catalog import MemoryCatalog
from baize.testing.memory_practice import MemoryExercises
from baize.testing.memory_review_cards import MemoryReviewCards

pytestmark = pytest.mark.anyio

P = "p"
DAY = 86_400.0


def item(n: int, course: str = "c1") -> QuizItem:
    return QuizItem(
        f"{course}-l~q{n}", "cloze", f"{n}____？", ("a", "b"), 1, f"{course}-l", (TimeSpan(1, 2),), "原话。"
    )


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


async def own(platform_id: str, learner_id: str) -> Scheduler:
    return FsrsScheduler(retention=0.9)


@pytest.fixture
def make(clock: HeldClock) -> Callable[[], Reviews]:
    exercises = MemoryExercises()

    def reviews() -> Reviews:
        book = ExerciseBook(exercises=exercises, embedder=HashEmbedder(), clock=clock)
        catalog = MemoryCatalog()
        made = Reviews(
            cards=MemoryReviewCards(),
            schedulers=lambda _: FsrsScheduler(retention=0.9),
            own=own,
            catalog=catalog,
            artefacts=catalog,
            book=book,
            clock=clock,
            daily=3,
            zone=ZoneInfo("Asia/Shanghai"),
        )
        made.exercises = exercises  # type: ignore[attr-defined]
        return made

    return reviews


async def test_an_attempt_makes_a_card_that_comes_back(make: Callable[[], Reviews], clock: HeldClock) -> None:
    """Wrong ones tomorrow, right ones later; a second try on the same day changes nothing."""
    reviews = make()
    await reviews.after_attempt(P, "lin", item(1), "c1", "wrong")
    await reviews.after_attempt(P, "lin", item(2), "c1", "correct")
    await reviews.after_attempt(P, "lin", item(2), "c1", "wrong")
    now = await reviews.today(P, "lin")
    assert (now.n_due, now.n_cards, now.cards) == (0, 2, ())
    assert sum(day.n for day in now.forecast) == 2
    assert now.forecast[0].day == "2026-11-28"

    clock.at += DAY
    tomorrow = await reviews.today(P, "lin")
    assert [card.id for card in tomorrow.cards] == ["c1-l~q1"]
    assert (await reviews.today(P, "wu")).n_cards == 0

    after = await reviews.grade(P, "lin", "c1-l~q1", "good")
    assert after.memory.due > clock.at
    assert (await reviews.today(P, "lin")).cards == ()
    with pytest.raises(NotFound):
        await reviews.grade(P, "wu", "c1-l~q1", "good")


async def test_courses_that_the_caller_does_not_see_are_left_out(
    make: Callable[[], Reviews], clock: HeldClock
) -> None:
    """And graded items wait for the end of their window."""
    reviews = make()
    for course in ("c1", "c2"):
        await reviews.after_attempt(P, "lin", item(1, course), course, "wrong")
    clock.at += DAY
    only = await reviews.today(P, "lin", lambda course: course == "c2")
    assert [card.course_id for card in only.cards] == ["c2"]

    locked = Exercise(P, "c2-l~q1", "c2", "", "x", "y", graded=True)
    await reviews.exercises.put(locked)  # type: ignore[attr-defined]
    clock.at += 11
    assert [card.course_id for card in (await reviews.today(P, "lin")).cards] == ["c1"]
    with pytest.raises(NotFound):
        await reviews.grade(P, "lin", "c2-l~q1", "good")


async def test_completed_courses_of_the_archive_are_reviewed(
    make: Callable[[], Reviews], clock: HeldClock
) -> None:
    """A few explained terms, due as if known on that day, once; none of courses that are not here."""
    reviews, archive = make(), MemoryArchive()
    reviews._archive = archive
    library: MemoryCatalog = reviews._catalog  # type: ignore[assignment]
    await library.put_course(Course(P, "c1", "量血压", "zh"))
    lesson = Lesson(P, "c1", "c1-l", "第一课", 1, "zh", 60.0, "", "b1")
    terms = [
        GlossaryTerm(name, f"{name}是什么。", "c1-l", (TimeSpan(1, 2),), explained=name != "袖带")
        for name in ("袖带", "收缩压", "舒张压", "脉压", "心率")
    ]
    prepared = Prepared("c1-l", "zh", glossary=tuple(terms))
    await library.publish(BuiltLesson(lesson, ("zh",), 1, None, prepared))
    long_ago = clock.at - 200 * DAY
    await archive.put([Completion(P, "lin", one, one, long_ago) for one in ("c1", "elsewhere")])

    now = await reviews.today(P, "lin")
    assert {card.front for card in now.cards} == {"收缩压", "舒张压", "脉压"}
    assert {card.memory.reviewed_at for card in now.cards} == {long_ago}
    assert (await reviews.export(P, "lin"))["reviews"] == []
    after = await reviews.grade(P, "lin", now.cards[0].id, "good")
    assert after.memory.due > clock.at + 3 * DAY
    assert (await reviews.today(P, "lin")).n_cards == 3
    assert (await reviews.today(P, "wu")).n_cards == 0


async def test_what_was_exported_is_imported_exactly(make: Callable[[], Reviews], clock: HeldClock) -> None:
    """Through JSON text: every digit of the schedule, and every review."""
    reviews, other = make(), make()
    for n, verdict in enumerate(("correct", "wrong", "incomplete", "uncertain")):
        await reviews.after_attempt(P, "lin", item(n), "c1", verdict)  # type: ignore[arg-type]
    clock.at += 5 * DAY + 0.123456
    for card in (await reviews.today(P, "lin")).cards:
        await reviews.grade(P, "lin", card.id, "hard")
    data = await reviews.export(P, "lin")

    assert await other.load("q", "wu", json.loads(json.dumps(data))) == 4
    assert await other.export("q", "wu") == data
    assert len(data["reviews"]) == 6


async def test_what_is_no_export_is_refused(make: Callable[[], Reviews]) -> None:
    """Whole, with what is wrong in words: nothing of it was taken."""
    reviews = make()
    await reviews.after_attempt(P, "lin", item(1), "c1", "wrong")
    data = await reviews.export(P, "lin")
    bad = [
        ({}, "format is missing"),
        ([], "it is shaped otherwise"),
        (data | {"format": "anki"}, "its format is another one"),
        (
            data | {"cards": [data["cards"][0] | {"memory": {"phase": "old", "due": 1.0}}]},
            "a phase is not known",
        ),
        (data | {"reviews": [{"card_id": "nobody's", "at": 1.0, "recall": "good"}]}, "a card that is not"),
        (data | {"reviews": [data["reviews"][0] | {"recall": "fine"}]}, "a recall is not known"),
    ]
    for one, why in bad:
        with pytest.raises(InvalidInput, match=f"no export of reviews: .*{why}"):
            await reviews.load(P, "wu", one)
    assert (await reviews.today(P, "wu")).n_cards == 0


HOSTILE = ["\ud800", "x\0", None, float("nan"), float("inf"), 1e300, -1.0, 2**70, [], {}, "7", "x" * 9000]


@pytest.mark.parametrize("value", HOSTILE, ids=ascii)
async def test_no_value_of_an_import_breaks_what_comes_after(
    make: Callable[[], Reviews], clock: HeldClock, value: object
) -> None:
    """At each place of a whole export: refused, or taken so that cards can be asked, graded and exported."""
    reviews, other = make(), make()
    await reviews.after_attempt(P, "lin", item(1), "c1", "wrong")
    data = await reviews.export(P, "lin")
    one, memory = data["cards"][0], data["cards"][0]["memory"]
    places = [data | {"cards": [one | {key: value}]} for key in one]
    places += [data | {"cards": [one | {"memory": memory | {key: value}}]} for key in memory]
    places += [data | {"reviews": [data["reviews"][0] | {key: value}]} for key in data["reviews"][0]]
    clock.at += 30 * DAY
    n_refused = 0
    for changed in places:
        try:
            await other.load(P, "wu", changed)
        except InvalidInput as refusal:
            refusal.message.encode()
            n_refused += 1
            continue
        for asked in await other.all(P, "wu"):
            await other.grade(P, "wu", asked.id, "good")
        await other.today(P, "wu")
        json.dumps(await other.export(P, "wu"), allow_nan=False).encode()
    assert n_refused > len(places) / 2


def card(card_id: str, course: str, phase: str, due: float) -> ReviewCard:
    memory = Memory(phase, due)  # type: ignore[arg-type]
    return ReviewCard(P, "lin", card_id, course, "l", "f", "b", "q", (TimeSpan(0, 1),), memory, 0.0)


def test_courses_take_turns_once_a_card_was_known() -> None:
    """What is new comes from one course only."""
    known = [card(f"k{n}", course, "review", n) for n, course in enumerate(("c1", "c1", "c1", "c2"))]
    assert [one.course_id for one in choose(known, 3, lambda _: 0.5)] == ["c1", "c2", "c1"]
    new = [card(f"n{n}", course, "learning", n) for n, course in enumerate(("c1", "c2", "c1"))]
    assert [one.course_id for one in choose(new, 3, lambda _: 0.5)] == ["c1", "c1"]


def test_anki_gets_one_line_a_card() -> None:
    """Tabs, quotes and line ends of a card stay inside its field."""
    odd = replace(card("x", "c1", "new", 0.0), front='a "b"\tc\nd')
    lines = anki_tsv([odd]).splitlines()
    assert lines[0] == "#separator:tab"
    assert lines[-1] == '"a ""b"" c d"\t"b（q）"\t"baize c1 l"'


async def test_a_day_is_the_learners(make: Callable[[], Reviews], clock: HeldClock) -> None:
    """An hour after midnight in Shanghai the evening's card is today's; in Honolulu it is the day before."""
    reviews = make()
    await reviews.after_attempt(P, "lin", item(1), "c1", "wrong")
    clock.at += 5 * 3600
    here = await reviews.today(P, "lin")
    there = await reviews.today(P, "lin", zone=ZoneInfo("Pacific/Honolulu"))
    assert (here.n_due, here.forecast[0].day) == (1, "2026-11-29")
    assert (there.n_due, there.forecast[0].day) == (0, "2026-11-28")
