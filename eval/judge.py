"""Is a sentence said by the span that it cites? Judged apart from the product's own check.

By rule, so that scoring needs no model: verbatim is support; a number or a negation that the span lacks is
not, whatever else agrees; otherwise most of the sentence's terms must stand in the span. Tests plant errors.
"""

from __future__ import annotations

import re
import unicodedata

from baize.answering.numbers import has_numbers
from baize.domain.sentences import detect_language
from baize.retrieval.terms import terms

_ENOUGH = 0.6
_NEGATION = re.compile(
    r"[不没無无非未勿別别莫]|\b(?:not|no|never|none|without|cannot|nor)\b|n['’]t\b", re.IGNORECASE
)
_MARKER = re.compile(r"\[\d+\]")
_CLOCK = re.compile(r"(?<![\d:])\d{1,2}:[0-5]\d(?::[0-5]\d)?(?![\d:])|\d+\s*分(?:钟|鐘)?\s*\d+\s*秒")


def supported(sentence: str, quote: str) -> bool | None:
    """Whether the quote says the sentence; None where the two differ in language, which no rule can judge."""
    said, source = _plain(sentence), _plain(quote)
    if said and said in source:
        return True
    if detect_language(sentence) != detect_language(quote):
        return None
    if not has_numbers(quote, sentence):
        return False
    if bool(_NEGATION.search(sentence)) != bool(_NEGATION.search(quote)):
        return False
    wanted = set(terms(sentence))
    return bool(wanted) and len(wanted & set(terms(quote))) / len(wanted) >= _ENOUGH


def clock_times(text: str) -> list[str]:
    """Positions in a recording as a text names them: `3:07`, `1:02:07`, `3分7秒`."""
    return _CLOCK.findall(unicodedata.normalize("NFKC", _MARKER.sub("", text)))


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", _MARKER.sub("", text)).lower()
    return "".join(ch for ch in folded if ch.isalnum())
