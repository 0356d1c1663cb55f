"""A course's summary from its lessons' lines."""

from __future__ import annotations

import pytest

from baize.domain.artefact import KeyPoint, Prepared, SummaryLine
from baize.domain.course import Course, Lesson
from baize.domain.library import BuiltLesson
from baize.domain.locator import TimeSpan
from baize.errors import NotFound
from baize.services.summarize import read_prepared, summarize_course
from baize.testing.memory_catalog import MemoryCatalog

pytestmark = pytest.mark.anyio


async def library_of(*n_lines: int, model: str = "extractive") -> MemoryCatalog:
    """A course with lessons of so many lines; a negative count is a lesson without anything prepared."""
    library = MemoryCatalog()
    await library.put_course(Course("p", "c", "课", "zh"))
    for position, n in enumerate(n_lines, 1):
        lesson_id = f"l{position:02}"
        lines = tuple(SummaryLine(f"{lesson_id}-{i}", lesson_id, (TimeSpan(i, i + 1),)) for i in range(n))
        points = tuple(KeyPoint(line.text, lesson_id, line.locators) for line in lines)
        prepared = Prepared(lesson_id, "zh", lines, points, model=model) if n >= 0 else None
        lesson = Lesson("p", "c", lesson_id, lesson_id, position, "zh", 60.0, "", "b")
        await library.publish(BuiltLesson(lesson, ("zh",), 1, None, prepared))
    return library


async def test_lessons_share_the_lines_in_turns_and_stand_in_course_order() -> None:
    """Each lesson has its first lines there; a lesson with few leaves room for the others."""
    library = await library_of(9, 1, 9)
    found = await summarize_course(library, library, "p", "c")
    texts = [line.text for line in found.summary]
    assert texts == [*(f"l01-{i}" for i in range(6)), "l02-0", *(f"l03-{i}" for i in range(5))]
    assert [point.text for point in found.key_points] == texts


async def test_no_lesson_of_a_long_course_is_left_out() -> None:
    """Twenty lessons have twenty lines, and not twelve."""
    library = await library_of(*[3] * 20)
    found = await summarize_course(library, library, "p", "c")
    assert [line.lesson_id for line in found.summary] == [f"l{n:02}" for n in range(1, 21)]


async def test_the_model_that_worded_lessons_is_named() -> None:
    """The label beside a course's summary must say that a model worded it."""
    library = await library_of(2, model="deepseek-flash")
    assert (await summarize_course(library, library, "p", "c")).model == "deepseek-flash"


async def test_what_was_never_prepared_is_named() -> None:
    """An older library has no artefacts yet: that is said, with the remedy."""
    library = await library_of(-1)
    with pytest.raises(NotFound, match="Nothing was prepared for the course"):
        await summarize_course(library, library, "p", "c")
    with pytest.raises(NotFound, match="Nothing was prepared for the lesson"):
        await read_prepared(library, library, "p", "l01")
    faq = Lesson("p", "c", "c~faq", "FAQ", 9, "zh", 0.0, "", "b")
    await library.publish(BuiltLesson(faq, ("zh",), 1, None, None))
    with pytest.raises(
        NotFound, match="A FAQ is answered from as it stands"
    ):  # ingesting again would not help
        await read_prepared(library, library, "p", "c~faq")
    with pytest.raises(NotFound, match="no course"):
        await summarize_course(library, library, "p", "other")
    with pytest.raises(NotFound, match="no lesson"):
        await read_prepared(library, library, "p", "other")
