"""Question about a lesson or course as a whole → the places that its summary was made from.

Stands in for `find` where a learner asks “这门课讲了什么？”: no passage says what all of them say. `pack`
follows. Any other question is left to `find`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from baize.domain.locator import Locator, TimeSpan
from baize.domain.search import Hit, Match, Moment, Scope
from baize.domain.text import Segment
from baize.ports import Cards, Catalog, ChunkIndex
from baize.retrieval.fetch import fetch
from baize.retrieval.terms import normalise

_HAN_DIGITS = "一二三四五六七八九"
_ENGLISH = "first second third fourth fifth sixth seventh eighth ninth tenth".split()
_ENGLISH_CARDINALS = "one two three four five six seven eight nine ten".split()
_MOST_CHARS = 80
"""A longer question says what it wants to know."""
_SAME_S = 0.005
"""What a start may have lost on its way through the index, in seconds."""

_ZH_IT = (
    r"(?:第\s*(?P<number>\d{1,3}|[一二三四五六七八九十]{1,3})\s*(?:节课?|堂课?|课|讲|集|个视频)"
    r"|(?P<course>(?:[这本该]|整)(?:一?[门套]课程?|个?课程)|全课)"
    r"|(?P<lesson>[这本该]一?[节堂讲集个]?(?:课|视频|讲座|录像)|这一?[节讲集]))"
)
_ZH_PLEASE = (
    r"(?:请问?|帮我?|帮忙|麻烦|[你您]|能不能|能否|能|可不可以|可以|可否|[给为]我|我想|想|大概"
    r"|用[一几两三]句话|[简快]单?要?速?地?)*"
)
_ZH_SUM_UP = (
    r"(?:总结|概括|归纳|概述|小结|梳理|回顾|提炼|整理|介绍|讲讲|说说)(?:总结)?(?:一下子?|下|一遍|出来?)?"
)
_ZH_PARTS = (
    r"(?:主要|核心|中心|基本|关键)?的?(?:内容|重点|要点|大意|知识点?|概要|提纲|大纲|主旨|总结|小结|摘要|观点)"
)
_ZH_WHAT = r"(?:些|哪些|哪几)?(?:什么|啥|哪些)(?:内容|东西|知识点?|主题|方面)?"
_EN_IT = (
    r"(?:(?:lesson|lecture|video|unit|class|episode|session)\s*(?:number |no\.? ?|#)?"
    rf"(?P<number>\d{{1,3}}|{'|'.join(_ENGLISH_CARDINALS)})"
    rf"|(?:the )?(?P<ordinal>{'|'.join(_ENGLISH)}) (?:lesson|lecture|video|unit|class|episode|session)"
    r"|(?P<course>(?:this|the)(?: whole| entire)? course)"
    r"|(?P<lesson>(?:this|the|today's)(?: whole| entire)?"
    r" (?:lesson|lecture|video|class|episode|session|talk|recording)))"
)
_EN_PLEASE = r"(?:please |can you |could you |would you |will you |i want you to |help me )*"
_EN_PARTS = (
    r"(?:(?:key|main|most important|central|core)"
    r" (?:points?|ideas?|takeaways?|messages?|topics?|things|concepts?)"
    r"|takeaways?|summary|overview|gist|outline)"
)

_ASKS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_ZH_PLEASE}{_ZH_IT}(?:里面?|中)?(?:都|主要|到底|大概|大致|具体|一共|究竟|会|要|是|在)*"
        rf"(?:讲|说|学|教|介绍|包括|包含|有|谈|涉及|关于)(?:[了的到过解述授习])?(?:的?(?:都|主要)?是)?{_ZH_WHAT}的?[呢啊呀]?",
        rf"{_ZH_PLEASE}{_ZH_IT}的?(?:有(?:哪些|什么))?{_ZH_PARTS}(?:都?有|都?是|包括|在哪里?)?(?:{_ZH_WHAT})?[呢啊呀吧]?",
        rf"{_ZH_PLEASE}(?:把|将|对)?{_ZH_SUM_UP}{_ZH_IT}(?:的?{_ZH_PARTS})?(?:吧|吗|好吗|可以吗)?",
        rf"{_ZH_PLEASE}(?:把|将|对)?{_ZH_IT}(?:的?{_ZH_PARTS})?(?:做个|做一个|进行)?{_ZH_SUM_UP}(?:吧|吗|好吗|可以吗)?",
        rf"{_ZH_PLEASE}(?:总结|概括|归纳|小结|梳理|提炼)(?:一下|下|出)?(?:{_ZH_PARTS})?(?:吧|吗|好吗|可以吗)?",
        rf"(?:那么?|然后)?{_ZH_IT}呢",
        rf"(?:主要内容|重点|要点|知识点)(?:都?有|都?是){_ZH_WHAT}",
        rf"(?:and |what about |how about )(?:in )?{_EN_IT}",
        rf"what(?:'s| is| was) {_EN_IT}(?: all| mainly| mostly| really)* about",
        rf"what (?:does|do|did|will|is|was) {_EN_IT}(?: mainly| actually)?"
        r" (?:cover|teach|explain|discuss|talk about|deal with|contain|include)(?:s|ed|ing)?(?: us| me)?",
        r"what (?:do|did|will|can|would|should) (?:i|we|you|students|learners) (?:learn|study|cover)"
        rf" (?:in|from) {_EN_IT}",
        rf"{_EN_PLEASE}(?:summari[sz]e|sum up|recap|outline)(?: (?:{_EN_IT}|it|this|everything))?"
        r"(?: for me)?",
        rf"{_EN_PLEASE}(?:give|write|make|show|tell|provide)(?: me| us)? (?:an? |the )?"
        rf"(?:short |brief |quick )*{_EN_PARTS}(?: (?:of|for|from|in) {_EN_IT})?",
        rf"(?:what (?:are|is|were|was) )?(?:the )?{_EN_PARTS}(?: (?:of|for|from|in) {_EN_IT})?",
    )
)


@dataclass(frozen=True, slots=True)
class Whole:
    """What a question asks about as a whole.

    Attributes:
        of: `any` where it does not say whether it means the lesson or the course.
        number: of the lesson in its course, from 1; 0 where it names none.
    """

    of: Literal["lesson", "course", "any"]
    number: int = 0


def asks_for_whole(question: str, *, in_conversation: bool) -> Whole | None:
    """What the question wants summed up; None where it asks for something in particular.

    Args:
        in_conversation: “总结一下” then asks about what was said in it.
    """
    if len(question) > _MOST_CHARS:
        return None
    text = " ".join(normalise(question).replace("’", "'").split()).strip(" .。!！?？,，~～")
    text = text.removesuffix(" please").rstrip(" ,")
    match = next((found for found in (asks.fullmatch(text) for asks in _ASKS) if found), None)
    if match is None:
        return None
    named = match.groupdict()
    number = _number(named.get("number") or named.get("ordinal") or "")
    if number:
        return Whole("lesson", number)
    if named.get("course"):
        return Whole("course")
    if named.get("lesson"):
        return Whole("lesson")
    return None if in_conversation else Whole("any")


def _number(said: str) -> int:
    """`12`, `十二`, `two`, `second`; 0 for none."""
    said = said.lower()
    if said.isdecimal():
        return int(said)
    for words in (_ENGLISH, _ENGLISH_CARDINALS):
        if said in words:
            return words.index(said) + 1
    tens, ten, ones = said.rpartition("十")
    n_tens = (_HAN_DIGITS.find(tens) + 1 if tens else 1) if ten else 0
    return 10 * n_tens + (_HAN_DIGITS.find(ones) + 1 if ones else 0)


async def told_at(
    places: Sequence[tuple[str, Locator]], scope: Scope, *, index: ChunkIndex, catalog: Catalog | Cards
) -> list[Moment]:
    """The passages of these places, (lesson, locator) each, in their order; without those out of scope.

    Raises:
        IndexUnavailable: the store does not answer.
    """
    chunk_ids: dict[str, None] = {}
    for where in dict.fromkeys(_within(scope, lesson_id, place) for lesson_id, place in places):
        chunk_ids |= dict.fromkeys(await index.ids(where))
    matches = [Match(chunk_id, "", n, 0.0, "told") for n, chunk_id in enumerate(chunk_ids, 1)]
    found = (await fetch(matches, scope.platform_id, index=index, catalog=catalog)).hits
    at = {
        (hit.chunk.lesson_id, sentence.locator): (hit, sentence)
        for hit in found
        for sentence in _stands_for(hit)
    }
    said = (at.get(place) for place in dict.fromkeys(places))
    return [Moment(*one) for one in said if one is not None]


def _within(scope: Scope, lesson_id: str, place: Locator) -> Scope:
    """Where the passage must be; of what has no place in time, anywhere in the lesson."""
    at = None
    if isinstance(place, TimeSpan):
        at = TimeSpan(max(place.start - _SAME_S, 0.0), place.start + _SAME_S)
    return replace(scope, lesson_ids=(lesson_id,), starts_within=at)


def _stands_for(hit: Hit) -> Sequence[Segment]:
    chunk = hit.chunk
    return chunk.sentences if chunk.focus is None else chunk.sentences[chunk.focus : chunk.focus + 1]
