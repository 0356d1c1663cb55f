"""When a card is due again, by FSRS-6 (package `fsrs`, MIT): the port `Scheduler`.

No steps of minutes: a learner is asked a few cards a day, so the first interval is a day or more. Not fuzzed:
the same reviews give the same days, on every machine and after an import.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from fsrs import Card, Rating, State
from fsrs import Scheduler as Fsrs
from fsrs.scheduler import DEFAULT_PARAMETERS

from baize.domain.review import Memory, Recall

_RATINGS = {"again": Rating.Again, "hard": Rating.Hard, "good": Rating.Good, "easy": Rating.Easy}
_STATES = {"learning": State.Learning, "review": State.Review, "relearning": State.Relearning}
_PHASES = {state: phase for phase, state in _STATES.items()}


class FsrsScheduler:
    """
    Args:
        retention: the recall at which a card is due again, 0..1.
        parameters: fitted ones (`fit_fsrs`); FSRS-6's own by default.
    """

    def __init__(self, *, retention: float, parameters: Sequence[float] | None = None) -> None:
        self._fsrs = Fsrs(
            parameters=tuple(parameters) if parameters is not None else DEFAULT_PARAMETERS,
            desired_retention=retention,
            learning_steps=(),
            relearning_steps=(),
            enable_fuzzing=False,
        )
        self.name = f"fsrs-6@{retention:g}" + (" fitted" if parameters is not None else "")

    def new(self, now: float) -> Memory:
        """As `Scheduler.new`."""
        return Memory("new", now)

    def after(self, memory: Memory, recall: Recall, now: float) -> Memory:
        """As `Scheduler.after`."""
        card, _ = self._fsrs.review_card(_card(memory), _RATINGS[recall], _instant(now))
        reviewed = card.last_review.timestamp() if card.last_review else None
        return Memory(
            _PHASES[card.state],  # type: ignore[arg-type]  # the three that a reviewed card may have
            card.due.timestamp(),
            card.step,
            card.stability,
            card.difficulty,
            reviewed,
        )

    def recall(self, memory: Memory, now: float) -> float:
        """As `Scheduler.recall`."""
        if memory.stability is None:
            return 0.0
        return float(self._fsrs.get_card_retrievability(_card(memory), _instant(now)))


def _card(memory: Memory) -> Card:
    """A fresh card for the library, which counts ids of its own."""
    if memory.phase == "new":
        return Card(card_id=0, due=_instant(memory.due))
    return Card(
        card_id=0,
        state=_STATES[memory.phase],
        step=memory.step,
        stability=memory.stability,
        difficulty=memory.difficulty,
        due=_instant(memory.due),
        last_review=_instant(memory.reviewed_at) if memory.reviewed_at is not None else None,
    )


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
