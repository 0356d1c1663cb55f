"""Where a term is explained."""

from __future__ import annotations

import pytest

from baize.retrieval.define import Explained, explained, is_nominal, is_word, mentions, n_mentions
from baize.retrieval.terms import normalise


def found(term: str, *texts: str, longer: tuple[str, ...] = ()) -> Explained | None:
    return explained(term, [normalise(text) for text in texts], [True] * len(texts), longer)


@pytest.mark.parametrize(
    ("term", "said"),
    [
        ("中风", "中风就是脑血管堵了或者破了。"),
        ("保本价", "所谓保本价，就是不赔不赚的价钱。"),
        ("监督学习", "监督学习是一种从例子里学的办法。"),
        ("预冷", "先放在阴凉处散热，这叫预冷。"),
        ("舒張壓", "小的那个数，医学上称为舒张压。"),
        ("cell", "Each box on the paper is called a cell."),
        ("spreadsheet", "A spreadsheet is like a large piece of squared paper."),
        ("learning rate", "The learning rate tells us how big a step we take."),
        ("determinant", "The scaling factor is called the determinant of that transformation."),
        ("CPU", "So the CPU is what runs your instructions."),
    ],
)
def test_definitions_are_found(term: str, said: str) -> None:
    """X 就是 …, … 叫 X, X is a …, … is called X; also in traditional characters."""
    assert found(term, "开头。", said) == Explained(1, 1, True)


@pytest.mark.parametrize(
    ("term", "said"),
    [
        ("高压", "在家里量，高压是135，低压是85。"),
        ("血压", "血压是很重要的。"),
        ("比特", "但当时他们并不称之为比特。"),
        ("监督学习", "下节课定义什么是监督学习，再举例子。"),
        ("高血压", "这种情况，叫做白大衣高血压。"),
        ("column", "It only means that the column is too narrow."),
        ("formula", "Boxes show which cells the formula is using."),
    ],
)
def test_uses_are_no_definitions(term: str, said: str) -> None:
    """Where a term is only used, or is a part of another, that is said."""
    assert found(term, said) == Explained(0, 0, False)


def test_what_points_back_brings_the_sentence_before() -> None:
    """ "This is called X" explains nothing without what "this" is."""
    texts = ("有的人一见到医生就紧张，血压会偏高。", "这种情况，叫做白大衣高血压。")
    assert found("白大衣高血压", *texts) == Explained(0, 1, True)


def test_a_question_is_answered_by_the_next_sentence() -> None:
    assert found("过拟合", "什么是过拟合？", "模型把训练数据背了下来。") == Explained(1, 1, True)
    assert found("overfitting", "What is overfitting?", "The model has learnt by heart.") == Explained(
        1, 1, True
    )


def test_without_a_definition_the_sentence_that_opens_with_the_term() -> None:
    """Rather than the first that mentions it; never one in which only a longer term stands."""
    texts = ("今天讲低钠盐。", "低钠盐对多数人有好处。")
    assert found("低钠盐", *texts) == Explained(1, 1, False)
    assert found("血压", "白大衣高血压很常见。", longer=("白大衣高血压",)) is None
    assert found("袖带", "没有提到。") is None


def test_english_terms_are_whole_words() -> None:
    """`cell` is not in `cellar`; plurals count."""
    assert not mentions("a cellar", "cell")
    assert n_mentions("cells and a cell", "cell") == 2


def test_nouns_have_articles() -> None:
    """Without a tagger: a word that is mostly used bare is a verb."""
    texts = ["press the key", "press enter", "a key opens it"]
    assert is_nominal("key", texts)
    assert not is_nominal("press", texts)
    assert is_nominal("梯度下降", texts)
    assert not is_nominal("学习神经网络", texts)
    assert not is_nominal("planned", ["the planned amount"])


@pytest.mark.parametrize(
    ("text", "term", "whole"),
    [
        ("看得见快递单", "快递", False),
        ("包装、快递这三样", "快递", True),
        ("先量血压", "血压", True),
        ("血压计要放平", "血压", False),
    ],
)
def test_a_part_of_a_word_is_no_word(text: str, term: str, whole: bool) -> None:
    assert is_word(text, term, text.index(term)) is whole


def test_an_article_may_stand_before_another_word() -> None:
    """Each use counts once, overlaps and all, and a part of a word is no use."""
    assert is_nominal("cell", ["the red cell", "a cell of cells"])
    assert not is_nominal("cell", ["cell cell cell the cell", "excellent"])
    assert n_mentions("cell cell excel cells", "cell") == 3
