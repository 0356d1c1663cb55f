"""Fit the chapter model and tell what it is worth: `python -m benchmarks.chapters SUITE… [--json OUT]`.

SUITE is a folder of kind `chapters`. The logistic model of `ingest.boundaries` is fitted on all lectures but
one, the length prior is chosen on the same ones, and the lecture left out is judged; so for each. Then the
weights of a fit on all lectures are printed, for `Weights`: their own score on these lectures says nothing.
Embedded sentences are kept in `$BAIZE_CACHE`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import anyio
import numpy as np

from baize.adapters.embed_cached import CachedEmbedder
from baize.adapters.embed_e5_onnx import E5OnnxEmbedder
from baize.settings import cache_dir
from eval.dataset import Video, read_suite
from eval.metrics.segmentation import inner, match, pk
from ingest.boundaries import FITTED, Spoken, Weights, choose, facts
from ingest.chapter import spoken_of
from ingest.cohesion import Floats
from ingest.segment import segment_cues

_RIDGE = 1.0
_UNSURE_S = 8.0
"""Sentences this near to a person's boundary are neither one nor none."""
_NEGATIVES = 6.0
"""Weight of all sentences of a lecture that begin no chapter, beside each that does."""


@dataclass(frozen=True, slots=True)
class Lecture:
    """One lecture with its facts and its gold boundaries in seconds."""

    id: str
    duration_s: float
    spoken: Spoken
    about: Floats
    gold: list[float]


async def read_lectures(folders: Sequence[Path], threads: int) -> list[Lecture]:
    embedder = CachedEmbedder(
        E5OnnxEmbedder(cache_dir(), threads=threads), cache_dir() / "eval" / "vectors.sqlite"
    )
    found: list[Lecture] = []
    for folder in folders:
        for video in read_suite(folder, "chapters").videos:
            found.append(await _lecture(video, embedder))
    return found


async def _lecture(video: Video, embedder: CachedEmbedder) -> Lecture:
    segments = segment_cues(video.cues)
    vectors = await embedder.embed_passages([segment.text for segment in segments])
    spoken = spoken_of(segments, video.cues, vectors)
    gold = inner([chapter.start for chapter in video.chapters])
    return Lecture(video.id, video.duration_s, spoken, facts(spoken), gold)


def fit(lectures: Sequence[Lecture], drop: int | None = None) -> Weights:
    """Ridge logistic regression by Newton's method; `drop` is the number of a fact to leave out."""
    rows, labels, weights = [], [], []
    for lecture in lectures:
        starts = lecture.spoken.starts
        label = np.zeros(len(starts))
        near = np.zeros(len(starts), bool)
        for boundary in lecture.gold:
            apart = np.where(lecture.spoken.usable, np.abs(starts - boundary), np.inf)
            label[int(np.argmin(apart))] = 1.0
            near |= np.abs(starts - boundary) <= _UNSURE_S
        kept = (~near | (label > 0)) & lecture.spoken.usable
        kept[0] = False
        rows.append(lecture.about[kept][:, :3])
        labels.append(label[kept])
        n_others = max(kept.sum(), 1)
        weights.append(np.where(label[kept] > 0, 1.0, _NEGATIVES * len(lecture.gold) / n_others))
    x = np.hstack([np.vstack(rows), np.ones((sum(len(r) for r in rows), 1))])
    if drop is not None:
        x[:, drop] = 0.0
    y, w = np.concatenate(labels), np.concatenate(weights)
    ridge = np.diag([_RIDGE] * 3 + [1e-6])
    b = np.zeros(4)
    for _ in range(30):
        p = 1 / (1 + np.exp(-x @ b))
        gradient = x.T @ (w * (p - y)) + ridge @ b
        b -= np.linalg.solve((x.T * (w * p * (1 - p))) @ x + ridge, gradient)
    change, pause, cue, bias = (round(float(value), 2) for value in b)
    return replace(FITTED, change=change, pause=pause, cue=cue, bias=bias)


def priors(weights: Weights) -> Iterator[Weights]:
    """The weights with every length prior that is tried."""
    for usual_s in (160.0, 180.0, 200.0, 220.0):
        for spread in (0.6, 0.8):
            for trust in (0.7, 1.0):
                yield replace(weights, usual_s=usual_s, spread=spread, trust=trust)


def judge(lectures: Sequence[Lecture], weights: Callable[[int], Weights]) -> dict[str, float]:
    """Micro-averaged F1 and mean Pk of all lectures, the n-th with weights(n)."""
    n_matched, n_found, n_gold = {15.0: 0, 30.0: 0}, 0, 0
    errors = []
    for n, lecture in enumerate(lectures):
        numbers = choose(lecture.spoken, lecture.about, lecture.duration_s, weights(n))
        found = [float(lecture.spoken.starts[number]) for number in numbers]
        for tolerance in n_matched:
            n_matched[tolerance] += len(match(lecture.gold, found, tolerance))
        n_found += len(found)
        n_gold += len(lecture.gold)
        error = pk(lecture.gold, found, lecture.duration_s)
        errors.append(0.0 if error is None else error)
    return {
        "f1@15": 2 * n_matched[15.0] / max(n_found + n_gold, 1),
        "f1@30": 2 * n_matched[30.0] / max(n_found + n_gold, 1),
        "pk": float(np.mean(errors)),
        "found": n_found,
        "gold": n_gold,
    }


def worth(scores: dict[str, float]) -> float:
    """What the prior is chosen by."""
    return scores["f1@15"] + scores["f1@30"] - scores["pk"]


def fit_with_prior(lectures: Sequence[Lecture], drop: int | None = None) -> Weights:
    """The logistic model and the best prior on the same lectures."""
    weights = fit(lectures, drop)
    return max(priors(weights), key=lambda tried: worth(judge(lectures, lambda _n: tried)))


def left_out(lectures: Sequence[Lecture], drop: int | None = None) -> dict[str, float]:
    """Every lecture judged by a model that never saw it, prior included."""
    made = [fit_with_prior([*lectures[:n], *lectures[n + 1 :]], drop) for n in range(len(lectures))]
    return judge(lectures, lambda n: made[n])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="+", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    lectures = anyio.run(read_lectures, options.suites, options.threads)
    weights = fit_with_prior(lectures)
    names = ("without change of subject", "without pauses", "without cues")
    found: dict[str, Any] = {
        "n": len(lectures),
        "left out": left_out(lectures),
        **{name: left_out(lectures, drop) for drop, name in enumerate(names)},
        "committed weights, not a test": judge(lectures, lambda _n: FITTED),
        "weights fitted on all": asdict(weights),
    }
    print(json.dumps(found, indent=1))  # noqa: T201 - the figures are what was asked for
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
