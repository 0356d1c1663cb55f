"""A made-up platform of any size: courses, lessons, passages, vectors and questions, from a seed alone.

The vectors have the shape of multilingual-e5-small's on lecture transcripts, measured on 10,000 passages:
a mean of length 0.89, a spectrum that falls as n^-0.75, cosines of about 0.80 between any two passages, 0.96
to the nearest, 0.91 to the tenth, 0.89 to the fortieth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from baize.domain.course import Course, Lesson
from baize.domain.library import BuiltLesson
from baize.domain.locator import TimeSpan
from baize.domain.search import IndexedChunk, Vector
from baize.domain.sentences import joined
from baize.domain.text import WINDOW_SENTENCES, Chunk, Segment, chunk_id
from baize.retrieval.terms import passage_vector, pinyin_terms, terms
from benchmarks.retrieval_text import LANGUAGES, Sentence, Topic, Vocabulary, question_of

DIM = 384
PLATFORM = "bench"
CHUNKS_PER_LESSON = 100
LESSONS_PER_COURSE = 20
CHUNKS_PER_COURSE = CHUNKS_PER_LESSON * LESSONS_PER_COURSE
_CHUNKS_PER_PASSAGE = 5
_SHARED_SENTENCES = 2
"""With which a passage overlaps the next one, as by `chunking.overlap_sentences`."""
_MAX_TOPICS = 300
_SENTENCE_S = 6.0
_SHARES = {"language": 0.08, "topic": 0.17, "course": 0.12, "lesson": 0.14, "chunk": 0.49}
"""Of the variance around the mean: what passages of one language, subject, course, lesson have in common."""
_NEIGHBOUR = 0.75
_DEVIATION = 0.5
_QUESTION_DEVIATION = 0.5
_LENGTHS = (0.94, 0.976)
"""Of a chunk's vector, by how well its sentence fits its passage (`ingest.embed`)."""


@dataclass(frozen=True, slots=True)
class MadeLesson:
    built: BuiltLesson
    points: list[IndexedChunk]


@dataclass(frozen=True, slots=True)
class Question:
    """What a learner asks about one sentence; `course_id` is that sentence's."""

    text: str
    vector: Vector
    course_id: str


@dataclass(frozen=True, slots=True)
class Vectors:
    """Every chunk's vector in order, with its id, its language and its course: to search by brute force."""

    dense: Vector
    ids: list[str]
    languages: list[str]
    courses: list[str]


class Corpus:
    """`n_chunks` sentences, half of the courses Chinese and half English.

    Equal seeds, equal corpora; a smaller one is the beginning of a larger one.

    Args:
        n_chunks: rounded down to a multiple of 100.
    """

    def __init__(self, n_chunks: int, seed: int = 7) -> None:
        self.n_lessons = max(1, n_chunks // CHUNKS_PER_LESSON)
        self.n_chunks = self.n_lessons * CHUNKS_PER_LESSON
        self.n_courses = -(-self.n_lessons // LESSONS_PER_COURSE)
        self._seed = seed
        self._n_topics = min(self.n_courses, _MAX_TOPICS)
        vocabularies = {language: Vocabulary(language, seed) for language in LANGUAGES}
        self._topics = [
            {
                language: Topic(language, words, (seed, n, LANGUAGES.index(language)))
                for language, words in vocabularies.items()
            }
            for n in range(self._n_topics)
        ]

    def courses(self) -> list[Course]:
        return [Course(PLATFORM, f"c{n}", f"Course {n}", _language(n)) for n in range(self.n_courses)]

    def lessons(self, first: int = 0) -> Iterator[MadeLesson]:
        """In course order; build, chunks and vectors of each."""
        for n in range(first, self.n_lessons):
            yield MadeLesson(_built(n), self._points(n))

    def vectors(self) -> Vectors:
        ids = [chunk.id for n in range(self.n_lessons) for chunk in _chunks(n, self._sentences(n))]
        courses = [n // CHUNKS_PER_COURSE for n in range(self.n_chunks)]
        return Vectors(
            np.concatenate([self._dense(n) for n in range(self.n_lessons)]),
            ids,
            [_language(course) for course in courses],
            [f"c{course}" for course in courses],
        )

    def questions(self, n: int, *, seed: int) -> list[Question]:
        """Different questions about sentences drawn from all of the corpus."""
        rng = np.random.default_rng((self._seed, seed, 1))
        found: dict[str, Question] = {}
        while len(found) < n:
            question = self._question(rng)
            found.setdefault(question.text, question)
        return list(found.values())

    def _question(self, rng: np.random.Generator) -> Question:
        lesson, place = int(rng.integers(self.n_lessons)), int(rng.integers(CHUNKS_PER_LESSON))
        course = lesson // LESSONS_PER_COURSE
        vector = _unit(self._dense(lesson)[place] + _QUESTION_DEVIATION * self._noise(rng, 1)[0])
        text = question_of(self._sentences(lesson)[place], _language(course), rng)
        return Question(text, vector, f"c{course}")

    def _points(self, lesson: int) -> list[IndexedChunk]:
        sentences, dense = self._sentences(lesson), self._dense(lesson)
        points = []
        for chunk, vector in zip(_chunks(lesson, sentences), dense, strict=True):
            window = sentences[chunk.position :][: min(WINDOW_SENTENCES, len(chunk.window))]
            # The same as of the chunk's lexical text, because a sentence ends every run of terms.
            lexical = [*terms(chunk.headings[0]), *(term for said in window for term in said.terms)]
            pinyin = [*pinyin_terms(chunk.headings[0]), *(pair for said in window for pair in said.pinyin)]
            points.append(
                IndexedChunk(
                    chunk, _build_id(lesson), vector, passage_vector(lexical), passage_vector(pinyin)
                )
            )
        return points

    def _sentences(self, lesson: int) -> list[Sentence]:
        course = lesson // LESSONS_PER_COURSE
        pool = self._topics[course % self._n_topics][_language(course)].sentences
        rng = np.random.default_rng((self._seed, lesson, 5))
        return [pool[n] for n in rng.integers(len(pool), size=CHUNKS_PER_LESSON)]

    def _dense(self, lesson: int) -> Vector:
        course = lesson // LESSONS_PER_COURSE
        centre = self._mean.copy()
        shared = {
            "language": course % 2,
            "topic": course % self._n_topics,
            "course": course,
            "lesson": lesson,
        }
        for kind, n in shared.items():
            rng = np.random.default_rng((self._seed, list(_SHARES).index(kind), n))
            centre += _scale(kind) * self._noise(rng, 1)[0]
        rng = np.random.default_rng((self._seed, lesson, 99))
        own = self._noise(rng, CHUNKS_PER_LESSON)
        for m in range(1, CHUNKS_PER_LESSON):
            own[m] = _NEIGHBOUR * own[m - 1] + np.sqrt(1 - _NEIGHBOUR**2) * own[m]
        lengths = rng.uniform(*_LENGTHS, (CHUNKS_PER_LESSON, 1)).astype(np.float32)
        return lengths * _unit(centre + _scale("chunk") * own)

    def _noise(self, rng: np.random.Generator, n: int) -> Vector:
        """(n, DIM) of expected length 1, in the directions that the model uses more and less."""
        return np.asarray(rng.standard_normal((n, DIM), dtype=np.float32) * self._spectrum)

    @cached_property
    def _spectrum(self) -> Vector:
        variances = np.arange(1, DIM + 1) ** -0.75
        return np.asarray(np.sqrt(variances / variances.sum()), np.float32)

    @cached_property
    def _mean(self) -> Vector:
        return _unit(np.random.default_rng((self._seed, 3)).standard_normal(DIM).astype(np.float32))


def _scale(kind: str) -> np.float32:
    return np.float32(_DEVIATION * np.sqrt(_SHARES[kind]))


def _unit(vectors: Vector) -> Vector:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)


def _language(course: int) -> str:
    return LANGUAGES[course % 2]


def _build_id(lesson: int) -> str:
    return f"{lesson:032x}"


def _built(n: int) -> BuiltLesson:
    course = n // LESSONS_PER_COURSE
    position = n % LESSONS_PER_COURSE + 1
    lesson = Lesson(
        PLATFORM, f"c{course}", f"l{n}", f"Lesson {n}", position, _language(course), 3600.0, "", _build_id(n)
    )
    return BuiltLesson(lesson, (_language(course),), CHUNKS_PER_LESSON, None)


def _chunks(lesson: int, sentences: list[Sentence]) -> Iterator[Chunk]:
    """As `ingest.chunk` cuts speech: five sentences of its own a passage, and the next two."""
    headings = (f"Course {lesson // LESSONS_PER_COURSE}", f"Lesson {lesson}")
    segments = [
        Segment(said.text, TimeSpan(n * _SENTENCE_S, (n + 1) * _SENTENCE_S - 0.25), headings)
        for n, said in enumerate(sentences)
    ]
    for first in range(0, CHUNKS_PER_LESSON, _CHUNKS_PER_PASSAGE):
        passage = tuple(segments[first : first + _CHUNKS_PER_PASSAGE + _SHARED_SENTENCES])
        text = joined(said.text for said in passage)
        for focus in range(_CHUNKS_PER_PASSAGE):
            yield _chunk(lesson, first + focus, focus, passage, text)


def _chunk(lesson: int, position: int, focus: int, passage: tuple[Segment, ...], text: str) -> Chunk:
    course = lesson // LESSONS_PER_COURSE
    began_s = (position - focus) * _SENTENCE_S
    where = TimeSpan(began_s, began_s + len(passage) * _SENTENCE_S - 0.25)
    return Chunk(
        id=chunk_id(PLATFORM, f"c{course}", f"l{lesson}", "v.mp4", where, text, focus),
        platform_id=PLATFORM,
        course_id=f"c{course}",
        lesson_id=f"l{lesson}",
        lesson_title=f"Lesson {lesson}",
        source_file="v.mp4",
        language=_language(course),
        headings=passage[0].headings,
        text=text,
        sentences=passage,
        locator=where,
        position=position,
        focus=focus,
    )
