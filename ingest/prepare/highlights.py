"""What to see first: whole sentences that say most, 10–15 % of the lesson, spread over its chapters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from baize.domain.artefact import Highlight
from baize.domain.locator import TimeSpan
from baize.domain.sentences import joined
from ingest.prepare.text import LessonText

LEAST, MOST = 0.10, 0.15
"""Share of the lesson's length that the highlights have together, where its sentences allow."""
_SHORTEST_S, _LONGEST_SHORTEST_S, _SHORTEST_SHARE = 6.0, 20.0, 0.01
"""A shorter sentence brings the next ones along: nobody understands two seconds. In a long lecture stretches
are longer: a hundredth of it, within limits."""
_ENOUGH = 0.6
"""A stretch that a pause ends before this share of the shortest one is left out."""
_PAUSE_S = 1.5
"""Two stretches closer than this are one."""


def highlights(text: LessonText, key_numbers: Sequence[int]) -> tuple[Highlight, ...]:
    """The key sentences first, then what else says most; in order, apart. Empty without a recording."""
    if not text.is_timed:
        return ()
    chosen: set[int] = set()
    shortest_s = min(max(_SHORTEST_SHARE * text.duration_s, _SHORTEST_S), _LONGEST_SHORTEST_S)
    for number in chain(key_numbers, _ranked(text)):
        stretch = _stretch(text, number, shortest_s)
        if _seconds(text, stretch) < _ENOUGH * shortest_s:
            continue
        if _seconds(text, chosen | stretch) <= MOST * text.duration_s:
            chosen |= stretch
        if _seconds(text, chosen) >= LEAST * text.duration_s:
            break
    return tuple(_highlight(text, run) for run in _runs(text, chosen))


def _ranked(text: LessonText) -> Iterator[int]:
    """The best sentence of each chapter, then the second best of each …; the better ones first."""
    scores = text.salience

    def worth(number: int) -> tuple[bool, float]:
        return text.standing[number], float(scores[number])

    queues = [sorted(chapter, key=worth, reverse=True) for chapter in text.chapters]
    for turn in range(max(map(len, queues))):
        yield from sorted((queue[turn] for queue in queues if turn < len(queue)), key=worth, reverse=True)


def _stretch(text: LessonText, number: int, shortest_s: float) -> set[int]:
    """The sentence, with what follows it without a pause until there is enough to understand."""
    stretch = {number}
    while _seconds(text, stretch) < shortest_s:
        after = max(stretch) + 1
        if after == len(text.sentences) or _span(text, after).start - _span(text, after - 1).end > _PAUSE_S:
            break
        stretch.add(after)
    return stretch


def _runs(text: LessonText, chosen: set[int]) -> list[list[int]]:
    """Neighbouring sentences together."""
    runs: list[list[int]] = []
    for number in sorted(chosen):
        if (
            runs
            and number == runs[-1][-1] + 1
            and _span(text, number).start - _span(text, number - 1).end <= _PAUSE_S
        ):
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs


def _seconds(text: LessonText, chosen: set[int]) -> float:
    """As they are cut: with the short pauses between neighbours."""
    return sum(_span(text, run[-1]).end - _span(text, run[0]).start for run in _runs(text, chosen))


def _highlight(text: LessonText, run: list[int]) -> Highlight:
    said = " ".join(joined(text.texts[number] for number in run).split())
    return Highlight(TimeSpan(_span(text, run[0]).start, _span(text, run[-1]).end), said)


def _span(text: LessonText, number: int) -> TimeSpan:
    locator = text.sentences[number].locator
    assert isinstance(locator, TimeSpan)  # noqa: S101 - only recordings come here
    return locator
