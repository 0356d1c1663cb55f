"""A double of the port `Reranker`: no model; the more of the question a passage shares, the better it is."""

from __future__ import annotations

import re
from collections.abc import Sequence

_WORD_OR_IDEOGRAPH = re.compile(r"[一-鿿]|[^\W一-鿿]+")


class OverlapReranker:
    """Scores are the share of the question's words and ideographs that the passage holds, 0..1."""

    name = "overlap"

    async def rerank(self, question: str, passages: Sequence[str]) -> Sequence[float]:
        """As `Reranker.rerank`."""
        wanted = _words(question)
        return [len(wanted & _words(passage)) / (len(wanted) or 1) for passage in passages]


def _words(text: str) -> set[str]:
    return set(_WORD_OR_IDEOGRAPH.findall(text.lower()))
