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
    r"^(那|那么|还有|另外|然后|所以|为什么呢|怎么做|举个例子|它|他|她|这)"
    r"|^(and|so|but|then|also|why|how so|what about|how about)\b"
    r"|(它|这个|那个|这些|那些|这种|那种|这里|上面|前面|刚才|之前|其中|他说)"
    r"|\b(it|its|that|this|those|these|they|them|he|she|above|previous|one)\b"
    r"|呢[？?]?$",
    re.IGNORECASE,
)
_FEW_TERMS = 2
_COMPARES = re.compile(
    r"(?:有(?:什么|何|啥|哪些))?(?:主要|根本|本质)?的?(?:区别|不同(?:之处|点)?|差别|差异)"
    r"(?=(?:是什么|在哪里?|吗|呢)?[？?]?\s*$)|是?什么意思"
    r"|\b(?:the |any |main |key )*differences? (?:between|in|of)\b|\bdiffer(?:s|ent)?(?: from)?\b"
    r"|\b(?:versus|vs)\b|\bmeant by\b",
    re.IGNORECASE,
)
"""Says what to do with the things that are named, and need stand in no passage that explains them."""
_NUMBER = re.compile(r"^\s*(?:[(（]\s*\d{1,2}\s*[)）]|\d{1,2}\s*[.)、．。）:：])\s*(?=[^\W\d]{2})")
"""Of a list that a question was copied from (“2. where is …”, “3、什么是…”): it names nothing."""


def rewrite(question: str, history: Sequence[Message]) -> Query:
    """A query whose text can be understood without the turns before it.

    A question that points back (a pronoun, `那…呢`, hardly a term of its own) is joined to the question of
    the turn before. A new subject is left alone, so that the old one does not drag it away. The number of a
    list before it is left out, and so are the terms that only ask for a comparison or a meaning.
    """
    text = _NUMBER.sub("", question).strip()
    own = terms(text)
    previous = next((turn.content for turn in reversed(history) if turn.role == "user"), "")
    if previous and (_POINTS_BACK.search(text) or len(set(own)) <= _FEW_TERMS):
        text = f"{previous.strip()} {text}"
        own = terms(text)
    language = detect_language(question, default=detect_language(previous))
    return Query(question.strip(), text, language, tuple(_named(text, own)), tuple(pinyin_terms(text)))


def _named(text: str, all_terms: Sequence[str]) -> Sequence[str]:
    """The terms without those of how it is asked; all of them where that leaves none."""
    left = terms(_COMPARES.sub(" ", text))
    # Cut out of its run, a character may become a term that no passage has.
    known = set(all_terms)
    return [term for term in left if term in known] or all_terms
