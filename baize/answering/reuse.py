"""May the answer to one question answer another? Only where they ask the same thing; in doubt, no.

A wrong answer to a learner costs more than a call to the model, so two questions are one only when

* their guards are equal: what kind of question it is, numbers with their units, negation, opposites (`more`,
  `less`), what is permitted and what is due, and the order of what is compared; and
* what else they say, question words and courtesies aside, is the same, in any order; or they name the same
  things, hardly anything is left over, and their vectors are all but the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from baize.answering.contrasts import contrasts
from baize.answering.numbers import numbers
from baize.answering.units import quantities
from baize.domain.sentences import has_han
from baize.retrieval.terms import normalise, terms

_COURTESY = re.compile(
    r"请问一?下?|请教一?下?|麻烦(?:您|你|问)?一?下?|老师[，,]|您好|你好|谢谢(?:您|你)?|想问一?下?|问一下"
    r"|我想(?:知道|了解)一?下?|能不能(?:告诉|说说|讲讲|解释)(?:我|一下)*|(?:可以|能)?(?:告诉|给)我(?:说说|讲讲|讲)?"
    r"|(?:请|帮我)(?:解释|说明|介绍)(?:一下)?|帮我|到底|究竟|具体|一下子?|的话|[啊呀哦嘛吧哈]"
    r"|\b(?:please|could you|can you|would you|tell me|explain(?: to me)?"
    r"|i(?: would|'d)? (?:like|want) to know|i wonder|do you know"
    r"|exactly|actually|just|hi|hello|thanks?(?: you)?)\b"
)
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        (
            "why",
            r"为什么|为何|为啥|何以|什么原因|怎么会|的原因是?什么"
            r"|\bwhy\b|\bhow come\b|\bwhat is the reason\b",
        ),
        ("often", r"多久.?一次|隔多久|\bhow often\b"),
        ("long", r"多久|多长时间|多少时间|[几多]少?分钟|[几多]少?天|\bhow long\b|\bhow much time\b"),
        (
            "when",
            r"(?:在|是)?什么(?:时候|时间)|啥时候|何时|几时|几点|哪个时间|\bwhen\b|\b(?:at )?what time\b",
        ),
        ("where", r"在?(?:哪里|哪儿|什么地方|什么位置|何处)|在哪|\bwhere\b|\bwhich place\b"),
        ("count", r"多少|几(?=[个次遍种片颗粒步度米斤克杯页章节层])|\bhow (?:many|much)\b"),
        ("who", r"谁|什么人|哪些人|\bwho(?:m|se)?\b"),
        (
            "do",
            r"(?:该|要)?(?:怎么办|咋办|如何处理|怎么处理)|该做什么"
            r"|\bwhat (?:should|do|can) (?:i|we|you) do\b",
        ),
        (
            "how",
            r"(?:用什么|什么|有什么)(?:方法|办法)|怎么样?[做弄搞]?|怎样[做弄搞]?|如何[做弄搞]?|咋样?"
            r"|\bwhat is the (?:best )?way to\b|\bhow(?: (?:to|can|could|do|does|did|should|are|is))?\b",
        ),
        (
            "whether",
            r"能不能|可不可以|可以不可以|要不要|是不是|会不会|有没有|行不行|该不该|是否|能否|可否"
            r"|吗|(?<![什怎多那这要])么(?=[?\s]*$)"
            r"|^(?:is|are|do|does|can|could|may|should|must|will|did|has|have)\b",
        ),
        ("which", r"哪一?[个种些几款样]|\bwhich\b"),
        (
            "what",
            r"(?:是|叫做?|指的?是?)?什么(?:叫做?|是)?(?:意思|含义|概念)?|是?啥|何谓"
            r"|\bwhat(?:'s| is| are| does| do)?\b",
        ),
    )
)
_MAY = re.compile(r"能不能|可不可以|可以不可以|能否|可否|可以|能够?|允许|\b(?:can|could|may|allowed)\b")
_MUST = re.compile(r"必须|一定要|务必|非得|\b(?:must|have to|has to)\b")
_NEGATIVE = re.compile(
    r"[不没未勿莫别无非]|禁止|禁忌|避免|切忌|忌|拒绝|停|除|以外"
    r"|\b(?:not|no|never|none|nothing|without|cannot|avoid|except|stop|neither|nor|refuse|skip|un[a-z]+)\b|n't\b"
)
_CHOICE = re.compile(r"(\w)[不没]\1|可不可以|可以不可以")
_ORDERED = re.compile(
    r"比|从|到|给|对|向|被|把|减|除|乘|换|转|变|超过|先.*再|\b(?:than|from|to|by|before|after|into|over|minus)\b"
)
_SAME_WORDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), word)
    for pattern, word in (
        (r"之前|以前", "前"),
        (r"之后|以后", "后"),
        (r"(?:的|在)?(?:时候|期间|过程中)|的时(?![间候钟])", "时"),
        (r"如果|假如|要是|假设", ""),
        (r"能不能|可不可以|可以不可以|能否|可否|可以|能够?|允许", ""),
        (r"需要|应该|应当|需得|要|该|需", ""),
        (r"(?:有|都有)(?:什么|哪些)|包括(?:什么|哪些)", ""),
        (r"(?:的|所谓的?)?(?:含义|意思|定义|概念)", ""),
        (r"的?(?:方法|办法|方式)", ""),
        (r"用处|用途|好处", "作用"),
        (r"早晨|清晨", "早上"),
        (r"老年人", "老人"),
        (r"\b(?:way|want|need|like|have|has) to\b", ""),
        (r"\b(?:meaning of|meant by|purpose of)\b", ""),
    )
)
_ANY_OF_THEM = re.compile("|".join(pattern.pattern for pattern, _ in _SAME_WORDS))
_FILLERS = frozenset("的了是在着过地得就都也还又和与及跟们个些所之其有会里中上让使")
_LIGHT_WORDS = frozenset(
    "do doe did need should would be been way mean definit of for in on at it one about go and the a can may"
    " could my your our i me we you".split()
)
_NOUN_TAGS = ("n", "eng")
_LIGHT_NOUNS = frozenset("时间 时候 方法 办法 问题 情况 东西 原因 意思 步骤 方式 前 后".split())

SIMILAR = 0.95
"""Cosine from which two questions that name the same things may be one."""
_LEFT_OVER = 0.34
"""Share of the remaining characters (or stems) that only one of them may have."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, taken apart.

    Attributes:
        guard: everything that must be equal.
        rest: what else is said: characters of Chinese, stems of English, sorted.
        names: nouns of Chinese; of English all stems, for nothing tells its nouns apart here.
    """

    guard: str
    rest: tuple[str, ...]
    names: tuple[str, ...]


def asked(question: str) -> Asked:
    """Take a question apart."""
    text = _COURTESY.sub(" ", normalise(question)).strip(" ,.;:!?，。；：！？、")
    kinds, bare = _kinds(text)
    if _ANY_OF_THEM.search(bare):
        for pattern, word in _SAME_WORDS:
            bare = pattern.sub(word, bare)
    rest = _rest(bare)
    told = _CHOICE.sub(" ", text)
    guard = (
        kinds,
        sorted(numbers(question, strict=False)),
        sorted((value, sorted(units)) for value, units in quantities(normalise(question)).items()),
        sorted(_NEGATIVE.findall(told)),
        "whether" in kinds and _MAY.search(text) is not None,
        _MUST.search(text) is not None,
        sorted((contrast.group, contrast.side) for contrast in contrasts(text)),
        rest if _ORDERED.search(bare) else (),
    )
    return Asked(repr(guard), tuple(sorted(rest)), _names(bare, rest))


def is_same(one: Asked, other: Asked, cosine: float = 0.0) -> bool:
    """Whether the answer to one may be given to the other. Their scopes and settings must be equal already.

    Args:
        cosine: of the vectors of both questions; 0.0 where there are none.
    """
    if one.guard != other.guard:
        return False
    return one.rest == other.rest or (cosine >= SIMILAR and is_near(one, other))


def is_near(one: Asked, other: Asked) -> bool:
    """Whether their vectors may decide: hardly anything is left over beside the same names."""
    if any(char.isdigit() for piece in one.rest for char in piece):
        # Whatever stands beside a number may be its unit.
        return False
    mine, theirs = set(one.rest), set(other.rest)
    left_over = len(mine ^ theirs) / max(len(mine | theirs), 1)
    return one.names == other.names and left_over <= _LEFT_OVER


def _kinds(text: str) -> tuple[tuple[str, ...], str]:
    """The kinds of question asked, and the text without the words that ask."""
    found: list[str] = []
    for name, pattern in _KINDS:
        text, n = pattern.subn(" ", text)
        if n:
            found.append(name)
    return tuple(found), text


def _rest(bare: str) -> list[str]:
    """Characters of Chinese and stems of others, function words aside, in order."""
    if has_han(bare):
        pieces = re.findall(r"[a-z0-9.]+|[\u4e00-\u9fff]", bare)
        return [piece for piece in pieces if piece not in _FILLERS]
    return [term for term in terms(bare) if term not in _LIGHT_WORDS]


def _names(bare: str, rest: list[str]) -> tuple[str, ...]:
    if not has_han(bare):
        return tuple(sorted(set(rest)))
    import rjieba

    tagged = ((word.strip(), tag) for word, tag in rjieba.tag(bare))
    return tuple(
        sorted(
            {word for word, tag in tagged if word and tag.startswith(_NOUN_TAGS) and word not in _LIGHT_NOUNS}
        )
    )
