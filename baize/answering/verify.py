"""Is the sentence said by the span that it cites? Comes after `cite`; what fails is withheld.

Lexical in line; the embedder decides only where words cannot: across languages and on the border
(decisions 10). Numbers are never a matter of degree: each one must stand in the cited passages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from baize.answering.cite import CitedSentence
from baize.answering.consistency import contradicts, contradicts_abroad
from baize.answering.numbers import has_numbers
from baize.answering.places import has_places
from baize.answering.weigh import coverage, coverages, passage_terms, terms_of
from baize.domain.chat import Citation
from baize.domain.search import Evidence
from baize.domain.sentences import detect_language
from baize.domain.text import Segment
from baize.ports import Embedder

_STANDS_OUT = 0.035
_STANDS_OUT_BONUS = 0.02
"""Cosine over the passage's mean; tuned on the even lines of the planted suite."""


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """Thresholds, 0..1.

    Attributes:
        accept: lexical support from which a sentence passes at once.
        reject: lexical support below which it fails, in one language, unless its meaning is all but the same;
            below half of it, it fails at once.
        similar: cosine from which a borderline or foreign sentence passes.
    """

    accept: float = 0.6
    reject: float = 0.2
    similar: float = 0.84


@dataclass(frozen=True, slots=True)
class Verdict:
    """Support of a sentence and, when it passed, one citation for each passage that bears it."""

    support: float
    citations: tuple[Citation, ...]

    @property
    def passed(self) -> bool:
        return bool(self.citations)

    @property
    def markers(self) -> tuple[int, ...]:
        """Of the passages that bear the sentence; a draft may name others, which are left out."""
        return tuple(citation.marker for citation in self.citations)


async def verify(sentence: CitedSentence, embedder: Embedder, options: VerifyOptions) -> Verdict:
    """Judge one sentence against the passages that it cites.

    A sentence fails that has no known marker, or a number, time, page or link that the passages lack.
    """
    cited_text = "\n".join(item.chunk.indexed_text for item in sentence.evidence)
    if not (
        sentence.evidence and has_numbers(cited_text, sentence.text) and has_places(cited_text, sentence.text)
    ):
        return Verdict(0.0, ())
    shares = _lexical_shares(sentence.text, sentence.evidence)
    language = detect_language(sentence.text)
    foreign = all(item.chunk.language != language for item in sentence.evidence)
    if shares.together >= options.accept:
        proven = [
            (item, _best_span(sentence.text, item), shares.together)
            for item, share in zip(sentence.evidence, shares.each, strict=True)
            if share >= options.reject
        ]
    elif shares.together >= options.reject / 2 or foreign:
        by_meaning = await _nearest_spans(sentence.text, sentence.evidence, embedder)
        # Other words for the same thing: hardly any shared, so the meaning must be all but the same.
        almost_same = 1 - (1 - options.similar) / 3
        needed = options.similar if shares.together >= options.reject or foreign else almost_same
        proven = [found for found in by_meaning if found[2] >= needed]
    else:
        proven = []
    proven = [] if _gainsaid(sentence.text, language, proven) else proven
    support = max([shares.together, *(score for _, _, score in proven)])
    return Verdict(support, tuple(_citation(sentence.text, *found) for found in proven))


def _gainsaid(text: str, language: str, proven: Sequence[tuple[Evidence, Segment, float]]) -> bool:
    """Whether a sentence contradicts what it was found to rest on."""
    near = [(item, span) for item, span, _ in proven if item.chunk.language == language]
    if near:
        return contradicts(text, [span.text for item, _ in near for span in item.chunk.sentences])
    return bool(proven) and all(contradicts_abroad(text, span.text) for _, span, _ in proven)


@dataclass(frozen=True, slots=True)
class _Shares:
    """Share of a sentence's term weight that stands in its passages: in all of them, and in each."""

    together: float
    each: tuple[float, ...]


def _lexical_shares(text: str, evidence: Sequence[Evidence]) -> _Shares:
    wanted = terms_of(text)
    passages = [passage_terms(item.chunk) for item in evidence]
    if len(passages) == 1:
        alone = coverage(wanted, passages[0])
        return _Shares(alone, (alone,))
    union = frozenset[str]().union(*passages)
    each = coverages(wanted, [wanted, *passages], beside=union)
    return _Shares(each[-1], tuple(each[1:-1]))


def _best_span(text: str, item: Evidence) -> Segment:
    sentences = item.chunk.sentences
    scores = coverages(terms_of(text), [terms_of(s.text) for s in sentences])
    best = max(scores)
    return sentences[scores.index(best)] if best > 0 else item.moment.focus


async def _nearest_spans(
    text: str, evidence: Sequence[Evidence], embedder: Embedder
) -> list[tuple[Evidence, Segment, float]]:
    """The sentence of each passage that is nearest by meaning, with its cosine.

    Across languages cosines are lower: one that stands out in its passage counts for a little more.
    """
    language = detect_language(text)
    spans = [span for item in evidence for span in item.chunk.sentences]
    vectors = await embedder.embed_passages([text, *(span.text for span in spans)])
    similarities = (vectors[1:] @ vectors[0]).tolist()
    nearest: list[tuple[Evidence, Segment, float]] = []
    for item in evidence:
        n = len(item.chunk.sentences)
        scored = list(zip(similarities[:n], item.chunk.sentences, strict=True))
        similarities = similarities[n:]
        best, span = max(scored, key=lambda pair: pair[0])
        if item.chunk.language != language and best - float(np.mean([s for s, _ in scored])) >= _STANDS_OUT:
            best += _STANDS_OUT_BONUS
        nearest.append((item, span, best))
    return nearest


def _citation(text: str, item: Evidence, span: Segment, support: float) -> Citation:
    chunk = item.chunk
    return Citation(
        item.marker,
        text,
        chunk.id,
        chunk.course_id,
        chunk.lesson_id,
        chunk.lesson_title,
        span.locator,
        span.text,
        round(support, 3),
        item.moment.hit.build_id,
    )
