"""Evidence → the best sentences, verbatim, no model at all: the answer without a key, and the fall-back."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence
from itertools import takewhile

from baize.answering.assemble import MARKERS
from baize.domain.chat import DraftEvent, DrawnFrom, Heading, TextDelta, Turn
from baize.domain.locator import TextSpan, TimeSpan
from baize.domain.search import Evidence
from baize.domain.sentences import split_sentences
from baize.domain.text import Segment

_HEADINGS: dict[DrawnFrom, dict[str, str]] = {
    "search": {"zh": "课程里是这样讲的：\n", "en": "This is what the course says:\n"},
    "minute": {"zh": "刚才讲的是：\n", "en": "This was just said:\n"},
    "summary": {"zh": "主要讲了这些：\n", "en": "These are the main points:\n"},
}
_MARKER = re.compile(MARKERS)
_NEAR = 0.15
"""How far below the best passage's fused score another may answer too; cosines alone span 1."""
_CELLS = " | "
"""Stands between the cells of a table's row in the text of a document (`ingest.extract`)."""
_ENDS = re.compile(r"[.!?;:。！？；：…][\s”’\"'）)】》*]*$")


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
        headings = _HEADINGS[turn.drawn_from]
        yield Heading(headings.get(turn.query.language, headings["en"]))
        for marker, sentence in self._chosen(turn):
            yield TextDelta(f"- {_marked(_one_line(sentence.text), marker)}\n")

    def _chosen(self, turn: Turn) -> list[tuple[int, Segment]]:
        """Sentences with their markers. Only what was searched for has a score."""
        match turn.drawn_from:
            case "summary":
                return [(item.marker, item.moment.focus) for item in turn.evidence if _opening(item)]
            case "minute" if not turn.query.terms:
                return self._last(turn.evidence)
            case "minute":
                return self._choose(turn.evidence[:1])
            case "search":
                return self._choose(turn.evidence)

    def _last(self, evidence: Sequence[Evidence]) -> list[tuple[int, Segment]]:
        """The last sentences that were said, in the order of time."""
        said = [(item.marker, sentence) for item in evidence for sentence in item.chunk.sentences]
        return [(marker, s) for marker, s in said if not _MARKER.search(s.text)][-self._max_sentences :]

    def _choose(self, evidence: Sequence[Evidence]) -> list[tuple[int, Segment]]:
        """The located sentence of the best passage, what goes on from it, then those of passages as near.

        An answer rarely ends where its key sentence does. A passage that was found much further down is near
        the subject, not an answer; it is left out.
        """
        openings = [(item, lines) for item in evidence if (lines := _opening(item))]
        ranked: list[tuple[int, Segment]] = []
        for item, lines in openings:
            first = item is openings[0][0]
            if item.moment.hit.score >= openings[0][0].moment.hit.score - _NEAR:
                ranked += [(item.marker, sentence) for sentence in lines[: 2 if first else 1]]
        chosen: dict[str, tuple[int, Segment]] = {}
        for marker, sentence in ranked:
            chosen.setdefault(_one_line(sentence.text), (marker, sentence))
        return list(chosen.values())[: self._max_sentences]


def _opening(item: Evidence) -> list[Segment]:
    """The located sentence and those that go on from it.

    A teacher's own question is left out, what follows answers it. So are a document's title and the head of a
    table. In a document nothing goes on from a row of a table or a line of a slide.
    """
    whole = item.chunk.sentences
    sentences = whole[whole.index(item.moment.focus) :]
    if _is_title(item):
        sentences = tuple(sentence for sentence in sentences if _ENDS.search(sentence.text)) or sentences
    if _is_head(item):
        return []
    alone = not isinstance(item.locator, TimeSpan) and not _ENDS.search(sentences[0].text)
    return [sentence for sentence in sentences[: 1 if alone else None] if _is_quotable(sentence)]


def _is_title(item: Evidence) -> bool:
    """Whether the located sentence is one of the lines above a document's first sentence."""
    first, focus = item.chunk.sentences[0], item.moment.focus
    if not isinstance(first.locator, TextSpan) or first.locator.char_start > 0:
        return False
    above = takewhile(lambda sentence: not _ENDS.search(sentence.text), item.chunk.sentences)
    return focus in above and _CELLS not in focus.text


def _is_head(item: Evidence) -> bool:
    """Whether the located sentence names the columns of the table that the passage begins with."""
    first, *rows = item.chunk.sentences
    if not rows or item.moment.focus is not first:
        return False
    return 0 < first.text.count(_CELLS) == rows[0].text.count(_CELLS)


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
