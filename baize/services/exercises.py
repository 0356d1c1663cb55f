"""Exercises of the course team: which one a learner speaks of, and whether it counts towards a mark now."""

from __future__ import annotations

from collections.abc import Sequence

from baize.answering.numbers import numbers
from baize.domain.practice import Exercise
from baize.domain.search import Vector
from baize.domain.sentences import has_han
from baize.errors import DependencyUnavailable
from baize.ports import Clock, Embedder, Exercises
from baize.retrieval.terms import normalise

_KEPT_S = 10.0
"""How old what is known of exercises may be: a window opens and closes to the second all the same."""
_SAME = 0.72
"""Share of an exercise's pairs of characters from which a text holds it."""
_ALIKE = 0.25
_MEANS = 0.93
"""Cosine from which a text says an exercise in other words (docs/practice.md)."""
_MEANS_WITH_NUMBERS = 0.88
"""The same where the text has all numbers of the exercise."""
_SHORTEST = 6
_MOST_COMPARED = 64
"""Exercises whose vectors are compared, those with most in common first."""
_MOST_KEPT = 4096


class ExerciseBook:
    """Knows a learner's text for an exercise of the team, in the same words or in others."""

    def __init__(self, *, exercises: Exercises, embedder: Embedder, clock: Clock) -> None:
        self._exercises = exercises
        self._embedder = embedder
        self._clock = clock
        self._kept: dict[str, tuple[float, Sequence[Exercise]]] = {}
        self._vectors: dict[str, Vector] = {}

    async def locked(self, platform_id: str, texts: Sequence[str], item_id: str = "") -> Exercise | None:
        """The exercise that is asked for and counts towards a mark now.

        Args:
            item_id: what the page says that the learner is at.
        """
        now = self._clock.now()
        locked = [one for one in await self._all(platform_id) if one.is_locked(now)]
        if not locked:
            return None
        for one in locked:
            if one.id == item_id or any(one.id in text for text in texts):
                return one
        for text in texts:
            if (found := await self._named(text, locked)) is not None:
                return found
        return None

    async def matching(self, platform_id: str, text: str, item_id: str = "") -> Exercise | None:
        """The exercise that a text is, locked or not."""
        known = await self._all(platform_id)
        by_id = next((one for one in known if item_id and one.id == item_id), None)
        told = numbers(text, strict=True)
        # With other numbers it has another solution.
        same = [one for one in known if numbers(one.question, strict=True) <= told]
        return by_id or await self._named(text, same)

    async def of_id(self, platform_id: str, exercise_id: str) -> Exercise | None:
        return next((one for one in await self._all(platform_id) if one.id == exercise_id), None)

    def forget(self, platform_id: str) -> None:
        """The team changed something: look again."""
        self._kept.pop(platform_id, None)

    async def _all(self, platform_id: str) -> Sequence[Exercise]:
        now = self._clock.now()
        kept = self._kept.get(platform_id)
        if kept is not None and 0 <= now - kept[0] < _KEPT_S:
            return kept[1]
        try:
            found: Sequence[Exercise] = await self._exercises.all(platform_id)
        except DependencyUnavailable:
            if kept is None:
                # Without a database nobody knows what is graded; learners may ask all the same.
                return ()
            found = kept[1]
        self._kept[platform_id] = now, found
        return found

    async def _named(self, text: str, exercises: Sequence[Exercise]) -> Exercise | None:
        """The one whose question the text holds most of; else one that means the same."""
        if not exercises:
            return None
        said = _pairs(text)
        shares = [(_share(_pairs(one.question), said), one) for one in exercises]
        best, found = max(shares, key=lambda entry: entry[0])
        if best >= _SAME:
            return found
        foreign = not has_han(text)
        near = [entry for entry in shares if entry[0] >= _ALIKE or has_han(entry[1].question) == foreign]
        if not near or len(normalise(text)) < _SHORTEST:
            return None
        near.sort(key=lambda entry: -entry[0])
        vector = await self._embedder.embed_query(text)
        told = numbers(text, strict=True)
        for _, one in near[:_MOST_COMPARED]:
            cosine = float(vector @ await self._vector(one.question))
            asked = numbers(one.question, strict=True)
            if cosine >= (_MEANS_WITH_NUMBERS if asked and asked <= told else _MEANS):
                return one
        return None

    async def _vector(self, question: str) -> Vector:
        """A question is compared with questions: both are embedded as such."""
        if question not in self._vectors:
            if len(self._vectors) >= _MOST_KEPT:
                self._vectors.clear()
            self._vectors[question] = await self._embedder.embed_query(question)
        return self._vectors[question]


def _pairs(text: str) -> frozenset[str]:
    bare = "".join(ch for ch in normalise(text) if ch.isalnum())
    return frozenset(bare[n : n + 2] for n in range(len(bare) - 1)) or frozenset((bare,))


def _share(wanted: frozenset[str], found: frozenset[str]) -> float:
    return len(wanted & found) / len(wanted)
