"""Hints without a model: what a tutor can say of any exercise. Also what a model's hints fall back to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from baize.answering.seal import GAP, Seal
from baize.domain.search import Evidence

_PLEA = re.compile(
    r"答案|直接[说给告讲]|告诉我|公布|揭晓|快说|求求?你|拜托|别绕|卖关子|放弃|不想[想猜]|不会|不知道"
    r"|太难|没时间|忽略|扮演|假装|假如你是|我是老师|翻译|拼音|倒着|首字母|提示|再来|继续|给我吧|说吧"
    r"|\b(?:just tell|tell me|give me|answers?|solution|reveal|ignore|pretend|role.?play|act as|translate"
    r"|spell|base64|first letter|backwards|hint|give up|i don'?t know|no idea|stuck|please|hurry|deadline"
    r"|teacher)\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"[?？]\s*$|什么|怎[么样]|为何|为什么|哪[里儿个些]|多少|几[个次分天]|多久|吗\s*$|是不是|能不能"
    r"|^\s*(?:what|why|how|when|where|who|which|is|are|do|does|can|could|should)\b",
    re.IGNORECASE,
)
_CONCEPT = re.compile(
    r"什么是|什么叫|何谓|何为|是什么(?:意思|东西|概念|含义)?[?？。\s]*$|是啥|什么意思"
    r"|的(?:意思|含义|定义|概念|原理)|为什么|为何|为啥"
    r"|(?:有什么|有何|有哪些)(?:区别|不同|关系|作用|用处|用|好处|坏处|危害|特点)|区别是|怎么理解|如何理解"
    r"|(?:解释|介绍|讲讲|说说|讲一讲|说一说)(?:一下)?"
    # where the course speaks of it
    r"|(?:哪一?(?:节课?|课|讲|集|章|个?视频|部分|里)|第几(?:节课?|课|讲|集|章))[里中]?[有会]?(?:讲|提到|介绍|解释)"
    r"|\b(?:which|what) (?:lesson|lecture|video|part|chapter|section)s?\b"
    r"|\b(?:where|when) (?:does|do|did) (?:he|she|they|you|the \w+)"
    r" (?:talk|explain|cover|mention|discuss|say)\b"
    r"|\bwhat(?:'s| is| are)\b|\bwhat do(?:es)? .+ mean\b|\bmean(?:ing|s)? of\b|\bdefin(?:e|ition)\b"
    r"|\bexplain\b|\bwhy\b|\bdifference between\b|\bhow do(?:es)? .+ work\b|\bwhat .+ (?:for|used for)\b",
    re.IGNORECASE,
)
_WANTS_A_RESULT = re.compile(
    r"答案|结果|等于|计算|求(?:出|解|得)?[：:]|算一算|算出|____|\(\s*\)|（\s*）|多少|第[一二三四五六七八九十\d]+题"
    r"|\b(?:answer|solution|result|calculate|compute|solve|how (?:many|much)|equals?)\b|\d\s*[-+×x*/÷=]\s*\d",
    re.IGNORECASE,
)


def is_concept(text: str) -> bool:
    """Whether a question wants something explained, and no result."""
    return _CONCEPT.search(text) is not None and not _WANTS_A_RESULT.search(text) and not is_plea(text)


def is_plea(text: str) -> bool:
    """Whether the learner asks for the solution or for help, and tries nothing."""
    return _PLEA.search(text) is not None


def is_question(text: str) -> bool:
    return _ASKS.search(text) is not None


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence of a hint, and the passage that it points to."""

    text: str
    evidence: Evidence | None = None


_BARE = {
    "zh": (
        "先分清楚：题目里已知什么，要求什么？请用自己的话说一遍。",
        "想一想课里哪条规则把已知和要求的联系起来。您会先做哪一步？",
        "按这条规则一步一步写出来，只差最后的结果由您来写。您写到哪一步了？",
    ),
    "en": (
        "First: what does the exercise give, and what does it ask for? Say it in your own words.",
        "Which rule of the course relates the two? Which step would you take first?",
        "Write it down step by step with that rule; only the last step is left to you. How far did you get?",
    ),
}
_SAID = {
    "zh": (
        "先回到课里讲这个的地方再听一遍。听完用自己的话说说：题目要求的是什么？",
        "注意这段话里的关键词：{words}。它们和题目有什么联系？",
        "课里的原话是：“{quote}”空里该是什么，请您自己写出来。",
    ),
    "en": (
        "Go back to where the course speaks of this and listen again. What does the exercise ask for?",
        "Look at the key words of this passage: {words}. How do they relate to the exercise?",
        "The course says: “{quote}” What is missing in the gap? Write it in your own words.",
    ),
}
_AGAIN = {
    "zh": "最后一步要您自己来。",
    "en": "The last step is yours to take.",
}


def built(
    level: int, language: str, evidence: Sequence[Evidence], words: Sequence[str], seal: Seal, *, again: bool
) -> list[Line]:
    """The hint of a level, from passages that are sealed already.

    Args:
        words: key words of the first passage, the solution's left out.
        again: the learner has had the last hint already.
    """
    lines = [Line(_AGAIN.get(language, _AGAIN["en"]))] if again else []
    bare = _BARE.get(language, _BARE["en"])[level - 1]
    hint = Line(bare)
    if evidence:
        first = evidence[0]
        quote = first.moment.focus.text
        useless = (level == 2 and not words) or (level == 3 and len(quote.replace(GAP, "").strip()) < 4)
        if not useless:
            said = _SAID.get(language, _SAID["en"])[level - 1]
            joint = "、" if language == "zh" else ", "
            hint = Line(said.format(words=joint.join(words[:4]), quote=quote), first)
    if seal.leaks(hint.text):
        hint = Line(bare)
    lines.append(hint)
    return [line for line in lines if not seal.leaks(line.text)]
