"""Text → the phrases that it is about: what titles, glossaries and cloze questions are made of. No model.

A phrase is a run of content words as it was spoken. Its score follows the C-value (Frantzi, Ananiadou and
Mima, IJDL 3, 2000): how often it is said, less how often a longer phrase says it, more for more words; here
times the share of its uses that fall in these sentences.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from baize.domain.sentences import has_han
from baize.retrieval.plain_words import CHINESE, ENGLISH, SUFFIXES
from baize.retrieval.terms import STOP_WORDS, normalise

_MOST_WORDS = 4
_TERM = 2.5
"""Weight of a phrase of several words beside a word alone, which seldom says enough for a title."""
_RUN = re.compile(r"[\w'’+#.-]*[\w+#]")
_PIECES = re.compile(r"[^\w\s'’+#.-]+|\.(?=\s|$)")
_NOUN_TAGS = ("n", "eng", "nz", "vn", "l", "j")
_VERB_TAGS = ("v", "vn", "a", "an", "b")

_PLAIN_EN = ENGLISH | STOP_WORDS
_SENTENCE = 400
"""Characters up to which the phrases of a text are remembered: titles and glossary ask for the same ones."""


@dataclass(frozen=True, slots=True)
class KeyPhrase:
    """A phrase as it was most often written.

    Attributes:
        score: comparable within one call.
        n: how often it was said.
        first: number of the first sentence that holds it, from 0.
    """

    text: str
    score: float
    n: int
    first: int


def key_phrases(texts: Sequence[str], n: int, *, rest: Sequence[str] = ()) -> list[KeyPhrase]:
    """The `n` phrases that these sentences are about, best first; fewer where they hold fewer.

    Args:
        rest: other sentences of the lesson; what they say as often is no mark of these.
    """
    table = PhraseTable(texts)
    return table.best(n, table.counts + PhraseTable(rest).counts if rest else None)


class PhraseTable:
    """The phrases of some sentences, counted.

    Attributes:
        counts: how often each phrase was said, by its folded form.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        keys: list[str] = []
        written: list[str] = []
        firsts: list[int] = []
        for number, text in enumerate(texts):
            its = _phrases(text)
            keys += its.keys
            written += its.written
            firsts += [number] * len(its.keys)
        self.counts = Counter(keys)
        self._first = dict(zip(reversed(keys), reversed(firsts), strict=True))
        self._written = written
        self._keys = keys
        self._found: list[KeyPhrase] = []

    def best(self, n: int, everywhere: Mapping[str, int] | None = None) -> list[KeyPhrase]:
        """The `n` best, none of which is a part of a better one.

        Args:
            everywhere: how often each phrase is said in these sentences and in the others of the lesson.
        """
        if everywhere:
            return self._best(n, everywhere)
        if len(self._found) < n:
            self._found = self._best(n, self.counts)
        return self._found[:n]

    def _best(self, n: int, everywhere: Mapping[str, int]) -> list[KeyPhrase]:
        chosen: list[tuple[str, float]] = []
        taken: list[set[str]] = []
        for key, score in self._ranked(everywhere):
            if len(chosen) == n:
                break
            words = set(key.split(" "))
            if any(words <= other or other <= words for other in taken):
                continue
            taken.append(words)
            chosen.append((key, score))
        forms = self._forms({key for key, _ in chosen})
        return [
            KeyPhrase(_most_written(forms[key]), score, self.counts[key], self._first[key])
            for key, score in chosen
        ]

    def _ranked(self, everywhere: Mapping[str, int]) -> Iterator[tuple[str, float]]:
        """Phrases and their scores, best first.

        Most phrases are said once, which is worth 1 at most: they are looked at when all others are taken.
        """
        scores = self._scores([key for key, n in self.counts.items() if n > 1], everywhere)
        yield from self._sorted({key: score for key, score in scores.items() if score > 1})
        scores |= self._scores([key for key, n in self.counts.items() if n == 1], everywhere)
        # Some are only ever said inside a longer one, and score nothing.
        yield from self._sorted({key: score for key, score in scores.items() if 0 < score <= 1})

    def _sorted(self, scores: Mapping[str, float]) -> Iterator[tuple[str, float]]:
        for key in sorted(scores, key=lambda key: (-scores[key], self._first[key], key)):
            yield key, scores[key]

    def _forms(self, wanted: Collection[str]) -> Mapping[str, Counter[str]]:
        """How often each of these phrases was written in which way."""
        forms: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for key, written in zip(self._keys, self._written, strict=True):
            if key in wanted:
                forms[key][written.strip(".-'’")] += 1
        return forms

    @cached_property
    def _longer(self) -> Mapping[str, int]:
        """How often a longer phrase, said more than once, begins or ends with a phrase."""
        before: Counter[str] = Counter()
        after: Counter[str] = Counter()
        for key, n in self.counts.items():
            if n > 1 and " " in key:
                after[key.rpartition(" ")[0]] += n
                before[key.partition(" ")[2]] += n
        return before | after

    def _scores(self, keys: Iterable[str], everywhere: Mapping[str, int]) -> dict[str, float]:
        longer = self._longer
        scores: dict[str, float] = {}
        for key in keys:
            n = self.counts[key]
            own = n - longer.get(key, 0)
            # Two words that are said together twice are a term; those of one sentence alone are not.
            weight = _TERM if n > 1 and " " in key else 1.0
            scores[key] = weight * max(own, 0) * n / everywhere[key]
        return scores


def _most_written(written: Counter[str]) -> str:
    return max(written, key=lambda form: (written[form], form.islower(), form))


@dataclass(frozen=True, slots=True)
class _Phrases:
    """Every run of one to four content words of a text, in reading order.

    Attributes:
        keys: their words, folded and without plurals, with a space between.
        written: as they stand in the text.
    """

    keys: tuple[str, ...]
    written: tuple[str, ...]


def _phrases(text: str) -> _Phrases:
    return _remembered(text) if len(text) <= _SENTENCE else _remembered.__wrapped__(text)


@lru_cache(maxsize=1 << 10)
def _remembered(text: str) -> _Phrases:
    keys: list[str] = []
    written: list[str] = []
    for piece in _PIECES.split(text):
        for run in _content_runs(piece):
            for start, first in enumerate(run):
                if first.is_plain:
                    continue
                key = ""
                for last in run[start : start + _MOST_WORDS]:
                    key = f"{key} {last.stem}" if key else last.stem
                    # It ends in a noun, or is a noun and what it does (梯度下降), and not in a plain word.
                    if not last.is_plain and (last.is_noun or (first.is_noun and first is not last)):
                        keys.append(key)
                        written.append(piece[first.start : last.end])
    return _Phrases(tuple(keys), tuple(written))


class _Word(NamedTuple):
    """A word with its place in a piece of text; `is_plain`: too common to begin or end a phrase."""

    stem: str
    start: int
    end: int
    is_noun: bool
    is_plain: bool


def _content_runs(piece: str) -> Iterator[list[_Word]]:
    """Neighbouring content words: Chinese nouns, verbs and adjectives; English words that are not plain."""
    run: list[_Word] = []
    for word in _tagged(piece) if has_han(piece) else _latin(piece):
        if word is not None:
            run.append(word)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _latin(piece: str, offset: int = 0) -> list[_Word | None]:
    words: list[_Word | None] = []
    for match in _RUN.finditer(piece):
        stem, is_noun = _known(match.group())
        start, end = match.span()
        words.append(_Word(stem, offset + start, offset + end, is_noun, False) if stem else None)
    return words


@lru_cache(maxsize=1 << 14)
def _known(word: str) -> tuple[str, bool]:
    """A word of Latin letters as it is counted, and whether it is a noun; empty for one that is plain."""
    folded = normalise(word).replace("’", "'").removesuffix("'s")
    plain = folded in _PLAIN_EN or len(folded) < 3 or "'" in folded or not folded[0].isalpha()
    return ("", False) if plain else (_stem_of(folded), not folded.endswith("ly"))


def _tagged(piece: str) -> Iterator[_Word | None]:
    import rjieba

    place, follows = 0, False
    for text, tag in rjieba.tag(piece):
        start = place
        place += len(text)
        if not text.strip():
            continue
        folded = normalise(text)
        if text.isascii():
            latin = _latin(text, start)
            follows = latin[-1:] not in ([], [None])
            yield from latin
        elif follows and folded in SUFFIXES:
            yield _Word(_stem_of(folded), start, place, is_noun=True, is_plain=False)
        elif tag.startswith((*_NOUN_TAGS, *_VERB_TAGS)):
            follows = len(text) > 1 and folded not in CHINESE
            yield _Word(_stem_of(folded), start, place, tag.startswith(_NOUN_TAGS), not follows)
        else:
            follows = False
            yield None


@lru_cache(maxsize=1 << 14)
def _stem_of(word: str) -> str:
    """Plurals fold into their singular; all else stays, so that two terms never become one."""
    if word.isascii() and len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
