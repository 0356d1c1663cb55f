"""Opposites are found by a quick look first: it must miss none of what the patterns find."""

from __future__ import annotations

import random
import re

import pytest

from baize.answering import contrasts

_WORDS = re.findall(r"[a-z]+|[\u4e00-\u9fff]+", "|".join("|".join(group) for group in contrasts._GROUPS))
_BESIDE = ["", " ", "，", "时", "心", "生", "上", "s", "ing", "the ", "不", "以", "1"]


@pytest.mark.parametrize("seed", range(5))
def test_no_side_is_missed(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - the same texts in every run
    n_found = 0
    for _ in range(300):
        text = "".join(dice.choice(_WORDS) + dice.choice(_BESIDE) for _ in range(dice.randint(1, 6)))
        bare = contrasts._NEUTRAL.sub(" ", text)
        tried = [
            (number, side)
            for number, group in enumerate(contrasts._patterns())
            for side, pattern in enumerate(group)
            if pattern.search(bare)
        ]
        assert contrasts._found(bare) == tried, text
        n_found += len(tried)
    assert n_found > 300
