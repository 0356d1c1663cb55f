"""When a model should think before it answers."""

from __future__ import annotations

import pytest

from baize.answering.intent import choose_thinking, needs_thinking

LOOK_UPS = [
    "量血压之前要休息多久？",
    "什么是梯度下降？",
    "袖带绑在哪里？",
    "为什么要先坐五分钟？",
    "怎么退款？",
    "老师刚才说的公式是什么？",
    "降压药什么时候吃？",
    "学习率是多少？",
    "How do I lock a cell?",
    "What is overfitting?",
    "Why does a formula start with an equals sign?",
    "When should I take my medicine?",
    "Explain relative references.",
    "谢谢",
]
SEVERAL_STEPS = [
    "为什么过拟合和欠拟合的原因不同？",
    "如果学习率太大，为什么反而学不好？",
    "动量法与自适应学习率有什么区别，为什么后者收敛更快？",
    "请一步一步推导反向传播的公式。",
    "既然晚上血压低，为什么还要在早上量？",
    "Why is my total wrong even though every row looks right?",
    "How do relative and absolute references differ, and why does copying change only one?",
    "Prove that the mean minimises the squared error.",
    "Walk me step by step through gradient descent.",
    "If I double the rate, what causes the loss to rise?",
]


@pytest.mark.parametrize("question", LOOK_UPS)
def test_look_ups_and_explanations_do_not_think(question: str) -> None:
    """One statement of the course answers them; a single why or how does not need steps."""
    assert not needs_thinking(question)


@pytest.mark.parametrize("question", SEVERAL_STEPS)
def test_several_steps_think(question: str) -> None:
    """Derivations, and comparisons, causes and conditions that meet."""
    assert needs_thinking(question)


def test_the_learner_may_ask_and_the_operator_may_forbid() -> None:
    """Asked for wins over the question; `off` wins over both, `on` over the question only."""
    lookup, steps = LOOK_UPS[0], SEVERAL_STEPS[0]
    assert [choose_thinking(lookup, asked, "auto") for asked in (None, True, False)] == [False, True, False]
    assert [choose_thinking(steps, asked, "auto") for asked in (None, True, False)] == [True, True, False]
    assert [choose_thinking(lookup, asked, "on") for asked in (None, True, False)] == [True, True, False]
    assert [choose_thinking(steps, asked, "off") for asked in (None, True, False)] == [False, False, False]
