"""Cues or pages → sentences that keep their place. Comes after `extract`; `chapter` and `chunk` follow."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from baize.domain.faq import FaqLine
from baize.domain.locator import FaqEntry, TextSpan, TimeSpan
from baize.domain.sentences import ends_sentence, has_han, joint, split_sentences
from baize.domain.text import Cue, Page, Segment, Slide

_PAUSE_S = 1.2
"""A silence that ends a sentence even where no full stop was written."""
_ENOUGH_HAN, _ENOUGH_LATIN = 14, 50
"""Characters from which a cue of an unpunctuated track stands alone."""
_MAX_HAN, _MAX_LATIN = 90, 320
"""Characters at which a sentence is cut at the next cue: nobody speaks longer without a stop."""
_PUNCTUATED = 0.12
"""Share of cues that end or hold a sentence end, from which full stops can be relied on."""


def segment_cues(cues: Sequence[Cue]) -> list[Segment]:
    """Sentences of one track, in order; their spans never overlap.

    A sentence that begins within a cue begins at the proportional second of it. Subtitles without
    punctuation, as Chinese ones often are, are cut at cue borders.
    """
    segments: list[Segment] = []
    for run in _runs(cues):
        segments.extend(_sentences(run))
    return segments


def segment_slides(slides: Sequence[Slide]) -> list[Segment]:
    """A slide, whole: its lines are on screen at the same time, so none of them has a second of its own."""
    return [Segment(slide.text, slide.span) for slide in slides]


def segment_pages(pages: Sequence[Page]) -> list[Segment]:
    """Sentences of one document, in order, each with its characters in the extracted text."""
    return [
        Segment(
            page.text[start:end],
            TextSpan(
                page.file, page.char_start + start, page.char_start + end, page.number, page.span.section
            ),
            page.headings,
        )
        for page in pages
        for start, end in split_sentences(page.text)
    ]


def segment_faq(item: FaqLine) -> Segment:
    """An entry's answer, with its question as heading: the question is searched, the answer is quoted."""
    return Segment(item.answer, FaqEntry(item.entry_id), (item.question,))


def _runs(cues: Sequence[Cue]) -> list[list[Cue]]:
    """Neighbouring cues that may share a sentence."""
    if not cues:
        return []
    n_ends = sum(1 for cue in cues if ends_sentence(cue.text) or len(split_sentences(cue.text)) > 1)
    punctuated = n_ends / len(cues) >= _PUNCTUATED
    runs = [[cues[0]]]
    for before, cue in pairwise(cues):
        n_chars = sum(len(c.text) for c in runs[-1])
        han = has_han(before.text)
        limit = (_MAX_HAN if han else _MAX_LATIN) if punctuated else (_ENOUGH_HAN if han else _ENOUGH_LATIN)
        if ends_sentence(before.text) or cue.start - before.end > _PAUSE_S or n_chars >= limit:
            runs.append([cue])
        else:
            runs[-1].append(cue)
    return runs


def _sentences(cues: Sequence[Cue]) -> list[Segment]:
    text = ""
    starts: list[int] = []
    for cue in cues:
        gap = joint(text, cue.text)
        starts.append(len(text) + len(gap))
        text += gap + cue.text
    return [
        Segment(
            text[start:end],
            TimeSpan(_second_at(cues, starts, start), max(_second_at(cues, starts, end, ending=True), 0.0)),
        )
        for start, end in split_sentences(text)
    ]


def _second_at(cues: Sequence[Cue], starts: Sequence[int], char: int, *, ending: bool = False) -> float:
    """When the character at `char` is spoken (`ending`: when the one before it has been), by proportion."""
    index = bisect_right(starts, char - 1 if ending else char) - 1
    cue = cues[max(index, 0)]
    done = min(1.0, max(0.0, (char - starts[max(index, 0)]) / max(len(cue.text), 1)))
    return round(cue.start + done * (cue.end - cue.start), 3)
