"""What an embedder's cosines mean: the one place that knows how near is near, and in which language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CosineScale:
    """Cosines at which a passage is as likely off the subject as on it; a property of the embedder.

    Attributes:
        home: for a passage of the question's language.
        foreign: for one of another language. Small multilingual models put these lower whatever they say,
            so a cosine means nothing without it.
    """

    home: float
    foreign: float

    def margin(self, cosine: float, *, foreign: bool) -> float:
        """How far above its midpoint a cosine is; comparable across languages."""
        return cosine - (self.foreign if foreign else self.home)

    def margins(self, cosines: Iterable[float], *, foreign: bool) -> list[float]:
        """The same of each."""
        midpoint = self.foreign if foreign else self.home
        return [cosine - midpoint for cosine in cosines]
