"""Made-up sentences in Chinese and English, analysed once: what the passages of the benchmark are made of.

A sentence ends every run of terms, so the terms of a passage are those of its sentences in a row, and a
million passages need no million analyses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from baize.retrieval.terms import pinyin_terms, terms

LANGUAGES = ("zh", "en")
_N_WORDS = 20_000
_N_TOPIC_WORDS = 300
_N_SENTENCES = 1500
_TOPIC_SHARE = 0.45
_ZIPF = 1.05
_FUNCTION_WORDS = {
    "zh": "的 了 是 在 和 这个 我们 就 也 可以".split(),
    "en": "the of and to is in that we it with".split(),
}
_FUNCTION_SHARE = {"zh": 0.25, "en": 0.4}
_N_SENTENCE_WORDS = {"zh": (8, 15), "en": (9, 17)}
_ONSETS = "b bl br c ch d dr f fl g gr h j k l m n p pl pr qu r s sh sl st t th tr v w".split()
_VOWELS = "a e i o u ai ea ou ie".split()
_CODAS = ["", "n", "r", "s", "t", "l", "nd", "st", "m", "ck"]


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str
    words: tuple[str, ...]
    terms: tuple[str, ...]
    pinyin: tuple[str, ...]


class Topic:
    """The sentences of one subject in one language: some words of its own among the common ones."""

    def __init__(self, language: str, vocabulary: Vocabulary, seed: tuple[int, ...]) -> None:
        self._language = language
        self._vocabulary = vocabulary
        self._seed = seed

    @cached_property
    def sentences(self) -> Sequence[Sentence]:
        rng = np.random.default_rng(self._seed)
        own = rng.choice(self._vocabulary.words, _N_TOPIC_WORDS)
        return [self._sentence(rng, own) for _ in range(_N_SENTENCES)]

    def _sentence(self, rng: np.random.Generator, own: np.ndarray) -> Sentence:
        n_words = int(rng.integers(*_N_SENTENCE_WORDS[self._language]))
        common = self._vocabulary.sample(rng, n_words)
        special = own[(rng.pareto(1.0, n_words) * 12).astype(int) % len(own)]
        content = np.where(rng.random(n_words) < _TOPIC_SHARE, special, common)
        small = rng.choice(_FUNCTION_WORDS[self._language], n_words)
        is_small = rng.random(n_words) < _FUNCTION_SHARE[self._language]
        words = [str(word) for word in np.where(is_small, small, content)]
        text = "".join(words) + "。" if self._language == "zh" else " ".join(words).capitalize() + "."
        kept = tuple(word for word, drop in zip(words, is_small, strict=True) if not drop)
        return Sentence(text, kept, tuple(terms(text)), tuple(pinyin_terms(text)))


class Vocabulary:
    """Words in order of their frequency, which falls as Zipf says."""

    def __init__(self, language: str, seed: int) -> None:
        rng = np.random.default_rng((seed, LANGUAGES.index(language)))
        every = _chinese_words() if language == "zh" else _syllable_words(rng)
        self.words = rng.permutation(np.array(every, dtype=object))[:_N_WORDS]
        weights = np.arange(1, len(self.words) + 1, dtype=float) ** -_ZIPF
        self._cumulated = np.cumsum(weights / weights.sum())

    def sample(self, rng: np.random.Generator, n: int) -> np.ndarray:
        places = np.searchsorted(self._cumulated, rng.random(n)).clip(max=len(self.words) - 1)
        sampled: np.ndarray = self.words[places]
        return sampled


def _chinese_words() -> list[str]:
    """Real words, so that segmentation and readings are as in a course."""
    from pypinyin.phrases_dict import phrases_dict

    return sorted(word for word in phrases_dict if 2 <= len(word) <= 3)


def _syllable_words(rng: np.random.Generator) -> list[str]:
    shape = (2 * _N_WORDS, 2)
    parts = (rng.choice(letters, shape) for letters in (_ONSETS, _VOWELS, _CODAS))
    syllables = ["".join(letters) for letters in zip(*(part.ravel() for part in parts), strict=True)]
    return sorted({a + b for a, b in zip(syllables[::2], syllables[1::2], strict=True)})


def question_of(sentence: Sentence, language: str, rng: np.random.Generator) -> str:
    """A question with three to five words of a sentence, in their order."""
    n_asked = min(int(rng.integers(3, 6)), len(sentence.words))
    kept = sorted(rng.choice(len(sentence.words), n_asked, replace=False))
    asked = [sentence.words[place] for place in kept]
    if language == "zh":
        return f"为什么{asked[0]}和{''.join(asked[1:])}有关？"
    return f"Why does {asked[0]} have to do with {' '.join(asked[1:])}?"
