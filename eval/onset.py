"""When is a quote spoken? Its onset in the suite's own transcript, apart from what the product stored.

Suites time whole cues; within a cue the onset is by proportion of characters.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from baize.domain.text import Cue


def onset(quote: str, near_s: float, cues: Sequence[Cue]) -> float | None:
    """Seconds at which the quote begins; of several places the one nearest to `near_s`; None for none."""
    wanted = _packed(quote)
    if not wanted:
        return None
    text, starts = "", []
    for cue in cues:
        starts.append(len(text))
        text += _packed(cue.text)
    found: list[float] = []
    at = text.find(wanted)
    while at >= 0:
        found.append(_second_at(at, starts, cues, len(text)))
        at = text.find(wanted, at + 1)
    return min(found, key=lambda second: abs(second - near_s), default=None)


def _second_at(at: int, starts: Sequence[int], cues: Sequence[Cue], length: int) -> float:
    n = bisect_right(starts, at) - 1
    end = starts[n + 1] if n + 1 < len(starts) else length
    share = (at - starts[n]) / max(end - starts[n], 1)
    return cues[n].start + share * (cues[n].end - cues[n].start)


def _packed(text: str) -> str:
    return "".join(text.split())
