"""course.yaml and file names to a plan: what is accepted, what is refused at which line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baize.domain.course import ID_PATTERN, Course
from baize.errors import InvalidInput, InvalidManifest, UnreadableSource
from ingest.manifest import CoursePlan, LessonPlan, PlannedChapter, Source, read_course, read_path
from ingest.plan import course_id_of, lesson_id_of

_FULL = """\
id: ml-101
title: 机器学习入门
language: zh-CN
description: A course.
tags: [人工智能, 入门]
level: beginner
prerequisites: [math-010]
glossary: [梯度下降, 过拟合]
license: CC0-1.0
published_at: 2026-01-02
teachers: [{name: Ann}]
lessons:
  - id: ml-101-01
    title: 什么是机器学习
    video: 01-intro.mp4
    subtitles: [01-intro.zh.vtt]
    documents: [docs/01-slides.pdf]
    chapters: [{start: 0, title: 开场}, {start: 1:35, title: 三种学习}]
  - id: ml-101-02
    title: Second
    language: en
    documents: [docs/notes.en.md]
faq: faq.jsonl
"""


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return folder


def plan_of(folder: Path, manifest: str, *names: str) -> CoursePlan:
    fill(folder, *names)
    (folder / "course.yaml").write_text(manifest, encoding="utf-8")
    return read_course(folder, "p")


def source(folder: Path, name: str, language: str = "") -> Source:
    return Source(folder / name, name, language)


def test_a_full_manifest_is_read(tmp_path: Path) -> None:
    """Every key lands where it belongs; provenance keys are allowed."""
    plan = plan_of(
        tmp_path,
        _FULL,
        "01-intro.mp4",
        "01-intro.zh.vtt",
        "docs/01-slides.pdf",
        "docs/notes.en.md",
        "faq.jsonl",
    )
    assert plan.course == Course(
        "p",
        "ml-101",
        "机器学习入门",
        "zh",
        "A course.",
        ("人工智能", "入门"),
        "beginner",
        ("math-010",),
        ("梯度下降", "过拟合"),
        "2026-01-02",
    )
    assert plan.lessons == (
        LessonPlan(
            "ml-101-01",
            "什么是机器学习",
            1,
            "zh",
            source(tmp_path, "01-intro.mp4"),
            (source(tmp_path, "01-intro.zh.vtt", "zh"),),
            (source(tmp_path, "docs/01-slides.pdf"),),
            (PlannedChapter(0, "开场"), PlannedChapter(95, "三种学习")),
        ),
        LessonPlan("ml-101-02", "Second", 2, "en", documents=(source(tmp_path, "docs/notes.en.md", "en"),)),
    )
    assert plan.faq == source(tmp_path, "faq.jsonl")
    assert plan.problems == ()


@pytest.mark.parametrize(
    ("manifest", "line", "said"),
    [
        ("id: a\ntitle: b\ntags: [c\nlessons: []\n", 4, "no YAML"),
        ("- a\n- b\n", 1, "mapping"),
        ("id: a\n", 1, "title"),
        ("id: a\ntitle: b\nglosary: [c]\n", 3, "glosary"),
        ("id: a\ntitle: b\nid: c\n", 3, "twice"),
        ("id: 101\ntitle: b\n", 1, "text"),
        ("id: a b\ntitle: b\n", 1, "id"),
        ("id: a/b\ntitle: b\n", 1, "id"),
        (f"id: {'a' * 129}\ntitle: b\n", 1, "id"),
        ("id: a\ntitle:\n", 2, "title"),
        ("id: a\ntitle: b\npublished_at: soon\n", 3, "a day"),
        ("id: a\ntitle: ''\n", 2, "empty"),
        ("id: a\ntitle: b\ntags: c\n", 3, "list"),
        ("id: a\ntitle: b\nlevel: expert\n", 3, "expert"),
        ("id: a\ntitle: b\nlanguage: klingon\n", 3, "klingon"),
        ("id: a\ntitle: b\nlessons: {x: y}\n", 3, "list"),
        ("id: a\ntitle: [" + "[" * 5000 + "\n", None, "YAML"),
        ("", None, "empty"),
    ],
)
def test_a_course_that_is_wrong_is_refused_at_its_line(
    tmp_path: Path, manifest: str, line: int | None, said: str
) -> None:
    """What makes the whole course unusable raises, with file, line, reason and remedy."""
    with pytest.raises(InvalidManifest) as caught:
        plan_of(tmp_path, manifest, "1.mp4")
    assert caught.value.path == str(tmp_path / "course.yaml")
    assert caught.value.line == line
    assert said in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize("raw", [b"id: a\ntitle: \xff\xfe\n", b"#" * 1_000_001], ids=["latin", "large"])
def test_a_manifest_that_cannot_be_text_is_refused(tmp_path: Path, raw: bytes) -> None:
    """Wrong encoding and absurd size are named."""
    (tmp_path / "course.yaml").write_bytes(raw)
    with pytest.raises(InvalidManifest, match=r"UTF-8|larger"):
        read_course(tmp_path, "p")


@pytest.mark.parametrize(
    ("lesson", "line", "said"),
    [
        ("id: bad\n    title: x\n    vidoe: 1.mp4", 8, "vidoe"),
        ("title: x\n    video: 1.mp4", 6, "no id"),
        ("id: bad", 6, "no title"),
        ("id: bad\n    title: x", 6, "no file"),
        ("id: ok\n    title: x\n    video: 1.mp4", 6, "twice"),
        ("id: bad\n    title: x\n    video: gone.mp4", 8, "gone.mp4"),
        ("id: bad\n    title: x\n    video: notes.md", 8, "cannot stand"),
        ("id: bad\n    title: x\n    documents: [1.mp4]", 8, "cannot stand"),
        ("id: bad\n    title: x\n    subtitles: 1.vtt", 8, "list"),
        ("id: bad\n    title: x\n    video: ../1.mp4", 8, "does not lie"),
        ("id: bad\n    title: x\n    video: a\\..\\..\\1.mp4", 8, "does not lie"),
        ("id: bad\n    title: x\n    video: /etc/1.mp4", 8, "does not lie"),
        ("id: bad\n    title: x\n    video: 'C:\\1.mp4'", 8, "does not lie"),
        ("id: bad\n    title: x\n    video: ftp://example.com/1.mp4", 8, "no web address"),
        ("id: bad\n    title: x\n    video: 1.mp4\n    chapters: [{start: 5}]", 9, "start and title"),
        ("id: bad\n    title: x\n    video: 1.mp4\n    chapters: [{start: x, title: y}]", 9, "number"),
        ("id: bad\n    title: x\n    video: 1.mp4\n    chapters: [{start: -1, title: y}]", 9, "from 0"),
        ("id: bad\n    title: x\n    video: 1.mp4\n    chapters: [{start: .inf, title: y}]", 9, "from 0"),
        (
            "id: bad\n    title: x\n    video: 1.mp4\n    chapters:\n"
            "    - {start: 9, title: y}\n    - {start: 9, title: z}",
            11,
            "after the one above",
        ),
    ],
)
def test_a_lesson_that_is_wrong_is_left_out(tmp_path: Path, lesson: str, line: int, said: str) -> None:
    """Its problem is told with its line and a remedy; the other lessons go on, places kept."""
    manifest = f"id: c\ntitle: t\nlessons:\n  - {{id: ok, title: a, video: 1.mp4}}\n  # next\n  - {lesson}\n"
    manifest += "  - {id: last, title: z, documents: [notes.md]}\n"
    plan = plan_of(tmp_path, manifest, "1.mp4", "notes.md")
    assert [(each.id, each.position) for each in plan.lessons] == [("ok", 1), ("last", 3)]
    (problem,) = plan.problems
    assert isinstance(problem, InvalidManifest)
    assert (problem.path, problem.line) == (str(tmp_path / "course.yaml"), line)
    assert said in problem.message
    assert problem.remedy


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    """With and without a manifest, a symbolic link must stay in the course folder."""
    fill(tmp_path, "secret.mp4", "course/1.mp4")
    folder = tmp_path / "course"
    (folder / "2.mp4").symlink_to(tmp_path / "secret.mp4")
    bare = read_course(folder, "p")
    listed = plan_of(folder, "id: c\ntitle: t\nlessons:\n- {id: a, title: b, video: 2.mp4}\n")
    for plan, n_lessons in ((bare, 1), (listed, 0)):
        assert len(plan.lessons) == n_lessons
        assert "out of the course folder" in plan.problems[0].message


def test_a_missing_faq_is_a_problem_of_its_own(tmp_path: Path) -> None:
    """The lessons go on without it."""
    plan = plan_of(
        tmp_path, "id: c\ntitle: t\nfaq: no.jsonl\nlessons:\n- {id: a, title: b, video: 1.mp4}\n", "1.mp4"
    )
    assert plan.faq is None
    assert len(plan.lessons) == 1
    assert [problem.line for problem in plan.problems] == [3]


def test_a_manifest_without_lessons_takes_them_from_the_files(tmp_path: Path) -> None:
    """Ids and title from course.yaml, lessons from file names, language inherited."""
    plan = plan_of(
        tmp_path, "id: bread\ntitle: Bread\nlanguage: en\n", "2-bake.mp4", "10-eat.mp4", "faq.jsonl"
    )
    assert [(lesson.id, lesson.language) for lesson in plan.lessons] == [
        ("bread.2-bake", "en"),
        ("bread.10-eat", "en"),
    ]
    assert plan.faq == source(tmp_path, "faq.jsonl")


def test_a_bare_folder_is_a_course(tmp_path: Path) -> None:
    """Stems group files into lessons in natural order; hidden and foreign files do not count."""
    folder = tmp_path / "我的 Course!"
    fill(
        folder,
        "10-end.mp3",
        "2-mid.mp4",
        "2-mid.zh.srt",
        "2-mid.zh-en.ass",
        "2-mid.pdf",
        "1-only.zh-CN.vtt",
        "notes.md",
        "week 2/2-mid.mp4",
        "picture.png",
        ".hidden.mp4",
        ".git/x.md",
    )
    plan = read_course(folder, "p")
    assert (plan.course.id, plan.course.title) == ("我的-course", "我的 Course!")
    assert [(lesson.id, lesson.title, lesson.position) for lesson in plan.lessons] == [
        ("我的-course.1-only", "1-only", 1),
        ("我的-course.2-mid", "2-mid", 2),
        ("我的-course.10-end", "10-end", 3),
        ("我的-course.notes", "notes", 4),
        ("我的-course.week-2-2-mid", "2-mid", 5),
    ]
    first, second = plan.lessons[:2]
    assert first.media is None
    assert first.subtitles == (source(folder, "1-only.zh-CN.vtt", "zh"),)
    assert second.media == source(folder, "2-mid.mp4")
    assert second.subtitles == (
        source(folder, "2-mid.zh-en.ass", "zh-en"),
        source(folder, "2-mid.zh.srt", "zh"),
    )
    assert second.documents == (source(folder, "2-mid.pdf"),)
    assert plan.problems == ()


def test_two_files_with_one_id_are_told(tmp_path: Path) -> None:
    """The second lesson of an id is left out, not merged."""
    plan = read_course(fill(tmp_path, "a b.mp4", "a-b.mp4"), "p")
    assert len(plan.lessons) == 1
    assert "lesson id" in plan.problems[0].message


def test_an_empty_folder_is_no_course(tmp_path: Path) -> None:
    """It raises, naming the folder."""
    with pytest.raises(InvalidManifest) as caught:
        read_course(tmp_path, "p")
    assert caught.value.path == str(tmp_path)


def test_a_single_file_is_a_course_of_one_lesson(tmp_path: Path) -> None:
    """Subtitles beside a video belong to it; its neighbours do not."""
    fill(tmp_path, "Intro.mp4", "Intro.en.vtt", "other.mp4", "Intro-2.vtt")
    plan = read_path(tmp_path / "Intro.mp4", "p")
    (lesson,) = plan.lessons
    assert (plan.course.id, lesson.id) == ("intro", "intro.intro")
    assert lesson.media == source(tmp_path, "Intro.mp4")
    assert lesson.subtitles == (source(tmp_path, "Intro.en.vtt", "en"),)


def test_a_folder_and_its_manifest_are_the_same_course(tmp_path: Path) -> None:
    """`read_path` takes a folder, its course.yaml or a file."""
    plan = plan_of(tmp_path, "id: c\ntitle: t\n", "1.mp4")
    assert read_path(tmp_path, "p") == read_path(tmp_path / "course.yaml", "p") == plan


@pytest.mark.parametrize("name", ["gone.mp4", "picture.png"])
def test_a_path_that_cannot_be_learnt_from_is_refused(tmp_path: Path, name: str) -> None:
    """Missing paths and foreign files raise with a remedy."""
    fill(tmp_path, "picture.png")
    with pytest.raises(UnreadableSource) as caught:
        read_path(tmp_path / name, "p")
    assert isinstance(caught.value, InvalidInput)
    assert caught.value.remedy


@given(course=st.text(max_size=200), stem=st.text(max_size=200))
def test_every_name_gives_valid_ids(course: str, stem: str) -> None:
    """Whatever a folder and a file are called, their ids are ids."""
    course_id = course_id_of(course)
    assert ID_PATTERN.fullmatch(course_id)
    assert ID_PATTERN.fullmatch(lesson_id_of(course_id, stem))


def test_long_names_keep_apart() -> None:
    """Two long names that begin alike get different ids."""
    assert course_id_of("字" * 100 + "a") != course_id_of("字" * 100 + "b")
