"""A question that little was found for → the same with its slips mended by what the hits say, if it has any.

Comes after `assess`; the corrected question is looked up once more. An input method's homophone (血鸭计 for
血压计) and a slip of the finger (“refrence”) cost a question its terms and move its vector, and what the
course covers is refused. Words of no hit are replaced by a hit's that sound the same (Chinese, two syllables
and more) or have nearly the same letters; a word of any hit stays, so a question without a slip mostly stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches

from baize.domain.search import Hit, Query
from baize.domain.sentences import has_han
from baize.retrieval.terms import (
    STOP_WORDS,
    han_runs,
    normalise,
    pinyin_terms,
    readings,
    syllables,
    terms,
    terms_among,
    words_of,
)

_WORD = re.compile(r"[^\W\d_]+")
_SHORTEST = 5
"""Letters of a word in which a slip is seen: shorter ones are too near to others."""
_ALIKE = 0.8
"""Share of the letters that two words have in common, in order: about one slip in five letters."""
_LENGTHS = 2
"""How far two such words may differ in length."""
_LONGEST_RUN = 40
"""Chinese characters on end in which homophones are looked for: the stretches grow with the square."""


def mended(query: Query, hits: Sequence[Hit]) -> Query | None:
    """The query as it was probably meant; None if no slip is seen. `Query.question` stays as it was typed.

    Args:
        hits: what was found for the query as it is, best first; of two alike, the better hit's is taken.
    """
    texts = list(dict.fromkeys(hit.chunk.indexed_text for hit in hits))
    text = _spelt(_heard(query.text, texts), texts)
    if text == query.text:
        return None
    return replace(query, text=text, terms=tuple(terms(text)), pinyin=tuple(pinyin_terms(text)))


def _spelt(text: str, texts: Sequence[str]) -> str:
    """With words of other scripts that are strange to the hits as a hit spells them."""
    asked = {word: terms(word) for word in _long_words(text)}
    if not asked:
        return text
    strange = _strange([term for its in asked.values() for term in its], texts)
    slips = {word for word, its in asked.items() if its and strange.issuperset(its)}
    if not slips:
        return text
    said = dict.fromkeys(word for each in texts for word in _WORD.findall(each.lower()))
    words = [word for word in said if word not in STOP_WORDS and not has_han(word)]

    def as_spelt(found: re.Match[str]) -> str:
        word = found.group().lower()
        if word not in slips:
            return found.group()
        near = [other for other in words if other[0] == word[0] and abs(len(other) - len(word)) <= _LENGTHS]
        return next(iter(get_close_matches(word, near, n=1, cutoff=_ALIKE)), found.group())

    return _WORD.sub(as_spelt, text)


def _long_words(text: str) -> set[str]:
    """Words of other scripts in which a slip would be seen."""
    return {word for word in _WORD.findall(text.lower()) if len(word) >= _SHORTEST and not has_han(word)}


def _strange(asked: Iterable[str], texts: Sequence[str]) -> frozenset[str]:
    """Those of these terms that no hit has."""
    wanted = frozenset(asked)
    return wanted - terms_among("\n".join(texts), wanted)


def _heard(text: str, texts: Sequence[str]) -> str:
    """With Chinese that is strange to the hits as a hit writes what sounds so, longest stretches first."""
    runs = [run for run in han_runs(text) if len(run) <= _LONGEST_RUN]
    # By themselves, not joined: what was folded to find or to weigh them is remembered.
    folded = "\n".join(map(normalise, texts))
    asked = {term.removeprefix("#") for run in runs for term in terms(run) if term.startswith("#")}
    strange = frozenset(pair for pair in asked if pair not in folded)
    heard = _sounding_so(strange, folded)
    if not heard:
        return text
    said = dict.fromkeys(han_runs(folded))
    sounding = _Sounding(run for run in said if any(pair in run for pair in heard))
    for run in runs:
        text = text.replace(run, _as_written(words_of(run), sounding, strange), 1)
    return text


def _sounding_so(pairs: Iterable[str], folded: str) -> list[str]:
    """Pairs of characters in the text that can be read as one of these can; mostly there is none.

    What is heard in a stretch's place holds one. To read the text in its context costs more than all else.
    """
    sounds = {char: readings(char) for char in set().union(*pairs)}
    wanted = frozenset().union(*sounds.values())
    near = {char: its for char in set(folded) if not wanted.isdisjoint(its := readings(char))}

    def alike(char: str) -> list[str]:
        return [other for other, its in near.items() if not sounds[char].isdisjoint(its)]

    read = {a + b for pair in pairs for a in alike(pair[0]) for b in alike(pair[1])}
    return [pair for pair in read if pair in folded]


def _as_written(words: Sequence[str], sounding: _Sounding, strange: frozenset[str]) -> str:
    """A stretch begins and ends with a word: across 量子|计算机, what sounds as 子计 is no slip."""
    for size in range(len(words), 0, -1):
        for start in range(len(words) - size + 1):
            said = "".join(words[start : start + size])
            if _is_strange(said, strange) and (other := sounding.like(said)):
                before = _as_written(words[:start], sounding, strange)
                return before + other + _as_written(words[start + size :], sounding, strange)
    return "".join(words)


class _Sounding:
    """Stretches of Chinese by how they sound."""

    def __init__(self, runs: Iterable[str]) -> None:
        self._runs = [(run, syllables(run)) for run in runs]
        self._places: dict[tuple[str, ...], list[tuple[int, int]]] = {}
        for number, (_, its) in enumerate(self._runs):
            for at in range(len(its) - 1):
                self._places.setdefault(its[at : at + 2], []).append((number, at))

    def like(self, said: str) -> str:
        """The first stretch that sounds as this does; empty if there is none, or it has one character."""
        sounds = syllables(normalise(said))
        for number, at in self._places.get(sounds[:2], []):
            run, its = self._runs[number]
            if its[at : at + len(sounds)] == sounds:
                return run[at : at + len(sounds)]
        return ""


def _is_strange(said: str, strange: frozenset[str]) -> bool:
    """Whether it has a pair of characters that no hit has."""
    folded = normalise(said)
    return any(pair in folded for pair in strange)
