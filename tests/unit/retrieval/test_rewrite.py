"""Follow-ups become questions that stand alone; new subjects stay alone."""

from __future__ import annotations

import pytest

from baize.domain.chat import Message
from baize.retrieval.rewrite import may_mean, rewrite
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


COMPARED = "What is the difference between a relative and an absolute reference?"


@pytest.mark.parametrize(
    ("question", "text"),
    [
        (COMPARED, "What is a relative and an absolute reference?"),
        ("relative versus absolute", "relative absolute"),
        ("How is a range different from a cell?", "How is a range a cell?"),
        ("What is meant by a range?", "What is a range?"),
        ("高压和低压有什么区别？", "高压和低压 ？"),
        ("高压和低压的不同之处在哪里", "高压和低压 在哪里"),
        ("收缩压是什么意思", "收缩压"),
        ("哪一课讲了怎么吃药", "怎么吃药"),
        ("老师在哪里讲到了低钠盐？", "低钠盐？"),
        ("低钠盐是在第几课讲的", "低钠盐"),
        ("吃药的内容在哪里", "吃药"),
        ("Which lesson explains sorting?", "sorting?"),
        ("Where does he talk about the dollar sign?", "the dollar sign?"),
        ("In which video does the teacher explain mixed references?", "mixed references?"),
        ("Where is the sum function explained?", "the sum function"),
    ],
)
def test_what_is_named_is_searched_for(question: str, text: str) -> None:
    """No passage that explains two things need say “difference”, nor one of a subject “which lesson”."""
    query = rewrite(question, ())
    assert query.text == text
    assert sorted(query.terms) == sorted(terms(text))
    assert query.question == question


@pytest.mark.parametrize(
    "question",
    [
        "有什么区别？",
        "什么意思？",
        "How do I compute the mean?",
        "How do I select a different format?",
        "不同的人血压目标一样吗？",
        "血压计在哪里买？",
        "Where are my files saved?",
        "What is shown in the second column?",
        "老师在哪里讲了药",
    ],
)
def test_other_words_are_kept(question: str) -> None:
    """What says nothing else, and what asks for something of its own."""
    assert rewrite(question, ()).text == question
    assert list(rewrite(question, ()).terms) == terms(question)


def test_a_question_that_points_at_one_that_points_back() -> None:
    """They are joined from the one that names what all are about; a new subject is left alone."""
    asked = ["降压药和酒能一起吃吗？", "早上什么时候量血压？", "那晚上呢", "为什么"]
    history = [Message("user", question) for question in asked]
    assert rewrite("能举个例子吗", history).text == "早上什么时候量血压？ 那晚上呢 为什么"
    assert rewrite("说简单一点", history[:3]).text == "早上什么时候量血压？ 那晚上呢 说简单一点"
    assert rewrite("少吃盐有什么好处？", history).text == "少吃盐有什么好处？"


@pytest.mark.parametrize(
    ("question", "left"),
    [
        ("再举个具体的例子", ""),
        ("give me an example", ""),
        ("能说得简单一点吗？", " 能说得简单一点吗？"),
        ("再详细一点讲", " 再详细一点讲"),
        ("more details?", " more details?"),
    ],
)
def test_asking_for_more_points_back(question: str, left: str) -> None:
    """An example or more of it: of what was asked before."""
    assert rewrite(question, HISTORY).text == f"降压药怎么吃？{left}"


def test_an_example_of_something_named_stands_alone() -> None:
    """And the passage need not say “example”."""
    assert rewrite("Give me an example of an absolute reference", ENGLISH).text == "an absolute reference"
    assert rewrite("举个例子说明什么是低钠盐", HISTORY).text == "什么是低钠盐"


@pytest.mark.parametrize(
    "question",
    [
        "how do I make a chart",
        "why do I see ####",
        "how to find average",
        "what is a cell?",
        "能喝酒吗",
        "怎么量才准",
    ],
)
def test_a_short_question_of_its_own_stands_alone(question: str) -> None:
    """It names little, but all that it is about; the subject before would drag it away."""
    for history in (HISTORY, ENGLISH):
        assert rewrite(question, history).text == question


@pytest.mark.parametrize("question", ["for columns?", "why not?", "早上吗", "多久"])
def test_a_fragment_leans_on_the_question_before(question: str) -> None:
    """A word or two."""
    assert rewrite(question, ENGLISH).text == f"How do I lock a cell? {question}"


def test_the_teacher_is_not_what_was_asked_before() -> None:
    """“he” in a question for a place is whoever speaks there; “it” is what was asked about."""
    assert rewrite("Where does he talk about sorting?", ENGLISH).text == "sorting?"
    assert rewrite("他在哪里讲了低钠盐", HISTORY).text == "低钠盐"
    assert rewrite("Where does he talk about it?", ENGLISH).text == "How do I lock a cell? it?"


def test_what_a_question_may_mean_is_left_whole() -> None:
    """With each that it may lean on, in their own words; a new subject means itself."""
    asked = ["少吃盐有什么好处？", "高压和低压有什么区别？", "那上面那个呢"]
    assert may_mean("为什么", asked) == ["那上面那个呢 为什么", "高压和低压有什么区别？ 为什么"]
    assert may_mean("now solve for me", ["How do I lock a cell?"]) == [
        "How do I lock a cell? now solve for me"
    ]
    assert may_mean("少吃盐有什么好处？", asked) == []
    assert may_mean("为什么", []) == []
