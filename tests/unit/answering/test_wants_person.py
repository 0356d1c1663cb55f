"""Who asks for a person, and who asks a course about people."""

from __future__ import annotations

import time

import pytest

from baize.answering.wants_person import wants_person

WISHES = """
我要找真人客服|转人工|转人工！|請轉人工客服，謝謝|你好，转人工|人工客服|找真人|接人工|我要人工
有没有真人可以帮我|有活人吗|我想和真人说话|怎么转人工|能不能给我转人工服务？|你解决不了，转人工
我的证书错了，我要找人工客服|不要机器人，我要真人|我要联系客服|叫客服人员来|I want to talk to a human
I want to talk to a human.|Can I talk to a real person?|human agent please
connect me to customer service|let me speak to support staff|I’d like to speak with a person, please
How do I talk to a human?|I want to talk to a human about my refund
This bot does not help, transfer me to a human|Get me a real person!
"""
QUESTIONS = """
人工智能是什么|真人演示在哪|What is a human baseline?|人工|人工呼吸怎么做
人工智能会取代人工客服吗，老师怎么看|有人工智能吗|真人和机器人有什么区别|换人工关节|我要真人示范
我想找真人演示|需要人工吗|视频里的发音是真人吗|怎么联系客服|客服电话是多少|人工服务费怎么算
怎么当人工客服|我要联系客服的话术|转人工，英语怎么说？|“转人工”是什么意思|接人工气道的步骤
怎么和真人谈判|Translate: I want to talk to a human|Translate into Chinese, I want to talk to a human
human|customer service|What is a human agent|How do I talk to a patient's family?
how do I talk to a person with dementia|I want to talk to a human resources manager
the human agent in the loop|I need a human body diagram|有人吗|你是真人吗|are you human
"""


def _each(lines: str) -> list[str]:
    return [text for line in lines.split("\n") for text in line.split("|") if text]


@pytest.mark.parametrize("text", _each(WISHES))
def test_a_wish_for_a_person_is_seen(text: str) -> None:
    assert wants_person(text)


@pytest.mark.parametrize("text", _each(QUESTIONS))
def test_what_a_course_may_be_asked_is_none(text: str) -> None:
    assert not wants_person(text)


@pytest.mark.parametrize("again", ["我还是", "我就只想要", "可以能", "谢谢你", "please now ", "about my "])
def test_words_without_end_take_no_time(again: str) -> None:
    """Every message passes here."""
    started = time.process_time()
    for before in ("", "转人工", "talk to a human "):
        wants_person((before + again * 100)[:199] + "x")
    assert time.process_time() - started < 0.5
