"""Is the sentence said by the span that it cites? Comes after `cite`; what fails is withheld.

Lexical in line; the embedder decides only where words cannot: across languages and on the border
(decisions 10). Numbers are never a matter of degree: each one must stand in the cited passages.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from baize.answering.cite import CitedSentence
from baize.answering.numbers import has_numbers
from baize.domain.chat import Citation
from baize.domain.search import Evidence
from baize.domain.sentences import detect_language
from baize.domain.text import Segment
from baize.ports import Embedder
from baize.retrieval.sentences import TermWeights
from baize.retrieval.terms import terms

_CLOCK = re.compile(r"\d{1,2}[:：]\d{2}(?:[:：]\d{2})?")


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """Thresholds, 0..1.

    Attributes:
        accept: lexical support from which a sentence passes at once.
        reject: lexical support below which it fails at once, in one language.
        similar: cosine from which a borderline or foreign sentence passes.
    """

    accept: float = 0.6
    reject: float = 0.2
    similar: float = 0.84


@dataclass(frozen=True, slots=True)
class Verdict:
    """Support of a sentence and, when it passed, one citation per marker."""

    support: float
    citations: tuple[Citation, ...]

    @property
    def passed(self) -> bool:
        return bool(self.citations)


async def verify(sentence: CitedSentence, embedder: Embedder, options: VerifyOptions) -> Verdict:
    """Judge one sentence against the passages that it cites.

    A sentence with no known marker, with a clock time, or with a number that the passages lack fails.
    """
    if not sentence.evidence or _CLOCK.search(sentence.text):
        return Verdict(0.0, ())
    cited_text = "\n".join(item.chunk.indexed_text for item in sentence.evidence)
    if not has_numbers(cited_text, sentence.text):
        return Verdict(0.0, ())
    spans = [(item, _best_span(sentence.text, item)) for item in sentence.evidence]
    support = _lexical_support(sentence.text, sentence.evidence)
    foreign = all(item.chunk.language != detect_language(sentence.text) for item in sentence.evidence)
    if support < options.accept:
        if support < options.reject and not foreign:
            return Verdict(support, ())
        similarity, spans = await _by_meaning(sentence.text, sentence.evidence, embedder)
        if similarity < options.similar:
            return Verdict(support, ())
        support = max(support, similarity)
    return Verdict(support, tuple(_citation(sentence.text, item, span, support) for item, span in spans))


def _lexical_support(text: str, evidence: Sequence[Evidence]) -> float:
    """Share of the sentence's term weight that stands in the passages that it cites."""
    sentence_terms = terms(text)
    passages = [terms(item.chunk.indexed_text) for item in evidence]
    weights = TermWeights([sentence_terms, *passages])
    return weights.coverage(sentence_terms, (term for passage in passages for term in passage))


def _best_span(text: str, item: Evidence) -> Segment:
    sentences = item.chunk.sentences
    candidates = [terms(s.text) for s in sentences]
    weights = TermWeights(candidates)
    scores = [weights.coverage(terms(text), candidate) for candidate in candidates]
    return sentences[int(np.argmax(scores))] if max(scores) > 0 else item.moment.focus


async def _by_meaning(
    text: str, evidence: Sequence[Evidence], embedder: Embedder
) -> tuple[float, list[tuple[Evidence, Segment]]]:
    candidates = [(item, span) for item in evidence for span in item.chunk.sentences]
    vectors = await embedder.embed_passages([text, *(span.text for _, span in candidates)])
    similarities = vectors[1:] @ vectors[0]
    best: dict[int, tuple[float, Evidence, Segment]] = {}
    for similarity, (item, span) in zip(similarities.tolist(), candidates, strict=True):
        if item.marker not in best or similarity > best[item.marker][0]:
            best[item.marker] = (similarity, item, span)
    return float(similarities.max()), [(item, span) for _, item, span in best.values()]


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
    )
