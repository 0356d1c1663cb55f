"""Question + history → a query that stands alone.

Comes first in the answer flow; `search` follows. By code (decisions 12): no model call stands before
the evidence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from baize.domain.chat import Message
from baize.domain.search import Query
from baize.domain.sentences import detect_language
from baize.retrieval.terms import pinyin_terms, terms

_POINTS_BACK = re.compile(
    r"^(那|那么|还有|另外|然后|所以|为什么呢|怎么做|它|他|她|这)"
    r"|^(and|so|but|then|also|how so|what about|how about)\b|^why(?: not| so)?\s*\?*$"
    r"|(它|这个|那个|这些|那些|这种|那种|这里|上面|前面|刚才|之前|其中|他说)"
    r"|\b(it|its|that|this|those|these|they|them|he|she|above|previous|one)\b"
    r"|呢[？?]?$|[举打]一?个?(?:具体的?)?(?:例子|比方)[吗吧]?[？?。]?$"
    r"|[说讲][得的]?再?(?:简单|详细|通俗|具体|清楚)(?:一?[点些])?[吗吧]?[？?]?$"
    r"|^再?(?:简单|详细|通俗|具体)(?:一?[点些]|地)?(?:说|讲|解释)"
    r"|\b(?:an|some|more) (?:examples?|details?)\s*\??$",
    re.IGNORECASE,
)
_MAY_POINT_BACK = re.compile(r"^(?:why\b|举个例子)", re.IGNORECASE)
_FEW_TERMS = 2
_FEW_WORDS = 3
_HAN_A_WORD = 4 / 3
"""“早上吗” and “for columns?” lean on the question before; “how to find average” stands alone."""
_MOST_BACK = 4
_ZH_PLACE = r"哪一?(?:节课?|课|讲|集|章|个?视频|部分|里|儿)|什么地方|第几(?:节课?|课|讲|集|章|分钟)"
_EN_PLACE = r"(?:lesson|lecture|video|part|chapter|section|episode|minute)s?"
_EN_TEACHER = r"(?:he|she|they|you|the (?:teacher|lecturer|instructor|speaker|professor|video|course|lesson))"
_EN_TELL = (
    r"(?:talks? about|explains?|covers?|mentions?|discuss(?:es)?|shows?|introduces?|is about|deals? with"
    r"|teach(?:es)?(?: us)?|describes?|tells? us about)"
)
_EN_TOLD = r"(?:explained|covered|discussed|mentioned|introduced|shown|talked about)"
_ASKS = re.compile(
    # a comparison, a meaning
    r"(?:有(?:什么|何|啥|哪些))?(?:主要|根本|本质)?的?(?:区别|不同(?:之处|点)?|差别|差异)"
    r"(?=(?:是什么|在哪里?|吗|呢)?[？?]?\s*$)|是?什么意思"
    r"|\b(?:the |any |main |key ){0,3}differences? (?:between|in|of)\b|\bdiffers?(?: from)?\b"
    r"|\bdifferent from\b|\b(?:versus|vs)\b|\bmeant by\b"
    # an example
    r"|(?:能不能|可不可以|能|可以|请|再){0,3}(?:给我)?[举打]一?个?(?:具体的?)?(?:例子|比方)(?:说明)?(?:一下)?(?:好吗|吗|吧)?"
    r"|\b(?:(?:can|could|would) you )?(?:please )?(?:give|show)(?: me| us)?"
    r" (?:an?|some|another|more) examples?(?: (?:of|for))?\b"
    # the place
    rf"|(?:老师|讲师|[他她])?(?:是?在)?(?:{_ZH_PLACE})[里中]?[有会]?(?:讲|说|提|谈|介绍|解释|演示)(?:了|到|过|的是|的)*"
    rf"|的(?:内容|部分|知识)是?在(?:{_ZH_PLACE})[里中]?"
    rf"|\b(?:where|when|in which {_EN_PLACE}) (?:does|do|did) {_EN_TEACHER} {_EN_TELL}\b"
    rf"|\b(?:which|what) {_EN_PLACE} {_EN_TELL}\b"
    rf"|\b(?:where|in which {_EN_PLACE}) (?:is|are|was|were) (?=.*\b{_EN_TOLD}\s*\??$)|\b{_EN_TOLD}\s*\??$",
    re.IGNORECASE,
)
"""Says what is wanted of the things that are named, and need stand in no passage that explains them."""
_HAN = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[^\W\u3400-\u9fff]+(?:['’][^\W\u3400-\u9fff]+)*")
_NUMBER = re.compile(r"^\s*(?:[(（]\s*\d{1,2}\s*[)）]|\d{1,2}\s*[.)、．。）:：])\s*(?=[^\W\d]{2})")
"""Of a list that a question was copied from (“2. where is …”, “3、什么是…”): it names nothing."""


def rewrite(question: str, history: Sequence[Message]) -> Query:
    """A query whose text can be understood without the turns before it.

    A question that points back (a pronoun, `那…呢`, a word or two) is joined to the question of
    the turn before; where that pointed back itself, to those up to the one that names a subject. A new
    subject is left alone, so that the old one does not drag it away.

    The number of a list before it is left out. So is what only asks for a comparison, a meaning or a place:
    no passage need say “difference” or “which lesson”, and a vector leans far towards such words.
    """
    text = _NUMBER.sub("", question).strip()
    asked = [turn.content.strip() for turn in history if turn.role == "user"]
    previous = asked[-1] if asked else ""
    if previous and (_points_back(text) or _is_fragment(text)):
        text = " ".join([*_back_to_a_subject(asked), text])
    language = detect_language(question, default=detect_language(previous))
    text, own = _bare(text)
    return Query(question.strip(), text, language, tuple(own), tuple(pinyin_terms(text)))


def may_mean(question: str, asked: Sequence[str]) -> list[str]:
    """A question joined to each of those before that it may lean on, with nothing left out of them.

    For what must not be missed, as a graded item is: wider than `rewrite`, whose search a wrong one would
    drag away.
    """
    joined: list[str] = []
    leaning = question
    for earlier in reversed(asked[-_MOST_BACK:]):
        if not _may_lean(leaning):
            break
        joined.append(f"{earlier.strip()} {question.strip()}")
        leaning = earlier
    return joined


def _may_lean(text: str) -> bool:
    few = len(set(terms(text))) <= _FEW_TERMS
    return few or _POINTS_BACK.search(text) is not None or _MAY_POINT_BACK.search(text) is not None


def _bare(text: str) -> tuple[str, list[str]]:
    """What the question names, and its terms; all of it where it names nothing."""
    whole = terms(text)
    bare = " ".join(_ASKS.sub(" ", text).split())
    # Cut out of its run, a character may become a term that no passage has.
    known = frozenset(whole)
    named = [term for term in terms(bare) if term in known]
    return (bare, named) if named else (text, whole)


def _points_back(text: str) -> bool:
    """Whether what it names does: “he” in “Where does he talk about sorting?” is the teacher."""
    return _POINTS_BACK.search(_bare(text)[0]) is not None


def _is_fragment(text: str) -> bool:
    n_words = len(_WORD.findall(text)) + len(_HAN.findall(text)) / _HAN_A_WORD
    return n_words <= _FEW_WORDS and len(set(terms(text))) <= _FEW_TERMS


def _back_to_a_subject(asked: Sequence[str]) -> Sequence[str]:
    """The last questions, from the one that names what they are about: “为什么” may follow on “那晚上呢”."""
    for n_back in range(1, min(len(asked), _MOST_BACK) + 1):
        words = [term for term in terms(asked[-n_back]) if not term.startswith("#")]
        if words and not _points_back(asked[-n_back]):
            return asked[-n_back:]
    return asked[-1:]
