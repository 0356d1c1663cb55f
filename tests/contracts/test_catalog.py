"""What every `Catalog`, `Publisher` and `Artefacts` promises: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from baize.adapters.db.catalog import SqlArtefacts, SqlCatalog
from baize.adapters.db.engine import Database
from baize.adapters.db.publisher import SqlPublisher
from baize.domain.artefact import (
    CourseSummary,
    GlossaryTerm,
    Highlight,
    KeyPoint,
    Prepared,
    QuizItem,
    SummaryLine,
)
from baize.domain.course import FAQ_SUFFIX, Chapter, Course, Lesson
from baize.domain.library import BuiltLesson, ItemState, LiveLesson, Transcript
from baize.domain.locator import TextSpan, TimeSpan
from baize.domain.search import Scope, UpTo
from baize.domain.speech import MarkedSpan, SpeechReport
from baize.domain.text import Cue
from baize.errors import Conflict, NotFound
from baize.ports import Artefacts, Catalog, Publisher
from baize.testing.memory_catalog import MemoryCatalog

pytestmark = pytest.mark.anyio
pytest_plugins = ["tests.servers.postgres"]


@dataclass(frozen=True)
class Library:
    catalog: Catalog
    publisher: Publisher
    artefacts: Artefacts


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of one's own; empty for the double."""
    match request.param:
        case "sqlite":
            return f"sqlite:///{tmp_path}/library/catalogue.db"
        case "postgres":
            return str(request.getfixturevalue("postgres_url"))
    return ""


@pytest.fixture
async def library(address: str) -> AsyncIterator[Library]:
    if not address:
        double = MemoryCatalog()
        yield Library(double, double, double)
        return
    database = Database(address)
    await database.migrate()
    yield Library(SqlCatalog(database), SqlPublisher(database), SqlArtefacts(database))
    await database.close()


def course(course_id: str = "health", platform_id: str = "p1", **facts: Any) -> Course:
    return Course(platform_id, course_id, **({"title": "Title of " + course_id} | facts))


def built(
    lesson_id: str = "health.1",
    course_id: str = "health",
    platform_id: str = "p1",
    *,
    build_id: str = "b1",
    languages: tuple[str, ...] = ("zh",),
    transcript: Transcript | None = None,
    prepared: Prepared | None = None,
    **facts: Any,
) -> BuiltLesson:
    known: dict[str, Any] = {
        "title": f"Title of {lesson_id}",
        "position": 1,
        "language": "zh",
        "duration_s": 61.25,
        "media": f"{lesson_id}.mp4",
    }
    lesson = Lesson(platform_id, course_id, lesson_id, **(known | facts), build_id=build_id)
    return BuiltLesson(lesson, languages, 3, transcript, prepared)


def prepared_for(lesson_id: str, said: str = "先坐五分钟。") -> Prepared:
    """One of everything, with locators of both kinds."""
    spans = (TimeSpan(1.25, 4.5), TextSpan("讲义.pdf", 3, 9, 2, "准备"))
    return Prepared(
        lesson_id,
        "zh",
        (SummaryLine(said, lesson_id, spans, "model"),),
        (KeyPoint(said, lesson_id, spans[:1]),),
        (GlossaryTerm("袖带", said, lesson_id, spans[:1], True, "person"),),
        (QuizItem(f"{lesson_id}~q1", "cloze", "先坐____。", ("五分钟", "一天"), 0, lesson_id, spans, said),),
        (Highlight(TimeSpan(1.25, 4.5), said),),
        "deepseek-flash",
        ("summary@v1#0123456789ab",),
        2,
        True,
    )


async def test_course_comes_back_equal(library: Library) -> None:
    """A course is stored with every fact, in any script."""
    full = course(
        title="老年健康 · “Health”",
        language="zh",
        description="第一行\n第二行 ' \" \\ %s",
        tags=("健康", "a,b", ""),
        level="入门",
        prerequisites=("intro",),
        glossary=("血压", "blood pressure"),
    )
    await library.publisher.put_course(full)
    assert await library.catalog.course("p1", "health") == full
    assert await library.catalog.courses("p1") == [full]


async def test_courses_by_id_are_those_that_exist(library: Library) -> None:
    """By id, of this platform only; none asked for is none."""
    for course_id, platform_id in (("b", "p1"), ("a", "p1"), ("c", "p1"), ("x", "p2")):
        await library.publisher.put_course(course(course_id, platform_id))
    found = await library.catalog.courses("p1", ["b", "x", "a", "gone"])
    assert [one.id for one in found] == ["a", "b"]
    assert await library.catalog.courses("p1", []) == []


async def test_courses_that_have_nothing_but_a_faq(library: Library) -> None:
    """One lesson beside it, or no lesson at all, and it is none of them; nor is another platform's."""
    for course_id, platform_id in (("help", "p1"), ("b", "p1"), ("bare", "p1"), ("a", "p1"), ("x", "p2")):
        await library.publisher.put_course(course(course_id, platform_id))
    for course_id, platform_id in (("help", "p1"), ("b", "p1"), ("a", "p1"), ("x", "p2")):
        await library.publisher.publish(built(f"{course_id}{FAQ_SUFFIX}", course_id, platform_id))
    await library.publisher.publish(built("b.1", "b"))
    assert await library.catalog.faq_only("p1") == ["a", "help"]
    assert await library.catalog.faq_only("p3") == []


async def test_courses_page_by_page(library: Library) -> None:
    """By code point, from behind an id that need not exist; only of the ids that are given."""
    for course_id in ("b", "Z", "ä", "a", "课"):
        await library.publisher.put_course(course(course_id))
    await library.publisher.put_course(course("c", "p2"))

    async def page(after: str, limit: int = 2, among: list[str] | None = None) -> list[str]:
        found = await library.catalog.page("p1", after=after, limit=limit, course_ids=among)
        return [one.id for one in found]

    assert await page("") == ["Z", "a"]
    assert await page("a") == ["b", "ä"]
    assert await page("c") == ["ä", "课"]
    assert await page("课") == []
    assert await page("", 9, ["b", "c", "课"]) == ["b", "课"]
    assert await page("", 9, []) == []


async def test_passage_languages_of_a_scope(library: Library) -> None:
    """Each once, sorted, over platform, courses and lessons; a lesson may have several or none."""
    held = {"1": ("zh",), "2": ("en", "zh"), "3": ("zh",), "4": (), "5": ("ja",)}
    for platform_id in ("p1", "p2"):
        await library.publisher.put_course(course("health", platform_id))
        await library.publisher.put_course(course("farming", platform_id))
    for lesson_id, languages in held.items():
        home = "farming" if lesson_id == "5" else "health"
        await library.publisher.publish(built(lesson_id, home, languages=languages))
    await library.publisher.publish(built("6", platform_id="p2", languages=("ko",)))
    languages = library.catalog.languages
    assert await languages(Scope("p1")) == ["en", "ja", "zh"]
    assert await languages(Scope("p1", course_ids=("health",))) == ["en", "zh"]
    assert await languages(Scope("p1", course_ids=("health", "farming"), lesson_ids=("1", "5"))) == [
        "ja",
        "zh",
    ]
    assert await languages(Scope("p1", lesson_ids=("4",))) == []
    assert await languages(Scope("p3")) == []


async def test_unknown_things_are_none(library: Library) -> None:
    """What does not exist is None or empty, never an error."""
    assert await library.catalog.course("p1", "none") is None
    assert await library.catalog.lesson("p1", "none") is None
    assert await library.artefacts.transcript("p1", "none") is None
    assert await library.artefacts.prepared("p1", "none") is None
    assert await library.artefacts.prepared_of_course("p1", "none") == []
    assert await library.catalog.courses("p1") == []
    assert await library.catalog.lessons("p1", "none") == []
    assert await library.catalog.live(Scope("p1", course_ids=("none",))) == []
    assert await library.publisher.states("p1") == []
    assert await library.publisher.forget("p1", "none") == []


async def test_the_folder_of_a_course(library: Library) -> None:
    """The last one stands; it goes with its course, and belongs to its platform."""
    await library.publisher.put_course(course())
    assert await library.publisher.folder("p1", "health") == ""
    for folder in ("/courses/old", "/courses/新"):
        await library.publisher.put_folder("p1", "health", folder)
    assert await library.publisher.folder("p1", "health") == "/courses/新"
    assert await library.publisher.folder("p2", "health") == ""
    assert await library.publisher.courses_in("p1", "/courses/新") == ["health"]
    assert await library.publisher.courses_in("p1", "/courses/old") == []
    assert await library.publisher.courses_in("p2", "/courses/新") == []
    await library.publisher.forget("p1", "health")
    assert await library.publisher.folder("p1", "health") == ""


async def test_courses_sort_by_code_point(library: Library) -> None:
    """The order of courses is that of their ids and does not depend on a locale."""
    for course_id in ("b", "白", "B", "a-b", "ab", "a.b", "é", "a"):
        await library.publisher.put_course(course(course_id))
    found = [found.id for found in await library.catalog.courses("p1")]
    assert found == sorted(found)
    assert len(found) == 8


async def test_put_course_again_replaces_facts_and_keeps_lessons(library: Library) -> None:
    """Ingesting a renamed course changes its title, not its lessons."""
    await library.publisher.put_course(course(tags=("old",)))
    await library.publisher.publish(built())
    await library.publisher.put_course(course(title="New"))
    assert await library.catalog.course("p1", "health") == course(title="New")
    assert [lesson.id for lesson in await library.catalog.lessons("p1", "health")] == ["health.1"]


async def test_published_lesson_comes_back_equal(library: Library) -> None:
    """Lesson, chapters in order and transcript are read as they were published."""
    cues = (Cue(0.0, 1.1, "白泽"), Cue(1.1, 2.345678901, 'He said: "hi" \x00 '))
    transcript = Transcript("health.1", "zh", "1.zh.vtt", cues)
    chapters = (Chapter(0.0, 30.5, "一", "person"), Chapter(30.5, 61.25, "二"))
    lesson = built(transcript=transcript, chapters=chapters)
    await library.publisher.put_course(course())
    await library.publisher.publish(lesson)
    assert await library.catalog.lesson("p1", "health.1") == lesson.lesson
    assert await library.catalog.lessons("p1", "health") == [lesson.lesson]
    assert await library.artefacts.transcript("p1", "health.1") == transcript


async def test_publish_replaces_everything_of_the_old_build(library: Library) -> None:
    """A new build leaves no chapter, cue or language of the old one."""
    old = built(
        transcript=Transcript("health.1", "zh", "a", (Cue(0.0, 1.0, "old"),)),
        chapters=(Chapter(0.0, 1.0, "a"), Chapter(1.0, 2.0, "b")),
    )
    new = built(
        build_id="b2", languages=("en",), duration_s=None, media="", chapters=(Chapter(0.0, 9.0, "c"),)
    )
    await library.publisher.put_course(course())
    await library.publisher.publish(old)
    await library.publisher.publish(new)
    assert await library.catalog.lesson("p1", "health.1") == new.lesson
    assert await library.artefacts.transcript("p1", "health.1") is None
    assert await library.catalog.live(Scope("p1")) == [LiveLesson("health", "health.1", "b2", ("en",))]


async def test_prepared_comes_back_equal_and_goes_with_its_build(library: Library) -> None:
    """Artefacts are those of the live build: a build without any leaves none of the one before."""
    await library.publisher.put_course(course())
    await library.publisher.publish(built(prepared=prepared_for("health.1", "旧的。")))
    await library.publisher.publish(built(build_id="b2", prepared=prepared_for("health.1")))
    assert await library.artefacts.prepared("p1", "health.1") == prepared_for("health.1")
    await library.publisher.publish(built(build_id="b3"))
    assert await library.artefacts.prepared("p1", "health.1") is None


async def test_prepared_of_a_course_is_in_course_order(library: Library) -> None:
    """Only lessons of this course and platform that have something, by position."""
    for course_id, platform_id in (("health", "p1"), ("farming", "p1"), ("health", "p2")):
        await library.publisher.put_course(course(course_id, platform_id))
    for lesson_id, position in (("z", 1), ("a", 3), ("m", 2)):
        await library.publisher.publish(built(lesson_id, position=position, prepared=prepared_for(lesson_id)))
    await library.publisher.publish(built("none", position=2))
    await library.publisher.publish(built("other", "farming", prepared=prepared_for("other")))
    await library.publisher.publish(built("z", "health", "p2", prepared=prepared_for("z", "别家的。")))
    found = await library.artefacts.prepared_of_course("p1", "health")
    assert found == [prepared_for("z"), prepared_for("m"), prepared_for("a")]


async def test_a_courses_summary_is_replaced_and_goes_with_the_course(library: Library) -> None:
    """One a course and platform; a course that comes again has none."""
    line = SummaryLine("血压要静坐后量。", "health.1", (TimeSpan(1.0, 2.5),), "model")
    first = CourseSummary("health", "zh", (line,), model="m", source="a")
    for platform_id in ("p1", "p2"):
        await library.publisher.put_course(course(platform_id=platform_id))
    assert await library.artefacts.course_summary("p1", "health") is None
    await library.publisher.put_course_summary("p1", first)
    await library.publisher.put_course_summary("p1", replace(first, source="b"))
    await library.publisher.put_course(course())
    assert await library.artefacts.course_summary("p1", "health") == replace(first, source="b")
    assert await library.artefacts.course_summary("p2", "health") is None
    await library.publisher.forget("p1", "health")
    await library.publisher.put_course(course())
    assert await library.artefacts.course_summary("p1", "health") is None


async def test_reports_of_speech_come_back_whole(library: Library) -> None:
    """With the transcript and by course; subtitles have none."""
    report = SpeechReport(
        "zh", 60.5, 41.25, (TimeSpan(1.0, 9.5),), -0.31, 2, (("echo", 1),), (MarkedSpan(3.0, 4.5, "loop"),)
    )
    await library.publisher.put_course(course())
    heard = Transcript("health.1", "zh", "whisper", (Cue(0.0, 1.0, "x"),), report)
    await library.publisher.publish(built(transcript=heard))
    read = Transcript("health.2", "zh", "a.vtt", (Cue(0.0, 1.0, "y"),))
    await library.publisher.publish(built("health.2", transcript=read))
    assert await library.artefacts.transcript("p1", "health.1") == heard
    assert await library.artefacts.speech_reports("p1", "health") == {"health.1": report}
    assert await library.artefacts.speech_reports("p1") == {"health.1": report}
    assert await library.artefacts.speech_reports("p2") == {}
    assert await library.artefacts.speech_reports("p1", "other") == {}


async def test_publishing_the_same_build_twice_changes_nothing(library: Library) -> None:
    """A step that runs again after a crash is harmless."""
    await library.publisher.put_course(course())
    for _ in range(2):
        await library.publisher.publish(built(chapters=(Chapter(0.0, 1.0, "a"),)))
    assert await library.catalog.lessons("p1", "health") == [built(chapters=(Chapter(0.0, 1.0, "a"),)).lesson]


async def test_lessons_are_in_course_order(library: Library) -> None:
    """Lessons come by position, those of one position by id."""
    await library.publisher.put_course(course())
    for lesson_id, position in (("z", 1), ("a", 10), ("m", 2), ("b", 2)):
        await library.publisher.publish(built(lesson_id, position=position))
    assert [lesson.id for lesson in await library.catalog.lessons("p1", "health")] == ["z", "b", "m", "a"]


async def test_publish_needs_its_course(library: Library) -> None:
    """A lesson of a course that was not put is refused and leaves nothing."""
    with pytest.raises(NotFound, match="health"):
        await library.publisher.publish(built())
    assert await library.catalog.lesson("p1", "health.1") is None


async def test_lesson_id_belongs_to_one_course(library: Library) -> None:
    """A lesson cannot be taken over by another course: its points in the index would be lost."""
    await library.publisher.put_course(course())
    await library.publisher.put_course(course("farming"))
    await library.publisher.publish(built(chapters=(Chapter(0.0, 1.0, "a"),)))
    with pytest.raises(Conflict, match=r"health\.1"):
        await library.publisher.publish(built("health.1", "farming"))
    assert await library.catalog.lesson("p1", "health.1") == built(chapters=(Chapter(0.0, 1.0, "a"),)).lesson
    assert await library.catalog.lessons("p1", "farming") == []


async def test_live_follows_courses_and_lessons_of_the_scope(library: Library) -> None:
    """Courses and lessons narrow `live`; what chooses passages inside a lesson does not."""
    for course_id in ("c1", "c2"):
        await library.publisher.put_course(course(course_id))
        for n in (1, 2):
            await library.publisher.publish(built(f"{course_id}.{n}", course_id, position=n))

    async def live(**scope: Any) -> list[str]:
        return [lesson.lesson_id for lesson in await library.catalog.live(Scope("p1", **scope))]

    everything = ["c1.1", "c1.2", "c2.1", "c2.2"]
    assert await live() == everything
    assert await live(course_ids=("c2",)) == ["c2.1", "c2.2"]
    assert await live(lesson_ids=("c2.2", "c1.1")) == ["c1.1", "c2.2"]
    assert await live(course_ids=("c1",), lesson_ids=("c2.2",)) == []
    assert await live(up_to=UpTo("c1.1", 5.0), languages=("en",), build_ids=()) == everything


async def test_latest_state_of_an_item_wins(library: Library) -> None:
    """`record` keeps one state per item: the last that was recorded."""
    running = ItemState("p1", "health", "health.1", "running", "extract", at=1.5)
    failed = ItemState("p1", "health", "slides/第一课.pdf", "failed", "plan", error="bad: 重新导出。", at=2.0)
    done = ItemState("p1", "health", "health.1", "done", "load", 12, 61.25, "", 1_763_000_000.123456)
    other = ItemState("p1", "farming", "x", "done", "load")
    for state in (running, failed, done, other):
        await library.publisher.record(state)
    assert await library.publisher.states("p1", "health") == [done, failed]
    assert await library.publisher.states("p1") == [other, done, failed]


async def test_forget_removes_a_course_and_nothing_else(library: Library) -> None:
    """Lessons, transcripts, chapters and states of the course go; its neighbours stay."""
    for course_id in ("c1", "c2"):
        await library.publisher.put_course(course(course_id))
        for n in (2, 1):
            lesson_id = f"{course_id}.{n}"
            transcript = Transcript(lesson_id, "zh", "a", (Cue(0.0, 1.0, "x"),))
            made = {"transcript": transcript, "prepared": prepared_for(lesson_id)}
            await library.publisher.publish(built(lesson_id, course_id, position=n, **made))
            await library.publisher.record(ItemState("p1", course_id, lesson_id, "done", "load"))
    assert await library.publisher.forget("p1", "c1") == ["c1.1", "c1.2"]
    assert [left.id for left in await library.catalog.courses("p1")] == ["c2"]
    assert await library.catalog.lesson("p1", "c1.1") is None
    assert await library.artefacts.transcript("p1", "c1.1") is None
    assert await library.artefacts.prepared("p1", "c1.1") is None
    assert await library.artefacts.prepared_of_course("p1", "c1") == []
    assert {state.course_id for state in await library.publisher.states("p1")} == {"c2"}
    assert await library.artefacts.transcript("p1", "c2.1") is not None
    assert await library.publisher.forget("p1", "c1") == []


async def test_forget_can_be_limited_to_lessons(library: Library) -> None:
    """Lessons that left the folder go with their states; an empty list removes nothing."""
    await library.publisher.put_course(course())
    for n in (1, 2):
        await library.publisher.publish(built(f"health.{n}", position=n))
        await library.publisher.record(ItemState("p1", "health", f"health.{n}", "done", "load"))
    assert await library.publisher.forget("p1", "health", []) == []
    assert await library.publisher.forget("p1", "health", ["health.2", "unknown"]) == ["health.2"]
    assert [lesson.id for lesson in await library.catalog.lessons("p1", "health")] == ["health.1"]
    assert [state.item for state in await library.publisher.states("p1")] == ["health.1"]
    assert await library.catalog.course("p1", "health") is not None


async def test_states_of_a_course_that_never_was_put_are_forgotten(library: Library) -> None:
    """A course whose manifest was never right leaves a trace in the states alone, and that can go too."""
    await library.publisher.record(ItemState("p1", "broken", "course.yaml", "failed", "plan"))
    assert await library.publisher.forget("p1", "broken") == []
    assert await library.publisher.states("p1") == []


async def test_readers_never_see_half_of_a_swap(library: Library) -> None:
    """While builds are published, a lesson is read with the chapters of its own build."""

    def build(n: int) -> BuiltLesson:
        chapters = tuple(Chapter(float(i), i + 1.0, f"b{n}") for i in range(1 + n % 3))
        return built(build_id=f"b{n}", chapters=chapters)

    await library.publisher.put_course(course())
    await library.publisher.publish(build(0))

    async def publish() -> None:
        for n in range(1, 30):
            await library.publisher.publish(build(n))

    async def read() -> None:
        for _ in range(60):
            (seen,) = await library.catalog.lessons("p1", "health")
            assert seen == build(int(seen.build_id[1:])).lesson

    await asyncio.gather(publish(), read(), read())


async def test_concurrent_writers_lose_nothing(library: Library) -> None:
    """Many publishers of one course at once all succeed, also for the same lesson."""
    await library.publisher.put_course(course())
    transcript = Transcript("same", "zh", "a", (Cue(0.0, 1.0, "x"),))
    same = [built("same", transcript=transcript, chapters=(Chapter(0.0, 1.0, "a"),)) for _ in range(8)]
    others = [built(f"l{n}", position=n) for n in range(8)]
    await asyncio.gather(
        *(library.publisher.publish(lesson) for lesson in same + others),
        *(library.publisher.put_course(course(title=f"T{n}")) for n in range(8)),
        *(library.publisher.record(ItemState("p1", "health", "same", "done", "load")) for _ in range(8)),
    )
    assert len(await library.catalog.lessons("p1", "health")) == 9
    assert await library.catalog.lesson("p1", "same") == same[0].lesson


async def test_publishing_while_the_course_is_forgotten(library: Library) -> None:
    """Whoever comes first wins; no lesson is left without its course, and no other error is seen."""
    for _ in range(8):
        await library.publisher.put_course(course())
        lessons = [built(f"l{n}") for n in range(4)]
        early = asyncio.gather(*(outcome(library.publisher, lesson) for lesson in lessons[:2]))
        forgetting = asyncio.create_task(library.publisher.forget("p1", "health"))
        late = asyncio.gather(*(outcome(library.publisher, lesson) for lesson in lessons[2:]))
        refusals, gone = [*await early, *await late], await forgetting
        published = {
            lesson.lesson.id for lesson, refusal in zip(lessons, refusals, strict=True) if not refusal
        }
        assert published == set(gone)
        assert await library.catalog.live(Scope("p1")) == []


PLATFORMS = ("甲", "b", "b2")
COURSES = ("c1", "c2")
LESSONS = ("l1", "l2", "l3")

put_courses = st.builds(
    course, st.sampled_from(COURSES), st.sampled_from(PLATFORMS), title=st.text("ab白", max_size=3)
)


def publication(
    lesson_id: str, course_id: str, platform_id: str, source: str | None, **facts: Any
) -> BuiltLesson:
    transcript = None if source is None else Transcript(lesson_id, "zh", source, ())
    prepared = None if source is None else prepared_for(lesson_id, source)
    return built(lesson_id, course_id, platform_id, transcript=transcript, prepared=prepared, **facts)


publications = st.builds(
    publication,
    st.sampled_from(LESSONS),
    st.sampled_from(COURSES),
    st.sampled_from(PLATFORMS),
    st.none() | st.text("ab", max_size=2),
    build_id=st.sampled_from(["b1", "b2"]),
    position=st.integers(1, 3),
)
states = st.builds(
    ItemState,
    st.sampled_from(PLATFORMS),
    st.sampled_from(COURSES),
    st.sampled_from(LESSONS),
    st.sampled_from(["running", "done", "failed"]),
    st.just("load"),
)
forgotten = st.tuples(st.sampled_from(PLATFORMS), st.sampled_from(COURSES), st.none() | st.just(["l1"]))


def moved(change: Any, suffix: str) -> Any:
    """The same change, its platform under a name that no other example has used."""
    match change:
        case BuiltLesson(lesson):
            return replace(change, lesson=replace(lesson, platform_id=lesson.platform_id + suffix))
        case (platform_id, course_id, lesson_ids):
            return platform_id + suffix, course_id, lesson_ids
    return replace(change, platform_id=change.platform_id + suffix)


def platform_of(change: Any) -> str:
    match change:
        case BuiltLesson(lesson):
            return lesson.platform_id
        case (platform_id, _, _):
            return str(platform_id)
    return str(change.platform_id)


async def outcome(publisher: Publisher, change: Any) -> object:
    """What a change gives back, or the kind of its refusal."""
    match change:
        case Course():
            await publisher.put_course(change)
        case ItemState():
            await publisher.record(change)
        case BuiltLesson():
            try:
                await publisher.publish(change)
            except (NotFound, Conflict) as error:
                return type(error)
        case (platform_id, course_id, lesson_ids):
            return await publisher.forget(platform_id, course_id, lesson_ids)
    return None


async def everything(library: Library, platform_id: str) -> list[object]:
    catalog = library.catalog
    return [
        await catalog.courses(platform_id),
        await library.publisher.states(platform_id),
        await catalog.live(Scope(platform_id)),
        *[await catalog.live(Scope(platform_id, course_ids=(c,), lesson_ids=LESSONS)) for c in COURSES],
        *[await catalog.course(platform_id, c) for c in COURSES],
        *[await catalog.lessons(platform_id, c) for c in COURSES],
        *[await library.publisher.states(platform_id, c) for c in COURSES],
        *[await catalog.lesson(platform_id, lesson_id) for lesson_id in LESSONS],
        *[await library.artefacts.transcript(platform_id, lesson_id) for lesson_id in LESSONS],
        *[await library.artefacts.prepared(platform_id, lesson_id) for lesson_id in LESSONS],
        *[await library.artefacts.prepared_of_course(platform_id, c) for c in COURSES],
    ]


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(changes=st.lists(put_courses | publications | states | forgotten, max_size=25))
async def test_platforms_share_nothing(library: Library, changes: list[Any]) -> None:
    """One store for several platforms with the same ids behaves as one store for each of them."""
    suffix = f"-{uuid.uuid4().hex}"
    alone: dict[str, Library] = {}
    for platform in PLATFORMS:
        double = MemoryCatalog()
        alone[platform + suffix] = Library(double, double, double)
    for change in (moved(change, suffix) for change in changes):
        own = alone[platform_of(change)]
        assert await outcome(library.publisher, change) == await outcome(own.publisher, change)
    for platform_id, own in alone.items():
        assert await everything(library, platform_id) == await everything(own, platform_id)


async def test_what_a_lesson_holds(library: Library) -> None:
    """How many of each, without reading it; by course, and never of another platform."""
    for course_id, platform_id in (("health", "p1"), ("farming", "p1"), ("health", "p2")):
        await library.publisher.put_course(course(course_id, platform_id))
    heard = Transcript("health.1", "zh", "a.vtt", (Cue(0.0, 1.0, "x"),))
    chapters = (Chapter(0, 9, "一"), Chapter(9, 61.25, "二"))
    full = built(prepared=prepared_for("health.1"), transcript=heard, chapters=chapters)
    await library.publisher.publish(full)
    await library.publisher.publish(built("health.2", position=2))
    await library.publisher.publish(built("farming.1", "farming"))
    await library.publisher.publish(built("x", "health", "p2"))
    first, second = await library.artefacts.holdings("p1", "health")
    assert (first.course_id, first.lesson_id, first.media) == ("health", "health.1", full.lesson.media)
    assert (first.spoken, first.n_chapters) == (True, 2)
    assert (first.n_summary, first.n_quiz) == (1, 1)
    assert (second.lesson_id, second.spoken, second.n_summary, second.n_quiz) == ("health.2", False, 0, 0)
    assert [held.lesson_id for held in await library.artefacts.holdings("p1")] == [
        "farming.1",
        "health.1",
        "health.2",
    ]
