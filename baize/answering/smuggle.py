"""Does a drafted sentence carry what an order in a transcript wants said? Stands beside `verify`.

Such orders are no evidence (`retrieval.disarm`), yet what they want said may ride on a true sentence, most of
which a passage bears. What a sentence adds to its passages is then what stands in the order.
"""

from __future__ import annotations

from collections.abc import Sequence

from baize.answering.cite import CitedSentence
from baize.answering.weigh import terms_of

_MOST = 0.5
"""Share of the terms that a sentence adds to its passages from which it says what the order says."""


def smuggles(sentence: CitedSentence, disarmed: Sequence[str]) -> bool:
    """Whether at least half of what no cited passage says is said by a sentence that was disarmed."""
    if not disarmed:
        return False
    said = frozenset[str]().union(*(terms_of(item.chunk.indexed_text) for item in sentence.evidence))
    added = terms_of(sentence.text) - said
    ordered = frozenset[str]().union(*map(terms_of, disarmed))
    return bool(added) and len(added & ordered) >= _MOST * len(added)
