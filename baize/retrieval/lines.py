"""A spoken sentence → a line that is read alone, as on a card. Words are left out, never changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from baize.domain.sentences import ends_sentence, has_han, joint
from baize.retrieval.disarm import gives_orders

LONGEST = {"zh": 60, "en": 200}
"""Characters of a line; a longer sentence is cut at a clause."""
_SHORTEST = {"zh": 8, "en": 30}
_LEAST_OF_CUT = 0.4
"""A cut keeps at least this share of the limit; else it falls between two words."""

_FILLER_ZH = re.compile(
    r"^(?:(?:好的?|嗯+|呃+|啊|哦|那么|然后|所以说?|因此|于是|接着|另外|此外|而且|并且|不过|但是?|可是|其实|"
    r"也就是说|换句话说|总之|当然|同样地?|首先|其次|最后|接下来|现在)[，,、：:\s]+)+"
    r"|^(?:那么|然后|所以|但是|而且)(?=[\u4e00-\u9fff]{4})"
)
_FILLER_EN = re.compile(
    r"^(?:(?:ok(?:ay)?|all ?right|so|well|now|and|but|um+|uh+|yeah|right|then|anyway|again|also|"
    r"actually|basically|in fact|of course|first(?: of all)?|next|finally|however|"
    r"therefore|in other words)\b[,:]?\s+)+",
    re.IGNORECASE,
)
_LEANING_ZH = re.compile(
    r"^(?:[的了得地着过和与及而或且并呢吗吧]|(?:这|那|它|他|她|此|其)(?!门|节|一?堂|一?讲|门课)|该|前者|后者|同样|否则"
    r"|例如|比如|就[是像]|(?:还有|另)?一个是|或者|以及|还有|正如|如前|如上|上面|下面|对吧|对[，。]|是的|不是)"
)
_LEANING_EN = re.compile(
    r"^(?:this|that|these|those|it|its|it's|that's|he|she|they|them|his|her|their|there|here|which|who|such|"
    r"for example|for instance|like|otherwise|or|because|yes|no|as you can see|let's|let me|you see|"
    r"one of them)\b",
    re.IGNORECASE,
)
_HANGING_ZH = re.compile(
    r"(?:[的和与及是在把被将对从向而但或、，,：:]|因为|所以|如果|那么|一个|就是|比如|例如|以及|的时候|时|来说)$"
)
_CLINGING_ZH = re.compile(r"[的了得地着过和与及呢吗吧上下中里内外时后前们所]")
"""What goes on in the middle of a phrase."""
_SHORTEST_PIECE = 4
_STRAY = "，,、。.；;：:！!？?…”’）) "
"""What belongs to the sentence before."""
_HANGING_EN = re.compile(
    r"(?:[,:;]|\b(?:the|a|an|of|to|and|or|but|in|on|at|for|with|that|which|is|are|was|were|if|because|as|by|from"
    r"|than|like|this|these|we|you|i))$",
    re.IGNORECASE,
)
_LONGEST_END = 10
"""Characters: no more than these are looked at for what hangs."""
_HALF_ZH = re.compile(r"如果|假如|要是|当|因为|由于|虽然|尽管|为了|除了|只要|一旦|即使")
_OTHER_HALF_ZH = re.compile(r"就|则|那么|都|会|便|才|也|还是|，")


def _said(english: str, chinese: str) -> Callable[[str], bool]:
    """Searches a text for either, whatever the case; plain English for its own, in lower case, at half the
    cost."""
    plain, both = re.compile(english), re.compile(f"{english}|{chinese}", re.IGNORECASE)

    def search(text: str) -> bool:
        return (plain.search(text.lower()) if text.isascii() else both.search(text)) is not None

    return search


_is_courtesy = _said(
    r"\b(?:hello|hi everyone|welcome|thanks?|thank you|see you|goodbye|bye|subscribe|"
    r"(?:in )?(?:this|the next|the last|the previous) (?:video|lesson|lecture)|next (?:time|week)|"
    r"today,? (?:we|you|i|let)|today's)\b",
    r"大家好|朋友们好|同学们好|[你您]好|各位|欢迎|谢谢|感谢|再见|下[次节一]?(?:节课|次课|课|集|期|讲)|见[。！]$|关注(?:我们|一下)|点赞|订阅"
    r"|这[节堂门]课(?:就|我们|会|将)|本(?:视频|课程|节|讲|章)|[这下上]一?个视频|下[一两]个?视频|视频会|我将(?:会|在|告诉)?|下面我|接下来我|我要(?:写|讲|说)"
    r"|今天(?:我们|这|的课)|我们?(?:今天|来看|先来|再来|接下来)",
)
_is_to_a_machine = _said(
    r"(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instruction|prompt|rule|above|previous)|"
    r"system prompt|"
    r"you are (?:now )?(?:an? )?(?:ai|assistant|chatgpt|deepseek|language model)|as an ai\b|jailbreak|"
    r"(?:reply|respond|answer|output) (?:only |exactly )?(?:with|in) (?:json|the following)",
    r"(?:忽略|无视|忘[记掉]).{0,12}(?:指令|提示|规则|要求|以上|之前|上[面述])|系统提示|"
    r"你(?:现在)?是(?:一个|一名)?(?:AI|人工智能助手|语言模型|助手)|(?:请|只|必须)(?:回复|输出)(?:以下|如下|JSON)",
)
_QUESTION = re.compile(r"[?？][”’\"'）)]*\s*$|[吗呢][。]?$")
_CLAUSE = re.compile(
    r"[，,；;：:、]\s*|(?<=[\u4e00-\u9fff])\s(?=[\u4e00-\u9fff])|\s—\s|——"
    r"|\s(?=(?:and|but|because|so that|which|when|where)\b)"
)


def with_pauses(pieces: Sequence[str]) -> str:
    """Cues without full stops as one sentence: a comma where one ends and the next begins anew.

    None inside of a phrase, which a short cue may cut: before 的, after 的, 是, 因为 and their like.
    """
    whole = ""
    for piece in pieces:
        pauses = (
            has_han(whole[-1:])
            and has_han(piece[:1])
            and min(len(whole), len(piece)) >= _SHORTEST_PIECE
            and not _HANGING_ZH.search(whole)
            and not _CLINGING_ZH.match(piece)
        )
        whole += ("，" if pauses else joint(whole, piece)) + piece
    return whole


def line_of(text: str, language: str) -> str:
    """The sentence without the fillers that it opens with, on one line, cut where it is too long.

    A cut ends with a clause and `…`; what is left is verbatim but for the case of its first letter.
    """
    whole = " ".join(text.split()).lstrip(_STRAY)
    bare = (_FILLER_ZH if has_han(whole) else _FILLER_EN).sub("", whole, count=1)
    if len(bare) >= _limit(_SHORTEST, language):
        whole = bare if has_han(bare) else bare[:1].upper() + bare[1:]
    return cut(whole, _limit(LONGEST, language))


def addresses_a_machine(text: str) -> bool:
    """Whether a sentence speaks to a language model rather than to a learner. It is never shown to one."""
    return _is_to_a_machine(text) or gives_orders(text)


def cut(text: str, longest: int) -> str:
    """At most `longest` characters: whole, or up to the last clause or word that fits, with `…`."""
    if len(text) <= longest:
        return text
    room = text[: longest - 1]
    ends = [match.start() for match in _CLAUSE.finditer(room) if match.start() >= longest * _LEAST_OF_CUT]
    if ends:
        return room[: ends[-1]] + "…"
    at = room.rfind(" ") if not has_han(text) else len(room)
    return room[: at if at > 0 else len(room)].rstrip() + "…"


def stands_alone(text: str, language: str, *, punctuated: bool = True) -> bool:
    """Whether a reader who has not heard what came before understands it, and would want to read it.

    No question, greeting or announcement; nothing that points back (这个…, that's …) or breaks off.

    Args:
        punctuated: the track has full stops, so that a sentence without one is a piece of one.
    """
    whole = " ".join(text.split())
    bare = (_FILLER_ZH if has_han(whole) else _FILLER_EN).sub("", whole, count=1)
    han = has_han(whole)
    body = bare.rstrip("。.!！…”\"' ")
    if len(body) < _limit(_SHORTEST, language) or (punctuated and not ends_sentence(whole)):
        return False
    if _QUESTION.search(whole) or _is_courtesy(whole) or addresses_a_machine(whole):
        return False
    if not han and punctuated and whole[:1].islower():
        return False
    if han and not punctuated and _HALF_ZH.match(bare) and not _OTHER_HALF_ZH.search(bare):
        return False
    leaning, hanging = (_LEANING_ZH, _HANGING_ZH) if han else (_LEANING_EN, _HANGING_EN)
    return not leaning.match(bare) and not hanging.search(body, max(0, len(body) - _LONGEST_END))


def _limit(table: dict[str, int], language: str) -> int:
    return table.get(language, table["en"])
