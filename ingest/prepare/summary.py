"""The summary and the key points, from the lesson's own sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median

from baize.domain.artefact import KeyPoint, SummaryLine
from baize.retrieval.sentences import Pick, key_sentences, summarize
from baize.retrieval.terms import terms
from ingest.prepare.text import LessonText

_SENTENCES_PER_LINE = 5
"""A short lesson has fewer lines than tenths."""
_LINE_BUDGET = {"zh": 30, "en": 110}
"""Characters of summary a tenth of a short lesson at most; each has one line at least."""
_LECTURE_SENTENCES = 60
"""From so many sentences on, a lesson has an opening that says what it is about."""
_SHARE, _OPENING_SHARE = 0.2, 0.6
"""A lecture's summary by its transcript, and its opening's part of that (docs/lectures.md)."""
_LONGEST = {"zh": 1200, "en": 4000}
"""Characters of a summary, however long the lecture."""
_OPENING_TERMS = 3
_GREETING = re.compile(
    r"大家好|[们您你]好[，,。！]|各位|欢迎|谢谢|感谢|关注|点赞|订阅|[?？]\s*$"
    r"|\b(?:hello|hi everyone|welcome|thanks?|thank you|subscribe)\b",
    re.IGNORECASE,
)
_POINTS, _POINTS_PER_SENTENCE = 6, 1 / 5
_POOL = 4
"""Key points are chosen among this many times as many sentences: those that ask for attention first."""
_ASKS_FOR_ATTENTION = re.compile(
    r"记住|记牢|一定|必须|千万|不要|不能|关键|重要|注意|总结|要点|原则|诀窍|最[好准快常]|第[一二三四五]|只要|才能|应该"
    r"|\b(?:remember|important|key|always|never|must|make sure|in summary|the point|the trick|rule|"
    r"should|don't|need to)\b",
    re.IGNORECASE,
)
_BONUS = 0.8
"""In standard deviations of salience."""
_BRIEF = {"zh": 12, "en": 40}
"""Characters below which a sentence says too little by itself to be taken away, and loses as much."""


def summary_lines(text: LessonText) -> tuple[SummaryLine, ...]:
    """One line at least for each tenth of the lesson, so that its middle is not lost; in order.

    A lecture's begins with its opening as it was said: there a teacher tells what it is about.
    """
    numbers = _of_lecture(text) if len(text.sentences) >= _LECTURE_SENTENCES else _of_short_lesson(text)
    return tuple(
        SummaryLine(text.line(number), text.lesson_id, text.place(number, number)) for number in numbers
    )


def _of_lecture(text: LessonText) -> list[int]:
    opening, *others = text.tenths()
    longest = _LONGEST.get(text.language, _LONGEST["en"])
    budget = min(_SHARE * sum(len(said) for said in text.texts), longest)
    left = _OPENING_SHARE * budget
    first: list[int] = []
    for number in opening:
        said = text.texts[number]
        if left <= 0 or _GREETING.search(said) or len(set(terms(said))) < _OPENING_TERMS:
            continue
        first.append(number)
        left -= len(said)
    budget -= sum(len(text.texts[number]) for number in first)
    return [*first, *_chosen(text, others if first else [opening, *others], round(budget))]


def _of_short_lesson(text: LessonText) -> list[int]:
    n = max(1, min(10, len(text.sentences) // _SENTENCES_PER_LINE))
    tenths = text.tenths(n)
    usual = median(len(said) for said in text.texts)
    budget = round(min(_LINE_BUDGET.get(text.language, _LINE_BUDGET["en"]), usual) * len(tenths))
    return _chosen(text, tenths, budget)


def key_points(text: LessonText, numbers: Sequence[int]) -> tuple[KeyPoint, ...]:
    """The sentences of these numbers, in the order of the lesson."""
    return tuple(
        KeyPoint(text.line(number), text.lesson_id, text.place(number, number)) for number in sorted(numbers)
    )


def key_numbers(text: LessonText) -> list[int]:
    """The sentences that say most and ask for attention, one of each chapter first; best first."""
    n = max(1, min(_POINTS, round(len(text.sentences) * _POINTS_PER_SENTENCE)))
    numbers = [i for i, stands in enumerate(text.standing) if stands] or list(range(len(text.texts)))
    texts = [text.texts[i] for i in numbers]
    pool = key_sentences(texts, text.vectors[numbers], n * _POOL)
    ranked = sorted(pool, key=lambda pick: -_worth(pick, texts[pick.number], text.language))
    chosen: list[int] = []
    covered: set[int] = set()
    for pick in ranked:
        chapter = _chapter_of(text, numbers[pick.number])
        if len(chosen) < n and chapter not in covered:
            covered.add(chapter)
            chosen.append(numbers[pick.number])
    rest = [numbers[pick.number] for pick in ranked if numbers[pick.number] not in chosen]
    chosen += rest[: n - len(chosen)]
    return chosen


def _worth(pick: Pick, said: str, language: str) -> float:
    brief = len(said) < _BRIEF.get(language, _BRIEF["en"])
    return pick.score + _BONUS * (bool(_ASKS_FOR_ATTENTION.search(said)) - brief)


def _chapter_of(text: LessonText, number: int) -> int:
    return next((i for i, chapter in enumerate(text.chapters) if number in chapter), 0)


def _chosen(text: LessonText, sections: Sequence[range], budget: int) -> list[int]:
    """Numbers of the chosen sentences, of those that can be read alone.

    One section in ten may be left out where no sentence can; others give what they have.
    """
    may_skip = len(sections) // 10
    numbers: list[int] = []
    ranges: list[range] = []
    for section in sections:
        standing = [i for i in section if text.standing[i]]
        if not standing and may_skip:
            may_skip -= 1
            continue
        standing = standing or list(section)
        ranges.append(range(len(numbers), len(numbers) + len(standing)))
        numbers += standing
    picks = summarize([text.texts[i] for i in numbers], text.vectors[numbers], budget, sections=ranges)
    return [numbers[pick.number] for pick in picks]
