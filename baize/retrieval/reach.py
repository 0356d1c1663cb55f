"""How many fused matches are fetched at once, so that mostly one fetch gives as many distinct hits as wanted.

Of speech, stored by the sentence, half of what is found repeats something better; of documents hardly any.
So it goes by what earlier questions of the platform needed. What is found does not depend on it.
"""

from __future__ import annotations

import math
from collections import OrderedDict

_AT_FIRST = 2.0
_MOST = 4.0
"""A course that says one thing over and over must not make every question of its platform dear."""
_MARGIN = 1.15
_SLOWNESS = 0.9
_LEAST = 10
_MAX_PLATFORMS = 1_000


class Reach:
    """Matches that it took for each distinct hit, by platform; the last thousand of them."""

    def __init__(self) -> None:
        self._per_hit: OrderedDict[str, float] = OrderedDict()

    def of(self, platform_id: str, n_wanting: int) -> int:
        """How many to fetch where so many distinct hits are wanting."""
        per_hit = self._per_hit.get(platform_id, _AT_FIRST)
        return max(math.ceil(_MARGIN * per_hit * n_wanting), _LEAST)

    def learn(self, platform_id: str, n_matches: int, n_distinct: int) -> None:
        """A question took so many matches for so many distinct hits.

        It grows at once and shrinks slowly: one more fetch costs more than some passages too many.
        """
        needed = min(n_matches / n_distinct, _MOST)
        before = self._per_hit.get(platform_id, _AT_FIRST)
        self._per_hit[platform_id] = max(needed, _SLOWNESS * before + (1 - _SLOWNESS) * needed)
        self._per_hit.move_to_end(platform_id)
        if len(self._per_hit) > _MAX_PLATFORMS:
            self._per_hit.popitem(last=False)
