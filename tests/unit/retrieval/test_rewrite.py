"""Follow-ups become questions that stand alone; new subjects stay alone."""

from __future__ import annotations

import pytest

from baize.domain.chat import Message
from baize.retrieval.rewrite import rewrite
from baize.retrieval.terms import terms

HISTORY = [Message("user", "降压药怎么吃？"), Message("assistant", "每天按时吃。[1]")]
ENGLISH = [Message("user", "How do I lock a cell?"), Message("assistant", "With a dollar sign. [1]")]


@pytest.mark.parametrize(
    "question", ["那漏吃了呢？", "它有副作用吗？", "为什么呢？", "早上吗？", "还有别的办法没有"]
)
def test_a_question_that_points_back_takes_the_one_before(question: str) -> None:
    """A pronoun, `那…呢`, or hardly a term of its own."""
    query = rewrite(question, HISTORY)
    assert query.text == f"降压药怎么吃？ {question}"
    assert query.question == question


@pytest.mark.parametrize(
    "question", ["Why does it work?", "And with rows?", "so what about columns then?", "ok?"]
)
def test_the_same_in_english(question: str) -> None:
    """`it`, `and`, `what about`, or too short to stand alone."""
    assert rewrite(question, ENGLISH).text == f"How do I lock a cell? {question}"


@pytest.mark.parametrize(
    "question",
    [
        "袖带应该绑在手臂哪个位置？",
        "Sorting rows alphabetically in a sheet?",
        "Android phones show charts how?",
        "Button colours in spreadsheet forms?",
    ],
)
def test_a_new_subject_is_left_alone(question: str) -> None:
    """The old one must not drag it away; `Sorting` is not `so`, `Android` is not `and`."""
    assert rewrite(question, ENGLISH).text == question


def test_without_history_nothing_is_joined() -> None:
    """There is nothing to point back to; only the learner's own words count as history."""
    assert rewrite("它呢？", []).text == "它呢？"
    assert rewrite("它呢？", [Message("assistant", "你好")]).text == "它呢？"


@pytest.mark.parametrize(("question", "language"), [("？", "zh"), ("why?", "en"), ("VLOOKUP 呢", "zh")])
def test_the_language_is_the_questions_else_the_one_before(question: str, language: str) -> None:
    """A bare question mark in a Chinese conversation is Chinese."""
    assert rewrite(question, HISTORY).language == language


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("2. Where is the art board tool?", "Where is the art board tool?"),
        ("3、什么是学习率？", "什么是学习率？"),
        ("(12) why does it twist?", "why does it twist?"),
        ("（3）袖带绑在哪里？", "袖带绑在哪里？"),
        ("1) what do the colours do ?", "what do the colours do ?"),
        ("1.袖带绑在哪里？", "袖带绑在哪里？"),
    ],
)
def test_the_number_of_a_list_is_left_out(question: str, text: str) -> None:
    """It names nothing; the question itself stays as it was asked."""
    query = rewrite(question, [])
    assert (query.text, query.question) == (text, question)


@pytest.mark.parametrize(
    "question",
    ["3.5 毫克够吗？", "2023 年的课在哪里？", "3D charts in sheets?", "10:30 开始的课", "1. 5", "2.x 版本"],
)
def test_a_number_that_says_something_stays(question: str) -> None:
    assert rewrite(question, []).text == question


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (
            "What is the difference between a relative and an absolute reference?",
            "relative absolute reference",
        ),
        (
            "How does a relative reference differ from an absolute reference?",
            "relative reference absolute reference",
        ),
        ("relative versus absolute", "relative absolute"),
        ("What is meant by a range?", "range"),
        ("高压和低压有什么区别？", "高压 低压"),
        ("高压和低压的不同之处在哪里", "高压 低压"),
        ("收缩压是什么意思？", "收缩压"),
        ("有什么区别？", "有什么区别？"),
        ("How do I compute the mean?", "compute mean"),
        ("不同的人血压目标一样吗？", "不同的人血压目标一样吗？"),
    ],
)
def test_what_is_named_is_searched_for(question: str, expected: str) -> None:
    """No passage that explains two things need say “difference”; what says nothing else keeps its words."""
    assert sorted(rewrite(question, ()).terms) == sorted(terms(expected))
