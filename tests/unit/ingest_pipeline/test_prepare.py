"""What is prepared without a model, from a sample lesson of each language."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from baize.domain.artefact import Prepared
from baize.domain.course import Chapter, Course, Lesson
from baize.domain.faq import FaqLine
from baize.domain.locator import TextSpan, TimeSpan
from baize.domain.text import Chunk, Cue, Page, Segment
from baize.testing.hash_embedder import HashEmbedder
from baize.testing.paragraph_splitter import ParagraphSplitter
from baize.testing.simple_token_counter import SimpleTokenCounter
from ingest.chunk import ChunkOptions, Place, chunk
from ingest.compose import compose as compose_with
from ingest.extract.subtitles import read_subtitles
from ingest.segment import segment_cues, segment_faq, segment_pages
from ingest.stages import StageStore

pytestmark = pytest.mark.anyio

SAMPLES = {
    "zh": (
        "elder-health/01-measure.zh.vtt",
        ("血压", "高血压", "高压", "低压", "收缩压", "舒张压", "袖带", "白大衣高血压", "降压药"),
    ),
    "en": (
        "spreadsheets-101/01-first-sum.en.vtt",
        ("spreadsheet", "cell", "column", "row", "formula", "sort", "filter"),
    ),
}


async def compose(
    course: Course, lesson: Lesson, chunks: list[Chunk], embedder: HashEmbedder
) -> Prepared | None:
    """Without a model, so nothing is stored either."""
    steps = StageStore(Path("never made"))
    return await compose_with(course, lesson, chunks, embedder, writer=None, steps=steps)


def chunks_of(segments: list[Segment], language: str, title: str = "课") -> list[Chunk]:
    place = Place("p", "c", "l", title, "01.vtt", language, ())
    counter, splitter = SimpleTokenCounter(), ParagraphSplitter()
    return chunk(segments, (), place, ChunkOptions(60, 1), counter, splitter, first_position=0)


async def prepared_of(repo_root: Path, language: str) -> tuple[Prepared, list[Segment], float]:
    """What is prepared for the sample lesson, its sentences and its length."""
    name, glossary = SAMPLES[language]
    (track,) = read_subtitles(repo_root / "baize" / "demo" / "courses" / name, language)
    cues = track.cues
    segments = segment_cues(cues)
    end = cues[-1].end
    chapters = (Chapter(0.0, end / 2, "一"), Chapter(end / 2, end, "二"))
    lesson = Lesson("p", "c", "l", "课", 1, language, end, "01.mp4", "b", chapters)
    course = Course("p", "c", "课程", language, glossary=glossary)
    made = await compose(course, lesson, chunks_of(segments, language), HashEmbedder())
    assert made is not None
    return made, segments, end


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_every_line_is_the_lessons_own_and_points_to_it(repo_root: Path, language: str) -> None:
    """Verbatim but for fillers and cuts; the locator is the sentence's; the origin says so."""
    made, segments, _ = await prepared_of(repo_root, language)
    by_place = {segment.locator: segment.text for segment in segments}
    assert made.model == "extractive"
    assert len(made.summary) >= 3
    assert len(made.key_points) >= 3
    for line in (*made.summary, *made.key_points):
        assert line.text.removesuffix("…").lower() in by_place[line.locators[0]].lower()
        assert (line.origin, line.lesson_id) == ("extractive", "l")


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_middle_is_not_lost(repo_root: Path, language: str) -> None:
    """Each part of the lesson has its line: as many parts as a lesson of this length has lines."""
    made, segments, end = await prepared_of(repo_root, language)
    n = min(10, len(segments) // 5)
    starts = [line.locators[0].start for line in made.summary if isinstance(line.locators[0], TimeSpan)]
    assert {int(start / end * n) for start in starts} == set(range(n))


async def test_the_glossary_names_the_moment_that_explains(repo_root: Path) -> None:
    """A definition brings what it points back to; a term that is only used says so."""
    made, _, _ = await prepared_of(repo_root, "zh")
    terms = {term.term: term for term in made.glossary}
    coat = terms["白大衣高血压"]
    assert coat.explained
    assert (
        coat.explanation == "有的人一见到医生就紧张，在医院里量出来的血压会偏高。这种情况，叫做白大衣高血压。"
    )
    assert coat.locators == (TimeSpan(9.5, 17.47),)
    assert not terms["袖带"].explained
    assert "收缩压" not in terms


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_cloze_questions_ask_for_a_term_that_stands_once(repo_root: Path, language: str) -> None:
    """The gap closes to the sentence; the answer is a glossary term; no option stands in the sentence."""
    made, segments, _ = await prepared_of(repo_root, language)
    said = {segment.locator: segment.text for segment in segments}
    known = {term.term for term in made.glossary} | set(SAMPLES[language][1])
    assert len(made.quiz) >= 3
    for item in made.quiz:
        answer = item.options[item.answer]
        assert item.question.count("____") == 1
        assert item.question.replace("____", answer).lower() in said[item.locators[0]].lower()
        assert answer in known or answer.removesuffix("s") in known
        assert said[item.locators[0]].lower().count(answer) == 1
        assert len(set(item.options)) == len(item.options) >= 3
        wrong = [option for option in item.options if option != answer]
        assert not [option for option in wrong if option in item.question]
    assert len({item.id for item in made.quiz}) == len(made.quiz)


async def test_the_answer_does_not_stand_in_one_place(repo_root: Path) -> None:
    """Learners must not find that it is always the first."""
    places = {item.answer for lang in SAMPLES for item in (await prepared_of(repo_root, lang))[0].quiz}
    assert len(places) > 1


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_highlights_are_whole_sentences(repo_root: Path, language: str) -> None:
    """10–15 % of the lesson, in order, apart, each starting and ending with a sentence."""
    made, segments, end = await prepared_of(repo_root, language)
    spans = [highlight.span for highlight in made.highlights]
    places = [segment.locator for segment in segments if isinstance(segment.locator, TimeSpan)]
    assert 0.10 <= sum(span.end - span.start for span in spans) / end <= 0.15
    assert {span.start for span in spans} <= {place.start for place in places}
    assert {span.end for span in spans} <= {place.end for place in places}
    assert all(a.end < b.start for a, b in pairwise(spans))


async def test_the_same_text_gives_the_same_artefacts(repo_root: Path) -> None:
    """Ids included: practice goes on over a re-ingest."""
    assert (await prepared_of(repo_root, "zh"))[0] == (await prepared_of(repo_root, "zh"))[0]


async def test_documents_are_prepared_too() -> None:
    """A lesson of documents has lines that point to characters, and no highlights."""
    text = "降压药要每天按时吃。漏吃了一次，下一次不要加倍补。血压正常了，也不能自己停药。"
    lesson = Lesson("p", "c", "l", "吃药", 1, "zh", None, "", "b")
    chunks = chunks_of(segment_pages([Page("讲义.md", text, 0)]), "zh")
    made = await compose(Course("p", "c", "课", "zh"), lesson, chunks, HashEmbedder())
    assert made is not None
    place = made.summary[0].locators[0]
    assert isinstance(place, TextSpan)
    assert text[place.char_start : place.char_end] == made.summary[0].text
    assert made.highlights == ()


async def test_an_faq_is_prepared_already() -> None:
    """Its entries are answers: there is nothing to sum up, and a lesson without text has nothing at all."""
    lesson = Lesson("p", "c", "l", "常见问题", 1, "zh", None, "", "b")
    chunks = chunks_of([segment_faq(FaqLine("1", "能退课吗？", "七天之内可以退。"))], "zh")
    for given in (chunks, []):
        assert await compose(Course("p", "c", "课", "zh"), lesson, given, HashEmbedder()) is None


async def test_lines_of_an_unpunctuated_track_pause_where_its_cues_end() -> None:
    """The cues of a sentence are found by its seconds; without them it is one run of words."""
    pairs = (
        ("收缩压是心脏收缩时的血压", "舒张压是心脏放松时的血压"),
        ("袖带要和心脏一样高度", "量的时候不要说话乱动"),
    )
    cues = [
        Cue(2.0 * n, 2.0 * n + 2.0, text) for n, text in enumerate(piece for pair in pairs for piece in pair)
    ]
    cues = [*cues[:2], *(Cue(cue.start + 5, cue.end + 5, cue.text) for cue in cues[2:])]
    lesson = Lesson("p", "c", "l", "课", 1, "zh", 20.0, "01.mp4", "b", ())
    chunks = chunks_of(segment_cues(cues), "zh")
    steps = StageStore(Path("never made"))
    made = await compose_with(
        Course("p", "c", "课程", "zh"), lesson, chunks, HashEmbedder(), writer=None, steps=steps, cues=cues
    )
    assert made is not None
    said = {line.text for line in (*made.summary, *made.key_points)}
    assert said <= {"，".join(pair) for pair in pairs}
    assert said
