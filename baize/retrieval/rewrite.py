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
_NUMBER = re.compile(r"^\s*(?:[(（]\s*\d{1,2}\s*[)）]|\d{1,2}\s*[.)、．。）:：])\s*(?=[^\W\d]{2})")
"""Of a list that a question was copied from (“2. where is …”, “3、什么是…”): it names nothing."""


def rewrite(question: str, history: Sequence[Message]) -> Query:
    """A query whose text can be understood without the turns before it.

    A question that points back (a pronoun, `那…呢`, hardly a term of its own) is joined to the question of
    the turn before. A new subject is left alone, so that the old one does not drag it away. The number of a
    list before it is left out.
    """
    text = _NUMBER.sub("", question).strip()
    own = terms(text)
    previous = next((turn.content for turn in reversed(history) if turn.role == "user"), "")
    if previous and (_POINTS_BACK.search(text) or len(set(own)) <= _FEW_TERMS):
        text = f"{previous.strip()} {text}"
        own = terms(text)
    language = detect_language(question, default=detect_language(previous))
    return Query(question.strip(), text, language, tuple(own), tuple(pinyin_terms(text)))
