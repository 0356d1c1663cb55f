"""Where do an embedder's cosines lie? Every threshold was set on e5's, so another model's are moved there.

Texts that have nothing to do with each other tell it without labels: questions on anything, each with all
others but its own translation. Run by `baize doctor`, which says the settings that an embedder wants.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from baize.domain.search import Vector
from baize.ports import Embedder
from baize.retrieval.abroad import generic_questions
from baize.retrieval.cosine import CosineScale

E5 = CosineScale(home=0.798, foreign=0.752)
"""Mean cosine of unlike texts with the default embedder, in one language and across two."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What brings an embedder's unlike texts to where e5's lie.

    Attributes:
        distance_scale: what `1 - cosine` is to be multiplied by, on top of what it was.
        foreign_shift: what e5's midpoints across languages are then to be raised by: how much less than with
            e5 a passage loses by its being in another language.
    """

    distance_scale: float
    foreign_shift: float


async def unlike(embedder: Embedder) -> CosineScale:
    """Mean cosine between a question and passages that have nothing to do with it.

    Raises:
        ModelUnavailable: the embedder does not work.
    """
    asked = {
        language: np.stack([await embedder.embed_query(text) for text in texts])
        for language, texts in generic_questions().items()
    }
    told = {language: await embedder.embed_passages(texts) for language, texts in generic_questions().items()}
    home = [_unlike_mean(asked[language], told[language]) for language in asked]
    foreign = [_unlike_mean(asked[one], told[other]) for one in asked for other in told if one != other]
    return CosineScale(home=float(np.mean(home)), foreign=float(np.mean(foreign)))


def calibration(found: CosineScale) -> Calibration:
    """From what `unlike` found."""
    # Not of an embedder for which all is one: the self-test tells of that.
    scale = (1 - E5.home) / max(1 - found.home, 1e-3)
    return Calibration(scale, scale * (found.foreign - found.home) - (E5.foreign - E5.home))


def _unlike_mean(questions: Vector, passages: Vector) -> float:
    """(n, dim) each, the same texts in one order: those on the diagonal are alike."""
    products = questions @ passages.T
    return float(products[~np.eye(len(products), dtype=bool)].mean())
