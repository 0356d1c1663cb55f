"""Does a drafted sentence carry what an order in a transcript wants said? Stands beside `verify`.

Such orders are no evidence (`retrieval.disarm`), yet what they want said may ride on a true sentence, most of
which a passage bears. What a sentence adds to its passages is then what stands in the order. An address, a
telephone number or a code of an order is never passed on, however much true text stands around it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from baize.answering.cite import CitedSentence
from baize.answering.weigh import terms_of
from baize.retrieval.unmask import unmask

_MOST = 0.5
"""Share of the terms that a sentence adds to its passages from which it says what the order says."""

_FEWEST_OF_A_STRAY = 2

_CLAUSE = re.compile(r"[，,；;。！!？?：:]\s*|\.\s+")
_HANDLES = re.compile(
    r"(?:https?://|www\.)[^\s，。；）)]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?<![\w@.])[a-z][\w-]*(?:\.[a-z][\w-]*)*\.[a-z]{2,}(?![\w])"
    r"|(?<![\d.])\d[\d-]{5,}(?!\d)|(?<![\w])[a-z]+-?\d{2,}\w*",
    re.IGNORECASE,
)
"""Links, addresses, telephone numbers, codes."""


def smuggles(sentence: CitedSentence, disarmed: Sequence[str], strays: Sequence[str] = ()) -> bool:
    """Whether it says what a sentence that was taken out of the evidence says and no cited passage does.

    So it does where that is half of what it adds, or a link, address or code. Where somebody tries to steer
    the model, a clause of which the passages hold no word is not passed on either, whatever it says; a
    sentence in another language than theirs is left to `verify`.

    Args:
        disarmed: orders. All that they say counts together.
        strays: sentences that may be orders and mostly are none. Each counts by itself, from two words on.
    """
    if not (disarmed or strays):
        return False
    passages = "\n".join(item.chunk.indexed_text for item in sentence.evidence).lower()
    taken_out = "\n".join((*disarmed, *strays)).lower()
    if any(one in taken_out and one not in passages for one in _HANDLES.findall(sentence.text.lower())):
        return True
    said = frozenset[str]().union(*(terms_of(item.chunk.indexed_text) for item in sentence.evidence))
    added = terms_of(sentence.text) - said
    words = _plain(added)
    if any(_is_of(words, _plain(terms_of(text)), _FEWEST_OF_A_STRAY) for text in strays):
        return True
    if not disarmed:
        return False
    if _is_of(added, frozenset[str]().union(*(terms_of(unmask(text)) for text in disarmed)), 1):
        return True
    clauses = [terms for clause in _CLAUSE.split(sentence.text) if (terms := terms_of(clause))]
    borne = [bool(terms & said) for terms in clauses]
    return any(borne) and not all(borne)


def _is_of(added: frozenset[str], taken_out: frozenset[str], fewest: int) -> bool:
    return len(added & taken_out) >= max(fewest, _MOST * len(added))


def _plain(terms: frozenset[str]) -> frozenset[str]:
    """A Chinese word of two characters is a term twice, as a word and as a pair (`#`); here once."""
    return frozenset(term.removeprefix("#") for term in terms)
