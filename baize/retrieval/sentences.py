"""How much a sentence says: one scoring for locating, quoting, verifying, summaries and key points.

Two questions are answered here. *How well does it cover these terms* (`TermWeights`): for sentences that
answer something. *How much of the whole does it hold* (`salience`): for sentences that stand for a text.
`key_sentences` chooses by the second and `summarize` by what is not named yet; `baize.retrieval.phrases` says
what they are about.
All is linear in the number of sentences for each chosen one, in numpy: a lecture of thousands stays quick.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from baize.domain.search import Hit, Vector
from baize.domain.text import Chunk, Segment
from baize.retrieval.terms import terms, terms_among_each, terms_among_side_by_side

Scores = npt.NDArray[np.float64]

_TERMS_WEIGHT = 1.0
"""Weight of a sentence's terms beside its centrality, both in standard deviations."""
_REDUNDANCY = 2.0
"""What a sentence that repeats a chosen one loses, in standard deviations of salience at a cosine of 1."""
_BREVITY = 0.3
"""How much shorter sentences are preferred: 1 would count new terms a character."""
_SHORT_CHARS = 8
"""Below this length, shorter is not better."""
_SAME = 0.85
"""Cosine, without what all sentences share, from which a sentence says again what a chosen one said."""
_QUESTION = re.compile(r"[?？吗呢][”’\"'）)]*[。.]?\s*$")
_FEWEST_TERMS = 3
"""A sentence with fewer distinct terms (“好的。”, “Let's see.”) stands for nothing."""


class TermWeights:
    """Weights of terms by their rarity among some passages: idf = ln(1 + (N − n + ½) / (n + ½)).

    The passages at hand stand in for the collection: what all of them share says nothing about which of
    their sentences answers.
    """

    def __init__(self, passages: Iterable[Iterable[str]]) -> None:
        seen = [frozenset(passage) for passage in passages]
        self._n_passages = len(seen)
        self._n_with = Counter(chain.from_iterable(seen))
        self._known: dict[str, float] = {}
        # A question is asked of many passages.
        self._asked: dict[tuple[str, ...], tuple[list[tuple[str, float]], float]] = {}

    def __getitem__(self, term: str) -> float:
        weight = self._known.get(term)
        if weight is None:
            n = self._n_with[term]
            weight = self._known[term] = math.log(1 + (self._n_passages - n + 0.5) / (n + 0.5))
        return weight

    def coverage(self, wanted: Iterable[str], found: Collection[str]) -> float:
        """Share of the weight of `wanted` that `found` holds, 0..1; 0.0 when nothing is wanted."""
        return self.coverages(wanted, [found])[0]

    def coverages(self, wanted: Iterable[str], each: Iterable[Collection[str]]) -> list[float]:
        """The same of each."""
        asked = tuple(wanted)
        weighed = self._asked.get(asked)
        if weighed is None:
            weights = [(term, self[term]) for term in set(asked)]
            weighed = self._asked[asked] = (weights, sum(weight for _, weight in weights))
        weights, total = weighed
        if total <= 0:
            return [0.0 for _ in each]
        return [
            sum([weight for term, weight in weights if term in found]) / total if found else 0.0
            for found in each
        ]


Held = tuple[frozenset[str], ...]
"""Which of the wanted terms each sentence of a passage has."""


def weighed(hits: Sequence[Hit], wanted: frozenset[str]) -> tuple[TermWeights, list[Held]]:
    """Weights of the wanted terms over the sentences of these hits, each passage once; and what each has."""
    held = [terms_of_sentences(hit.chunk.sentences, wanted) for hit in hits]
    passages = {hit.chunk.text: its for hit, its in zip(hits, held, strict=True)}
    return TermWeights(chain.from_iterable(passages.values())), held


def terms_of_sentences(sentences: Sequence[Segment], wanted: frozenset[str]) -> Held:
    """Which of the wanted terms each sentence of a passage has."""
    return terms_among_each(tuple([sentence.text for sentence in sentences]), wanted)


def terms_of_passage(chunk: Chunk, wanted: frozenset[str]) -> frozenset[str]:
    """Which of the wanted terms `chunk.indexed_text` has."""
    headings = terms_among_each(chunk.headings, wanted) if chunk.headings else ()
    return terms_among_side_by_side([sentence.text for sentence in chunk.sentences], wanted).union(*headings)


@dataclass(frozen=True, slots=True)
class Pick:
    """A chosen sentence: its number in the text, from 0, and its salience in standard deviations."""

    number: int
    score: float


def summarize(
    texts: Sequence[str], vectors: Vector, budget: int, *, sections: Sequence[range] = ()
) -> list[Pick]:
    """Sentences that name as much of the whole as they can, in reading order.

    Greedy coverage of concepts (Gillick and Favre, ILP for NLP workshop, 2009): the next sentence is the one
    whose terms not yet named weigh most for its length, a term weighing ln(1 + sentences that hold it). One
    that says again what a chosen one said is left out.

    Args:
        vectors: one a sentence, of unit length, (n, dim).
        budget: characters in all; each section has the share of its length, and one sentence at least, so
            that none is lost however small the budget is.
        sections: consecutive ranges of sentence numbers (chapters, tenths); the whole is one if left out.

    Raises:
        ValueError: if there is not one vector a sentence.
    """
    if not texts:
        return []
    scores = salience(texts, vectors)
    found = [set(terms(text)) for text in texts]
    n_with = Counter(term for its in found for term in its)
    weights = {term: math.log1p(n) for term, n in n_with.items()}
    spread = centred(vectors)
    n_chars = max(sum(len(text) for text in texts), 1)
    named: set[str] = set()
    repeated = np.zeros(len(texts))
    chosen: list[int] = []
    for section in sections or [range(len(texts))]:
        left = budget * sum(len(texts[i]) for i in section) / n_chars
        open_ = [i for i in section if np.isfinite(scores[i])] or list(section)
        first = True
        while open_ and (first or left > 0):
            # Half of a sentence over the budget is as near as half of one below it.
            fitting = [i for i in open_ if first or (len(texts[i]) / 2 <= left and repeated[i] < _SAME)]
            if not fitting:
                break
            best = max(fitting, key=lambda i: (_named_by(found[i] - named, weights, len(texts[i])), -i))
            open_.remove(best)
            chosen.append(best)
            named |= found[best]
            repeated = np.maximum(repeated, spread @ spread[best])
            left -= len(texts[best])
            first = False
    return [Pick(number, float(scores[number])) for number in sorted(chosen)]


def _named_by(new_terms: set[str], weights: Mapping[str, float], n_chars: int) -> float:
    # Sorted: a sum of floats must not hang on the order of a set.
    return sum(weights[term] for term in sorted(new_terms)) / math.pow(max(n_chars, _SHORT_CHARS), _BREVITY)


def key_sentences(
    texts: Sequence[str], vectors: Vector, n: int, *, within: range | None = None
) -> list[Pick]:
    """The `n` sentences that say most and repeat each other least, in reading order; at most all.

    Args:
        within: only sentences with these numbers; scored against the whole all the same.

    Raises:
        ValueError: if there is not one vector a sentence.
    """
    if not texts:
        return []
    scores = salience(texts, vectors)
    section = within if within is not None else range(len(texts))
    return sorted(_choose(scores, centred(vectors), section, n), key=lambda pick: pick.number)


def salience(texts: Sequence[str], vectors: Vector) -> Scores:
    """How much of the whole each sentence holds, in standard deviations; −inf: nothing.

    The sum of its degree centrality (Erkan and Radev, LexRank, JAIR 22, 2004: here the mean cosine to all
    sentences, which one product with their mean gives) and of the mean probability of its terms (Nenkova and
    Vanderwende, SumBasic, 2005). Questions and sentences of fewer than three terms are out.

    Raises:
        ValueError: if there is not one vector a sentence.
    """
    if len(texts) != len(vectors):
        raise ValueError(f"{len(texts)} sentences need as many vectors, not {len(vectors)}")
    if not texts:
        return np.empty(0)
    found = [set(terms(text)) for text in texts]
    usable = np.array([_stands_alone(text, its) for text, its in zip(texts, found, strict=True)])
    if not usable.any():
        usable = np.ones(len(texts), bool)
    total = _standard(centrality(vectors), usable) + _TERMS_WEIGHT * _standard(_term_scores(found), usable)
    return np.where(usable, total, -np.inf)


def centrality(vectors: Vector) -> Scores:
    """Mean cosine of each sentence to all of them: one product with their mean, O(n · dim)."""
    return np.asarray(vectors @ vectors.mean(axis=0), np.float64)


def centred(vectors: Vector) -> Vector:
    """The vectors without what all of them share, of unit length again.

    Sentences of one lesson lie in a narrow cone (cosines of 0.75 to 0.9 with e5); what tells them apart is
    where they are in it.
    """
    apart = vectors - vectors.mean(axis=0)
    return np.asarray(apart / np.maximum(np.linalg.norm(apart, axis=1, keepdims=True), 1e-9), np.float32)


def _stands_alone(text: str, its_terms: set[str]) -> bool:
    return len(its_terms) >= _FEWEST_TERMS and not _QUESTION.search(text)


def _term_scores(found: Sequence[set[str]]) -> Scores:
    """Mean over a sentence's terms of ln(1 + sentences that hold it): what the lesson keeps talking about."""
    n_with = Counter(term for its in found for term in its)
    weights = {term: math.log1p(n) for term, n in n_with.items()}
    # `fsum`: the order of a set must not show in the last digit.
    return np.array([math.fsum(map(weights.__getitem__, its)) / len(its) if its else 0.0 for its in found])


def _standard(values: npt.ArrayLike, usable: npt.NDArray[np.bool_]) -> Scores:
    """In standard deviations from the mean of the usable ones."""
    numbers = np.asarray(values, np.float64)
    kept = numbers[usable]
    return np.asarray((numbers - kept.mean()) / max(float(kept.std()), 1e-9))


def _choose(scores: Scores, spread: Vector, section: range, n: int) -> list[Pick]:
    """Greedy by maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998), best first."""
    numbers = np.arange(section.start, section.stop)
    gain = scores[numbers].copy()
    repeated = np.zeros(len(numbers))
    chosen: list[Pick] = []
    while len(chosen) < min(n, len(numbers)):
        worth = np.where(repeated < _SAME, gain - _REDUNDANCY * repeated, -np.inf)
        best = int(np.argmax(worth))
        if not np.isfinite(worth[best]):
            break
        chosen.append(Pick(int(numbers[best]), float(gain[best])))
        gain[best] = -np.inf
        repeated = np.maximum(repeated, spread[numbers] @ spread[numbers[best]])
    return chosen
