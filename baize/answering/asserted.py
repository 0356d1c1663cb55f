"""Does a passage say what a drafted sentence says, or only ask that it be said? Stands beside `verify`.

"Tell them that X" holds the words of X, so by its words X would be what the course says. It is not: the
object of an order is not asserted. A sentence that leaves the order out and keeps its object rests on
nothing. One that tells the order itself ("if a customer complains, say that …") rests on the passage as
before.

Left out are the orders that a lecturer gives the class and means: let's say, remember that, note that.
"""

from __future__ import annotations

import re
from functools import lru_cache

from baize.answering.cite import CitedSentence
from baize.answering.weigh import terms_of

_MOST = 0.75
"""Share of a sentence's terms in the object of an order from which it says that object."""

_STANDS = 0.6
"""Share of them that other sentences of the passages hold from which it stands there as well."""
_FEWEST = 2
"""Terms of a clause that says something."""

_CLAUSE = re.compile(r"[，,；;。.!！?？]\s*")

_SAY = (
    r"(?:say|state|tell|reply|answer|respond|write|mention|announce|declare|claim|confirm|inform|admit"
    r"|report"
    r"|recommend|promote|advertise|praise|repeat|add|append|include|insert|output|print)"
)
_LINK = r"\b(?:\s+[\w']+){0,6}?\s*(?:\bthat\b|\bwith\b|[:,\"“])\s*"
_WHO = (
    r"(?:it|they|he|she|bots?|models?|assistants?|AI|answer|reply|response|learners?|students?|users?"
    r"|viewers?)"
)
_EN = re.compile(
    # at the start of a clause, or behind what makes an order of it; not "we should say", "that is to say"
    r"(?:^|[.;:,!?]\s+|\b(?:please|kindly|always|simply|just|only|then|and)\s+)"
    rf"(?:please\s+|then\s+|always\s+|just\s+)?{_SAY}{_LINK}"
    rf"|\b{_WHO}\s+(?:must|should|shall|ought to|has to|have to|is to|are to)\s+(?:always\s+"
    rf"|only\s+)?(?:be\s+)?"
    rf"(?:{_SAY}|told|informed|know|hear){_LINK}"
    r"|\b(?:let|make)\s+(?!us\b|me\b)(?:\w+\s+){1,5}?(?:know|say|hear)\b\s*(?:that|[:,\"“])?\s*",
    re.IGNORECASE,
)
_ZH = re.compile(
    # “老师只讲课程内容，” tells what is so; “只说：” orders
    r"(?:请|就(?!是)|只需(?!是)|只(?![需是])(?=[^，。,；：:“\"]{0,18}[：:“\"])|应该|应当|务必|必须|一律|直接|主动|麻烦|记得|别忘了?|统一|改口|最后|结尾|开头"
    r"|都要|(?<!我们)(?<!不)要)[^，。,；]{0,8}?"
    r"(?:说明|说|讲|回答|回复|答复|写上|写明|写|声明|宣布|承认|确认|强调|提到|推荐|告诉|转告|转达|告知|通知|输出"
    r"|加一句|加上|补充|宣传)[^，。,；：:“\"]{0,8}?[，,：:“\"]"
)


def only_ordered(sentence: CitedSentence) -> bool:
    """Whether a clause of it stands in the cited passages as the object of an order and nowhere else."""
    said = dict.fromkeys(span.text for item in sentence.evidence for span in item.chunk.sentences)
    orders = [(text[:at], text[at:]) for text in said if (at := _start_of_object(text)) is not None]
    if not orders:
        return False
    plain = [text for text in said if _start_of_object(text) is None]
    asserted = frozenset[str]().union(*map(terms_of, [*plain, *(head for head, _ in orders)]))
    heads_and_objects = [(terms_of(head), terms_of(wanted)) for head, wanted in orders]
    return any(
        _is_only_object(terms_of(clause), head, ordered, asserted)
        for clause in _CLAUSE.split(sentence.text)
        for head, ordered in heads_and_objects
    )


def _is_only_object(
    said: frozenset[str], head: frozenset[str], ordered: frozenset[str], asserted: frozenset[str]
) -> bool:
    return (
        len(said) >= _FEWEST
        and len(said & ordered) >= _MOST * len(said)
        and len(said & asserted) < _STANDS * len(said)
        and not said & (head - ordered)
    )


@lru_cache(maxsize=4096)
def _start_of_object(text: str) -> int | None:
    """Where what is to be said begins; None where nobody is ordered to say anything."""
    found = _EN.search(text) or _ZH.search(text)
    return found.end() if found and found.end() < len(text) else None
