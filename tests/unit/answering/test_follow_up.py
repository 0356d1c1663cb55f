"""What is proposed next is in the course, near what was cited, natural, and not asked yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from baize.answering.follow_up import follow_ups
from baize.domain.artefact import GlossaryTerm
from baize.domain.chat import Answer, Citation, Refusal, Turn
from baize.domain.locator import FaqEntry, TimeSpan
from baize.domain.search import Evidence, Hit, Moment, Query, Scope, UpTo
from tests.unit.services.world import make_chunk

ALL = Scope("p1")


def entry(term: str, at: float, *, explained: bool = True, lesson: str = "l1") -> GlossaryTerm:
    return GlossaryTerm(term, f"{term}就是它。", lesson, (TimeSpan(at, at + 5),), explained)


def answered(
    text: str = "早晚各量一次。[1]", *, question: str = "一天量几次血压？", language: str = "zh"
) -> Answer:
    cited = Citation(1, text, "c1", "health", "l1", "量血压", TimeSpan(60, 65), "早晚各量一次。", 1.0)
    return Answer("a", "p1", "c", question, language, "m", "", text, (cited,))


def turn_of(*entries: tuple[str, str]) -> Turn:
    """With these questions and answers of an FAQ among the evidence."""
    evidence = []
    for n, (question, reply) in enumerate(entries, 2):
        chunk = make_chunk([reply], lesson="faq", place=FaqEntry(f"e{n}"))
        sentences = tuple(replace(s, headings=(question,)) for s in chunk.sentences)
        chunk = replace(chunk, sentences=sentences)
        evidence.append(Evidence(n, Moment(Hit(chunk, n, 1.0, "fused"), sentences[0])))
    return Turn(Query("", "", "zh", ()), tuple(evidence))


def proposed(
    answer: Answer,
    glossary: Sequence[GlossaryTerm] = (),
    *,
    turn: Turn | None = None,
    scope: Scope = ALL,
    earlier: Sequence[str] = (),
) -> tuple[str, ...]:
    return follow_ups(answer, turn or turn_of(), glossary, scope, earlier)


def test_terms_near_what_was_cited() -> None:
    """What the answer says first, then the nearest; three at most."""
    glossary = [entry("袖带", 100), entry("脉压", 70), entry("晨峰", 200), entry("早晚", 900)]
    assert proposed(answered(), glossary) == ("什么是早晚？", "什么是脉压？", "什么是袖带？")


def test_in_english() -> None:
    """A template that is right for one thing and for many."""
    answer = answered("A formula starts with an equals sign.[1]", question="How?", language="en")
    assert proposed(answer, [entry("equals sign", 1)]) == ("What does “equals sign” mean?",)


@pytest.mark.parametrize(
    "term",
    [
        entry("血压", 60),
        entry("袖带", 60, explained=False),
        entry("袖带", 600),
        entry("袖带", 60, lesson="l2"),
        entry("收缩压与舒张压之间的差别", 60),
    ],
    ids=["was asked", "is not explained", "far away", "of another lesson", "a phrase"],
)
def test_nothing_good_is_nothing(term: GlossaryTerm) -> None:
    """Better no question than a bad one."""
    assert proposed(answered(), [term]) == ()


def test_what_was_said_or_asked_before_is_not_proposed() -> None:
    """The explanation stands in the answer; or another turn asked for it."""
    cited = replace(answered().citations[0], quote="袖带就是它。")
    assert proposed(replace(answered(), citations=(cited,)), [entry("袖带", 60)]) == ()
    assert proposed(answered(), [entry("袖带", 60)], earlier=("什么是袖带？",)) == ()


def test_terms_that_one_sentence_explains_are_one_question() -> None:
    """`收缩压` and `高压` are the same."""
    twins = [replace(entry(term, 60), explanation="高压叫收缩压。") for term in ("收缩压", "高压")]
    assert proposed(answered(), twins) == ("什么是收缩压？",)


def test_nothing_is_told_of_what_comes_later() -> None:
    """Behind `up_to` there are no terms."""
    glossary = [entry("袖带", 50), entry("脉压", 70)]
    scope = Scope("p1", up_to=UpTo("l1", 66.0))
    assert proposed(answered(), glossary, scope=scope) == ("什么是袖带？",)


def test_questions_of_the_faq_on_the_same_subject() -> None:
    """As somebody worded them; not about passwords, and not the one that was cited."""
    turn = turn_of(("血压偏高要紧吗？", "要看医生。"), ("忘记密码怎么办？", "点忘记密码。"))
    assert proposed(answered(), turn=turn) == ("血压偏高要紧吗？",)
    of_entry = replace(answered().citations[0], chunk_id=turn.evidence[0].chunk.id)
    assert proposed(replace(answered(), citations=(of_entry,)), turn=turn) == ()


def test_none_after_a_refusal_or_in_another_language() -> None:
    """There is nothing to go on from."""
    glossary = [entry("袖带", 60)]
    refused = replace(answered(), citations=(), refusal=Refusal("not_covered"))
    assert proposed(refused, glossary) == ()
    assert proposed(answered(language="ja"), glossary) == ()
