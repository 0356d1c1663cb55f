"""Which scheduler reviews have: the platform's own fit, once there is one, else the scheduler's defaults.

A fit is a file a platform, of numbers alone: nothing in it names a learner. What is a learner's own is
estimated of the learner's reviews when it is needed, and kept nowhere: it goes with them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from anyio import to_thread

from baize.domain.review import Fit, Review
from baize.errors import InvalidInput
from baize.ports import Clock, ReviewCards, Scheduler

_FRESH_S = 300.0
"""How long a fit is kept in memory: a new one holds after at most this."""
_MOST_REVIEWS = 200_000
"""That a fit is made of, which bounds its memory and time; 7,400 took some 15 s of CPU."""
_OWN_CARDS = 200
_OWN_REVIEWS = 2000
"""That a learner's own numbers are estimated of, which bounds their time."""


class Schedules:
    """
    Args:
        make: a scheduler with these parameters; with None, with its own.
        learn: what `reviews` say, judged by learners that it was not fitted to; None where they are too few.
        adapt: these parameters as one learner's reviews bear them out; None where the reviews are too few.
        folder: where fits are kept.
    """

    def __init__(
        self,
        *,
        cards: ReviewCards,
        make: Callable[[Sequence[float] | None], Scheduler],
        learn: Callable[[Sequence[Review]], Fit | None],
        adapt: Callable[[Sequence[Review], Sequence[float] | None], Sequence[float] | None],
        clock: Clock,
        folder: Path,
    ) -> None:
        self._cards = cards
        self._make = make
        self._learn = learn
        self._adapt = adapt
        self._clock = clock
        self._folder = folder
        self._kept: dict[str, tuple[float, Sequence[float] | None, Scheduler]] = {}

    def of(self, platform_id: str) -> Scheduler:
        """The platform's.

        Raises:
            InvalidInput: the file of its fit is damaged.
        """
        return self._of(platform_id)[1]

    async def of_learner(self, platform_id: str, learner_id: str) -> Scheduler:
        """The platform's with the learner's own numbers, once there are enough reviews.

        Raises:
            InvalidInput: as `of`.
        """
        parameters, scheduler = self._of(platform_id)
        reviews = await self._cards.recent(platform_id, learner_id, cards=_OWN_CARDS, most=_OWN_REVIEWS)
        own = await to_thread.run_sync(self._adapt, reviews, parameters)
        return scheduler if own is None else self._make(own)

    def _of(self, platform_id: str) -> tuple[Sequence[float] | None, Scheduler]:
        now = self._clock.now()
        kept = self._kept.get(platform_id)
        if kept is None or now - kept[0] >= _FRESH_S:
            parameters = self._read(platform_id)
            kept = now, parameters, self._make(parameters)
            self._kept[platform_id] = kept
        return kept[1:]

    async def fit(self, platform_id: str) -> Fit | None:
        """Fit to the platform's reviews, and schedule by it if it foretells the judges' recall better.

        An earlier fit is dropped where this one does not. None where there are too few reviews.
        """
        fitted = await to_thread.run_sync(
            self._learn, await self._cards.of_platform(platform_id, _MOST_REVIEWS)
        )
        if fitted is not None:
            path = self._path(platform_id)
            if fitted.after < fitted.before:
                path.parent.mkdir(parents=True, exist_ok=True)
                part = path.with_suffix(".part")
                part.write_text(json.dumps(asdict(fitted)), encoding="utf-8")
                part.replace(path)
            else:
                path.unlink(missing_ok=True)
            self._kept.pop(platform_id, None)
        return fitted

    def _path(self, platform_id: str) -> Path:
        return self._folder / f"{platform_id}.json"

    def _read(self, platform_id: str) -> Sequence[float] | None:
        path = self._path(platform_id)
        try:
            return [float(one) for one in json.loads(path.read_text(encoding="utf-8"))["parameters"]]
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError) as cause:
            raise InvalidInput(
                "The fitted schedule of reviews is damaged.",
                path=str(path),
                remedy="`baize review --fit` makes it anew; without the file the defaults serve.",
            ) from cause
