"""Summaries against a person's notes and against the lecture: each function states its formula.

ROUGE: Lin, ACL workshop “Text Summarization Branches Out”, 2004; the F1 of overlap, without stemming. A
Chinese character is a token, and so is a run of Latin letters or digits; punctuation is none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from baize.retrieval.terms import normalise, terms

_TOKEN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]|[^\W_\u3400-\u9fff\uf900-\ufaff]+")


def tokens(text: str) -> list[str]:
    """Chinese characters and words of other scripts, simplified and in lower case."""
    return _TOKEN.findall(normalise(text))


def rouge_1(reference: str, summary: str) -> float:
    """F1 of tokens: the overlap of the two bags against each one's size."""
    a, b = Counter(tokens(reference)), Counter(tokens(summary))
    return _f1(sum((a & b).values()), sum(a.values()), sum(b.values()))


def rouge_l(reference: str, summary: str) -> float:
    """F1 of the longest common subsequence of the two whole texts, in tokens."""
    a, b = tokens(reference), tokens(summary)
    return _f1(_common(a, b), len(a), len(b))


def coverage(reference: str, summary: str) -> float | None:
    """|T(reference) ∩ T(summary)| / |T(reference)|, T the set of lexical terms; None without any term.

    What share of the things that a person thought worth writing down the summary names.
    """
    wanted = set(terms(reference))
    return len(wanted & set(terms(summary))) / len(wanted) if wanted else None


def decile_coverage(moments: Sequence[tuple[float, float]], spoken: Sequence[tuple[float, float]]) -> float:
    """Share of the tenths of a lecture, of those in which anybody speaks, in which a line begins.

    Args:
        moments: start and end of each line's place, in seconds.
        spoken: start and end of each cue; the lecture lasts until the last end.
    """
    length = max((end for _, end in spoken), default=0.0)
    if length <= 0:
        return 0.0
    told = {min(int(10 * start / length), 9) for start, _ in moments}
    heard = {min(int(10 * start / length), 9) for start, _ in spoken}
    return len(told & heard) / len(heard)


def _f1(n_shared: int, n_reference: int, n_summary: int) -> float:
    return 2 * n_shared / (n_reference + n_summary) if n_shared else 0.0


def _common(a: Sequence[str], b: Sequence[str]) -> int:
    """Length of the longest common subsequence, bit-parallel (Hyyrö, 2004): a bit of `row` a token of `a`."""
    places: dict[str, int] = {}
    for place, token in enumerate(a):
        places[token] = places.get(token, 0) | 1 << place
    full = (1 << len(a)) - 1
    row = full
    for token in b:
        matches = row & places.get(token, 0)
        row = ((row + matches) | (row - matches)) & full
    return len(a) - row.bit_count()
