"""Course folders through the whole of ingestion, over doubles: real files in, a library out."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from baize.adapters.embed_cached import CachedEmbedder
from baize.domain.course import Course
from baize.domain.locator import FaqEntry, TextSpan, TimeSpan
from baize.domain.search import Scope, Vector
from baize.domain.text import Chunk, Cue
from baize.errors import IndexUnavailable
from baize.services.forget import forget_course
from baize.testing.hash_embedder import HashEmbedder
from baize.testing.memory_catalog import MemoryCatalog
from baize.testing.memory_edits import MemoryEdits
from baize.testing.memory_index import MemoryIndex
from baize.testing.memory_locks import MemoryLocks
from baize.testing.paragraph_splitter import ParagraphSplitter
from baize.testing.scripted_transcriber import ScriptedTranscriber
from baize.testing.simple_token_counter import SimpleTokenCounter
from ingest.chunk import ChunkOptions
from ingest.manifest import read_course
from ingest.pipeline import Parts, Pipeline
from ingest.plan import CoursePlan
from ingest.report import IngestReport
from ingest.stages import Desk, StageStore
from ingest.watch import LogWatch

pytestmark = pytest.mark.anyio

ALL = Scope("p1")
VTT = """WEBVTT

00:00:00.000 --> 00:00:04.000
量血压之前，先安静坐五分钟。

00:00:04.500 --> 00:00:08.000
袖带要和心脏一样高。

00:01:10.000 --> 00:01:14.000
一次量两遍，取平均。
"""
MANIFEST = """id: health
title: 居家健康
language: zh
glossary: [袖带]
lessons:
  - id: measure
    title: 量血压
    video: 01-measure.wav
    subtitles: [01-measure.zh.vtt]
    documents: [notes.md]
    chapters: [{start: 0, title: 准备}, {start: 60, title: 测量}]
  - id: heard
    title: 听来的课
    video: 02-heard.wav
faq: faq.jsonl
"""
HEARD = (Cue(0.0, 3.0, "降压药要每天按时吃。"), Cue(3.0, 6.0, "漏吃了不要加倍补。"))


class CountingEmbedder(HashEmbedder):
    """Remembers what it was asked to embed."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    async def embed_passages(self, texts: Sequence[str]) -> Vector:
        self.asked.extend(texts)
        return await super().embed_passages(texts)


class FailingIndex(MemoryIndex):
    """A vector store that went away, until it is told to come back."""

    fails = False

    async def upsert(self, points: Sequence[object]) -> None:
        if self.fails:
            raise IndexUnavailable("The vector store does not answer.", remedy="Start it.")
        await super().upsert(points)  # type: ignore[arg-type]  # the points are passed through


class FixedClock:
    def now(self) -> float:
        return 1000.0


def write_wav(path: Path, seconds: float) -> None:
    """Silence, as a recording that can be probed."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"\0\0" * int(8000 * seconds))


@dataclass
class Workshop:
    """A course folder, and everything that the pipeline works with."""

    root: Path
    index: FailingIndex = field(default_factory=FailingIndex)
    catalog: MemoryCatalog = field(default_factory=MemoryCatalog)
    model: CountingEmbedder = field(default_factory=CountingEmbedder)
    transcriber: ScriptedTranscriber = field(
        default_factory=lambda: ScriptedTranscriber({"02-heard.wav": HEARD})
    )

    edits: MemoryEdits = field(default_factory=MemoryEdits)

    @property
    def folder(self) -> Path:
        return self.root / "course"

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def desk(self, course: Course) -> Desk:
        kept = self.root / course.id
        embedder = CachedEmbedder(self.model, kept / "vectors.sqlite")
        return Desk(StageStore(kept / "stages"), embedder, kept / "frames")

    async def run(self, plan: CoursePlan | None = None) -> IngestReport:
        parts = Parts(
            transcriber=self.transcriber,
            embedder=self.model,
            index=self.index,
            catalog=self.catalog,
            publisher=self.catalog,
            counter=SimpleTokenCounter(),
            splitter=ParagraphSplitter(),
            clock=FixedClock(),
            locks=MemoryLocks(),
            edits=self.edits,
            chunking=ChunkOptions(max_tokens=40, overlap_sentences=1),
            taught=CachedEmbedder(self.model, self.root / "taught.sqlite"),
        )
        pipeline = Pipeline(parts, self.desk, LogWatch(3))
        return await pipeline.run_course(plan or read_course(self.folder, "p1"))

    async def chunks(self, lesson_id: str = "") -> list[Chunk]:
        """What is in the index, in reading order, whatever its build."""
        stored = [point.chunk for point in self.index._points.values()]
        return sorted(
            (c for c in stored if lesson_id in ("", c.lesson_id)), key=lambda c: (c.lesson_id, c.position)
        )

    def n_work(self) -> tuple[int, int]:
        """How often speech was heard, and how many texts were embedded."""
        return len(self.transcriber.calls), len(self.model.asked)

    async def state(self, item: str) -> tuple[str, str]:
        states = {s.item: s for s in await self.catalog.states("p1", "health")}
        return states[item].state, states[item].error


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    made = Workshop(tmp_path)
    made.folder.mkdir()
    made.write("course.yaml", MANIFEST)
    made.write("01-measure.zh.vtt", VTT)
    made.write("notes.md", "# 讲义\n\n早上起床后量。\n\n## 记录\n\n把数字写下来。\n")
    made.write("faq.jsonl", '{"id": "refund", "question": "能退课吗？", "answer": "七天之内可以退。"}\n')
    write_wav(made.folder / "01-measure.wav", 80)
    write_wav(made.folder / "02-heard.wav", 10)
    return made


async def test_lessons_are_prepared_and_the_faq_is_not(workshop: Workshop) -> None:
    """Artefacts come with the build and go with the course; a second run changes nothing."""
    await workshop.run()
    made = await workshop.catalog.prepared("p1", "measure")
    assert made is not None
    assert made.model == "extractive"
    assert made.summary[0].locators[0] == TimeSpan(0.0, 4.0)
    assert [term.term for term in made.glossary] == ["袖带"]
    assert await workshop.catalog.prepared("p1", "health~faq") is None
    asked = workshop.n_work()
    assert (await workshop.run()).counts() == {"unchanged": 3}
    assert (await workshop.catalog.prepared("p1", "measure"), workshop.n_work()) == (made, asked)
    await forget_course(
        "p1", "health", publisher=workshop.catalog, catalog=workshop.catalog, index=workshop.index
    )
    assert await workshop.catalog.prepared("p1", "measure") is None


async def test_a_course_becomes_a_library(workshop: Workshop) -> None:
    """Subtitles, speech, documents and FAQ; each chunk with its place, headings and language."""
    report = await workshop.run()
    assert (report.ok, report.counts()) == (True, {"done": 3})
    heard = await workshop.chunks("heard")
    assert {c.text for c in heard} == {"降压药要每天按时吃。漏吃了不要加倍补。"}
    assert [c.window[0].text for c in heard] == [cue.text for cue in HEARD]
    faq = (await workshop.chunks("health~faq"))[0]
    assert (faq.locator, faq.headings, faq.language) == (FaqEntry("refund"), ("能退课吗？",), "zh")
    lessons = await workshop.catalog.lessons("p1", "health")
    assert [(lesson.id, lesson.duration_s) for lesson in lessons] == [
        ("measure", 80.0),
        ("heard", 10.0),
        ("health~faq", None),
    ]
    assert workshop.transcriber.calls == [("02-heard.wav", "zh", ("袖带",))]
    transcript = await workshop.catalog.transcript("p1", "heard")
    assert transcript is not None
    assert (transcript.cues, transcript.source) == (HEARD, "scripted")
    assert await workshop.state("measure") == ("done", "")


async def test_chapters_of_the_manifest_bound_the_chunks(workshop: Workshop) -> None:
    """No chunk crosses one; each carries the title; the last chapter ends with the media."""
    await workshop.run()
    spoken = [c for c in await workshop.chunks("measure") if isinstance(c.locator, TimeSpan)]
    assert [(c.headings, c.text, c.focus) for c in spoken] == [
        (("量血压", "准备"), "量血压之前，先安静坐五分钟。袖带要和心脏一样高。", 0),
        (("量血压", "准备"), "量血压之前，先安静坐五分钟。袖带要和心脏一样高。", 1),
        (("量血压", "测量"), "一次量两遍，取平均。", 0),
    ]
    lesson = await workshop.catalog.lesson("p1", "measure")
    assert lesson is not None
    assert [(c.start, c.end, c.origin) for c in lesson.chapters] == [(0, 60, "person"), (60, 80.0, "person")]


async def test_a_chapter_after_the_end_is_told(workshop: Workshop) -> None:
    """As it is when somebody counts in milliseconds; the lesson is published with the others."""
    workshop.write("course.yaml", MANIFEST.replace("start: 60", "start: 60000"))
    report = await workshop.run()
    (problem,) = report.all_problems
    assert problem.message == "The chapter '测量' starts at 60000 s, after the lesson's end."
    lesson = await workshop.catalog.lesson("p1", "measure")
    assert lesson is not None
    assert [chapter.title for chapter in lesson.chapters] == ["准备"]


async def test_without_media_the_last_chapter_ends_with_the_last_cue(workshop: Workshop) -> None:
    """Not where it starts."""
    workshop.write("course.yaml", MANIFEST.replace("    video: 01-measure.wav\n", ""))
    await workshop.run()
    lesson = await workshop.catalog.lesson("p1", "measure")
    assert lesson is not None
    assert lesson.chapters[-1].end == 74.0


async def test_sections_of_a_document_are_places(workshop: Workshop) -> None:
    """File, section, and characters that give the quoted text."""
    await workshop.run()
    read = [c for c in await workshop.chunks("measure") if isinstance(c.locator, TextSpan)]
    assert [(c.headings, c.text) for c in read] == [
        (("量血压", "讲义"), "早上起床后量。"),
        (("量血压", "讲义", "记录"), "把数字写下来。"),
    ]
    assert [c.locator for c in read] == [
        TextSpan("notes.md", 0, 7, None, "讲义"),
        TextSpan("notes.md", 9, 16, None, "记录"),
    ]


async def test_a_second_run_does_no_work(workshop: Workshop) -> None:
    """Nothing heard, nothing embedded, the same ids and builds."""
    await workshop.run()
    before, work = await workshop.index.ids(ALL), workshop.n_work()
    live = await workshop.catalog.live(ALL)
    report = await workshop.run()
    assert report.counts() == {"unchanged": 3}
    assert workshop.n_work() == work
    assert await workshop.index.ids(ALL) == before
    assert await workshop.catalog.live(ALL) == live


async def test_a_lost_index_is_filled_again_without_work(workshop: Workshop) -> None:
    """Points that are not there make a lesson changed; what was heard and embedded is remembered."""
    await workshop.run()
    before, work = await workshop.index.ids(ALL), workshop.n_work()
    workshop.index = FailingIndex()
    assert (await workshop.run()).counts() == {"done": 3}
    assert workshop.n_work() == work
    assert await workshop.index.ids(ALL) == before


async def test_one_changed_file_touches_its_lesson_only(workshop: Workshop) -> None:
    """The others keep their builds; the changed chunk replaces the old one, and only it is embedded."""
    await workshop.run()
    live = {lesson.lesson_id: lesson.build_id for lesson in await workshop.catalog.live(ALL)}
    n_heard, n_embedded = workshop.n_work()
    workshop.write("01-measure.zh.vtt", VTT.replace("取平均", "取后一遍"))
    report = await workshop.run()
    assert {r.lesson_id: r.outcome for r in report.lessons} == {
        "measure": "done",
        "heard": "unchanged",
        "health~faq": "unchanged",
    }
    now = {lesson.lesson_id: lesson.build_id for lesson in await workshop.catalog.live(ALL)}
    assert [lesson_id for lesson_id in now if now[lesson_id] != live[lesson_id]] == ["measure"]
    assert workshop.n_work() == (n_heard, n_embedded + 2)
    texts = [c.text for c in await workshop.chunks("measure")]
    assert "一次量两遍，取后一遍。" in texts
    assert "一次量两遍，取平均。" not in texts


async def test_a_renamed_lesson_is_built_again(workshop: Workshop) -> None:
    """Titles stand in the vectors and in every citation."""
    await workshop.run()
    workshop.write("course.yaml", MANIFEST.replace("听来的课", "按时吃药"))
    await workshop.run()
    titles = {(chunk.lesson_title, chunk.headings) for chunk in await workshop.chunks("heard")}
    assert titles == {("按时吃药", ("按时吃药",))}
    assert len(workshop.transcriber.calls) == 1


async def test_what_left_the_folder_leaves_the_library(workshop: Workshop) -> None:
    """A removed lesson and a removed FAQ disappear from index, catalogue and states, and are reported."""
    await workshop.run()
    start, end = MANIFEST.index("  - id: heard"), MANIFEST.index("faq:")
    workshop.write("course.yaml", MANIFEST[:start])
    report = await workshop.run()
    assert sorted(report.removed) == ["health~faq", "heard"]
    assert MANIFEST[start:end].count("02-heard.wav") == 1
    assert {c.lesson_id for c in await workshop.chunks()} == {"measure"}
    assert [s.item for s in await workshop.catalog.states("p1", "health")] == ["measure"]
    assert await workshop.catalog.lesson("p1", "heard") is None


async def test_a_problem_in_the_manifest_removes_nothing(workshop: Workshop) -> None:
    """A lesson with a typing error is not a lost one; its live build stays, the rest is done."""
    await workshop.run()
    workshop.write("course.yaml", MANIFEST.replace("video: 02-heard.wav", "video: 02-hard.wav"))
    report = await workshop.run()
    (problem,) = report.problems
    assert (problem.path.endswith("course.yaml"), problem.line) == (True, 14)
    assert "02-hard.wav" in problem.message
    assert report.removed == ()
    assert await workshop.chunks("heard")
    assert (await workshop.state("course.yaml"))[0] == "failed"
    workshop.write("course.yaml", MANIFEST)
    assert (await workshop.run()).ok
    assert "course.yaml" not in [s.item for s in await workshop.catalog.states("p1", "health")]


async def test_a_broken_file_is_named_and_the_rest_goes_on(workshop: Workshop) -> None:
    """The lesson is built from what can be read; the broken file is in the report and in the state."""
    workshop.write("01-measure.zh.vtt", "WEBVTT\n\n00:00:0x.000 --> 00:00:04.000\n坏了\n")
    (workshop.folder / "notes.md").write_bytes(b"\xff\xfe\x00")
    workshop.transcriber = ScriptedTranscriber(
        {"02-heard.wav": HEARD, "01-measure.wav": [Cue(0.0, 2.0, "听到的。")]}
    )
    report = await workshop.run()
    assert {r.lesson_id: r.outcome for r in report.lessons}["measure"] == "done"
    named = {Path(problem.path).name: problem for problem in report.all_problems}
    assert named["01-measure.zh.vtt"].line == 3
    assert all(problem.message and problem.remedy for problem in named.values())
    assert "01-measure.zh.vtt" in (await workshop.state("measure"))[1]


async def test_every_broken_file_of_a_failed_lesson_is_named(workshop: Workshop) -> None:
    """Not the first alone; an empty transcript is one of them."""
    workshop.write("01-measure.zh.vtt", "nothing timed")
    workshop.write("notes.md", "# 只有标题\n")
    report = await workshop.run()
    failed = next(r for r in report.lessons if r.lesson_id == "measure")
    assert failed.outcome == "failed"
    assert {Path(p.path).name for p in failed.problems} == {"01-measure.zh.vtt", "01-measure.wav", "notes.md"}
    assert any("No speech was heard" in p.message for p in failed.problems)
    assert not report.ok
    assert {r.lesson_id for r in report.lessons if r.outcome == "done"} == {"heard", "health~faq"}


async def test_an_empty_or_broken_faq_is_named(workshop: Workshop) -> None:
    """With its line."""
    workshop.write("faq.jsonl", "\n")
    (problem,) = (await workshop.run()).all_problems
    assert "no entry" in problem.message
    workshop.write("faq.jsonl", '{"question": "a", "answer": "b"}\n{"question": "a"}\n')
    (problem,) = (await workshop.run()).all_problems
    assert (Path(problem.path).name, problem.line) == ("faq.jsonl", 2)


async def test_a_lesson_that_fails_again_keeps_its_live_build(workshop: Workshop) -> None:
    """Learners go on with the version before, until the new one works."""
    await workshop.run()
    before = await workshop.chunks("heard")
    live = await workshop.catalog.live(ALL)
    (workshop.folder / "02-heard.wav").write_bytes(b"not a recording")
    report = await workshop.run()
    assert {r.lesson_id: r.outcome for r in report.lessons}["heard"] == "failed"
    assert await workshop.chunks("heard") == before
    assert await workshop.catalog.live(ALL) == live
    assert (await workshop.state("heard"))[0] == "failed"
    write_wav(workshop.folder / "02-heard.wav", 10)
    assert {r.lesson_id: r.outcome for r in (await workshop.run()).lessons}["heard"] == "done"


async def test_a_store_that_is_away_fails_lessons_and_is_told_apart(workshop: Workshop) -> None:
    """The files are well: the problem is marked as a dependency's, and the next run finishes the job."""
    workshop.index.fails = True
    report = await workshop.run()
    assert report.counts() == {"failed": 3}
    assert all(problem.dependency for problem in report.all_problems)
    work = workshop.n_work()
    workshop.index.fails = False
    assert (await workshop.run()).counts() == {"done": 3}
    assert workshop.n_work() == work


async def test_a_stage_without_memory_fails_its_lesson_by_name(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others go on, and nobody takes it for a dependency: tried again, it would fail again."""

    async def embed_passages(texts: Sequence[str]) -> Vector:
        raise MemoryError(len(texts))

    monkeypatch.setattr(workshop.model, "embed_passages", embed_passages)
    report = await workshop.run()
    assert report.counts() == {"failed": 3}
    assert all("wanted more memory" in problem.message for problem in report.all_problems)
    assert not any(problem.dependency for problem in report.all_problems)
    assert "jobs.stage_memory_gb" in report.all_problems[0].remedy
    monkeypatch.undo()
    assert (await workshop.run()).counts() == {"done": 3}


async def test_a_file_that_vanishes_meanwhile_is_a_problem_of_its_lesson(workshop: Workshop) -> None:
    """What the system says about one file does not end the run."""
    plan = read_course(workshop.folder, "p1")
    (workshop.folder / "faq.jsonl").unlink()
    (workshop.folder / "notes.md").unlink()
    report = await workshop.run(plan)
    assert {r.lesson_id: r.outcome for r in report.lessons} == {
        "measure": "done",
        "heard": "done",
        "health~faq": "failed",
    }
    assert {Path(p.path).name for p in report.all_problems} == {"faq.jsonl", "notes.md"}
    assert all(p.remedy for p in report.all_problems)


async def test_an_english_faq_without_a_declared_language_is_english(workshop: Workshop) -> None:
    """Its passages are searched in the language that they are in."""
    workshop.write("course.yaml", MANIFEST.replace("language: zh\n", ""))
    workshop.write(
        "faq.jsonl", '{"question": "Refunds?", "answer": "Within seven days you get it all back."}'
    )
    await workshop.run()
    (chunk,) = await workshop.chunks("health~faq")
    assert (chunk.language, chunk.lesson_title) == ("en", "Frequently asked questions")


async def test_forgetting_a_course_leaves_nothing(workshop: Workshop) -> None:
    """Points, lessons, states and the course itself; also of lessons that were never published."""
    await workshop.run()
    n_lessons, n_points = await forget_course(
        "p1", "health", publisher=workshop.catalog, catalog=workshop.catalog, index=workshop.index
    )
    assert (n_lessons, n_points > 0) == (3, True)
    assert await workshop.chunks() == []
    assert await workshop.catalog.courses("p1") == []
    assert await workshop.catalog.states("p1") == []
