"""What people ask a learning platform's help desk about, in the words that they use: zh and en.

Two questions that name the same matters in other words are about the same thing; an entry that lacks a
matter which the question names does not answer it. `service_terms.tsv` has one matter a line, as a pattern.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

BROAD = frozenset(
    "teacher device enrol payment buy contact start sign-in app phone exam price help-line cancel "
    "drop".split()
)
"""Matters that stand in many questions beside what they are about: an entry may lack them."""


def matters(text: str) -> frozenset[str]:
    """What the text names."""
    return frozenset(name for name, pattern in _patterns().items() if pattern.search(text))


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    text = resources.files("baize.answering").joinpath("service_terms.tsv").read_text("utf-8")
    rows = (line.split("\t", 1) for line in text.splitlines())
    return {name: re.compile(pattern, re.IGNORECASE) for name, pattern in rows}
