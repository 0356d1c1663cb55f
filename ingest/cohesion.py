"""How much a lesson changes its subject at each sentence: words and meaning before it against after it.

`boundaries` reads it. The blocks are of seconds, not of sentences, so that slow and fast speech, cut by
full stops or by captions, are one.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from baize.domain.search import Vector
from baize.retrieval.sentences import centred
from baize.retrieval.terms import terms

Floats = npt.NDArray[np.float64]

_WINDOWS_S = (40.0, 80.0)
"""Length of a block: the shorter one finds the place, the longer one knows that it matters."""
_WORDS, _MEANING = 2 / 3, 1 / 3
"""Weights of the two kinds. Meaning alone is the weaker one on lectures (docs/lectures.md)."""
_BUCKETS = 1024


def subject_change(texts: Sequence[str], starts: Floats, ends: Floats, vectors: Vector) -> Floats:
    """For each sentence, in standard deviations: 1 − cosine of the blocks before and after its start.

    Words: idf-weighted terms that are said at least twice (TextTiling, Hearst, Computational Linguistics 23,
    1997). Meaning: the sentences' vectors, centred, by seconds spoken. Linear in the number of sentences.
    """
    seconds = np.maximum(ends - starts, 0.3)
    views = (
        (_WORDS, _term_matrix(texts)),
        (_MEANING, np.asarray(centred(vectors) * seconds[:, None], np.float64)),
    )
    total = np.zeros(len(texts))
    for weight, rows in views:
        sums = np.vstack([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0)])
        for window in _WINDOWS_S:
            total += weight / len(_WINDOWS_S) * standard(_difference(sums, starts, window))
    return total


def standard(values: Floats) -> Floats:
    """In standard deviations from their mean; zeros where all are equal."""
    spread = float(values.std())
    return (values - values.mean()) / spread if spread > 1e-9 else np.zeros(len(values))


def _difference(sums: Floats, starts: Floats, window_s: float) -> Floats:
    here = np.arange(1, len(starts))
    first = np.minimum(np.searchsorted(starts, starts[1:] - window_s), here - 1)
    last = np.maximum(np.searchsorted(starts, starts[1:] + window_s), here + 1)
    before, after = sums[here] - sums[first], sums[last] - sums[here]
    lengths = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    apart = 1 - np.einsum("ij,ij->i", before, after) / np.maximum(lengths, 1e-9)
    # Nothing stands before the first sentence.
    return np.concatenate([[apart.mean() if len(apart) else 0.0], apart])


def _term_matrix(texts: Sequence[str]) -> Floats:
    """A row a sentence: idf-weighted counts, hashed with signs (Weinberger et al., ICML 2009).

    Buckets that no term falls into are left out.
    """
    found = [terms(text) for text in texts]
    n_with = Counter(term for its in found for term in set(its))
    placed: dict[str, tuple[int, float]] = {}
    for term, n in n_with.items():
        if n > 1:
            code = zlib.crc32(term.encode())
            placed[term] = code % _BUCKETS, math.log(len(texts) / n) * (1 if code >> 31 else -1)
    column = {bucket: n for n, bucket in enumerate(sorted({bucket for bucket, _ in placed.values()}))}
    cells = [
        (row, column[placed[term][0]], placed[term][1])
        for row, its in enumerate(found)
        for term in its
        if term in placed
    ]
    rows = np.zeros((len(texts), len(column)))
    if cells:
        numbers, buckets, weights = zip(*cells, strict=True)
        np.add.at(rows, (np.array(numbers), np.array(buckets)), np.array(weights))
    return rows
