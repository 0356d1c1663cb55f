"""How teachers announce a new part: discourse cues at the beginning of a sentence, zh and en.

`boundaries` reads them. Three families are counted one by one, because a speaker who means it uses several
(“Okay, so now let's look at…”): an opening particle, a word of order or return, an announcement. After the
cue phrases of Grosz and Sidner (Computational Linguistics 12, 1986) and Passonneau and Litman (23, 1997).
"""

from __future__ import annotations

import re

_HEAD = 110
"""Characters of a sentence in which a cue counts: later on it is about something else."""

_LEAD_EN = r"(?:(?:and|but|so|okay|ok|all ?right|alright|well|now|also|anyways?)[, ]+)*"
_LEAD_ZH = r"(?:(?:好的?|那么?|所以|但是?|然后|而且?|现在|嗯|ok)[，,。 ]*)*"

_OPENING = re.compile(
    r"^(?:(?:and|but|so)[, ]+)*(?:okay|ok|all ?right|alright|great|now)\b"
    r"|^(?:好(?:的|了|吧|啦)?[，,。 ]|ok|那么[，, ]?|那我们|现在[，,我让])",
)
_ORDER = re.compile(
    rf"^{_LEAD_EN}(?:"
    r"now that|moving (?:on|forward)|next(?: up)?\b|first(?:ly)?\b|second(?:ly)?\b|third(?:ly)?\b"
    r"|finally|lastly|one (?:final|last|more)|another|as always|as an? (?:final|last|first|next|another)"
    r"|to (?:start|begin|finish|wrap|close|see|answer|set|recap|summari[sz]e|sum)|let'?s|let me"
    r"|in (?:summary|conclusion)|here'?s|here,? i(?:'|\b)|stepping back|turning|back to"
    r"|with (?:that|this|all)|before (?:we|that|i)\b|up next|by the way|continuing"
    r"|(?:going|coming|getting) back|so far|in the next|what's|how do(?:es)?\b"
    r"|imagine|consider|suppose|remember|recall)"
    rf"|^{_LEAD_ZH}(?:"
    r"接下来|下面|首先|其次|再次|最后|第[一二三四五六七八九十]|另外|另一|下一|再来|再看|回到|回顾|回想|还记得"
    r"|总结|总之|综上|总的来说|到目前为止|到这里|至此|上一?(?:节|个|次)|刚才|前面|除此|除了|举个?例|例如|比如"
    r"|假设|想象|试想|什么是|为什么|怎[么样]|如何|在(?:此|这|那)之前|有了|讲完|说完|了解了|知道了|说到|至于"
    r"|我们来|让我们|来看|咱们来)"
)
_ANNOUNCEMENT = re.compile(
    r"\b(?:let'?s|let me|(?:i|we)(?:'d| would)? (?:like|want) to|(?:we're|we are) (?:now|going|gonna)"
    r"|(?:i'm|i am) (?:going|gonna)|we can now|turn (?:to|our)|take a (?:look|step)|look at|talk about"
    r"|focus on|go back|come back|move on|next)\b"
    r"|让我们|(?:我们|咱们)(?:再|就|先|来|要|将|现在|接下来|一起|继续|开始)*"
    r"(?:看|讲|学|谈|聊|讨论|介绍|说明|研究|考虑|回顾|总结|分析|进入|认识|了解)"
    r"|我(?:再|就|先|来|要|将|想|会|们)*(?:给|跟|向|和|为)?(?:大家|你们?|各位)?(?:讲|介绍|说明|展示|演示|谈谈|讨论|解释)"
    r"|今天(?:我们|要|来)|接下来|下面"
)


def n_cues(text: str) -> int:
    """How many families of cues the sentence begins with, 0..3."""
    head = text.lower().replace("’", "'").lstrip("-–—>“\"'（( ")[:_HEAD]
    families = (_OPENING.match(head), _ORDER.match(head), _ANNOUNCEMENT.search(head))
    return sum(found is not None for found in families)
