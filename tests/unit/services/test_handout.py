"""Markdown handouts: read by a CommonMark parser, they say what was said."""

from __future__ import annotations

import html
import re

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from baize.domain.artefact import GlossaryTerm, KeyPoint, Prepared, SummaryLine
from baize.domain.course import Chapter, Lesson
from baize.domain.library import Transcript
from baize.domain.locator import TextSpan, TimeSpan
from baize.domain.text import Cue
from baize.services.handout import lesson_md, transcript_md

CHAPTERS = (Chapter(0.0, 40.0, "准备 <b>"), Chapter(40.0, 80.0, "测量 #2"))
LESSON = Lesson("p", "c", "l", "量血压 *在家*", 1, "zh", 80.0, "", "b", CHAPTERS)
CUES = (
    Cue(0.0, 4.0, "先坐五分钟。"),
    Cue(4.0, 8.0, "袖带要和心脏一样高。"),
    Cue(36.0, 39.0, "1. 不要说话。"),
    Cue(40.0, 44.0, "量两遍。"),
)
TRANSCRIPT = Transcript("l", "zh", "01.vtt", CUES)


def read(markdown: str) -> str:
    return MarkdownIt("commonmark").render(markdown)


def test_a_transcript_stands_below_its_chapters() -> None:
    """Paragraphs of half a minute at most, each with the time of its first cue."""
    assert re.sub(r"\n+", "\n", read(transcript_md(LESSON, TRANSCRIPT))) == (
        "<h1>量血压 *在家*</h1>\n"
        "<h2>准备 &lt;b&gt;</h2>\n"
        "<p><code>0:00</code> 先坐五分钟。袖带要和心脏一样高。</p>\n"
        "<p><code>0:36</code> 1. 不要说话。</p>\n"
        "<h2>测量 #2</h2>\n"
        "<p><code>0:40</code> 量两遍。</p>\n"
    )


def test_a_handout_has_everything_with_its_moments() -> None:
    """Key points first; documents are named by file and page."""
    place = (TextSpan("讲义_1.pdf", 0, 5, 2),)
    prepared = Prepared(
        "l",
        "zh",
        (SummaryLine("先坐五分钟。", "l", (TimeSpan(0.0, 4.0),)),),
        (KeyPoint("量两遍。", "l", place),),
        (GlossaryTerm("袖带", "绑在上臂的带子。", "l", (TimeSpan(4.0, 8.0),)),),
    )
    shown = read(lesson_md(LESSON, prepared, TRANSCRIPT, "课程原文摘录"))
    assert "<p><em>课程原文摘录</em></p>" in shown
    assert "<li>量两遍。 (讲义_1.pdf, 2)</li>" in shown
    assert "<li>先坐五分钟。 (0:00)</li>" in shown
    assert "<li><strong>袖带</strong> (0:04): 绑在上臂的带子。</li>" in shown
    assert [*re.findall(r"<h2>(.*?)</h2>", shown)] == ["要点", "摘要", "术语", "文字稿"]
    assert re.findall(r"<h3>(.*?)</h3>", shown) == ["准备 &lt;b&gt;", "测量 #2"]


def test_what_there_is_not_is_left_out() -> None:
    """A lesson of documents has no transcript; one of an older library nothing prepared."""
    assert "<h2>" not in read(lesson_md(LESSON, None, None, "x"))


@given(st.text(st.sampled_from("ab量血 *_`[]()<>#|~!&\\-+=1.)\n"), min_size=1, max_size=40))
def test_no_character_of_a_cue_is_markup(said: str) -> None:
    """Whatever was said is read as it was said: nothing is bold, linked, a list or a tag."""
    lesson = Lesson("p", "c", "l", "课", 1, "zh", 80.0, "", "b")
    shown = read(transcript_md(lesson, Transcript("l", "zh", "a", (Cue(0.0, 1.0, said),))))
    (inside,) = re.findall(r"<p><code>0:00</code> ?(.*)</p>", shown, re.DOTALL)
    assert html.unescape(inside) == " ".join(said.split())
    assert "<" not in inside
