"""Sentence with markers → sentence with the evidence it names. Comes after `assemble`; `verify` follows.

The model only picks numbers from a closed list. Lesson, seconds and quote are filled in from the index,
so a time or a source that the model invents cannot reach a learner as a citation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from baize.answering.assemble import MARKERS
from baize.domain.search import Evidence

_MARKER = re.compile(MARKERS)
_NUMBER = re.compile(r"\d{1,3}")
_LINE_BEGINS = re.compile(r"\s*\n\s*(?:[-*•·]\s+)?|\s*[-*•·]\s+")
_LEAD = re.compile(
    r"\s*(?:[-*•·]\s+)?(?:(?:\d{1,2}[.)）、．]|[(（]\d{1,2}[)）]|[①-⑳]|第[一二三四五六七八九十][，、,：:])\s*(?!\d))?"
)


@dataclass(frozen=True, slots=True)
class CitedSentence:
    """A draft sentence taken apart.

    Attributes:
        lead: white space before it, as drafted; `trail`: after it.
        text: the sentence without markers.
        evidence: what it cites, each once, in the order of the markers.
        n_unknown: markers that name no evidence.
    """

    lead: str
    text: str
    evidence: tuple[Evidence, ...]
    n_unknown: int
    trail: str = ""

    @property
    def begins_line(self) -> str:
        """The line break and the bullet before it; empty within a line."""
        found = _LINE_BEGINS.match(self.lead)
        return found.group() if found else ""

    def with_markers(self, markers: Sequence[int]) -> str:
        """As released: markers in one form, `[1][2]`, behind the sentence."""
        return f"{self.lead}{self.text}{''.join(f'[{marker}]' for marker in markers)}{self.trail}"


def cite(piece: str, evidence: Sequence[Evidence]) -> CitedSentence:
    """Resolve the markers of one assembled piece against the evidence."""
    known = {item.marker: item for item in evidence}
    cited: dict[int, Evidence] = {}
    n_unknown = 0
    for match in _MARKER.finditer(piece):
        for number in map(int, _NUMBER.findall(match.group())):
            if number in known:
                cited[number] = known[number]
            else:
                n_unknown += 1
    text = _MARKER.sub("", piece)
    lead = found.group() if (found := _LEAD.match(text)) else ""
    said = text[len(lead) :]
    trail = said[len(said.rstrip()) :] if said.strip() else ""
    return CitedSentence(lead, said.strip(), tuple(cited.values()), n_unknown, trail)
