"""The sentences of each chapter → its title, from its own words. `chapter` calls it; no model.

What a chapter says often and the rest of the lesson seldom, rather in its first sentences, where a teacher
says what comes; two phrases where one alone says little.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from baize.domain.sentences import has_han
from baize.retrieval.phrases import KeyPhrase, PhraseTable

_N_CANDIDATES = 12
_OPENING_SENTENCES = 3
_OPENING = 3.0
"""A phrase of the first sentences is worth this much more."""
_SECOND = 0.4
"""Share of the first phrase's score from which a second one stands beside it."""
_MOST_HAN, _MOST_LATIN = 16, 48
"""Characters of a title: one line of a chapter list on a phone."""


def titles(parts: Sequence[Sequence[str]]) -> list[str]:
    """One title a part, none twice; a part without any phrase has its first words."""
    tables = [PhraseTable(part) for part in parts]
    given: list[str] = []
    everywhere: Counter[str] = Counter()
    for table in tables:
        everywhere.update(table.counts)
    for part, table in zip(parts, tables, strict=True):
        ranked = sorted(
            table.best(_N_CANDIDATES, everywhere),
            key=lambda phrase: -phrase.score * (_OPENING if phrase.first < _OPENING_SENTENCES else 1.0),
        )
        given.append(_title(part, ranked, given))
    return given


def _title(part: Sequence[str], ranked: Sequence[KeyPhrase], given: Sequence[str]) -> str:
    for number, phrase in enumerate(ranked):
        others = [
            other
            for other in ranked
            if other is not phrase and other.n > 1 and other.score >= _SECOND * phrase.score
        ]
        pairs = [_joined(phrase.text, other.text) for other in others[:1] if number == 0]
        for title in (*pairs, phrase.text):
            shown = title[:1].upper() + title[1:]
            if shown and len(shown) <= (_MOST_HAN if has_han(shown) else _MOST_LATIN) and shown not in given:
                return shown
    return _first_words(part)


def _joined(first: str, second: str) -> str:
    return f"{first}与{second}" if has_han(first + second) else f"{first} and {second}"


def _first_words(part: Sequence[str]) -> str:
    text = next((text for text in part if any(ch.isalnum() for ch in text)), "…")
    most = _MOST_HAN if has_han(text) else _MOST_LATIN
    if len(text) <= most:
        return text.rstrip("。.，, ")
    cut = text[:most] if has_han(text) else text[:most].rpartition(" ")[0]
    return cut.rstrip("。.，, ") + "…"
