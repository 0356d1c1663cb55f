"""Evidence → the best sentences, verbatim, no model at all: the answer without a key, and the fall-back."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from baize.domain.chat import DraftEvent, Heading, TextDelta, Turn
from baize.domain.search import Evidence, Query
from baize.domain.text import Segment
from baize.retrieval.sentences import TermWeights
from baize.retrieval.terms import terms

_HEADINGS = {"zh": "课程里是这样讲的：\n", "en": "This is what the course says:\n"}
_NEAR = 0.5


class ExtractiveAnswerer:
    """Quotes the sentences that answer best, as a list under a heading in the learner's language.

    Args:
        max_sentences: how many at most.
    """

    model = "extractive"
    prompt = ""

    def __init__(self, *, max_sentences: int = 4) -> None:
        self._max_sentences = max_sentences

    async def stream(self, turn: Turn) -> AsyncGenerator[DraftEvent]:
        """A heading, then one line per chosen sentence."""
        yield Heading(_HEADINGS.get(turn.query.language, _HEADINGS["en"]))
        for marker, sentence in self._choose(turn.query, turn.evidence):
            yield TextDelta(f"- {_one_line(sentence.text)}[{marker}]\n")

    def _choose(self, query: Query, evidence: Sequence[Evidence]) -> list[tuple[int, Segment]]:
        """The located sentence of the best evidence first, then those with most of the question's terms.

        The best evidence gives its neighbours too: an answer rarely ends where its key sentence does.
        """
        weights = TermWeights(terms(s.text) for item in evidence for s in item.chunk.sentences)
        scored: list[tuple[float, int, Segment]] = []
        for item in evidence:
            for sentence in item.chunk.sentences:
                focus_bonus = 1.0 if sentence is item.moment.focus else 0.0
                score = weights.coverage(query.terms, terms(sentence.text)) + focus_bonus / item.marker
                scored.append((score, item.marker, sentence))
        scored.sort(key=lambda entry: -entry[0])
        best = scored[0][0] if scored else 0.0
        chosen: list[tuple[int, Segment]] = []
        for score, marker, sentence in scored:
            if len(chosen) == self._max_sentences or score < best * _NEAR / 2:
                break
            if all(_one_line(sentence.text) != _one_line(other.text) for _, other in chosen):
                chosen.append((marker, sentence))
        return chosen


def _one_line(text: str) -> str:
    return " ".join(text.split())
