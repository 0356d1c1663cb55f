"""Sentences → where new parts begin: the best outline under a length prior. `chapter` gives it titles.

Each sentence start gets the log-odds that a person would begin a chapter there (`Weights`: a logistic model
of four facts), and dynamic programming chooses the set of starts that is best as a whole.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from baize.domain.search import Vector
from ingest.cohesion import Floats, standard, subject_change
from ingest.discourse import n_cues

_LONGEST_PAUSE_S = 6.0
_SHORTEST_PAUSE_S = 0.3
_SLIDE_S = 5.0
"""A slide that changes this near to a sentence start speaks for it."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The log-odds of a chapter start, and how long chapters are.

    `change`, `pause`, `cue` and `bias` were fitted by `python -m benchmarks.chapters SUITE` on the 13
    lectures with human chapters of chapters-lectures; of the length priors that do about as well there, the
    narrowest was taken. What that is worth on a lecture that was not seen is told in docs/lectures.md,
    always leaving out the lecture that is judged.

    Attributes:
        change: of one standard deviation of `subject_change`.
        pause: of one standard deviation of the log of the pause before.
        cue: of each family of discourse cues.
        slide: of a slide that changes here; chosen by hand, there were no labelled slides to fit it on.
        bias: of any sentence.
        usual_s: a chapter's usual length in seconds in a lesson of 15 minutes.
        growth: it grows with the lesson's length to the power of this.
        spread: standard deviation of the log of a chapter's length.
        trust: of the log-odds beside the length.
    """

    change: float = 1.45
    pause: float = 0.91
    cue: float = 1.33
    slide: float = 1.5
    bias: float = -3.48
    usual_s: float = 180.0
    growth: float = 0.4
    spread: float = 0.6
    trust: float = 0.7


FITTED = Weights()
_USUAL_LESSON_S = 900.0
_SHORTEST_S = 20.0
"""Nobody makes a chapter shorter than this."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """The sentences of one track.

    Attributes:
        starts, ends: seconds.
        usable: whether a chapter may begin with this sentence.
        vectors: one a sentence, of unit length.
        slide_starts: seconds at which another slide is shown; empty where none were seen.
    """

    texts: Sequence[str]
    starts: Floats
    ends: Floats
    usable: np.ndarray
    vectors: Vector
    slide_starts: Sequence[float] = ()


def facts(spoken: Spoken) -> Floats:
    """(n, 4): change of subject, pause before, discourse cues, change of slide."""
    return np.stack(
        [
            subject_change(spoken.texts, spoken.starts, spoken.ends, spoken.vectors),
            _pauses(spoken.starts, spoken.ends),
            np.array([n_cues(text) for text in spoken.texts], np.float64),
            _slide_changes(spoken.starts, spoken.slide_starts),
        ],
        axis=1,
    )


def boundaries(spoken: Spoken, duration_s: float, weights: Weights = FITTED) -> list[int]:
    """Numbers of the sentences that begin a part, without the first one, in order."""
    return choose(spoken, facts(spoken), duration_s, weights) if len(spoken.texts) > 1 else []


def choose(spoken: Spoken, about: Floats, duration_s: float, weights: Weights) -> list[int]:
    """The starts whose log-odds, with the log-normal density of the lengths they give, are highest in sum."""
    odds = about @ np.array([weights.change, weights.pause, weights.cue, weights.slide]) + weights.bias
    places = [0, *(n for n in np.flatnonzero(spoken.usable).tolist() if n > 0)]
    times = np.append(spoken.starts[places], duration_s)
    times[0] = 0.0
    gains = np.append(weights.trust * odds[places], 0.0)
    usual = math.log(weights.usual_s) + weights.growth * math.log(max(duration_s, 1.0) / _USUAL_LESSON_S)
    best = np.full(len(times), -np.inf)
    best[0] = 0.0
    back = np.zeros(len(times), np.int64)
    for here in range(1, len(times)):
        lengths = times[here] - times[:here]
        fit = -0.5 * ((np.log(np.maximum(lengths, 1e-3)) - usual) / weights.spread) ** 2
        totals = best[:here] + np.where(lengths < _SHORTEST_S, fit - 50.0, fit)
        back[here] = int(np.argmax(totals))
        best[here] = totals[back[here]] + gains[here]
    chosen: list[int] = []
    here = int(back[-1])
    while here > 0:
        chosen.append(places[here])
        here = int(back[here])
    return chosen[::-1]


def _pauses(starts: Floats, ends: Floats) -> Floats:
    """Zeros for captions without gaps between them: theirs end where a line is full, not at a breath."""
    gaps = np.concatenate([[0.0], np.maximum(starts[1:] - ends[:-1], 0.0)])
    if np.median(gaps) < 0.05:
        return np.zeros(len(gaps))
    return standard(np.log(_SHORTEST_PAUSE_S + np.minimum(gaps, _LONGEST_PAUSE_S)))


def _slide_changes(starts: Floats, slides: Sequence[float]) -> Floats:
    if not len(slides):
        return np.zeros(len(starts))
    changes = np.sort(np.asarray(slides, np.float64))
    # The one sentence nearest to each change.
    found = np.zeros(len(starts))
    for change in changes[changes > 0]:
        nearest = int(np.argmin(np.abs(starts - change)))
        found[nearest] = float(abs(starts[nearest] - change) <= _SLIDE_S)
    return found
