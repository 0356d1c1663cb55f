"""Chunks → the text that artefacts are made from: each sentence once, in order, with its place."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from baize.domain.artefact import SummaryLine
from baize.domain.course import Course, Lesson
from baize.domain.locator import Locator, TextSpan, TimeSpan, join, locator_key
from baize.domain.search import Vector
from baize.domain.sentences import ends_sentence, joined
from baize.domain.text import Chunk, Cue, Segment
from baize.ports import Embedder
from baize.retrieval.define import is_nominal
from baize.retrieval.disarm import harmless
from baize.retrieval.lines import line_of, stands_alone, with_pauses
from baize.retrieval.phrases import PhraseTable
from baize.retrieval.sentences import Scores, salience
from baize.retrieval.terms import normalise

_NEAR_S = 0.005
"""Times are kept to the millisecond."""
_PUNCTUATED = 0.5
"""Share of sentences with a full stop from which those without one are pieces."""


@dataclass(frozen=True)
class LessonText:
    """The main source of a lesson: its speech, else its documents.

    Attributes:
        vectors: one a sentence, of unit length.
        glossary: the course's own terms.
        duration_s: of the recording; 0.0 without one.
        chapters: numbers of the sentences of each chapter; one range for the whole where there are none.
        pieces: the cues that each sentence is made of; empty where that is not known.
    """

    lesson_id: str
    course_title: str
    title: str
    language: str
    sentences: tuple[Segment, ...]
    vectors: Vector
    glossary: tuple[str, ...]
    duration_s: float
    chapters: tuple[range, ...]
    pieces: tuple[tuple[str, ...], ...] = ()

    def line(self, number: int) -> str:
        """A sentence as a line that is read alone; one without punctuation pauses where its cues end."""
        said = self.texts[number]
        if self.pieces and not self.punctuated:
            said = with_pauses(self.pieces[number])
        return line_of(said, self.language)

    @cached_property
    def texts(self) -> tuple[str, ...]:
        return tuple(sentence.text for sentence in self.sentences)

    @cached_property
    def folded(self) -> tuple[str, ...]:
        """As terms are looked for in them."""
        return tuple(normalise(text) for text in self.texts)

    @cached_property
    def phrases(self) -> PhraseTable:
        return PhraseTable(self.texts)

    def is_nominal(self, term: str) -> bool:
        """Whether a folded term is a noun here; remembered, as glossary and quiz ask for the same ones."""
        if term not in self._nominal:
            self._nominal[term] = is_nominal(term, self.folded)
        return self._nominal[term]

    @cached_property
    def _nominal(self) -> dict[str, bool]:
        return {}

    @cached_property
    def salience(self) -> Scores:
        """How much of the whole each sentence holds."""
        return salience(self.texts, self.vectors)

    @cached_property
    def punctuated(self) -> bool:
        return sum(map(ends_sentence, self.texts)) >= _PUNCTUATED * len(self.texts)

    @cached_property
    def standing(self) -> tuple[bool, ...]:
        """Of each sentence, whether it can be read alone."""
        return tuple(stands_alone(text, self.language, punctuated=self.punctuated) for text in self.texts)

    def tenths(self, n: int = 10) -> list[range]:
        """The sentences in `n` parts of equal time (of equal length in characters, in a document); no part
        is empty, so there may be fewer."""
        marks = self._marks()
        total = self.duration_s if self.is_timed else marks[-1] + len(self.texts[-1])
        edges = [bisect_left(marks, total * part / n) for part in range(n)] + [len(self.sentences)]
        edges[0] = 0
        return [range(a, b) for a, b in pairwise(edges) if b > a]

    @property
    def is_timed(self) -> bool:
        return isinstance(self.sentences[0].locator, TimeSpan)

    def place(self, first: int, last: int) -> tuple[Locator, ...]:
        """From the start of one sentence to the end of another; several where they lie in several places."""
        span = [self.sentences[number].locator for number in range(first, last + 1)]
        try:
            return (join(span[0], span[-1]),)
        except ValueError:
            return tuple(dict.fromkeys(span))

    def _marks(self) -> list[float]:
        """Where each sentence starts, in seconds or characters, never falling."""
        marks: list[float] = []
        n_chars = 0.0
        for sentence in self.sentences:
            start = sentence.locator.start if isinstance(sentence.locator, TimeSpan) else n_chars
            marks.append(max(start, marks[-1] if marks else 0.0))
            n_chars += len(sentence.text)
        return marks


async def text_of(
    course: Course, lesson: Lesson, chunks: Sequence[Chunk], embedder: Embedder, cues: Sequence[Cue] = ()
) -> LessonText | None:
    """None where the chunks hold no sentence of speech or document (an FAQ, or nothing at all).

    Sentences that give orders to a model are left out, with those right behind them.
    """
    sentences = tuple(harmless(_sentences(chunks)))
    if not sentences:
        return None
    timed = isinstance(sentences[0].locator, TimeSpan)
    last_s = max((s.locator.end for s in sentences if isinstance(s.locator, TimeSpan)), default=0.0)
    return LessonText(
        lesson.id,
        course.title,
        lesson.title,
        lesson.language,
        sentences,
        # The sentences of speech were embedded one by one for the index; the cache has them.
        await embedder.embed_passages([sentence.text for sentence in sentences]),
        course.glossary,
        max(lesson.duration_s or 0.0, last_s) if timed else 0.0,
        _chapters(sentences, lesson) if timed else (range(len(sentences)),),
        tuple(_pieces(sentence, cues) for sentence in sentences) if timed and cues else (),
    )


def text_of_lines(course: Course, language: str, lines: Sequence[SummaryLine]) -> LessonText:
    """Lines of lessons as the sentences of a text of which each lesson is a chapter. Nothing is embedded."""
    starts = [n for n, line in enumerate(lines) if n == 0 or line.lesson_id != lines[n - 1].lesson_id]
    return LessonText(
        course.id,
        course.title,
        course.title,
        language,
        tuple(Segment(line.text, line.locators[0]) for line in lines),
        np.zeros((len(lines), 0), np.float32),
        course.glossary,
        0.0,
        tuple(range(a, b) for a, b in pairwise([*starts, len(lines)])),
    )


def _sentences(chunks: Sequence[Chunk]) -> tuple[Segment, ...]:
    """Of the first track of speech, or else of all documents, each once and in order, none distrusted."""
    spoken = [chunk for chunk in chunks if isinstance(chunk.locator, TimeSpan)]
    kept = [c for c in spoken if c.source_file == spoken[0].source_file] if spoken else list(chunks)
    found: dict[str, Segment] = {}
    marked: set[str] = set()
    before: tuple[Segment, ...] = ()
    for chunk in kept:
        if chunk.sentences is before:
            continue  # chunks of one passage share its sentences
        before = chunk.sentences
        for number, sentence in enumerate(chunk.sentences):
            if isinstance(sentence.locator, TimeSpan | TextSpan):
                key = locator_key(sentence.locator)
                found.setdefault(key, sentence)
                if number in chunk.distrusted:
                    marked.add(key)
    return tuple(sentence for key, sentence in found.items() if key not in marked)


def _pieces(sentence: Segment, cues: Sequence[Cue]) -> tuple[str, ...]:
    """The texts of the cues that the sentence is made of, or itself where it is no run of whole cues."""
    assert isinstance(sentence.locator, TimeSpan)  # noqa: S101 - only speech comes here
    first = bisect_left(cues, sentence.locator.start - _NEAR_S, key=lambda cue: cue.start)
    last = bisect_left(cues, sentence.locator.end - _NEAR_S, key=lambda cue: cue.start)
    texts = tuple(cue.text for cue in cues[first:last])
    return texts if joined(texts) == sentence.text else (sentence.text,)


def _chapters(sentences: Sequence[Segment], lesson: Lesson) -> tuple[range, ...]:
    starts = [s.locator.start for s in sentences if isinstance(s.locator, TimeSpan)]
    edges = [bisect_left(starts, chapter.start - 0.05) for chapter in lesson.chapters]
    edges = [0, *edges[1:], len(sentences)]
    return tuple(range(a, b) for a, b in pairwise(edges) if b > a)
