"""What is only polite, and what merely begins so."""

from __future__ import annotations

import pytest

from baize.answering.courtesy import Courtesy, courtesy_of, reply_to


@pytest.mark.parametrize(
    ("text", "courtesy"),
    [
        ("你好", "greeting"),
        ("您好！", "greeting"),
        ("老师好", "greeting"),
        ("白泽，你好呀～", "greeting"),
        ("你好，在吗？", "greeting"),
        ("早上好😊", "greeting"),
        ("Hello!", "greeting"),
        ("hi there", "greeting"),
        ("谢谢", "thanks"),
        ("好的，谢谢老师！", "thanks"),
        ("明白了，非常感谢您", "thanks"),
        ("谢谢，再见", "thanks"),
        ("謝謝您", "thanks"),
        ("Thanks!", "thanks"),
        ("ok, thank you so much", "thanks"),
        ("👍", "agreement"),
        ("👍🏽👍🏽！", "agreement"),
        ("好的👌", "agreement"),
        ("🙏🙏", "thanks"),
        ("❤️", "thanks"),
        ("谢谢👍", "thanks"),
        ("再见", "goodbye"),
        ("好的，拜拜", "goodbye"),
        ("bye bye", "goodbye"),
        ("你是谁？", "identity"),
        ("你好，你是机器人吗", "identity"),
        ("你能做什么", "identity"),
        ("What can you do?", "identity"),
        ("好的", "agreement"),
        ("嗯嗯，知道了", "agreement"),
        ("OK", "agreement"),
        ("Got it.", "agreement"),
    ],
)
def test_a_courtesy_is_known(text: str, courtesy: Courtesy) -> None:
    assert courtesy_of(text) == courtesy


@pytest.mark.parametrize(
    "text",
    [
        "你好，血压怎么量？",
        "谢谢用英语怎么说",
        "“你好”是什么意思",
        "老师，我想问一下血压计",
        "好的血压计怎么选",
        "什么是好的睡眠",
        "hello world 程序怎么写",
        "hi-hat 怎么打",
        "What does 'thank you' mean here?",
        "你是谁写的",
        "晚安短信算诈骗吗",
        "好吗",
        "是吗",
        "对吗",
        "老师",
        "行列式",
        "可以吃柚子吗",
        "对数",
        "早饭",
        "",
        "？？？",
        "👎",
        "👍是什么意思",
        "1",
    ],
)
def test_a_question_is_none(text: str) -> None:
    assert courtesy_of(text) is None


def test_each_has_a_reply_in_both_languages() -> None:
    kinds: list[Courtesy] = ["greeting", "thanks", "goodbye", "identity", "agreement"]
    for kind in kinds:
        assert reply_to(kind, "zh") != reply_to(kind, "en") == reply_to(kind, "fr")


def test_a_long_one_is_read_at_once() -> None:
    """Thousands of syllables that could be split in many ways, and no courtesy in the end."""
    assert courtesy_of("嗯" * 3999 + "?") == "agreement"
    assert courtesy_of("嗯" * 3999 + "数") is None
    assert courtesy_of("bye " * 999 + "x") is None
