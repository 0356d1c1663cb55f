"""Text → the phrases that it is about: what titles, glossaries and cloze questions are made of. No model.

A phrase is a run of content words as it was spoken. Its score follows the C-value (Frantzi, Ananiadou and
Mima, IJDL 3, 2000): how often it is said, less how often a longer phrase says it, more for more words; here
times the share of its uses that fall in these sentences.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

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
    return table.best(n, PhraseTable(rest).counts if rest else None)


class PhraseTable:
    """The phrases of some sentences, counted.

    Attributes:
        counts: how often each phrase was said, by its folded form.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        keys: list[str] = []
        words: list[tuple[str, ...]] = []
        written: list[str] = []
        firsts: list[int] = []
        for number, text in enumerate(texts):
            its = _phrases(text)
            keys += its.keys
            words += its.words
            written += its.written
            firsts += [number] * len(its.keys)
        self.counts = Counter(keys)
        self._words = dict(zip(keys, words, strict=True))
        self._first = dict(zip(reversed(keys), reversed(firsts), strict=True))
        self._written = written
        self._keys = keys
        self._alone: dict[str, float] | None = None

    def best(self, n: int, rest: Counter[str] | None = None) -> list[KeyPhrase]:
        """The `n` best, none of which is a part of a better one."""
        scores = self._scores(rest) if rest else self._scores_alone()
        chosen: list[KeyPhrase] = []
        taken: list[set[str]] = []
        # Most phrases are only ever said inside a longer one, and score nothing.
        said = [key for key, score in scores.items() if score > 0]
        for key in sorted(said, key=lambda k: (-scores[k], self._first[k], k)):
            words = {_stem_of(word) for word in self._words[key]}
            if len(chosen) == n:
                break
            if any(words <= other or other <= words for other in taken):
                continue
            taken.append(words)
            chosen.append(KeyPhrase(self._most_written(key), scores[key], self.counts[key], self._first[key]))
        return chosen

    def _most_written(self, key: str) -> str:
        written = Counter(self._forms[key])
        return max(written, key=lambda form: (written[form], form.islower(), form))

    @cached_property
    def _forms(self) -> Mapping[str, list[str]]:
        forms: defaultdict[str, list[str]] = defaultdict(list)
        for key, written in zip(self._keys, self._written, strict=True):
            forms[key].append(written)
        return forms

    def _scores_alone(self) -> dict[str, float]:
        if self._alone is None:
            self._alone = self._scores({})
        return self._alone

    def _scores(self, rest: Mapping[str, int]) -> dict[str, float]:
        before: Counter[str] = Counter()
        after: Counter[str] = Counter()
        for key, words in self._words.items():
            if len(words) > 1 and self.counts[key] > 1:
                after[_key(words[:-1])] += self.counts[key]
                before[_key(words[1:])] += self.counts[key]
        scores: dict[str, float] = {}
        for key, words in self._words.items():
            n = self.counts[key]
            own = n - max(before.get(key, 0), after.get(key, 0))
            # Two words that are said together twice are a term; those of one sentence alone are not.
            weight = _TERM if len(words) > 1 and n > 1 else 1.0
            scores[key] = weight * max(own, 0) * n / (n + rest.get(key, 0))
        return scores


@dataclass(frozen=True, slots=True)
class _Phrases:
    """Those of a text in reading order: folded without plurals, their words folded, and as written."""

    keys: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]
    written: tuple[str, ...]


def phrases(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every run of one to four content words of a sentence: as written, and its words folded."""
    its = _phrases(text)
    return zip(its.written, its.words, strict=True)


def _phrases(text: str) -> _Phrases:
    return _remembered(text) if len(text) <= _SENTENCE else _remembered.__wrapped__(text)


@lru_cache(maxsize=1 << 10)
def _remembered(text: str) -> _Phrases:
    keys: list[str] = []
    words: list[tuple[str, ...]] = []
    written: list[str] = []
    for piece in _PIECES.split(text):
        for run in _content_runs(piece):
            folded = tuple([word.folded for word in run])
            stems = [_stem_of(word) for word in folded]
            for start, first in enumerate(run):
                if first.is_plain:
                    continue
                for end in range(start + 1, min(len(run), start + _MOST_WORDS) + 1):
                    if _ends_phrase(first, run[end - 1]):
                        keys.append(" ".join(stems[start:end]))
                        words.append(folded[start:end])
                        written.append(piece[first.start : run[end - 1].end].strip(".-'’"))
    return _Phrases(tuple(keys), tuple(words), tuple(written))


def _ends_phrase(first: _Word, last: _Word) -> bool:
    """Whether it ends in a noun, or is a noun and what it does (梯度下降), and not in a plain word."""
    return not last.is_plain and (last.is_noun or (first is not last and first.is_noun))


@dataclass(frozen=True, slots=True)
class _Word:
    """A word with its place in a piece of text; `is_plain`: too common to begin or end a phrase."""

    folded: str
    start: int
    end: int
    is_noun: bool
    is_plain: bool


def _content_runs(piece: str) -> Iterator[list[_Word]]:
    """Neighbouring content words: Chinese nouns, verbs and adjectives; English words that are not plain."""
    run: list[_Word] = []
    for word in _tagged(piece) if has_han(piece) else _latin(piece, 0):
        if word is not None:
            run.append(word)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _latin(piece: str, offset: int) -> Iterator[_Word | None]:
    for match in _RUN.finditer(piece):
        folded = normalise(match.group()).replace("’", "'").removesuffix("'s")
        plain = folded in _PLAIN_EN or len(folded) < 3 or "'" in folded or not folded[0].isalpha()
        if plain:
            yield None
        else:
            yield _Word(
                folded, offset + match.start(), offset + match.end(), not folded.endswith("ly"), False
            )


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
            latin = list(_latin(text, start))
            follows = latin[-1:] not in ([], [None])
            yield from latin
        elif follows and folded in SUFFIXES:
            yield _Word(folded, start, place, is_noun=True, is_plain=False)
        elif tag.startswith((*_NOUN_TAGS, *_VERB_TAGS)):
            follows = len(text) > 1 and folded not in CHINESE
            yield _Word(folded, start, place, tag.startswith(_NOUN_TAGS), not follows)
        else:
            follows = False
            yield None


def _key(words: Sequence[str]) -> str:
    return " ".join(_stem_of(word) for word in words)


@lru_cache(maxsize=1 << 14)
def _stem_of(word: str) -> str:
    """Plurals fold into their singular; all else stays, so that two terms never become one."""
    if word.isascii() and len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
