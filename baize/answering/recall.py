"""An earlier answer as a draft: cited, verified and released again, from the passages of now."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence

from baize.domain.chat import Answer, DraftEvent, TextDelta, Turn, Usage
from baize.domain.search import Evidence

_MARKER = re.compile(r"\[(\d{1,3})\]")


class RecalledAnswerer:
    """Says what an earlier answer said, with the markers of this turn's passages.

    Args:
        text: from `recalled`.
    """

    def __init__(self, answer: Answer, text: str) -> None:
        self.model = answer.model
        self.prompt = answer.prompt
        self.answer_id = answer.id
        self._text = text

    def asks(self, turn: Turn) -> str:  # noqa: ARG002 - no model is asked
        """As `Answerer.asks`."""
        return ""

    async def stream(self, turn: Turn) -> AsyncGenerator[DraftEvent]:  # noqa: ARG002 - its passages are in the text
        """The whole text at once, and a usage of nothing."""
        yield TextDelta(self._text)
        yield Usage(model=self.model, finish_reason="stop")


def recalled(answer: Answer, evidence: Sequence[Evidence]) -> str | None:
    """Its text with the markers of `evidence`; None unless every passage that it cites is among it."""
    markers = {item.chunk.id: item.marker for item in evidence}
    renamed: dict[str, int] = {}
    for citation in answer.citations:
        if citation.chunk_id not in markers:
            return None
        renamed[str(citation.marker)] = markers[citation.chunk_id]
    if any(number not in renamed for number in _MARKER.findall(answer.text)):
        return None
    return _MARKER.sub(lambda found: f"[{renamed[found.group(1)]}]", answer.text)
