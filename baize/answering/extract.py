"""Evidence → the best sentences, verbatim, no model at all: the answer without a key, and the fall-back."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence

from baize.answering.assemble import MARKERS
from baize.domain.chat import DraftEvent, Heading, TextDelta, Turn
from baize.domain.search import Evidence, Query
from baize.domain.sentences import split_sentences
from baize.domain.text import Segment
from baize.retrieval.sentences import TermWeights
from baize.retrieval.terms import terms

_HEADINGS = {"zh": "课程里是这样讲的：\n", "en": "This is what the course says:\n"}
_JUST_SAID = {"zh": "刚才讲的是：\n", "en": "This was just said:\n"}
_MARKER = re.compile(MARKERS)
_NEAR = 0.6
"""Share of the best sentence's term weight from which another one is an answer too."""


class ExtractiveAnswerer:
    """Quotes the sentences that answer best, as a list under a heading in the learner's language.

    Args:
        max_sentences: how many at most.
    """

    model = "extractive"
    prompt = ""

    def __init__(self, *, max_sentences: int = 4) -> None:
        self._max_sentences = max_sentences

    def asks(self, turn: Turn) -> str:  # noqa: ARG002 - no model is asked
        """As `Answerer.asks`."""
        return ""

    async def stream(self, turn: Turn) -> AsyncGenerator[DraftEvent]:
        """A heading, then one line per chosen sentence."""
        headings = _JUST_SAID if turn.just_said else _HEADINGS
        yield Heading(headings.get(turn.query.language, headings["en"]))
        points_only = turn.just_said and not turn.query.terms
        chosen = self._last(turn.evidence) if points_only else self._choose(turn.query, turn.evidence)
        for marker, sentence in chosen:
            yield TextDelta(f"- {_marked(_one_line(sentence.text), marker)}\n")

    def _last(self, evidence: Sequence[Evidence]) -> list[tuple[int, Segment]]:
        """The last sentences that were said, in the order of time."""
        said = [(item.marker, sentence) for item in evidence for sentence in item.chunk.sentences]
        return [(marker, s) for marker, s in said if not _MARKER.search(s.text)][-self._max_sentences :]

    def _choose(self, query: Query, evidence: Sequence[Evidence]) -> list[tuple[int, Segment]]:
        """The located sentence of the best evidence, the one after it, then those with about as many terms.

        An answer rarely ends where its key sentence does. A sentence elsewhere that holds far fewer of the
        question's terms is near the subject, not an answer; it is left out.
        """
        weights = TermWeights(terms(s.text) for item in evidence for s in item.chunk.sentences)
        scored = [
            (weights.coverage(query.terms, terms(sentence.text)), item.marker, sentence)
            for item in evidence
            for sentence in item.chunk.sentences
            if _is_quotable(sentence)
        ]
        scored.sort(key=lambda entry: (-entry[0], entry[1]))
        enough = max((score for score, _, _ in scored), default=0.0) * _NEAR
        first = [(item.marker, sentence) for item in evidence[:1] for sentence in _opening(item)]
        ranked = first + [(marker, sentence) for score, marker, sentence in scored if score >= enough > 0]
        chosen: dict[str, tuple[int, Segment]] = {}
        for marker, sentence in ranked:
            chosen.setdefault(_one_line(sentence.text), (marker, sentence))
        return list(chosen.values())[: self._max_sentences]


def _opening(item: Evidence) -> list[Segment]:
    """The located sentence and the next; a teacher's own question is left out, what follows answers it."""
    sentences = item.chunk.sentences
    start = sentences.index(item.moment.focus)
    return [sentence for sentence in sentences[start:] if _is_quotable(sentence)][:2]


def _is_quotable(sentence: Segment) -> bool:
    """No question answers one; and `list[0]` in the course's own words would be taken for a marker."""
    return not sentence.text.rstrip("”’\"' ").endswith(("?", "？")) and not _MARKER.search(sentence.text)


def _marked(text: str, marker: int) -> str:
    """The marker behind each sentence: what was quoted as one may hold several, as an FAQ's answer does."""
    said, before = "", 0
    for _, end in split_sentences(text):
        said += f"{text[before:end]}[{marker}]"
        before = end
    return said


def _one_line(text: str) -> str:
    return " ".join(text.split())
