"""Questions, attempts and enrolments as signs; what they move in a list of recommendations."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from baize.domain.chat import Answer, Citation
from baize.domain.course import Course
from baize.domain.learner import Reason, Sign
from baize.domain.locator import TimeSpan
from baize.domain.practice import Attempt
from baize.domain.statement import Statement
from baize.recommend.candidates import Record, course_scores
from baize.recommend.reasons import course_reasons, sentence
from baize.recommend.shelf import stand
from baize.services.signs import REGISTERED, Signs
from baize.testing.held_clock import HeldClock
from baize.testing.memory_answers import MemoryAnswers
from baize.testing.memory_practice import MemoryAttempts
from baize.testing.memory_statements import MemoryStatements

pytestmark = pytest.mark.anyio

DAY = 86_400.0
SHELF = stand(
    [
        Course("p", "tea", "茶", tags=("文化", "茶艺")),
        Course("p", "pots", "壶", tags=("手工", "茶艺")),
        Course("p", "dance", "舞", tags=("健身",)),
    ],
    None,
)


def answer(n: int, course_id: str, learner: str = "lin", platform: str = "p") -> Answer:
    cited = Citation(1, "句。", "c", course_id, f"{course_id}.1", "课", TimeSpan(0, 1), "句。", 1.0)
    known = ("问？", "zh", "m", "answer@v1#1", "句。[1]", (cited,))
    return Answer(f"a{n}", platform, "t", *known, learner_id=learner)


async def test_they_are_read_from_the_learners_rows() -> None:
    """The latest of a kind and course, newest first; refused questions and other learners do not count."""
    clock = HeldClock()
    answers, attempts, statements = MemoryAnswers(clock), MemoryAttempts(), MemoryStatements()
    now = clock.now()
    for n, learner in enumerate(("lin", "lin", "wang")):
        await answers.put(answer(n, "tea", learner))
    await answers.put(answer(8, "dance", platform="q"))
    await answers.put(Answer("a9", "p", "t", "问？", "zh", "m", "x", "没有。", learner_id="lin"))
    for n, at in enumerate((now - DAY, now - 2 * DAY)):
        tried = ("i1", "pots", "pots.1", "甲", "wrong", "options", at)
        await attempts.put(Attempt("p", "lin", f"t{n}", *tried))
    for n, (learner, verb, activity) in enumerate(
        (
            ("lin", REGISTERED, "urn:baize:course:p:dance"),
            ("lin", REGISTERED, "https://learn.example/courses/tea"),
            ("lin", "http://adlnet.gov/expapi/verbs/completed", "urn:baize:course:p:pots"),
            ("wang", REGISTERED, "urn:baize:course:p:pots"),
        )
    ):
        await statements.put([Statement("p", f"s{n}", learner, verb, activity, now - 9 * DAY - n, "{}")])
    signs = Signs(answers=answers, attempts=attempts, statements=statements)
    assert await signs.of_learner("p", "lin") == [
        Sign("asked", "tea", now, "tea.1"),
        Sign("practised", "pots", now - DAY, "pots.1"),
        Sign("enrolled", "dance", now - 9 * DAY),
        Sign("enrolled", "tea", now - 9 * DAY - 1),
    ]
    assert await signs.of_learner("p", "") == []
    await answers.forget_learner("p", "lin")
    assert "asked" not in {one.kind for one in await signs.of_learner("p", "lin")}


def best(signs: Sequence[Sign], now: float) -> list[str]:
    scores = course_scores(SHELF, Record(signs=signs, now=now))
    ranked = sorted(range(3), key=lambda n: -scores[n])
    return [SHELF.courses[n].id for n in ranked if scores[n] > 0]


def test_they_lift_their_course_and_those_like_it() -> None:
    """An enrolment more than a question, a late question more than an early one; nothing without a sign."""
    assert best([], 0.0) == []
    assert best([Sign("asked", "tea", 0.0, "tea.1")], 0.0) == ["tea", "pots"]
    both = [Sign("asked", "tea", 5.0, "tea.1"), Sign("enrolled", "dance", 1.0)]
    assert best(both, 5.0)[0] == "dance"
    early = [Sign("asked", "dance", 400 * DAY, "dance.1"), Sign("asked", "pots", 0.0, "pots.1")]
    assert best(early, 400 * DAY)[0] == "dance"


def test_reasons_say_which() -> None:
    """Of the course itself, and of another course of the same tag, in both languages."""
    record = Record(signs=[Sign("asked", "tea", 7.0, "tea.1")], now=7.0)
    own, other = course_reasons(SHELF, record, 0), course_reasons(SHELF, record, 1)
    assert own[0] == Reason("asked", course_id="tea", lesson_id="tea.1", at=7.0)
    assert other[0] == Reason("asked", course_id="tea", lesson_id="tea.1", tag="茶艺", at=7.0)
    assert course_reasons(SHELF, record, 2) == (Reason("channel", tag="健身"),)
    assert sentence(own[0], "泡茶", "zh") == "您问过“泡茶”这一课里的问题。"
    assert "茶艺" in sentence(other[0], "泡茶", "en")
    enrolled = Record(signs=[Sign("asked", "tea", 7.0, "tea.1"), Sign("enrolled", "tea", 3.0)], now=7.0)
    assert course_reasons(SHELF, enrolled, 0)[0] == Reason("enrolled", course_id="tea", at=3.0)
