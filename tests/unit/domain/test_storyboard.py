"""Scenes: where, how many, and what is said there."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from baize.domain.course import Chapter
from baize.domain.storyboard import MOST, scenes
from baize.domain.text import Cue


def test_every_chapter_has_its_first_picture() -> None:
    """Longer chapters have more; captions are the first sentence of each."""
    chapters = (Chapter(0.0, 30.0, "开场"), Chapter(30.0, 180.0, "正文"))
    cues = (Cue(1.0, 4.0, "大家好。"), Cue(31.0, 40.0, "先坐 五分钟。"), Cue(110.0, 112.0, "字" * 80))
    found = scenes(180.0, chapters, cues)
    assert [scene.chapter for scene in found] == ["开场", "正文", "正文", "正文"]
    assert [scene.span.start for scene in found] == [0.0, 30.0, 80.0, 130.0]
    assert [scene.caption for scene in found] == ["大家好。", "先坐 五分钟。", "字" * 59 + "…", ""]
    assert found[1].at == 30.5


def test_a_long_caption_ends_with_a_whole_word() -> None:
    """In Latin script; a word without an end is cut all the same."""
    said = "word " * 40
    assert scenes(60.0, (), (Cue(0.0, 9.0, said),))[0].caption == f"{said[:109]}…"
    assert scenes(60.0, (), (Cue(0.0, 9.0, "x" * 300),))[0].caption == "x" * 109 + "…"


def test_without_chapters_and_speech() -> None:
    """Evenly over the whole; nothing for a lesson without a length."""
    assert [scene.span.start for scene in scenes(40.0, (), ())] == [0.0, 10.0, 20.0, 30.0]
    assert scenes(0.0, (), ()) == ()


@given(
    duration_s=st.floats(1.0, 20_000.0),
    starts=st.lists(st.floats(0.0, 20_000.0), max_size=40, unique=True),
)
def test_scenes_are_in_order_and_cover_the_lesson(duration_s: float, starts: list[float]) -> None:
    """From the first chapter's start to the end, each picture within its span."""
    edges = [*sorted(starts), 30_000.0]
    found = scenes(duration_s, [Chapter(a, b, "x") for a, b in pairwise(edges)], ())
    assert all(scene.span.start <= scene.at <= scene.span.end for scene in found)
    assert all(before.span.end == after.span.start for before, after in pairwise(found))
    assert [scene.number for scene in found] == list(range(len(found)))
    assert found[-1].span.end == duration_s
    assert 1 <= len(found) <= 2 * MOST + len(starts)
