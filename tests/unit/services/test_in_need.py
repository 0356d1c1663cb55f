"""A database that goes and comes back: reads go on from what is known, writes wait, nothing is doubled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import anyio
import pytest

from baize.domain.chat import Answer, Citation
from baize.domain.cost import Used
from baize.domain.course import Course
from baize.domain.library import LiveLesson
from baize.domain.locator import TimeSpan
from baize.domain.search import Scope
from baize.errors import DependencyUnavailable
from baize.services import in_need
from baize.services.in_need import KeptCatalog, LateWrites, PatientAnswers
from baize.testing.held_clock import HeldClock
from baize.testing.memory_answers import MemoryAnswers

pytestmark = pytest.mark.anyio


class Fragile:
    """Passes calls on, unless it is away."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.away = False
        self.n_asked = 0

    def __getattr__(self, name: str) -> Any:
        async def call(*args: Any, **named: Any) -> Any:
            self.n_asked += 1
            if self.away:
                raise DependencyUnavailable("The database is away.")
            return await getattr(self._inner, name)(*args, **named)

        return call


class Shelf:
    """A catalogue of one course with three lessons."""

    title = "One"

    async def course(self, platform_id: str, course_id: str) -> Course | None:
        """As `Catalog.course`."""
        return Course(platform_id, course_id, self.title, "zh") if course_id == "c" else None

    async def languages(self, _: Scope) -> list[str]:
        """As `Catalog.languages`."""
        return ["zh"]

    async def live(self, scope: Scope) -> list[LiveLesson]:
        """As `Catalog.live`."""
        return [
            LiveLesson("c", one, f"b-{one}", ("zh",)) for one in scope.lesson_ids if one in ("1", "2", "3")
        ]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_need, "_RETRY_S", 0.01)
    monkeypatch.setattr(in_need, "_PAUSE_S", 0.05)


def an_answer(n: int, platform_id: str = "p", learner_id: str = "l") -> Answer:
    return Answer(
        platform_id + str(n), platform_id, "k", f"q{n}", "zh", "m", "v1", text=f"a{n}", learner_id=learner_id
    )


async def test_what_was_read_is_good_while_the_database_is_away() -> None:
    """By platform and question; builds by lesson. What was never read is an honest failure."""
    inner = Fragile(Shelf())
    catalog = KeptCatalog(inner)
    course = await catalog.course("p", "c")
    await catalog.languages(Scope("p"))
    await catalog.live(Scope("p", lesson_ids=("1", "2")))
    inner.away = True
    assert await catalog.course("p", "c") == course
    assert await catalog.languages(Scope("p")) == ["zh"]
    assert [one.lesson_id for one in await catalog.live(Scope("p", lesson_ids=("2", "3")))] == ["2"]
    for strange in (catalog.course("other", "c"), catalog.live(Scope("p", lesson_ids=("3",)))):
        with pytest.raises(DependencyUnavailable):
            await strange


async def test_the_database_is_asked_as_soon_as_it_answers() -> None:
    """And while it does not, at most once in a while."""
    shelf = Shelf()
    inner = Fragile(shelf)
    catalog = KeptCatalog(inner)
    await catalog.course("p", "c")
    inner.away = True
    n_before = inner.n_asked
    for _ in range(50):
        await catalog.course("p", "c")
    assert inner.n_asked - n_before < 10
    inner.away, shelf.title = False, "Two"
    await asyncio.sleep(0.06)
    found = await catalog.course("p", "c")
    assert found is not None
    assert found.title == "Two"


async def test_a_slow_database_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an earlier result is at hand."""
    monkeypatch.setattr(in_need, "_PATIENCE_S", 0.05)
    shelf = Shelf()
    catalog = KeptCatalog(shelf)  # type: ignore[arg-type]  # what is asked here, it has
    await catalog.course("p", "c")

    async def stuck(*_: str) -> Course | None:
        await asyncio.sleep(60)
        return None

    monkeypatch.setattr(shelf, "course", stuck)
    with anyio.fail_after(30):
        assert await catalog.course("p", "c") is not None


async def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """For each platform apart."""
    monkeypatch.setattr(in_need, "_KEPT_PER_PLATFORM", 2)
    inner = Fragile(Shelf())
    catalog = KeptCatalog(inner)
    await catalog.course("other", "c")
    await catalog.course("p", "c")
    await catalog.live(Scope("p", lesson_ids=("1", "2", "3")))
    inner.away = True
    assert await catalog.course("other", "c") is not None
    with pytest.raises(DependencyUnavailable):
        await catalog.course("p", "c")


async def test_no_crowd_of_platforms_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that was asked for least lately goes first."""
    monkeypatch.setattr(in_need, "_MAX_PLATFORMS", 2)
    inner = Fragile(Shelf())
    catalog = KeptCatalog(inner)
    for platform_id in ("a", "b", "a", "c"):
        await catalog.course(platform_id, "c")
    inner.away = True
    assert await catalog.course("a", "c") is not None
    assert await catalog.course("c", "c") is not None
    with pytest.raises(DependencyUnavailable):
        await catalog.course("b", "c")


@pytest.fixture
async def late() -> AsyncIterator[LateWrites]:
    made = LateWrites()
    yield made
    await made.close()


async def settle(late: LateWrites) -> None:
    with anyio.fail_after(30):
        while late.n_waiting:  # noqa: ASYNC110 - it tells nobody
            await anyio.sleep(0.01)


async def test_answers_wait_in_their_order_and_are_stored_once(late: LateWrites) -> None:
    """Readable meanwhile; afterwards all is there with what it used, nothing twice."""
    store = MemoryAnswers(HeldClock())
    inner = Fragile(store)
    answers = PatientAnswers(inner, late)
    used = Used("p", "2026-11-28", "c", "m", n_answers=1)
    await answers.put(an_answer(1), used)
    inner.away = True
    for n in (2, 3):
        await answers.put(an_answer(n), used)
    await answers.put(replace(an_answer(3), text="later"), used)
    waiting = await answers.get("p", "p3")
    assert waiting is not None
    assert waiting.text == "later"
    assert await store.get("p", "p3") is None
    assert [one.n_answers for one in await store.usage_book.between("p", used.day, used.day)] == [1]
    inner.away = False
    await settle(late)
    assert [one.text for one in await answers.turns("p", "k", 9)] == ["a1", "a2", "later"]
    assert [one.text for one in await store.turns("p", "k", 9)] == ["a1", "a2", "later"]
    assert [one.n_answers for one in await store.usage_book.between("p", used.day, used.day)] == [3]


async def test_no_turn_overtakes_its_conversation(late: LateWrites) -> None:
    """Turns are numbered as they are stored. Other conversations need not wait behind this one."""
    store = MemoryAnswers(HeldClock())
    inner = Fragile(store)
    answers = PatientAnswers(inner, late)
    inner.away = True
    await answers.put(an_answer(1))
    n_asked = inner.n_asked
    await answers.put(an_answer(0, platform_id="q"))
    assert inner.n_asked == n_asked, "each try may cost a learner the database's whole patience"
    async with late.still:
        # Back, as the first write that went has shown; what waits is still on its way.
        inner.away = late.away = False
        await answers.put(an_answer(2))
        await answers.put(replace(an_answer(3), conversation_id="another"))
        assert late.n_waiting == 3
        assert [one.id for one in await store.turns("p", "another", 9)] == ["p3"]
    await settle(late)
    assert [one.text for one in await store.turns("p", "k", 9)] == ["a1", "a2"]
    inner.away = True
    await answers.put(an_answer(4))
    inner.away = False
    await settle(late)
    await answers.put(an_answer(5))
    assert late.n_waiting == 0, "once a write has gone, new ones are stored at once again"


async def test_turns_hold_what_waits_and_no_more_than_asked_for(late: LateWrites) -> None:
    """The latest, each once, of this learner; a prompt holds no turn that the stored history would not."""
    store = MemoryAnswers(HeldClock())
    inner = Fragile(store)
    answers = PatientAnswers(inner, late)
    for n in (1, 2):
        await answers.put(an_answer(n))
    async with late.still:
        late.away = True
        await answers.put(replace(an_answer(2), text="again"))
        await answers.put(an_answer(3))
        await answers.put(an_answer(4, learner_id="other"))
        for limit in (2, 9):
            found = await answers.turns("p", "k", limit, learner_id="l")
            assert [one.text for one in found] == ["a1", "again", "a3"][-limit:]
        assert await answers.turns("p", "k", 0, learner_id="l") == []
    await settle(late)


async def test_one_write_that_can_never_go_holds_up_no_other(
    late: LateWrites, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told in the log by its kind; those behind it are stored."""
    store = MemoryAnswers(HeldClock())
    inner = Fragile(store)
    answers = PatientAnswers(inner, late)
    inner.away = True
    await answers.put(an_answer(1), "no book entry")  # type: ignore[arg-type]
    await answers.put(an_answer(2))
    inner.away = False
    await settle(late)
    assert await store.get("p", "p2") is not None
    assert "A write that waited is lost: " in caplog.text


async def test_the_last_try_is_made_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    """A server that stops right after the database came back loses nothing; else the log says how much."""
    store = MemoryAnswers(HeldClock())
    for comes_back in (True, False):
        late, inner = LateWrites(), Fragile(store)
        inner.away = True
        await PatientAnswers(inner, late).put(an_answer(int(comes_back)))
        inner.away = not comes_back
        await late.close()
    assert [one.id for one in await store.turns("p", "k", 9)] == ["p1"]
    assert "1 writes are lost" in caplog.text


async def test_what_was_read_long_ago_is_not_good_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour; and what is told again while the database is away grows no younger by it."""
    now = [1000.0]
    monkeypatch.setattr(in_need, "time", SimpleNamespace(monotonic=lambda: now[0]))
    inner = Fragile(Shelf())
    catalog = KeptCatalog(inner)
    await catalog.course("p", "c")
    inner.away = True
    for _ in range(4):
        now[0] += 890.0
        assert await catalog.course("p", "c") is not None
    now[0] += 890.0
    with pytest.raises(DependencyUnavailable):
        await catalog.course("p", "c")


@pytest.mark.parametrize(
    ("named", "stays"), [({"course_id": "c1"}, ["p2", "p3"]), ({"lesson_id": "l1"}, ["p2"])]
)
async def test_what_waits_of_a_course_that_goes_is_never_stored(
    late: LateWrites, named: dict[str, str], stays: list[str]
) -> None:
    """An answer that cites it holds its words."""
    store = MemoryAnswers(HeldClock())
    inner = Fragile(store)
    answers = PatientAnswers(inner, late)
    inner.away = True
    places = ((1, "c1", "l1"), (2, "c2", "l2"), (3, "c2", "l1"))
    for n, course_id, lesson_id in places:
        place = TimeSpan(0, 1)
        cited = Citation(1, "s", f"chunk{n}", course_id, lesson_id, "t", place, "q", 1.0)
        await answers.put(replace(an_answer(n), citations=(cited,)))
    inner.away = False
    gone = await answers.forget_course("p", named.get("course_id", "c1"), named.get("lesson_id", ""))
    await settle(late)
    assert [one.id for one in await store.turns("p", "k", 9)] == stays
    assert sorted([*gone, *stays]) == ["p1", "p2", "p3"]


@pytest.mark.parametrize("what", ["conversation", "learner", "course"])
async def test_what_is_being_stored_when_it_is_forgotten_goes_too(late: LateWrites, what: str) -> None:
    """The deletion waits for the write that is under way: else it finds nothing, and the answer stays."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    class Slow(MemoryAnswers):
        async def put(self, answer: Answer, used: Used | None = None) -> None:
            begun.set()
            await go_on.wait()
            await super().put(answer, used)

    store = Slow(HeldClock())
    answers = PatientAnswers(store, late)
    late.away = True
    cited = Citation(1, "s", "chunk", "c1", "l1", "t", TimeSpan(0, 1), "q", 1.0)
    await answers.put(replace(an_answer(1), citations=(cited,)))
    async with asyncio.timeout(30):
        await begun.wait()
        match what:
            case "conversation":
                deletion = answers.forget("p", "k", learner_id="l")
            case "learner":
                deletion = answers.forget_learner("p", "l")
            case _:
                deletion = answers.forget_course("p", "c1")
        forgetting = asyncio.create_task(deletion)
        await asyncio.sleep(0.02)
        go_on.set()
        assert await forgetting == ["p1"]
    await settle(late)
    assert await store.get("p", "p1") is None


async def test_what_is_forgotten_while_it_waits_is_never_stored(late: LateWrites) -> None:
    """Of this learner only."""
    store = MemoryAnswers(HeldClock())
    inner = Fragile(store)
    answers = PatientAnswers(inner, late)
    inner.away = True
    await answers.put(an_answer(1))
    await answers.put(an_answer(2, learner_id="other"))
    with pytest.raises(DependencyUnavailable):
        await answers.forget("p", "k", learner_id="l")
    inner.away = False
    await settle(late)
    assert [one.id for one in await store.turns("p", "k", 9)] == ["p2"]


async def test_a_deletion_says_what_it_took_of_what_waited(late: LateWrites) -> None:
    """Else a conversation that was never stored would seem not to be there, and its events would stay."""
    store = MemoryAnswers(HeldClock())
    inner = Fragile(store)
    answers = PatientAnswers(inner, late)
    await answers.put(an_answer(1))
    inner.away = True
    await answers.put(an_answer(2))
    inner.away = False
    assert sorted(await answers.forget("p", "k", learner_id="l")) == ["p1", "p2"]
    await settle(late)
    assert await store.turns("p", "k", 9) == []


async def test_an_erased_learner_is_not_stored_later(late: LateWrites) -> None:
    """What waits of the learner goes first; of others it stays."""
    store = MemoryAnswers(HeldClock())
    inner = Fragile(store)
    answers = PatientAnswers(inner, late)
    await answers.put(an_answer(1))
    inner.away = True
    await answers.put(an_answer(2))
    await answers.put(an_answer(3, learner_id="other"))
    inner.away = False
    gone = await answers.forget_learner("p", "l")
    await settle(late)
    assert len(gone) == 2
    assert [one.learner_id for one in await store.turns("p", "k", 9)] == ["other"]


async def test_too_many_are_refused_and_other_platforms_see_none(
    late: LateWrites, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue is bounded; the platform is the boundary here too."""
    monkeypatch.setattr(in_need, "_MAX_WAITING", 1)
    inner = Fragile(MemoryAnswers(HeldClock()))
    answers = PatientAnswers(inner, late)
    inner.away = True
    await answers.put(an_answer(1))
    with pytest.raises(DependencyUnavailable, match="wait"):
        await answers.put(an_answer(2))
    inner.away = False
    assert await answers.get("q", "p1") is None
